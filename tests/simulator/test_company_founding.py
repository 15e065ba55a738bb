"""The company on its first morning: sizes, agreement of the two platforms, realistic gaps."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from simulator.company.names import COMPETITOR_DOMAINS
from tests.simulator.companies import (
    START,
    activity_counts,
    everything,
    marketo_leads,
    new_world,
    settled_world,
)


def test_the_same_seed_gives_the_same_company_to_the_last_row() -> None:
    assert everything(new_world(400, activity_days=30)) == everything(new_world(400, activity_days=30))


def test_another_seed_gives_other_people_under_the_same_staff() -> None:
    one, other = new_world(200, seed=1, activity_days=7), new_world(200, seed=2, activity_days=7)
    emails = [{lead["email"] for lead in marketo_leads(world)} for world in (one, other)]
    assert len(emails[0] & emails[1]) < 20
    names = [[user["Name"] for user in world.salesforce.find("User")] for world in (one, other)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


def test_the_default_company_has_the_sizes_that_were_agreed() -> None:
    world = settled_world()
    org = world.salesforce
    leads = marketo_leads(world)
    only_in_crm = [
        lead
        for lead in org.find("Lead", IsConverted=False)
        if not world.marketo.find_leads("sfdcLeadId", [lead["Id"]])
    ]
    assert 4900 <= len(leads) + len(only_in_crm) <= 5100
    assert 50_000 <= sum(activity_counts(world).values()) <= 75_000
    reps = [
        u
        for u in org.find("User", IsActive=True)
        if u["UserRoleId"] and not u["Title"].startswith("Sales Man")
    ]
    assert len(reps) == 24
    assert len(org.find("Group", Type="Queue")) == 6
    assert 1400 <= len(org.find("Account")) <= 1600
    assert len(org.find("Account", Target_Account__c=True)) > 50
    assert len(org.find("Account", Type="Customer")) > 100
    types = Counter((o["Type"], o["IsClosed"], o["IsWon"]) for o in org.find("Opportunity"))
    assert types["New Business", False, False] > 50
    assert types["New Business", True, True] > 100
    assert types["New Business", True, False] > 50
    assert types["Existing Customer - Renewal", False, False] > 20


def test_every_link_to_salesforce_leads_to_a_record_with_the_same_address() -> None:
    world = settled_world()
    seen: set[str] = set()
    linked = 0
    for person in marketo_leads(world):
        for field, sobject in (("sfdcLeadId", "Lead"), ("sfdcContactId", "Contact")):
            if person[field]:
                record = world.salesforce.get(sobject, person[field])
                assert record is not None
                assert not record["IsDeleted"]
                assert record["Email"] == person["email"]
                assert record["Id"] not in seen, "two people claim one record"
                seen.add(record["Id"])
                linked += sobject == "Lead" or not person["sfdcLeadId"]
                if sobject == "Lead":
                    assert record["OwnerId"] == person["sfdcLeadOwnerId"]
                    assert record["Status"] == person["leadStatus"]
                    assert record["Company"] == person["company"]
                    assert record["Country"] == person["country"]
                    assert record["NumberOfEmployees"] == person["numberOfEmployees"]
                else:
                    assert record["AccountId"] == person["sfdcAccountId"]
    assert 0.45 <= linked / len(marketo_leads(world)) <= 0.6


def test_converted_leads_name_living_records() -> None:
    org = settled_world().salesforce
    converted = org.find("Lead", IsConverted=True)
    assert converted
    for lead in converted:
        contact = org.get("Contact", lead["ConvertedContactId"])
        assert contact is not None
        assert contact["Email"] == lead["Email"]
        assert contact["AccountId"] == lead["ConvertedAccountId"]
        if lead["ConvertedOpportunityId"]:
            assert org.get("Opportunity", lead["ConvertedOpportunityId"]) is not None


def test_nothing_was_made_or_changed_after_the_start() -> None:
    world = settled_world()
    for sobject in ("Lead", "Contact", "Account", "Opportunity", "Task", "CampaignMember", "LeadHistory"):
        for row in world.salesforce.find(sobject):
            latest = max(
                row[n] or "" for n in ("CreatedDate", "LastModifiedDate", "SystemModstamp") if n in row
            )
            assert latest <= START.strftime("%Y-%m-%dT%H:%M:%S.000+0000"), (sobject, row["Id"])
    newest = world.marketo.database.execute("SELECT MAX(at) FROM activities").fetchone()[0]
    assert newest <= START.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_no_record_changes_before_it_is_created() -> None:
    world = settled_world()
    undated = {entry["id"] for entry in world.company.truth()["broken_row"]} if world.company else set()
    for sobject in ("Lead", "Contact", "Account", "Opportunity"):
        for row in world.salesforce.find(sobject):
            if row["Id"] not in undated:
                assert row["CreatedDate"] <= row["LastModifiedDate"] <= row["SystemModstamp"]
    for row in world.salesforce.find("LeadHistory"):
        lead = world.salesforce.get("Lead", row["LeadId"])
        assert lead is not None
        assert row["CreatedDate"] >= lead["CreatedDate"]


def test_most_people_came_in_the_last_fourteen_months() -> None:
    created = [lead["createdAt"] for lead in marketo_leads(settled_world()) if lead["createdAt"]]
    bound = (START - timedelta(days=430)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert 0.7 <= sum(stamp >= bound for stamp in created) / len(created) <= 0.9
    assert min(created) >= (START - timedelta(days=3 * 366)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_records_have_the_gaps_that_real_ones_have() -> None:
    leads = marketo_leads(settled_world())
    share = {
        name: sum(1 for lead in leads if not lead[name]) / len(leads)
        for name in ("title", "country", "industry")
    }
    assert 0.03 <= share["title"] <= 0.2
    assert 0.03 <= share["country"] <= 0.15
    assert 0.1 <= share["industry"] <= 0.35
    free = sum(1 for lead in leads if lead["email"] and not lead["email"].endswith(".example"))
    assert 0.08 <= free / len(leads) <= 0.2


def test_the_org_has_handovers_from_before_with_stamps_for_a_part_of_them() -> None:
    leads = settled_world().salesforce.find("Lead")
    worked = [
        lead for lead in leads if lead["Status"] in ("Marketing Qualified", "Working", "Rejected", "Recycled")
    ]
    assert len(worked) > 300
    stamped = [lead for lead in worked if lead["First_MQL_Date__c"]]
    assert 0.6 <= len(stamped) / len(worked) <= 0.95
    assert all(lead["First_MQL_Date__c"] <= lead["Last_MQL_Date__c"] for lead in stamped)
    owners = Counter(str(lead["OwnerId"])[:3] for lead in leads)
    assert owners["00G"] > 50, "some leads wait in queues"
    assert any(lead["Lead_Score__c"] for lead in leads)


def test_webinars_mails_forms_and_bots_are_all_there() -> None:
    counts = activity_counts(settled_world())
    for type_id in (1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 22, 32, 37, 46, 104):
        assert counts.get(type_id, 0) > 0, type_id
    statuses = Counter(
        row[0]
        for row in settled_world().marketo.database.execute(
            "SELECT json_extract(attributes, '$.\"New Status\"') FROM activities WHERE type_id = 104"
        )
    )
    assert statuses["Attended"] > 50
    assert statuses["Attended On-demand"] > 20
    assert statuses["Registered"] > statuses["Attended"]


def test_an_empty_company_has_staff_queues_and_campaigns_and_nobody_else() -> None:
    world = new_world(0, activity_days=90)
    world.advance(3 * 86400)
    assert marketo_leads(world) == []
    assert world.salesforce.find("Lead") == []
    assert len(world.salesforce.find("Group", Type="Queue")) == 6
    assert len(world.salesforce.find("Campaign")) > 20
    assert world.marketo.programs.page(100, 0)


@pytest.mark.parametrize("people", [1, 30, 150])
def test_small_companies_can_be_founded_and_lived_in(people: int) -> None:
    world = new_world(people, activity_days=10)
    world.advance(2 * 86400)
    assert len(marketo_leads(world)) > 0 or people == 1


def test_competitors_are_told_by_their_domains() -> None:
    leads = [
        lead for lead in marketo_leads(settled_world()) if str(lead["email"]).endswith(COMPETITOR_DOMAINS)
    ]
    assert len(leads) >= 10
