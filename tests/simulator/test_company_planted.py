"""What is planted in the company, and that the truth table tells it right."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulator.company.truth import KINDS
from tests.simulator.companies import START, marketo_leads, new_world, settled_world


def _truth(kind: str) -> list[dict[str, Any]]:
    company = settled_world().company
    assert company is not None
    found: list[dict[str, Any]] = company.truth()[kind]
    return found


def _activity(guid: str) -> dict[str, Any]:
    for table in ("activities", "late_activities"):
        row = (
            settled_world()
            .marketo.database.execute(f"SELECT * FROM {table} WHERE guid = ?", (int(guid),))
            .fetchone()
        )
        if row is not None:
            return {**dict(row), "attributes": json.loads(row["attributes"])}
    raise AssertionError(f"no activity {guid}")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"left", "manual_owner_change"}))
def test_every_kind_is_planted_in_the_default_company(kind: str) -> None:
    assert _truth(kind), kind
    json.dumps(_truth(kind))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_records_of_the_truth_table_exist(kind: str) -> None:
    world = settled_world()
    assert world.company is not None
    gone = kind in ("merged", "deleted")
    for entry in world.company.truth().get(kind, []):
        if entry["platform"] == "salesforce":
            sobject = {"lead": "Lead", "contact": "Contact", "user": "User"}[entry["object"]]
            record = world.salesforce.get(sobject, entry["id"])
            assert record is not None
            assert bool(record.get("IsDeleted")) is gone
        elif entry["object"] == "lead":
            assert (world.marketo.get_lead(entry["id"]) is None) is gone
        else:
            assert _activity(entry["id"])


def test_scanner_clicks_open_three_links_of_a_mail_within_ten_seconds() -> None:
    by_person: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for entry in _truth("bot_clicks"):
        activity = _activity(entry["id"])
        assert activity["attributes"]["Is Bot Activity"] is False
        by_person.setdefault((activity["lead_id"], activity["primary_id"]), []).append(activity)
    for clicks in by_person.values():
        moments = [datetime.fromisoformat(c["at"]) for c in clicks]
        assert max(moments) - min(moments) <= timedelta(seconds=10)
        assert len({c["attributes"]["Link"] for c in clicks}) >= 3


def test_clicks_that_only_look_like_a_scanner_stay_under_the_rule() -> None:
    by_person: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for entry in _truth("no_bot"):
        activity = _activity(entry["id"])
        by_person.setdefault((activity["lead_id"], entry["note"]), []).append(activity)
    assert len(by_person) == 3
    for clicks in by_person.values():
        moments = sorted(datetime.fromisoformat(c["at"]) for c in clicks)
        links = {c["attributes"]["Link"] for c in clicks}
        assert len(links) < 3 or moments[-1] - moments[0] > timedelta(seconds=10)


def test_students_have_it_in_the_title_as_a_word_and_the_others_have_not() -> None:
    import re

    word = re.compile(r"\b(student|intern|internship)\b", re.IGNORECASE)
    for entry in _truth("student"):
        if entry["object"] == "lead" and entry["platform"] == "marketo":
            lead = settled_world().marketo.get_lead(entry["id"])
            assert lead is not None
            assert word.search(lead["title"])
    titles = {entry["note"] for entry in _truth("no_student")}
    assert "Director, International Sales" in titles or "Head of Internal Audit" in titles
    assert not any(word.search(title) for title in titles if title != "Student Services Director")


def test_late_activities_are_hidden_until_their_moment_and_keep_their_date() -> None:
    world = new_world(300, activity_days=20)
    assert world.company is not None
    guids = [int(entry["id"]) for entry in world.company.truth()["late_activity"]]
    assert guids

    def visible() -> list[int]:
        world.marketo.activities.commit_due()
        marks = ",".join(map(str, guids))
        return [
            r[0]
            for r in world.marketo.database.execute(f"SELECT guid FROM activities WHERE guid IN ({marks})")
        ]

    assert visible() == []
    world.advance(2 * 86400)
    assert sorted(visible()) == sorted(guids)
    row = world.marketo.database.execute(
        f"SELECT MAX(at) FROM activities WHERE guid IN ({guids[0]})"
    ).fetchone()
    assert row[0] < START.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_job_seekers_have_looked_at_careers_pages_only() -> None:
    world = settled_world()
    for entry in _truth("job_seeker"):
        if entry["platform"] == "marketo":
            pages = world.marketo.database.execute(
                "SELECT DISTINCT primary_value FROM activities WHERE type_id = 1 AND lead_id = ?",
                (entry["id"],),
            ).fetchall()
            assert all("/careers" in page[0] for page in pages)


def test_double_leads_share_their_address() -> None:
    org = settled_world().salesforce
    for entry in _truth("duplicate_leads"):
        lead = org.get("Lead", entry["id"])
        assert lead is not None
        assert len(org.find("Lead", Email=lead["Email"])) == 2


def test_hostile_strings_come_back_as_they_went_in() -> None:
    names = {(lead["firstName"], lead["lastName"]) for lead in marketo_leads(settled_world())}
    assert ("Robert'); DROP TABLE Leads;--", "Tables") in names
    assert any("😀" in str(first) for first, _ in names)


def test_people_in_open_deals_and_customers_raise_their_hands_in_the_first_days() -> None:
    world = new_world(2000, activity_days=20)
    assert world.company is not None
    truth = world.company.truth()
    world.advance(4 * 86400)
    for kind in ("open_opportunity_hand_raise", "customer_hand_raise"):
        for entry in truth[kind]:
            fills = world.marketo.database.execute(
                "SELECT COUNT(*) FROM activities WHERE type_id = 2 AND lead_id = ? AND at > ?",
                (entry["id"], START.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ).fetchone()[0]
            assert fills >= 1
