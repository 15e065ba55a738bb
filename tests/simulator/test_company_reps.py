"""Reps and their verdicts: who decides, where it is written, how often which way."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from functools import cache
from random import Random
from typing import Any

import pytest

from simulator.company.hours import at_work
from simulator.company.staff import Rep
from simulator.world import World
from tests.simulator.companies import START, new_world

DAY = 86400
INTEGRATION = "Mqlflow Integration"


def _staff(world: World) -> list[Rep]:
    assert world.company is not None
    return list(world.company.staff.reps.values())


def _hand_over(world: World, lead_id: str, owner: str, **more: Any) -> str:
    """What a sync does with an MQL: owner and status of the lead, and a record of the cycle."""
    by = world.salesforce.user_named(INTEGRATION)
    world.salesforce.update("Lead", lead_id, {"OwnerId": owner, "Status": "Marketing Qualified"}, by=by)
    values = {
        "Lead__c": lead_id,
        "OwnerId": owner,
        "External_Key__c": f"k{lead_id}",
        "Kind__c": "mql",
        **more,
    }
    return world.salesforce.insert("MQL__c", values, by=by)


def _untouched(world: World, number: int) -> list[dict[str, Any]]:
    leads = [
        lead
        for lead in world.salesforce.find("Lead", IsConverted=False)
        if lead["Status"] in ("Open", "Nurturing")
    ]
    leads = [
        lead for lead in leads if "@" in (lead["Email"] or "") and lead["LastName"] not in ("Test", "Undated")
    ]
    Random(1).shuffle(leads)
    return leads[:number]


@cache
def _season() -> tuple[World, list[tuple[str, str]]]:
    """Five hundred handovers within two weeks, and the five months after them."""
    world = new_world(2500, activity_days=5)
    leads, handed = _untouched(world, 500), []
    for day in range(10):
        reps = [rep for rep in _staff(world) if rep.active]
        for place, lead in enumerate(leads[day * 50 : (day + 1) * 50]):
            now = world.salesforce.get("Lead", lead["Id"])
            if now is not None and not now["IsConverted"] and not now["IsDeleted"]:
                handed.append(
                    (lead["Id"], _hand_over(world, lead["Id"], reps[(day * 50 + place) % len(reps)].id))
                )
        world.advance(DAY)
    world.advance(150 * DAY)
    return world, handed


def _statuses(world: World, lead_id: str, mql_id: str) -> list[tuple[str, str, str]]:
    """(moment, who, status) of the lead and of the MQL record since the start, in order."""
    rows = [
        *(r for r in world.salesforce.find("LeadHistory", LeadId=lead_id) if r["Field"] == "Status"),
        *(r for r in world.salesforce.find("MQL__History", ParentId=mql_id) if r["Field"] == "Status__c"),
    ]
    since = START.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return sorted(
        (r["CreatedDate"], r["CreatedById"], r["NewValue"]) for r in rows if r["CreatedDate"] >= since
    )


def test_verdicts_and_what_comes_of_them_keep_within_usual_rates() -> None:
    world, handed = _season()
    tally: Counter[str] = Counter()
    for lead_id, mql_id in handed:
        said = [status for _, _, status in _statuses(world, lead_id, mql_id)]
        accepted = "Working" in said
        tally["accepted"] += accepted
        tally["rejected"] += not accepted and bool({"Rejected", "SPAM"} & set(said))
        lead = world.salesforce.get("Lead", lead_id)
        assert lead is not None
        roles = (
            world.salesforce.find("OpportunityContactRole", ContactId=lead["ConvertedContactId"])
            if lead["IsConverted"]
            else []
        )
        if accepted and roles:
            tally["opportunity"] += 1
            deal = world.salesforce.get("Opportunity", roles[0]["OpportunityId"])
            tally["won"] += deal is not None and deal["IsWon"]
    assert 0.40 <= tally["accepted"] / len(handed) <= 0.60
    assert 0.30 <= tally["opportunity"] / tally["accepted"] <= 0.50
    assert 0.20 <= tally["won"] / tally["opportunity"] <= 0.30
    untouched = len(handed) - tally["accepted"] - tally["rejected"]
    assert 0.05 <= untouched / len(handed) <= 0.25, "some are overdue for ever"


def test_a_verdict_is_given_by_the_owner_at_work() -> None:
    world, handed = _season()
    reps = {rep.id: rep for rep in _staff(world)}
    verdicts = 0
    for lead_id, mql_id in handed:
        for moment, by, status in _statuses(world, lead_id, mql_id):
            if status in ("Working", "Rejected"):
                verdicts += 1
                assert by in reps
                if status == "Rejected":
                    assert at_work(datetime.fromisoformat(moment), reps[by].zone)
    assert verdicts > 300


def test_a_rejection_has_a_reason_and_a_recycled_record_too() -> None:
    world, handed = _season()
    reasons: Counter[str] = Counter()
    for lead_id, mql_id in handed:
        lead, mql = world.salesforce.get("Lead", lead_id), world.salesforce.get("MQL__c", mql_id)
        assert lead is not None
        assert mql is not None
        if lead["Status"] == "Rejected":
            assert lead["Reject_Reason__c"]
        if mql["Status__c"] == "Rejected":
            assert mql["Reject_Reason__c"] or mql["Recycle_Reason__c"]
            reasons[mql["Reject_Reason__c"] or mql["Recycle_Reason__c"]] += 1
    assert {"Not Ideal Profile", "No Timing", "Unreachable"} <= set(reasons)


def test_acceptance_follows_a_completed_conversation_of_the_same_rep() -> None:
    world, handed = _season()
    for lead_id, mql_id in handed:
        accepted = [(at, by) for at, by, status in _statuses(world, lead_id, mql_id) if status == "Working"]
        if accepted:
            lead = world.salesforce.get("Lead", lead_id)
            assert lead is not None
            who = lead["ConvertedContactId"] or lead_id
            tasks = [t for t in world.salesforce.find("Task", WhoId=who) if t["OwnerId"] == accepted[0][1]]
            assert any(t["IsClosed"] and t["CompletedDateTime"] <= accepted[0][0] for t in tasks)


def test_habits_say_where_a_verdict_is_written() -> None:
    world, handed = _season()
    habits = {rep.id: rep.habit for rep in _staff(world)}
    places: dict[str, Counter[str]] = {
        habit: Counter() for habit in ("both", "status_only", "mql_only", "idle")
    }
    for lead_id, mql_id in handed:
        for _, by, status in _statuses(world, lead_id, "a0X000000000000"):
            places[habits.get(by, "idle")]["lead"] += status == "Working"
        for row in world.salesforce.find("MQL__History", ParentId=mql_id, Field="Status__c"):
            places[habits.get(row["CreatedById"], "idle")]["mql"] += row["NewValue"] == "Working"
    # A manager may have moved the lead alone to somebody else meanwhile: then only the lead is theirs.
    assert 5 * places["status_only"]["mql"] < places["status_only"]["lead"]
    assert 5 * places["mql_only"]["lead"] < places["mql_only"]["mql"]
    assert abs(places["both"]["lead"] - places["both"]["mql"]) < 0.1 * places["both"]["mql"]


def test_a_queue_member_takes_the_lead_and_its_record_out_of_the_queue() -> None:
    world = new_world(400, activity_days=5)
    queue = world.salesforce.find("Group", Name="Americas Queue")[0]["Id"]
    members = {row["UserOrGroupId"] for row in world.salesforce.find("GroupMember", GroupId=queue)}
    handed = [(lead["Id"], _hand_over(world, lead["Id"], queue)) for lead in _untouched(world, 30)]
    world.advance(5 * DAY)
    taken = 0
    for lead_id, mql_id in handed:
        lead, mql = world.salesforce.get("Lead", lead_id), world.salesforce.get("MQL__c", mql_id)
        assert lead is not None
        assert mql is not None
        if mql["OwnerId"] != queue:
            taken += 1
            assert mql["OwnerId"] in members
            by = {
                r["CreatedById"]
                for r in world.salesforce.find("MQL__History", ParentId=mql_id)
                if r["Field"] == "Owner"
            }
            assert mql["OwnerId"] in by
    assert 18 <= taken <= 30


def test_a_rep_on_leave_gives_no_verdict_before_the_return() -> None:
    world = new_world(400, activity_days=5)
    rep = next(r for r in _staff(world) if r.habit == "both")
    last = date(2026, 3, 8)
    boss = world.salesforce.user_named("Default Lead Owner")
    world.salesforce.update("User", rep.id, {"Away_Until__c": last}, by=boss)
    handed = [(lead["Id"], _hand_over(world, lead["Id"], rep.id)) for lead in _untouched(world, 12)]
    world.advance(6 * DAY)
    said = [row for pair in handed for row in _statuses(world, *pair) if row[1] == rep.id]
    assert said == []
    world.advance(8 * DAY)
    said = [row for pair in handed for row in _statuses(world, *pair) if row[1] == rep.id]
    assert len(said) >= 5


@pytest.mark.parametrize("owner", ["Marketo Sync", "Default Lead Owner"])
def test_nobody_works_what_belongs_to_a_placeholder(owner: str) -> None:
    world = new_world(300, activity_days=5)
    lead_id = _untouched(world, 1)[0]["Id"]
    mql_id = _hand_over(world, lead_id, world.salesforce.user_named(owner))
    world.advance(7 * DAY)
    reps = {rep.id for rep in _staff(world)}
    assert not [row for row in _statuses(world, lead_id, mql_id) if row[1] in reps]


def test_a_record_given_to_another_rep_is_that_reps_to_judge() -> None:
    world = new_world(400, activity_days=5)
    first, second = [r for r in _staff(world) if r.habit == "both"][:2]
    handed = [(lead["Id"], _hand_over(world, lead["Id"], first.id)) for lead in _untouched(world, 12)]
    by = world.salesforce.user_named(INTEGRATION)
    for lead_id, mql_id in handed:
        world.salesforce.update("Lead", lead_id, {"OwnerId": second.id}, by=by)
        world.salesforce.update("MQL__c", mql_id, {"OwnerId": second.id}, by=by)
    world.advance(5 * DAY)
    speakers = {row[1] for pair in handed for row in _statuses(world, *pair)} - {by}
    assert second.id in speakers
    assert first.id not in speakers


def test_a_contacts_handover_is_judged_on_its_record_and_may_become_a_deal() -> None:
    world = new_world(1200, activity_days=5)
    by = world.salesforce.user_named(INTEGRATION)
    reps = [r for r in _staff(world) if r.habit != "idle"]
    contacts = world.salesforce.find("Contact")[:80]
    records = []
    for place, contact in enumerate(contacts):
        values = {
            "Contact__c": contact["Id"],
            "OwnerId": reps[place % len(reps)].id,
            "External_Key__c": contact["Id"],
        }
        records.append(world.salesforce.insert("MQL__c", {**values, "Kind__c": "hand_raise"}, by=by))
    world.advance(40 * DAY)
    statuses = Counter((world.salesforce.get("MQL__c", mql_id) or {})["Status__c"] for mql_id in records)
    assert statuses["Rejected"] >= 10
    assert statuses["Working"] + statuses["Converted"] >= 10
    since = START.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    deals = [o for o in world.salesforce.find("Opportunity") if o["CreatedDate"] > since]
    assert deals
    assert all(world.salesforce.find("OpportunityContactRole", OpportunityId=deal["Id"]) for deal in deals)


def test_a_hand_raise_is_answered_sooner() -> None:
    middle: dict[bool, str] = {}
    for urgent in (True, False):
        world = new_world(600, activity_days=5)
        reps = [r for r in _staff(world) if r.habit == "both"]
        more = {"Hand_Raised_At__c": START, "Kind__c": "hand_raise"} if urgent else {}
        handed = [
            (lead["Id"], _hand_over(world, lead["Id"], reps[place % len(reps)].id, **more))
            for place, lead in enumerate(_untouched(world, 60))
        ]
        world.advance(6 * DAY)
        speakers = {rep.id for rep in reps}
        first = [next((r[0] for r in _statuses(world, *pair) if r[1] in speakers), "9") for pair in handed]
        middle[urgent] = sorted(first)[len(first) // 2]
    assert middle[True] < middle[False]
