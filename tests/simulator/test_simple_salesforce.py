"""simple-salesforce, unchanged apart from where its https addresses lead."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from simulator.credentials import SALESFORCE
from tests.simulator.salesforce_site import LoopbackAdapter, Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def session(site: Site) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", LoopbackAdapter(site.url))
    made.headers["Sforce-Auto-Assign"] = "FALSE"
    return made


@pytest.fixture
def client(site: Site) -> Any:
    return Salesforce(
        consumer_key=SALESFORCE.client_id,
        consumer_secret=SALESFORCE.client_secret,
        domain="acme.my",
        version="66.0",
        session=session(site),
    )


def test_jwt_login(site: Site) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    site.keys.register(public.decode())
    client = Salesforce(
        username="mqlflow.integration@northbeam.example",
        consumer_key=SALESFORCE.client_id,
        privatekey=private.decode(),
        session=session(site),
    )
    assert client.query("SELECT COUNT() FROM Organization")["totalSize"] == 1


def test_query_all_walks_every_page(site: Site, client: Any) -> None:
    site.org.load("Lead", ({"LastName": f"L{n}", "Company": "x"} for n in range(4100)))
    answer = client.query_all("SELECT Id, LastName, Owner.Name FROM Lead")
    assert answer["totalSize"] == len(answer["records"]) == 4100
    assert answer["records"][0]["Owner"]["Name"] == "Mqlflow Integration"
    assert len(list(client.query_all_iter("SELECT Id FROM Lead"))) == 4100


def test_a_hostile_name_goes_through_its_quoting(site: Site, client: Any) -> None:
    name = 'O\'Neil \\ 100%_\n"x"'
    client.Lead.create({"LastName": name, "Company": "x"})
    found = client.query(format_soql("SELECT LastName FROM Lead WHERE LastName = {}", name))
    assert [r["LastName"] for r in found["records"]] == [name]
    starts = client.query(format_soql("SELECT Id FROM Lead WHERE LastName LIKE '{:like}%'", name[:14]))
    assert starts["totalSize"] == 1


def test_records(site: Site, client: Any) -> None:
    made = client.Lead.create({"LastName": "Ada", "Company": "x"})
    assert made["success"] is True
    assert client.Lead.update(made["id"], {"Title": "CEO"}) == 204
    assert client.Lead.get(made["id"])["Title"] == "CEO"
    upserted = client.MQL__c.upsert("External_Key__c/cycle-1", {"Lead__c": made["id"]})
    assert upserted == 201
    assert client.MQL__c.upsert("External_Key__c/cycle-1", {"Grade__c": "A1"}) == 200
    assert client.MQL__c.get_by_custom_id("External_Key__c", "cycle-1")["Grade__c"] == "A1"
    assert client.Lead.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.Lead.get(made["id"])
    with pytest.raises(SalesforceMalformedRequest):
        client.Lead.create({"LastName": "Ada"})


def test_describe_and_limits(client: Any) -> None:
    assert client.Lead.describe()["name"] == "Lead"
    assert client.Lead.metadata()["objectDescribe"]["keyPrefix"] == "00Q"
    assert any(o["name"] == "MQL__c" for o in client.describe()["sobjects"])
    assert client.limits()["DailyApiRequests"]["Max"] == 103_000
    assert client.api_usage["api-usage"].total == 103_000


def test_updated_and_deleted(site: Site, client: Any) -> None:
    kept, gone = site.lead(), site.lead()
    site.org.delete("Lead", gone, by=site.org.user_named("Marketo Sync"))
    site.later(minutes=10)
    start, end = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    assert client.Lead.updated(start, end)["ids"] == [kept]
    assert [r["id"] for r in client.Lead.deleted(start, end)["deletedRecords"]] == [gone]


def test_collections_through_restful(site: Site, client: Any) -> None:
    lead, rep = site.lead(), site.user("Rita Rep")
    body = {"records": [{"attributes": {"type": "Lead"}, "id": lead, "OwnerId": rep}]}
    results = client.restful("composite/sobjects", method="PATCH", json=body)
    assert results[0]["success"] is True
    assert client.Lead.get(lead)["OwnerId"] == rep


def test_bulk2_ingest(site: Site, client: Any) -> None:
    lead = site.lead()
    (job,) = client.bulk2.Lead.update(records=[{"Id": lead, "Rating": "Hot"}], wait=0)
    assert (job["numberRecordsTotal"], job["numberRecordsFailed"]) == (1, 0)
    assert lead in client.bulk2.Lead.get_successful_records(job["job_id"])
    (job,) = client.bulk2.Lead.insert(records=[{"LastName": "Ada", "Company": ""}], wait=0)
    assert job["numberRecordsFailed"] == 1
    assert "REQUIRED_FIELD_MISSING" in client.bulk2.Lead.get_failed_records(job["job_id"])


def test_bulk2_query(site: Site, client: Any) -> None:
    site.org.load("Lead", ({"LastName": f"Lé{n}", "Company": "x"} for n in range(30)))
    pages = list(client.bulk2.Lead.query("SELECT Id, LastName FROM Lead", max_records=10, wait=0))
    assert len(pages) == 3
    assert sum(page.count("Lé") for page in pages) == 30


def test_a_401_is_cured_by_one_new_login(site: Site, client: Any) -> None:
    site.fault("session_expired")
    assert client.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_a_session_id_that_was_never_issued_is_expired(site: Site) -> None:
    stranger = Salesforce(instance_url=site.url, session_id="nonsense", session=session(site))
    with pytest.raises(SalesforceExpiredSession):
        stranger.query("SELECT Id FROM Lead")
