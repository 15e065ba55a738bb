import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.simulator.salesforce_site import Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def rows(answer: requests.Response) -> list[dict[str, str]]:
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def ingest(site: Site, content: str, **job: Any) -> dict[str, Any]:
    """Runs a job to its end; answers its last status."""
    made = site.send("POST", "/jobs/ingest", json={"contentType": "CSV", "lineEnding": "LF", **job})
    assert made.status_code == 200, made.text
    assert made.json()["state"] == "Open"
    address = "/" + made.json()["contentUrl"]
    put = site.send("PUT", address, data=content.encode(), headers={"Content-Type": "text/csv"})
    assert (put.status_code, put.content) == (201, b"")
    path = f"/jobs/ingest/{made.json()['id']}"
    assert site.send("PATCH", path, json={"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    states = [site.send("GET", path).json() for _ in range(2)]
    assert states[0]["state"] == "InProgress"
    return dict(states[1])


def test_an_ingest_job_accounts_for_every_row(site: Site) -> None:
    kept, gone = site.lead(), site.lead()
    site.org.delete("Lead", gone, by=site.org.user_named("Marketo Sync"))
    content = f'Id,Title,Company,Rating\n{kept},"Head, of ""Sales""\nEMEA",,Hot\n{gone},CEO,,\n'
    job = ingest(site, content, object="Lead", operation="update")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 2, 1)
    path = f"/jobs/ingest/{job['id']}"
    assert rows(site.send("GET", f"{path}/successfulResults")) == [
        {
            "sf__Id": kept,
            "sf__Created": "false",
            "Id": kept,
            "Title": 'Head, of "Sales"\nEMEA',
            "Company": "",
            "Rating": "Hot",
        }
    ]
    (failed,) = rows(site.send("GET", f"{path}/failedResults/"))
    assert failed["sf__Error"] == "ENTITY_IS_DELETED:entity is deleted:--"
    assert failed["Id"] == gone
    assert rows(site.send("GET", f"{path}/unprocessedrecords")) == []
    row = site.org.get("Lead", kept)
    assert row is not None
    assert (row["Title"], row["Company"]) == ('Head, of "Sales"\nEMEA', "Engines")
    assert site.send("DELETE", path).status_code == 204
    assert site.send("GET", path).status_code == 404


def test_an_empty_cell_leaves_alone_and_na_empties(site: Site) -> None:
    lead = site.lead(Title="CEO", Industry="Finance")
    ingest(site, f"Id,Title,Industry\n{lead},,#N/A\n", object="Lead", operation="update")
    row = site.org.get("Lead", lead)
    assert row is not None
    assert (row["Title"], row["Industry"]) == ("CEO", None)


def test_result_rows_come_in_no_order(site: Site) -> None:
    content = "LastName,Company\n" + "".join(f"L{n:03d},x\n" for n in range(100))
    job = ingest(site, content, object="Lead", operation="insert")
    names = [r["LastName"] for r in rows(site.send("GET", f"/jobs/ingest/{job['id']}/successfulResults"))]
    assert names != sorted(names)
    assert sorted(names) == [f"L{n:03d}" for n in range(100)]


def test_upsert_needs_and_uses_its_external_id(site: Site) -> None:
    lead = site.lead(MQL_External_Key__c="person")
    bad = site.send("POST", "/jobs/ingest", json={"object": "MQL__c", "operation": "upsert"})
    assert bad.status_code == 400
    head = "External_Key__c,Lead__r.MQL_External_Key__c,Grade__c\n"
    upsert = {"object": "MQL__c", "operation": "upsert", "externalIdFieldName": "External_Key__c"}
    for rest, created in (("a,person,A1\n", "true"), ("a,person,B1\nb,nobody,A1\n", "false")):
        job = ingest(site, head + rest, **upsert)
        (done,) = rows(site.send("GET", f"/jobs/ingest/{job['id']}/successfulResults"))
        assert done["sf__Created"] == created
    (mql,) = site.org.find("MQL__c")
    assert (mql["Lead__c"], mql["Grade__c"]) == (lead, "B1")
    assert job["numberRecordsFailed"] == 1


def test_rows_that_share_a_key_fail_where_they_are_written_together(site: Site) -> None:
    lead = site.lead()
    keys = ["a", "b", *(f"k{n}" for n in range(197)), "B", "a"]  # 200 rows are written at a time
    content = "External_Key__c,Lead__c\n" + "".join(f"{key},{lead}\n" for key in keys)
    upsert = {"object": "MQL__c", "operation": "upsert", "externalIdFieldName": "External_Key__c"}
    job = ingest(site, content, **upsert)
    failed = rows(site.send("GET", f"/jobs/ingest/{job['id']}/failedResults"))
    assert {row["External_Key__c"] for row in failed} == {"b", "B"}
    assert all(row["sf__Error"].startswith("DUPLICATE_VALUE:Duplicate external id") for row in failed)
    assert len(site.org.find("MQL__c", External_Key__c="a")) == 1


def test_results_name_records_by_eighteen_characters(site: Site) -> None:
    lead = site.lead()
    job = ingest(site, f"Id,Title\n{lead[:15]},CEO\n", object="Lead", operation="update")
    (done,) = rows(site.send("GET", f"/jobs/ingest/{job['id']}/successfulResults"))
    assert (done["sf__Id"], done["Id"]) == (lead, lead[:15])


def test_bulk_applies_no_assignment_rule_unless_the_job_names_it(site: Site) -> None:
    rep = site.user("Rita Rep")
    content = f"LastName,Company,OwnerId\nAda,x,{rep}\n"
    ingest(site, content, object="Lead", operation="insert")
    assert site.org.find("Lead")[0]["OwnerId"] == rep
    (rule,) = site.found("SELECT Id FROM AssignmentRule")
    ingest(site, content, object="Lead", operation="insert", assignmentRuleId=rule)
    assert site.org.find("Lead")[1]["OwnerId"] == site.org.user_named("Default Lead Owner")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("LastName,Nope\nAda,x\n", "InvalidBatch : Field name not found : Nope"),
        ("LastName,Company\r\nAda,x\r\n", "LineEnding is invalid"),
        ("", "the file is empty"),
        ("LastName,Company,lastname\nAda,x,Bob\n", "InvalidBatch : Duplicate field : lastname"),
    ],
)
def test_a_wrong_file_fails_the_whole_job(site: Site, content: str, message: str) -> None:
    job = ingest(site, content, object="Lead", operation="insert")
    assert job["state"] == "Failed"
    assert message in job["errorMessage"]
    assert site.org.find("Lead") == []


def test_a_failing_job_leaves_rows_unprocessed(site: Site) -> None:
    site.fault("bulk_fail", after=1)
    job = ingest(site, "LastName,Company\na,x\nb,x\nc,x\n", object="Lead", operation="insert")
    assert job["state"] == "Failed"
    left = rows(site.send("GET", f"/jobs/ingest/{job['id']}/unprocessedrecords"))
    assert sorted(r["LastName"] for r in left) == ["b", "c"]
    assert len(site.org.find("Lead")) == 1


def test_jobs_refuse_what_their_state_does_not_allow(site: Site) -> None:
    job = site.send("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
    path = f"/jobs/ingest/{job}"
    assert site.send("PATCH", path, json={"state": "UploadComplete"}).status_code == 400
    assert site.send("DELETE", path).status_code == 400
    assert site.send("PATCH", path, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert (
        site.send("POST", "/jobs/ingest", json={"object": "Nope", "operation": "insert"}).status_code == 400
    )
    assert (
        site.send("POST", "/jobs/ingest", json={"object": "Lead", "operation": "hardDelete"}).status_code
        == 400
    )


def test_a_query_job_gives_its_result_in_pages(site: Site) -> None:
    site.org.load("Lead", ({"LastName": f"L{n}", "Company": "x"} for n in range(25)))
    query = "SELECT Id, LastName, Owner.Name, IsConverted, CreatedDate, Email FROM Lead ORDER BY Id"
    job = site.send("POST", "/jobs/query", json={"operation": "query", "query": query}).json()
    path = f"/jobs/query/{job['id']}"
    assert (job["state"], job["object"]) == ("UploadComplete", "Lead")
    assert site.send("GET", f"{path}/results").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert [site.send("GET", path).json()["state"] for _ in range(2)] == ["InProgress", "JobComplete"]
    seen, locator = [], ""
    while locator != "null":
        page = site.send("GET", f"{path}/results", params={"maxRecords": 10, "locator": locator})
        locator = page.headers["Sforce-Locator"]
        found = rows(page)
        assert page.headers["Sforce-NumberOfRecords"] == str(len(found))
        seen += found
    assert [r["LastName"] for r in seen] == [f"L{n}" for n in range(25)]
    assert seen[0]["Owner.Name"] == "Mqlflow Integration"
    assert (seen[0]["IsConverted"], seen[0]["Email"]) == ("false", "")
    assert seen[0]["CreatedDate"] == "2026-03-02T09:00:00.000Z"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT COUNT() FROM Lead", "API_ERROR"),
        ("SELECT Id FROM Lead OFFSET 5", "API_ERROR"),
        ("SELECT Nope FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
    ],
)
def test_a_query_job_refuses_what_bulk_cannot_do(site: Site, query: str, code: str) -> None:
    answer = site.send("POST", "/jobs/query", json={"operation": "query", "query": query})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
