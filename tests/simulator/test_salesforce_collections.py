import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.salesforce_site import Site, served

PATH = "/composite/sobjects"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def record(kind: str = "Lead", **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind}, **values}


def test_each_record_has_its_own_outcome_in_the_order_of_the_request(site: Site) -> None:
    good, converted = site.lead(), site.lead()
    site.org.convert_lead(converted, by=site.user("Rita Rep"))
    body = {
        "records": [
            record(id=good, Status="Working"),
            record(id=converted, Status="Working"),
            record(id=good, Status="Open"),
            record(id="00Q5f0000000999AAA", Status="Open"),
            record(Status="Open"),
        ]
    }
    answer = site.send("PATCH", PATH, json=body)
    assert answer.status_code == 200
    results = answer.json()
    assert results[0] == {"id": good, "success": True, "errors": []}
    assert [r["success"] for r in results] == [True, False, False, False, False]
    assert results[1]["errors"] == [
        {
            "statusCode": "CANNOT_UPDATE_CONVERTED_LEAD",
            "message": "cannot reference converted lead",
            "fields": [],
        }
    ]
    codes = [r["errors"][0]["statusCode"] for r in results[2:]]
    assert codes == ["DUPLICATE_VALUE", "MALFORMED_ID", "MISSING_ARGUMENT"]


def test_all_or_none_undoes_every_record(site: Site) -> None:
    body = {"allOrNone": True, "records": [record(LastName="a", Company="x"), record(LastName="b")]}
    results = site.send("POST", PATH, json=body).json()
    assert results[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert site.org.find("Lead") == []
    body["allOrNone"] = False
    assert [r["success"] for r in site.send("POST", PATH, json=body).json()] == [True, False]
    assert len(site.org.find("Lead")) == 1
    body["allOrNone"] = "false"
    assert [r["success"] for r in site.send("POST", PATH, json=body).json()] == [True, False]
    body["allOrNone"] = "no"
    assert site.send("POST", PATH, json=body).json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_observers_hear_of_no_change_that_was_undone(site: Site) -> None:
    heard: list[str] = []
    site.org.on_change.append(lambda change: heard.append(change.sobject))
    records = [record(LastName="a", Company="x"), record(LastName="b")]
    site.send("POST", PATH, json={"allOrNone": True, "records": records})
    assert heard == []
    site.send("POST", PATH, json={"records": records})
    assert heard == ["Lead"]


def test_upsert_tells_what_was_created(site: Site) -> None:
    lead = site.lead()
    first, second = (
        site.send(
            "PATCH",
            f"{PATH}/MQL__c/External_Key__c",
            json={"records": [record("MQL__c", External_Key__c=k, Lead__c=lead) for k in keys]},
        ).json()
        for keys in (("a", "b"), ("a", "c"))
    )
    assert [r["created"] for r in (*first, *second)] == [True, True, False, True]
    assert first[0]["id"] == second[0]["id"]
    without_key = site.send(
        "PATCH", f"{PATH}/MQL__c/External_Key__c", json={"records": [record("MQL__c", Lead__c=lead)]}
    )
    assert without_key.json()[0]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"
    body = {"records": [record("MQL__c", Grade__c="A1")]}
    assert site.send("PATCH", f"{PATH}/MQL__c/Grade__c", json=body).status_code == 404


def test_of_records_that_share_a_key_in_one_call_none_is_written(site: Site) -> None:
    lead = site.lead()
    body = {"records": [record("MQL__c", External_Key__c=k, Lead__c=lead) for k in ("a", "b", "A")]}
    results = site.send("PATCH", f"{PATH}/MQL__c/External_Key__c", json=body).json()
    assert [r["success"] for r in results] == [False, True, False]
    assert results[2]["errors"] == [
        {
            "statusCode": "DUPLICATE_VALUE",
            "message": "Duplicate external id specified: A",
            "fields": ["External_Key__c"],
        }
    ]
    assert [row["External_Key__c"] for row in site.org.find("MQL__c")] == ["b"]


def test_delete_takes_ids_in_the_address(site: Site) -> None:
    a, b = site.lead(), site.lead()
    results = site.send("DELETE", PATH, params={"ids": f"{a},{b},{a}"}).json()
    assert [r["success"] for r in results] == [True, True, False]
    assert results[2]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_two_hundred_is_the_most(site: Site) -> None:
    records = [record(LastName="a", Company="x")] * 201
    answer = site.send("POST", PATH, json={"records": records})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_ten_changes_of_type_are_the_most(site: Site) -> None:
    records = [record("Lead" if i % 2 else "Contact", LastName="a", Company="x") for i in range(12)]
    assert site.send("POST", PATH, json={"records": records}).json()[0]["errorCode"] == "LIMIT_EXCEEDED"


def test_reading_answers_in_order_with_nulls_for_what_is_gone(site: Site) -> None:
    a, b = site.lead(LastName="a"), site.lead(LastName="b")
    site.org.delete("Lead", b, by=site.org.user_named("Marketo Sync"))
    body = {"ids": [b, a], "fields": ["Id", "LastName"]}
    answer = site.send("POST", f"{PATH}/Lead", json=body).json()
    assert answer[0] is None
    assert (answer[1]["Id"], answer[1]["LastName"]) == (a, "a")
    by_url = site.send("GET", f"{PATH}/Lead", params={"ids": a, "fields": "LastName"}).json()
    assert by_url[0]["LastName"] == "a"
    wrong = site.send("POST", f"{PATH}/Lead", json={"ids": [a], "fields": ["Nope"]})
    assert wrong.json()[0]["errorCode"] == "INVALID_FIELD"
    many = site.send("POST", f"{PATH}/Lead", json={"ids": [a] * 2001, "fields": ["Id"]})
    assert many.status_code == 400


def test_200_records_are_written_and_2000_read_promptly_among_50000(site: Site) -> None:
    ids = site.org.load("Lead", ({"LastName": f"L{n}", "Company": "x"} for n in range(50_000)))
    rep = site.user("Rita Rep")
    body = {"records": [record(id=i, OwnerId=rep, Status="Working") for i in ids[:200]]}
    site.send("GET", "/limits")
    # Of the processor, in which the server's thread counts: what else the machine does must not matter.
    began = time.process_time()
    assert all(r["success"] for r in site.send("PATCH", PATH, json=body).json())
    written = time.process_time()
    page = site.query("SELECT Id, Name, Email, Status, Owner.Name FROM Lead ORDER BY SystemModstamp, Id")
    read = time.process_time()
    assert len(page["records"]) == 2000
    # Generous: it is the order of magnitude that matters.
    assert written - began < 3
    assert read - written < 3
