"""After whatever happens on one platform, both say the same of everybody whom both know."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simulator.world import World
from tests.simulator.companies import disagreements, marketo_leads, new_world

_SETTLED = 900  # seconds until the sync has done whatever a change asks of it


@pytest.fixture
def world() -> World:
    return new_world(300, activity_days=14)


def test_a_founded_company_agrees_with_itself_and_goes_on_to(world: World) -> None:
    assert not disagreements(world)
    world.advance(5 * 86_400)
    assert not _but_for_what_is_on_its_way(world)


@pytest.mark.parametrize("sobject", ["Lead", "Contact"])
def test_a_record_entered_for_a_known_person_tells_and_learns_what_each_side_knows(
    world: World, sobject: str
) -> None:
    person = next(p for p in _loose(world) if p["title"] and p["firstName"] and p["leadSource"])
    values = {"LastName": "Newname", "Email": person["email"]}
    more = {"Company": "X Ltd", "Status": "Nurturing"} if sobject == "Lead" else {}
    made = world.salesforce.insert(sobject, values | more, by=_rep(world))
    world.advance(_SETTLED)
    record = world.salesforce.get(sobject, made)
    assert record is not None
    assert (record["FirstName"], record["Title"]) == (person["firstName"], person["title"])
    assert _now(world, person)["lastName"] == "Newname"
    assert not _of(world, person)


def test_a_lead_merged_into_a_contact_leaves_the_person_the_contact_s(world: World) -> None:
    person, other = _of_type(world, "Lead")[0], _of_type(world, "Contact")[0]
    kept = {name: other[name] for name in ("sfdcLeadId", "sfdcContactId", "sfdcId")}
    world.marketo.merge_leads(other["id"], [person["id"]])
    world.advance(_SETTLED)
    assert {name: _now(world, other)[name] for name in kept} == kept
    assert not _of(world, other)


def test_what_a_person_gains_when_leads_are_merged_in_salesforce_reaches_the_lead(world: World) -> None:
    leads = _of_type(world, "Lead")
    lost, kept = next((a, b) for a in leads for b in leads if a["phone"] and not b["phone"])
    world.salesforce.delete("Lead", lost["sfdcLeadId"], by=_rep(world), merged_into=kept["sfdcLeadId"])
    world.advance(_SETTLED)
    assert world.marketo.get_lead(lost["id"]) is None
    assert not _of(world, kept)


def test_a_lead_merged_into_one_that_marketo_does_not_know_hands_its_person_over(world: World) -> None:
    person = _of_type(world, "Lead")[0]
    known = {p["sfdcLeadId"] for p in marketo_leads(world)}
    survivor = next(
        le["Id"] for le in world.salesforce.find("Lead", IsConverted=False) if le["Id"] not in known
    )
    world.salesforce.delete("Lead", person["sfdcLeadId"], by=_rep(world), merged_into=survivor)
    world.advance(_SETTLED)
    assert _now(world, person)["sfdcLeadId"] == survivor
    assert not _of(world, person)


def test_a_conversion_into_somebody_s_contact_makes_one_person_of_two(world: World) -> None:
    person, other = _of_type(world, "Lead")[0], _of_type(world, "Contact")[0]
    by = _rep(world)
    made = world.salesforce.convert_lead(
        person["sfdcLeadId"],
        by=by,
        owner_id=by,
        contact_id=other["sfdcContactId"],
        account_id=other["sfdcAccountId"],
    )
    world.advance(_SETTLED)
    assert world.marketo.get_lead(person["id"]) is None
    assert _now(world, other)["sfdcContactId"] == made.contact_id
    assert not disagreements(world, only=other["id"])


def test_a_lead_that_is_converted_before_the_sync_has_seen_it_comes_as_a_contact(world: World) -> None:
    by = _rep(world)
    values = {"LastName": "Quick", "Company": "Quick Ltd", "Email": "quick@quick.example"}
    lead = world.salesforce.insert("Lead", values, by=by)
    made = world.salesforce.convert_lead(lead, by=by, owner_id=by)
    world.advance(_SETTLED)
    [person] = world.marketo.find_leads("email", ["quick@quick.example"])
    assert (person["sfdcType"], person["sfdcContactId"]) == ("Contact", made.contact_id)
    assert not _of(world, person)


def _of(world: World, person: dict[str, Any]) -> list[tuple[int, str]]:
    return disagreements(world, only=person["id"])


def _but_for_what_is_on_its_way(world: World) -> set[tuple[int, str]]:
    """Disagreements that stand both now and after the longest wait of the sync."""
    now = set(disagreements(world))
    world.advance(400)
    return now & set(disagreements(world))


def _now(world: World, person: dict[str, Any]) -> dict[str, Any]:
    found = world.marketo.get_lead(person["id"])
    assert found is not None
    return found


def _loose(world: World) -> list[dict[str, Any]]:
    people = marketo_leads(world)
    twice = Counter(p["email"] for p in people)
    return [
        p
        for p in people
        if not p["sfdcLeadId"] and not p["sfdcContactId"] and p["email"] and twice[p["email"]] == 1
    ]


def _of_type(world: World, kind: str) -> list[dict[str, Any]]:
    """People with a record of their own that was never converted, everybody as rep-free as a lot can be."""
    only = {"Lead": "sfdcContactId", "Contact": "sfdcLeadId"}[kind]
    return [p for p in marketo_leads(world) if p["sfdcType"] == kind and not p[only]]


def _rep(world: World) -> str:
    return str(world.salesforce.find("User", Title="Account Executive", IsActive=True)[0]["Id"])
