import time
from collections.abc import Iterator

import pytest
import requests

from simulator.faults import Faults, UnknownFault
from tests.simulator.salesforce_site import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        site.send("GET", "/limits")
        yield site


def test_a_fault_fires_as_often_as_asked_and_only_where_it_matches(site: Site) -> None:
    site.fault("http_status", status=503, times=2, match={"path": "/query", "method": "GET"})
    assert site.send("GET", "/limits").status_code == 200
    statuses = [site.send("GET", "/query", params={"q": "SELECT Id FROM Lead"}).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert site.world.faults.all() == []


def test_a_fault_may_be_meant_for_the_queries_of_one_object(site: Site) -> None:
    site.fault("http_status", status=500, times=9, match={"object": "Opportunity"})
    statuses = {
        name: site.send("GET", "/query", params={"q": f"SELECT Id FROM {name}"}).status_code
        for name in ("Lead", "Opportunity", "OpportunityContactRole")
    }
    assert statuses == {"Lead": 200, "Opportunity": 500, "OpportunityContactRole": 200}


def test_a_503_has_the_platforms_body(site: Site) -> None:
    site.fault("http_status", status=503)
    assert site.send("GET", "/limits").json()[0]["errorCode"] == "SERVER_UNAVAILABLE"


def test_a_connection_dropped_before_the_call_has_changed_nothing(site: Site) -> None:
    lead = site.lead()
    site.fault("drop_before", match={"method": "PATCH"})
    with pytest.raises(requests.ConnectionError):
        site.send("PATCH", f"/sobjects/Lead/{lead}", json={"Title": "CEO"})
    assert site.found("SELECT Title FROM Lead") == [None]


def test_a_connection_dropped_after_the_call_has_changed_everything(site: Site) -> None:
    lead = site.lead()
    site.fault("drop_after", match={"object": "lead"})
    with pytest.raises(requests.ConnectionError):
        site.send("PATCH", f"/sobjects/Lead/{lead}", json={"Title": "CEO"})
    assert site.found("SELECT Title FROM Lead") == ["CEO"]


def test_a_delay_holds_up_one_answer(site: Site) -> None:
    site.fault("delay", seconds=0.4)
    began = time.perf_counter()
    site.send("GET", "/limits")
    assert time.perf_counter() - began >= 0.4


def test_both_request_limits_share_a_code_and_differ_in_words(site: Site) -> None:
    site.fault("request_limit")
    site.fault("concurrent_limit")
    daily, concurrent = (site.send("GET", "/limits") for _ in range(2))
    assert daily.status_code == concurrent.status_code == 403
    assert daily.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    assert concurrent.json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
    assert "ConcurrentRequests" in concurrent.json()[0]["message"]


def test_a_locked_row_fails_once_and_goes_through_the_next_time(site: Site) -> None:
    lead = site.lead()
    site.fault("lock_row", match={"object": "Lead"})
    body = {"records": [{"attributes": {"type": "Lead"}, "id": lead, "Title": "CEO"}]}
    first = site.send("PATCH", "/composite/sobjects", json=body).json()
    assert first[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert site.send("PATCH", "/composite/sobjects", json=body).json()[0]["success"] is True


def test_a_record_can_be_refused_with_any_code(site: Site) -> None:
    a, b = site.lead(), site.lead()
    site.fault(
        "record_error",
        code="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        message="LeadTrigger: execution of BeforeUpdate",
        fields=["Status"],
        match={"id": b},
    )
    records = [{"attributes": {"type": "Lead"}, "id": i, "Title": "CEO"} for i in (a, b)]
    results = site.send("PATCH", "/composite/sobjects", json={"records": records}).json()
    assert [r["success"] for r in results] == [True, False]
    assert results[1]["errors"] == [
        {
            "statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "message": "LeadTrigger: execution of BeforeUpdate",
            "fields": ["Status"],
        }
    ]


def test_short_pages_lose_nothing(site: Site) -> None:
    site.org.load("Lead", ({"LastName": f"L{n:03d}", "Company": "x"} for n in range(100)))
    site.fault("short_pages", size=7, times=3)
    page = site.query("SELECT LastName FROM Lead ORDER BY LastName")
    sizes, seen = [], []
    while True:
        sizes.append(len(page["records"]))
        seen += [r["LastName"] for r in page["records"]]
        if page["done"]:
            break
        page = site.send("GET", page["nextRecordsUrl"]).json()
    assert sizes == [7, 7, 7, 79]
    assert seen == [f"L{n:03d}" for n in range(100)]


def test_an_expired_locator_stays_expired(site: Site) -> None:
    site.org.load("Lead", ({"LastName": "x", "Company": "x"} for _ in range(3000)))
    following = site.query("SELECT Id FROM Lead")["nextRecordsUrl"]
    site.fault("locator_expired")
    for _ in range(2):
        answer = site.send("GET", following)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_a_late_insert_appears_later_with_its_early_stamp(site: Site) -> None:
    site.fault("late_commit", seconds=120, match={"object": "Lead"})
    late = site.lead(LastName="Late")
    site.later(seconds=60)
    early = site.lead(LastName="Early")
    assert site.found("SELECT LastName FROM Lead") == ["Early"]
    window = {"start": "2026-03-02T08:00:00+00:00", "end": "2026-03-02T09:01:00+00:00"}
    covered = site.send("GET", "/sobjects/Lead/updated", params=window).json()["latestDateCovered"]
    assert covered == "2026-03-02T09:00:00.000+0000"
    site.later(seconds=61)
    rows = site.query("SELECT Id, SystemModstamp FROM Lead ORDER BY SystemModstamp")["records"]
    assert [(r["Id"], r["SystemModstamp"][11:19]) for r in rows] == [(late, "09:00:00"), (early, "09:01:00")]


def test_a_late_update_shows_the_old_values_until_it_commits(site: Site) -> None:
    lead = site.lead(Title="old")
    site.later(seconds=10)
    site.fault("late_commit", seconds=60)
    site.org.update("Lead", lead, {"Title": "new"}, by=site.org.user_named("Marketo Sync"))
    assert site.found("SELECT Title FROM Lead") == ["old"]
    site.later(seconds=61)
    (row,) = site.query("SELECT Title, SystemModstamp FROM Lead")["records"]
    assert (row["Title"], row["SystemModstamp"][11:19]) == ("new", "09:00:10")


def test_a_late_commit_never_delays_a_write_of_the_api(site: Site) -> None:
    site.fault("late_commit", seconds=60)
    site.send("POST", "/sobjects/Lead", json={"LastName": "Ada", "Company": "x"})
    assert site.found("SELECT LastName FROM Lead") == ["Ada"]


def test_a_missing_field_is_missing_everywhere_until_the_fault_is_lifted(site: Site) -> None:
    lead = site.lead()
    site.fault("missing_field", object="Lead", field="MQL_Stage__c")
    described = site.send("GET", "/sobjects/Lead/describe").json()
    assert "MQL_Stage__c" not in {f["name"] for f in described["fields"]}
    assert site.refusal("SELECT MQL_Stage__c FROM Lead")[0] == "INVALID_FIELD"
    written = site.send("PATCH", f"/sobjects/Lead/{lead}", json={"MQL_Stage__c": "mql"})
    assert written.json()[0]["errorCode"] == "INVALID_FIELD"
    assert "MQL_Stage__c" not in site.send("GET", f"/sobjects/Lead/{lead}").json()
    site.world.faults.clear()
    assert site.found("SELECT MQL_Stage__c FROM Lead") == [None]


def test_a_missing_object_is_unknown(site: Site) -> None:
    site.fault("missing_object", object="MQL__c")
    assert site.refusal("SELECT Id FROM MQL__c")[0] == "INVALID_TYPE"
    assert site.send("GET", "/sobjects/MQL__c/describe").status_code == 404
    assert "MQL__c" not in {o["name"] for o in site.send("GET", "/sobjects").json()["sobjects"]}


def test_an_unknown_fault_lists_the_known_ones() -> None:
    with pytest.raises(UnknownFault, match="late_commit"):
        Faults().add({"platform": "salesforce", "kind": "earthquake"})
    with pytest.raises(UnknownFault, match="marketo, salesforce"):
        Faults().add({"platform": "hubspot", "kind": "delay"})
