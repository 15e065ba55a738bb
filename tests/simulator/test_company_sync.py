"""The native sync: the two platforms stay a pair whatever happens on either side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulator.world import World
from tests.simulator.companies import START, marketo_leads, new_world

CAMPAIGN = "Sync to CRM"


@pytest.fixture
def world() -> World:
    return new_world(300, activity_days=14)


def _campaign(world: World) -> int:
    [found] = [c for c in world.marketo.campaigns.after(0, 100) if c["name"] == CAMPAIGN]
    assert found["type"] == "trigger"
    return int(found["id"])


def _loose(world: World) -> dict[str, Any]:
    return next(
        p for p in marketo_leads(world) if not p["sfdcLeadId"] and not p["sfdcContactId"] and p["lastName"]
    )


def _linked(world: World, status: str = "Open") -> tuple[dict[str, Any], dict[str, Any]]:
    for person in marketo_leads(world):
        if person["sfdcType"] == "Lead":
            lead = world.salesforce.get("Lead", person["sfdcLeadId"])
            if lead is not None and lead["Status"] == status:
                return person, lead
    raise AssertionError(f"no synced lead with status {status}")


def test_a_requested_person_becomes_a_lead_within_half_to_three_minutes(world: World) -> None:
    person = _loose(world)
    world.marketo.campaigns.run(_campaign(world), [person["id"]])
    world.advance(29)
    assert _now(world, person)["sfdcLeadId"] is None
    world.advance(160)
    synced = _now(world, person)
    lead = world.salesforce.get("Lead", synced["sfdcLeadId"])
    assert lead is not None
    assert lead["Email"] == person["email"]
    assert world.salesforce.get("User", lead["OwnerId"])["Name"] == "Marketo Sync"  # type: ignore[index]
    assert synced["sfdcType"] == "Lead"
    assert (synced["leadStatus"], synced["sfdcLeadOwnerId"]) == ("Open", lead["OwnerId"])
    logged = _activities(world, person["id"], 19)
    assert len(logged) == 1


def test_a_request_for_somebody_who_is_there_already_makes_no_second_lead(world: World) -> None:
    person, _ = _linked(world)
    before = len(world.salesforce.find("Lead"))
    world.marketo.campaigns.run(_campaign(world), [person["id"], 999_999_999])
    world.advance(600)
    assert _now(world, person)["sfdcLeadId"] == person["sfdcLeadId"]
    assert len(world.salesforce.find("Lead")) - before <= 1  # a newcomer may have come meanwhile


def test_status_and_owner_come_to_marketo_a_little_later(world: World) -> None:
    person, lead = _linked(world)
    rep = world.salesforce.find("User", Title="Account Executive", IsActive=True)[0]["Id"]
    world.salesforce.update("Lead", lead["Id"], {"Status": "Nurturing", "OwnerId": rep}, by=rep)
    assert _now(world, person)["leadStatus"] == "Open"
    world.advance(200)
    assert (_now(world, person)["leadStatus"], _now(world, person)["sfdcLeadOwnerId"]) == ("Nurturing", rep)
    assert _activities(world, person["id"], 23)


def test_a_value_changed_in_marketo_reaches_the_lead_and_does_not_echo(world: World) -> None:
    person, lead = _linked(world)
    world.marketo.update_lead(person["id"], {"phone": "+49 30 1234567"}, source="Web form fillout")
    world.advance(200)
    changed = world.salesforce.get("Lead", lead["Id"])
    assert changed is not None
    assert changed["Phone"] == "+49 30 1234567"
    stamp = changed["SystemModstamp"]
    world.advance(900)
    after = world.salesforce.get("Lead", lead["Id"])
    assert after is not None
    assert after["SystemModstamp"] == stamp


def test_a_lead_that_somebody_enters_in_salesforce_comes_to_marketo(world: World) -> None:
    rep = world.salesforce.find("User", Title="Account Executive", IsActive=True)[0]["Id"]
    values = {"LastName": "New", "Company": "New Ltd", "Email": "new.one@new.example"}
    lead = world.salesforce.insert("Lead", values, by=rep)
    world.advance(400)
    [person] = world.marketo.find_leads("email", ["new.one@new.example"])
    assert person["sfdcLeadId"] == lead
    assert person["company"] == "New Ltd"


def test_a_lead_entered_for_a_known_person_joins_that_person(world: World) -> None:
    person = _loose(world)
    twins = world.marketo.find_leads("email", [person["email"]])
    values = {"LastName": person["lastName"], "Company": "X", "Email": person["email"]}
    lead = world.salesforce.insert("Lead", values, by=world.salesforce.user_named("Mqlflow Integration"))
    world.advance(400)
    assert len(world.marketo.find_leads("email", [person["email"]])) == len(twins)
    assert _now(world, person)["sfdcLeadId"] == lead


def test_a_conversion_turns_the_marketo_person_into_a_contact(world: World) -> None:
    person, lead = _linked(world)
    rep = world.salesforce.find("User", Title="Account Executive", IsActive=True)[0]["Id"]
    made = world.salesforce.convert_lead(lead["Id"], by=rep, owner_id=rep)
    world.advance(400)
    synced = _now(world, person)
    assert (synced["sfdcType"], synced["sfdcContactId"]) == ("Contact", made.contact_id)
    assert synced["sfdcAccountId"] == made.account_id
    assert synced["leadStatus"] == "Qualified"
    assert len(world.marketo.find_leads("email", [person["email"]])) == 1
    assert _activities(world, person["id"], 21)


def test_a_lead_deleted_in_salesforce_leaves_the_person_unlinked(world: World) -> None:
    person, lead = _linked(world)
    world.salesforce.delete("Lead", lead["Id"], by=world.salesforce.user_named("Default Lead Owner"))
    world.advance(400)
    assert _now(world, person)["sfdcLeadId"] is None


def test_leads_merged_in_salesforce_are_merged_in_marketo(world: World) -> None:
    person, lead = _linked(world)
    other, kept = next(
        (p, le)
        for p in marketo_leads(world)
        if p["id"] != person["id"]
        and p["sfdcType"] == "Lead"
        and (le := world.salesforce.get("Lead", p["sfdcLeadId"]))
    )
    by = world.salesforce.user_named("Default Lead Owner")
    world.salesforce.delete("Lead", lead["Id"], by=by, merged_into=kept["Id"])
    world.advance(400)
    assert world.marketo.get_lead(person["id"]) is None
    assert _now(world, other)["sfdcLeadId"] == kept["Id"]


def test_people_merged_in_marketo_are_merged_in_salesforce(world: World) -> None:
    person, lead = _linked(world)
    other = next(p for p in marketo_leads(world) if p["id"] != person["id"] and p["sfdcType"] == "Lead")
    world.marketo.merge_leads(other["id"], [person["id"]])
    world.advance(400)
    gone = world.salesforce.get("Lead", lead["Id"])
    assert gone is not None
    assert gone["IsDeleted"]
    assert gone["MasterRecordId"] == other["sfdcLeadId"]


def test_our_own_fields_are_no_business_of_the_sync(world: World) -> None:
    person, lead = _linked(world)
    world.marketo.update_lead(person["id"], {"mqlScore": 70, "mqlStage": "mql"}, source="Web service API")
    stamp = START + timedelta(days=1)
    by = world.salesforce.user_named("Mqlflow Integration")
    world.salesforce.update("Lead", lead["Id"], {"MQL_Stage__c": "mql", "Last_MQL_Date__c": stamp}, by=by)
    marked = world.salesforce.get("Lead", lead["Id"])
    assert marked is not None
    world.advance(600)
    after = world.salesforce.get("Lead", lead["Id"])
    assert after is not None
    assert after["SystemModstamp"] == marked["SystemModstamp"]


def _now(world: World, person: dict[str, Any]) -> dict[str, Any]:
    found = world.marketo.get_lead(person["id"])
    assert found is not None
    return found


def _activities(world: World, who: int, type_id: int) -> list[Any]:
    world.marketo.activities.commit_due()
    return world.marketo.database.execute(
        "SELECT * FROM activities WHERE lead_id = ? AND type_id = ? AND at >= ?",
        (who, type_id, START.strftime("%Y-%m-%dT%H:%M:%SZ")),
    ).fetchall()
