import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.simulator.marketo_site import START, Json, Site, served

WINDOW = {"startAt": "2026-02-15T00:00:00Z", "endAt": "2026-03-10T00:00:00Z"}
ACTIVITIES: Json = {"filter": {"createdAt": WINDOW}}


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def rows(content: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=delimiter))


def visit(at: datetime, **extra: Any) -> dict[str, Any]:
    row = {"type_id": 2, "lead_id": 1001, "at": at, "primary_id": 71, "primary_value": "host/page"}
    return {**row, "attributes": {"Webpage URL": "/page"}, **extra}


def test_a_job_goes_from_created_to_completed_and_tells_its_file(site: Site) -> None:
    site.instance.load_activities([visit(START)])
    created = site.post("/bulk/v1/activities/export/create.json", ACTIVITIES)["result"][0]
    path = f"/bulk/v1/activities/export/{created['exportId']}"
    early = site.send("GET", f"{path}/file.json")
    queued = site.post(f"{path}/enqueue.json")["result"][0]
    assert set(created) == {"exportId", "format", "status", "createdAt"}
    assert (created["status"], queued["status"]) == ("Created", "Queued")
    assert "queuedAt" in queued
    assert early.status_code == 404
    assert early.headers["Content-Type"].startswith("text/plain")
    job = site.extract("activities", ACTIVITIES)
    content = site.file("activities", job).content
    assert job["numberOfRecords"] == 1
    assert job["fileSize"] == len(content)
    assert job["fileChecksum"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert {"queuedAt", "startedAt", "finishedAt"} <= set(job)


def test_the_activity_file_has_an_object_of_attributes_and_the_word_null(site: Site) -> None:
    attributes = {"Merge IDs": [5], "Success": True, "Text": 'a "b"\r\nc\u2028d', "Number": 3}
    site.instance.load_activities([visit(START, attributes=attributes, primary_id=None)])
    answer = site.file("activities", site.extract("activities", {**ACTIVITIES, "fields": []}))
    (row,) = rows(answer.content)
    assert answer.headers["Content-Type"] == "text/csv;charset=UTF-8"
    assert list(row) == [
        "marketoGUID",
        "leadId",
        "activityDate",
        "activityTypeId",
        "campaignId",
        "primaryAttributeValueId",
        "primaryAttributeValue",
        "attributes",
    ]
    assert json.loads(row["attributes"]) == attributes
    assert (row["campaignId"], row["primaryAttributeValueId"]) == ("null", "null")
    assert row["activityDate"] == "2026-03-02T09:00:00Z"


def test_both_ends_of_a_window_belong_to_it(site: Site) -> None:
    moments = [
        START - timedelta(seconds=1),
        START,
        START + timedelta(seconds=60),
        START + timedelta(seconds=61),
    ]
    site.world.clock.advance(3600)
    site.instance.load_activities(visit(moment) for moment in moments)
    window = {"startAt": "2026-03-02T09:00:00Z", "endAt": "2026-03-02T10:01:00+01:00"}
    assert site.extract("activities", {"filter": {"createdAt": window}})["numberOfRecords"] == 2


def test_activities_are_chosen_by_type_and_asset(site: Site) -> None:
    site.instance.load_activities([visit(START), visit(START, primary_id=5), visit(START, type_id=1)])
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    site.instance.delete_lead(lead)

    def count(**more: Any) -> int:
        return int(site.extract("activities", {"filter": {"createdAt": WINDOW, **more}})["numberOfRecords"])

    assert count() == 4  # the deletion is told by deletedleads alone
    assert count(activityTypeIds=[2]) == 2
    assert count(activityTypeIds=[2], primaryAttributeValueIds=[5]) == 1
    assert count(activityTypeIds=[2], primaryAttributeValues=["host/page"]) == 2


def test_leads_are_extracted_by_creation_change_and_list(site: Site) -> None:
    old, new = site.instance.load_leads(
        [
            {"email": "old@example.com", "createdAt": START - timedelta(days=200), "unsubscribed": True},
            {"email": "new@example.com", "createdAt": START - timedelta(days=1)},
        ]
    )
    members = site.instance.add_list("Some")
    site.instance.add_to_list(members, [old])
    site.instance.update_lead(old, {"mqlGrade": "A1"}, source="User")

    def file(**chosen: Any) -> list[dict[str, str]]:
        wish = {"fields": ["id", "email", "unsubscribed", "mqlGrade"], "filter": chosen}
        return rows(site.file("leads", site.extract("leads", wish)).content)

    assert [row["id"] for row in file(createdAt=WINDOW)] == [str(new)]
    assert file(updatedAt=WINDOW) == [
        {"id": str(old), "email": "old@example.com", "unsubscribed": "true", "mqlGrade": "A1"},
        {"id": str(new), "email": "new@example.com", "unsubscribed": "null", "mqlGrade": "null"},
    ]
    assert [row["id"] for row in file(staticListId=members)] == [str(old)]
    assert [row["id"] for row in file(staticListName="Some")] == [str(old)]


def test_headers_and_delimiters_are_the_callers_choice(site: Site) -> None:
    site.instance.load_leads([{"email": "a;b@example.com", "createdAt": START}])
    wish = {
        "fields": ["id", "email"],
        "filter": {"createdAt": WINDOW},
        "format": "SSV",
        "columnHeaderNames": {"email": "E-Mail"},
    }
    (row,) = rows(site.file("leads", site.extract("leads", wish)).content, ";")
    assert row["E-Mail"] == "a;b@example.com"


@pytest.mark.parametrize(
    ("thing", "wish", "code"),
    [
        ("leads", {"fields": ["id"], "filter": {}}, "1002"),
        ("leads", {"filter": {"createdAt": WINDOW}}, "1002"),
        ("leads", {"fields": ["id"], "filter": {"createdAt": WINDOW, "updatedAt": WINDOW}}, "1003"),
        ("leads", {"fields": ["id"], "filter": {"smartListId": 5}}, "1035"),
        ("leads", {"fields": ["id"], "filter": {"staticListId": 5}}, "1013"),
        ("leads", {"fields": ["id"], "filter": {"createdAt": WINDOW}, "format": "XML"}, "1003"),
        ("activities", {"filter": {"activityTypeIds": [1]}}, "1002"),
        ("activities", {"filter": {"createdAt": {"startAt": "2026-01-01T00:00:00Z"}}}, "1002"),
        (
            "activities",
            {"filter": {"createdAt": {"startAt": "2026-01-01T00:00:00Z", "endAt": "2026-02-01T00:00:01Z"}}},
            "1003",
        ),
        ("activities", {"filter": {"createdAt": WINDOW, "primaryAttributeValueIds": [1]}}, "1002"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_at_once(site: Site, thing: str, wish: Json, code: str) -> None:
    assert site.code(site.post(f"/bulk/v1/{thing}/export/create.json", wish)) == code


def test_unknown_fields_of_a_lead_extract_are_named(site: Site) -> None:
    wish = {"fields": ["id", "foo", "bar"], "filter": {"createdAt": WINDOW}}
    answer = site.post("/bulk/v1/leads/export/create.json", wish)
    assert answer["errors"] == [{"code": "1003", "message": "Invalid fields [foo, bar]"}]


def test_a_subscription_may_lack_the_filter_by_change(site: Site) -> None:
    site.instance.unsupported_filters.add("updatedAt")
    wish = {"fields": ["id"], "filter": {"updatedAt": WINDOW}}
    answer = site.post("/bulk/v1/leads/export/create.json", wish)
    assert site.code(answer) == "1035"
    assert answer["errors"][0]["message"] == "Unsupported filter type for target subscription: updatedAt"


def test_a_file_can_be_fetched_in_parts(site: Site) -> None:
    site.instance.load_activities(visit(START) for _ in range(50))
    job = site.extract("activities", ACTIVITIES)
    whole = site.file("activities", job)
    first = site.file("activities", job, Range="bytes=0-99")
    rest = site.file("activities", job, Range="bytes=100-")
    last = site.file("activities", job, Range="bytes=-10")
    beyond = site.file("activities", job, Range=f"bytes={job['fileSize']}-")
    assert whole.status_code == 200
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert first.status_code == rest.status_code == 206
    assert first.headers["Content-Range"] == f"bytes 0-99/{job['fileSize']}"
    assert first.content + rest.content == whole.content
    assert last.content == whole.content[-10:]
    assert beyond.status_code == 416


def test_one_queue_holds_ten_jobs_of_both_kinds_and_says_which_of_three_things_is_wrong(site: Site) -> None:
    leads: Json = {"fields": ["id"], "filter": {"createdAt": WINDOW}}
    texts: list[str] = []
    site.app.exports.monotonic = lambda: 0.0  # time stands still: no job leaves the queue
    for number in range(11):
        thing, wish = ("leads", leads) if number % 2 else ("activities", ACTIVITIES)
        job = site.post(f"/bulk/v1/{thing}/export/create.json", wish)["result"][0]["exportId"]
        answer = site.post(f"/bulk/v1/{thing}/export/{job}/enqueue.json")
        if number == 0:
            again = site.post(f"/bulk/v1/{thing}/export/{job}/enqueue.json")
            texts.append(again["errors"][0]["message"])
    texts.append(answer["errors"][0]["message"])
    assert site.code(answer) == "1029"
    site.app.exports.daily_quota = 0
    over = site.post("/bulk/v1/leads/export/create.json", leads)
    assert site.code(over) == "1029"
    assert texts == ["Job already queued", "Too many jobs in queue"]
    assert over["errors"][0]["message"].startswith("Export daily quota ")


def test_two_jobs_are_processed_at_a_time_in_the_order_of_the_queue(site: Site) -> None:
    exports, moment = site.app.exports, 100.0
    exports.monotonic = lambda: moment
    jobs = []
    for _ in range(3):
        job = site.post("/bulk/v1/activities/export/create.json", ACTIVITIES)["result"][0]["exportId"]
        site.post(f"/bulk/v1/activities/export/{job}/enqueue.json")
        jobs.append(job)

    def states() -> list[str]:
        return [
            site.get(f"/bulk/v1/activities/export/{job}/status.json")["result"][0]["status"] for job in jobs
        ]

    assert states() == ["Queued", "Queued", "Queued"]
    moment = 100.1
    assert states() == ["Processing", "Processing", "Queued"]
    moment = 100.3
    assert states() == ["Completed", "Completed", "Processing"]
    moment = 100.6
    assert states() == ["Completed", "Completed", "Completed"]


def test_a_cancelled_job_has_no_file_and_both_spellings_find_it(site: Site) -> None:
    job = site.post("/bulk/v1/activities/export/create.json", ACTIVITIES)["result"][0]["exportId"]
    done = site.extract("activities", ACTIVITIES)
    cancelled = site.post(f"/bulk/v1/activities/export/{job}/cancel.json")["result"][0]
    assert cancelled["status"] == "Cancelled"
    assert site.send("GET", f"/bulk/v1/activities/export/{job}/file.json").status_code == 404
    for spelling in ("Canceled", "Cancelled"):
        listed = site.get("/bulk/v1/activities/export.json", status=spelling)["result"]
        assert [row["exportId"] for row in listed] == [job]
    everything = site.get("/bulk/v1/activities/export.json")["result"]
    assert {row["exportId"] for row in everything} == {job, done["exportId"]}
    assert site.code(site.post(f"/bulk/v1/activities/export/{done['exportId']}/cancel.json")) == "1003"
    assert site.code(site.get("/bulk/v1/leads/export/nothing/status.json")) == "1013"


def test_a_file_is_gone_after_seven_days(site: Site) -> None:
    job = site.extract("activities", ACTIVITIES)
    site.world.clock.advance(8 * 24 * 3600)
    assert site.file("activities", job).status_code == 404


def test_a_bulk_file_is_never_compressed(site: Site) -> None:
    site.instance.load_activities(visit(START) for _ in range(50))
    answer = site.file("activities", site.extract("activities", ACTIVITIES), **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


def test_an_import_upserts_its_rows_and_gives_back_those_it_could_not_take(site: Site) -> None:
    known = site.instance.create_lead({"email": "known@example.com"}, source="User")
    members = site.instance.add_list("Imported")
    table = 'email,firstName,leadScore\nknown@example.com,"Ada, Countess",5\nnew@example.com,Bo,many\n'
    files = {"file": ("people.csv", table.encode(), "text/csv")}
    accepted = site.send(
        "POST", "/bulk/v1/leads.json", params={"format": "csv", "listId": members}, files=files
    ).json()
    batch = accepted["result"][0]["batchId"]
    assert accepted["result"][0]["status"] == "Queued"
    status: Json = {}
    while status.get("status") != "Complete":
        status = site.get(f"/bulk/v1/leads/batch/{batch}.json")["result"][0]
    assert (status["numOfLeadsProcessed"], status["numOfRowsFailed"]) == (1, 1)
    lead = site.instance.get_lead(known)
    assert lead is not None
    assert (lead["firstName"], lead["leadScore"]) == ("Ada, Countess", 5)
    failed = rows(site.send("GET", f"/bulk/v1/leads/batch/{batch}/failures.json").content)
    assert failed[0]["email"] == "new@example.com"
    assert "leadScore" not in failed[0]["Import Failure Reason"]
    assert site.instance.lists.lead_ids(members) == [known]
    assert site.send("GET", f"/bulk/v1/leads/batch/{batch}/warnings.json").status_code == 404
