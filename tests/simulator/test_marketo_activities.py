from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator.marketo.activity_store import BLOCK
from tests.simulator.marketo_site import START, Json, Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def visit(lead: int, at: datetime, type_id: int = 2, **extra: Any) -> dict[str, Any]:
    row = {
        "type_id": type_id,
        "lead_id": lead,
        "at": at,
        "primary_id": 71,
        "primary_value": "example.com/page",
    }
    return {**row, "attributes": {"Webpage URL": "/page"}, **extra}


def pages(site: Site, token: str, **question: Any) -> Iterator[Json]:
    while True:
        page = site.get("/rest/v1/activities.json", nextPageToken=token, **question)
        assert page["success"]
        yield page
        if not page["moreResult"]:
            return
        assert page["nextPageToken"] != token
        token = page["nextPageToken"]


def seen(site: Site, token: str, **question: Any) -> list[str]:
    return [row["marketoGUID"] for page in pages(site, token, **question) for row in page.get("result", [])]


def test_an_activity_is_shown_as_the_platform_shows_it(site: Site) -> None:
    guid = site.instance.add_activity(
        1,
        1001,
        at=START,
        primary_id=71,
        primary_value="host/page",
        attributes={"Webpage URL": "/page", "Referrer URL": "", "Query Parameters": None},
        campaign_id=1064,
    )
    page = site.get("/rest/v1/activities.json", nextPageToken=site.since(START), activityTypeIds="1")
    assert page["result"] == [
        {
            "id": int(guid),
            "marketoGUID": guid,
            "leadId": 1001,
            "activityDate": "2026-03-02T09:00:00Z",
            "activityTypeId": 1,
            "campaignId": 1064,
            "primaryAttributeValueId": 71,
            "primaryAttributeValue": "host/page",
            "attributes": [{"name": "Webpage URL", "value": "/page"}],
        }
    ]


def test_types_carry_their_attribute_names_and_new_lead_no_primary(site: Site) -> None:
    types = {row["id"]: row for row in site.get("/rest/v1/activities/types.json")["result"]}
    assert "primaryAttribute" not in types[12]
    assert types[1]["primaryAttribute"]["name"] == "Webpage ID"
    assert {pair["name"] for pair in types[10]["attributes"]} >= {"Is Bot Activity", "Bot Activity Pattern"}
    assert {pair["name"] for pair in types[104]["attributes"]} >= {"New Status", "Old Status", "Success"}
    assert all("apiName" not in row for row in types.values())


def test_a_narrow_filter_meets_empty_pages_and_loses_nothing(site: Site) -> None:
    rows = [visit(1001, START - timedelta(seconds=5 * BLOCK - n), 1) for n in range(5 * BLOCK)]
    for place in (10, 4 * BLOCK + 10):
        rows[place] = visit(1002, rows[place]["at"], 11)
    site.instance.load_activities(rows)
    found = list(pages(site, site.since(START - timedelta(days=1)), activityTypeIds="11"))
    assert [len(page.get("result", [])) for page in found] == [1, 0, 0, 0, 1]
    assert all("result" not in page for page in found[1:4])
    assert [page["moreResult"] for page in found] == [True, True, True, True, False]
    calls = site.world.calls.as_json()["marketo"]
    assert calls["empty_pages"] == 3
    assert calls["by_endpoint"]["GET /rest/v1/activities.json"] == 5
    assert calls["total"] == 3


def test_a_wide_filter_gives_full_pages_in_the_order_of_commits(site: Site) -> None:
    site.instance.load_activities(visit(1001, START - timedelta(seconds=700 - n)) for n in range(700))
    found = list(pages(site, site.since(START - timedelta(days=1)), activityTypeIds=["1", "2"]))
    assert [len(page["result"]) for page in found] == [300, 300, 100]
    guids = [row["marketoGUID"] for page in found for row in page["result"]]
    assert guids == sorted(set(guids), key=int)


def test_the_last_token_is_a_cursor_for_what_comes_later(site: Site) -> None:
    site.instance.load_activities([visit(1001, START)])
    *_, last = pages(site, site.since(START), activityTypeIds="2")
    nothing = site.get("/rest/v1/activities.json", nextPageToken=last["nextPageToken"], activityTypeIds="2")
    site.world.clock.advance(60)
    later = site.instance.add_activity(
        2, 1001, at=site.world.clock.now(), primary_id=1, primary_value="x", attributes={}
    )
    assert "result" not in nothing
    assert nothing["moreResult"] is False
    assert seen(site, nothing["nextPageToken"], activityTypeIds="2") == [later]


def test_a_late_commit_reaches_the_cursor_and_not_a_fresh_window(site: Site) -> None:
    cursor = site.since(START)
    late = site.instance.add_activity(
        6,
        1001,
        at=START,
        primary_id=1,
        primary_value="mail",
        attributes={},
        visible_at=START + timedelta(minutes=20),
    )
    site.world.clock.advance(600)
    early = site.instance.add_activity(
        6, 1001, at=site.world.clock.now(), primary_id=1, primary_value="mail", attributes={}
    )
    *_, before = pages(site, cursor, activityTypeIds="6")
    site.world.clock.advance(900)
    restarted = site.since(START + timedelta(minutes=5))
    assert [row["marketoGUID"] for row in before["result"]] == [early]
    assert seen(site, before["nextPageToken"], activityTypeIds="6") == [late]
    assert seen(site, restarted, activityTypeIds="6") == [early]
    assert int(late) < int(early)


def test_the_date_of_a_token_includes_its_own_second(site: Site) -> None:
    site.instance.load_activities([visit(1001, START - timedelta(seconds=1)), visit(1001, START)])
    assert len(seen(site, site.since(START), activityTypeIds="2")) == 1


def test_people_lists_and_assets_narrow_a_page(site: Site) -> None:
    leads = site.instance.load_leads({"email": f"{n}@example.com"} for n in range(3))
    site.instance.load_activities(visit(lead, START, primary_id=lead) for lead in leads)
    members = site.instance.add_list("Some")
    site.instance.add_to_list(members, leads[:2])
    token = site.since(START)
    assert len(seen(site, token, activityTypeIds="2", leadIds=[leads[0], leads[2]])) == 2
    assert len(seen(site, token, activityTypeIds="2", listId=members)) == 2
    assert len(seen(site, token, activityTypeIds="2", assetIds=leads[1])) == 1


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({}, "1002"),
        ({"activityTypeIds": ",".join(str(n) for n in range(1, 12))}, "1003"),
        ({"activityTypeIds": "99999"}, "1003"),
        ({"activityTypeIds": "1", "leadIds": ",".join(str(n) for n in range(31))}, "1003"),
        ({"activityTypeIds": "1,2", "assetIds": "5"}, "1003"),
        ({"activityTypeIds": "1", "listId": "5"}, "1013"),
        ({"activityTypeIds": "one"}, "1001"),
    ],
)
def test_a_question_beyond_the_limits_is_refused(site: Site, question: dict[str, str], code: str) -> None:
    token = site.since(START)
    assert site.code(site.get("/rest/v1/activities.json", nextPageToken=token, **question)) == code


def test_tokens_are_needed_checked_and_of_one_kind(site: Site) -> None:
    token = site.since(START)
    assert site.code(site.get("/rest/v1/activities.json", activityTypeIds="1")) == "1002"
    for bad in ("nonsense", token[:-8] + "AAAAAAAA", token.lower()):
        assert (
            site.code(site.get("/rest/v1/activities.json", activityTypeIds="1", nextPageToken=bad)) == "1003"
        )
    assert site.code(site.get("/rest/v1/activities/pagingtoken.json")) == "1002"
    assert site.code(site.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="soon")) == "1001"
    for date in ("2026-03-01", "2026-03-01T00:00:00-05:00", "2026-03-01T00:00:00Z"):
        assert "result" not in site.get("/rest/v1/activities/pagingtoken.json", sinceDatetime=date)


def test_lead_changes_show_the_named_fields_and_every_new_person(site: Site) -> None:
    token = site.since(START)
    lead = site.instance.create_lead({"email": "a@example.com"}, source="Web form fillout")
    site.instance.update_lead(lead, {"leadStatus": "Working", "city": "Bern"}, source="salesforce.com")
    assert site.code(site.get("/rest/v1/activities/leadchanges.json", nextPageToken=token)) == "1002"
    page = site.get(
        "/rest/v1/activities/leadchanges.json", nextPageToken=token, fields="leadStatus,leadScore"
    )
    new, change = page["result"]
    assert (new["activityTypeId"], new["leadId"]) == (12, lead)
    assert change["fields"] == [{"id": 71, "name": "leadStatus", "newValue": "Working", "oldValue": None}]
    assert change["activityDate"] == "2026-03-02T09:00:00+0000"
    assert {"name": "Source", "value": "salesforce.com"} in change["attributes"]


def test_deletions_are_told_for_fourteen_days(site: Site) -> None:
    token = site.since(START)
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    site.instance.delete_lead(lead)
    fresh = site.get("/rest/v1/activities/deletedleads.json", nextPageToken=token)
    site.world.clock.advance(15 * 24 * 3600)
    stale = site.get("/rest/v1/activities/deletedleads.json", nextPageToken=token)
    assert [(row["leadId"], row["activityTypeId"]) for row in fresh["result"]] == [(lead, 37)]
    assert fresh["result"][0]["activityDate"] == "2026-03-02T09:00:00+0000"
    assert "result" not in stale


def test_page_visits_are_forgotten_after_ninety_days_and_forms_are_not(site: Site) -> None:
    old = START - timedelta(days=91)
    site.instance.load_activities([visit(1001, old, 1), visit(1001, old, 2)])
    found = list(pages(site, site.since(old), activityTypeIds="1,2"))
    assert [row["activityTypeId"] for page in found for row in page["result"]] == [2]
