import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.simulator.marketo_site import START, Json, Site, served

ACTIVITIES: Json = {
    "filter": {"createdAt": {"startAt": "2026-02-15T00:00:00Z", "endAt": "2026-03-10T00:00:00Z"}}
}
LISTS = "/rest/v1/lists.json"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def visit(lead: int) -> dict[str, Any]:
    return {
        "type_id": 2,
        "lead_id": lead,
        "at": START,
        "primary_id": 1,
        "primary_value": "x",
        "attributes": {},
    }


def test_any_code_can_be_answered_so_many_times_on_one_path(site: Site) -> None:
    site.fault("code", code="608", message="API Temporarily Unavailable", times=2, match={"path": "lists"})
    answers = [site.get(LISTS) for _ in range(3)]
    assert [answer["success"] for answer in answers] == [False, False, True]
    assert answers[0]["errors"] == [{"code": "608", "message": "API Temporarily Unavailable"}]
    assert site.get("/rest/v1/campaigns.json")["success"]


def test_the_next_records_can_be_skipped_with_any_code(site: Site) -> None:
    site.fault("record_code", code="1022", message="Object in use", times=2)
    people = [{"email": f"{number}@example.com"} for number in range(3)]
    rows = site.post("/rest/v1/leads.json", {"input": people})["result"]
    assert [row["status"] for row in rows] == ["skipped", "skipped", "created"]
    assert rows[0]["reasons"] == [{"code": "1022", "message": "Object in use"}]


def test_empty_pages_can_be_put_before_the_first_row(site: Site) -> None:
    site.instance.load_activities([visit(1001)])
    site.fault("empty_pages", n=3)
    token, tokens, counts = site.since(START), set(), []
    while True:
        page = site.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="2")
        token = page["nextPageToken"]
        tokens.add(token)
        counts.append(len(page.get("result", [])))
        if not page["moreResult"]:
            break
    assert counts == [0, 0, 0, 1]
    assert len(tokens) == 4
    assert site.world.calls.as_json()["marketo"]["empty_pages"] == 3


def test_a_member_of_the_envelope_can_be_missing(site: Site) -> None:
    for name in ("moreResult", "nextPageToken", "success"):
        site.fault("missing_member", name=name, match={"path": "activities.json"})
        page = site.get("/rest/v1/activities.json", nextPageToken=site.since(START), activityTypeIds="2")
        assert name not in page


def test_a_token_can_end_early(site: Site) -> None:
    site.grant()
    site.fault("token_expired")
    assert [site.code(site.get(LISTS)), site.code(site.get(LISTS))] == ["602", "601"]
    site.grant()
    assert site.get(LISTS)["success"]


def test_a_field_can_be_as_if_it_had_never_been_made(site: Site) -> None:
    site.instance.create_lead({"email": "a@example.com"}, source="User")
    site.fault("missing_field", field="mqlScore")
    (described,) = site.get("/rest/v1/leads/describe2.json")["result"]
    assert "mqlScore" not in {field["name"] for field in described["fields"]}
    question = {"filterType": "email", "filterValues": "a@example.com"}
    assert site.code(site.get("/rest/v1/leads.json", **question, fields="mqlScore")) == "1006"
    (row,) = site.post("/rest/v1/leads.json", {"input": [{"email": "a@example.com", "mqlScore": 5}]})[
        "result"
    ]
    assert row["reasons"] == [{"code": "1006", "message": "Field 'mqlScore' not found"}]
    assert site.code(site.post("/bulk/v1/leads/export/create.json", {"fields": ["mqlScore"]})) == "1003"
    site.world.faults.clear()
    assert site.get("/rest/v1/leads.json", **question, fields="mqlScore")["success"]


def test_an_accepted_campaign_can_do_nothing(site: Site) -> None:
    asked: list[list[int]] = []
    campaign = site.instance.add_campaign("Sync", triggerable=True, on_request=asked.append)
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    site.fault("campaign_ignored")
    path, body = f"/rest/v1/campaigns/{campaign}/trigger.json", {"input": {"leads": [{"id": lead}]}}
    assert site.post(path, body)["result"] == site.post(path, body)["result"] == [{"id": campaign}]
    assert asked == [[lead]]


def test_a_damaged_file_is_told_by_its_checksum_alone(site: Site) -> None:
    site.instance.load_activities(visit(1001) for _ in range(100))
    job = site.extract("activities", ACTIVITIES)
    site.fault("truncate_file", bytes=1000)
    short = site.file("activities", job)
    site.fault("corrupt_file")
    corrupt = site.file("activities", job)
    sound = site.file("activities", job)
    assert (short.status_code, len(short.content)) == (200, 1000)
    assert len(corrupt.content) == len(sound.content) == job["fileSize"]
    checks = [f"sha256:{hashlib.sha256(answer.content).hexdigest()}" for answer in (short, corrupt, sound)]
    assert [check == job["fileChecksum"] for check in checks] == [False, False, True]


def test_a_file_can_be_an_error_in_json(site: Site) -> None:
    job = site.extract("activities", ACTIVITIES)
    site.fault("file_as_json_error", code="606", message="Max rate limit '100' exceeded with in '20' secs")
    answer = site.file("activities", job)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert site.code(answer.json()) == "606"


def test_a_download_can_be_cut_in_the_middle(site: Site) -> None:
    site.instance.load_activities(visit(1001) for _ in range(1000))
    job = site.extract("activities", ACTIVITIES)
    site.fault("truncate_file", bytes=5000, cut=True)
    with pytest.raises(requests.exceptions.RequestException):
        _ = site.file("activities", job).content
    assert len(site.file("activities", job).content) == job["fileSize"]


def test_the_gateway_can_fail_and_the_line_be_cut_before_or_after_the_write(site: Site) -> None:
    site.grant()
    site.fault("http_status", status=503)
    failed = site.send("GET", LISTS)
    assert failed.status_code == 503
    assert failed.headers["Content-Type"].startswith("text/html")
    for kind, count in (("drop_before", 0), ("drop_after", 1)):
        site.fault(kind, match={"path": "leads.json", "method": "POST"})
        with pytest.raises(requests.exceptions.ConnectionError):
            site.post("/rest/v1/leads.json", {"input": [{"email": "a@example.com"}]})
        assert site.instance.leads.count() == count


def test_a_stored_record_can_be_late_by_its_own_clock(site: Site) -> None:
    token = site.since(START)
    site.instance.add_activity(
        6,
        1001,
        at=START,
        primary_id=1,
        primary_value="x",
        attributes={},
        visible_at=START + timedelta(seconds=90),
    )
    counts = []
    for _ in range(3):
        page = site.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="6")
        counts.append(len(page.get("result", [])))
        site.world.clock.advance(60)
    assert counts == [0, 0, 1]
