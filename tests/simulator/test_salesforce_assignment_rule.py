"""`Sforce-Auto-Assign` defaults to TRUE: who forgets the header loses the owner."""

from collections.abc import Iterator

import pytest

from tests.simulator.salesforce_site import Site, served

ABSENT = {"Sforce-Auto-Assign": None}


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def owner(site: Site, lead: str) -> str:
    row = site.org.get("Lead", lead)
    assert row is not None
    return str(row["OwnerId"])


def test_without_the_header_the_rule_takes_a_new_lead(site: Site) -> None:
    rep = site.user("Rita Rep")
    body = {"LastName": "Ada", "Company": "x", "OwnerId": rep}
    lead = site.send("POST", "/sobjects/Lead", json=body, headers=ABSENT).json()["id"]
    assert owner(site, lead) == site.org.user_named("Default Lead Owner")


@pytest.mark.parametrize(
    ("header", "kept"), [(None, False), ("TRUE", False), ("true", False), ("FALSE", True)]
)
def test_an_update_keeps_its_owner_only_with_false(site: Site, header: str | None, kept: bool) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    headers = {"Sforce-Auto-Assign": header}
    site.send("PATCH", f"/sobjects/Lead/{lead}", json={"OwnerId": rep}, headers=headers)
    assert (owner(site, lead) == rep) is kept
    history = site.found(f"SELECT Field FROM LeadHistory WHERE LeadId = '{lead}'")
    assert ("ownerAssignment" in history) is not kept


def test_a_rule_may_be_named_by_its_id(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    (rule,) = site.found("SELECT Id FROM AssignmentRule")
    site.send("PATCH", f"/sobjects/Lead/{lead}", json={"OwnerId": rep}, headers={"Sforce-Auto-Assign": rule})
    assert owner(site, lead) == site.org.user_named("Default Lead Owner")
    refused = site.send(
        "PATCH", f"/sobjects/Lead/{lead}", json={"OwnerId": rep}, headers={"Sforce-Auto-Assign": rep}
    )
    assert refused.json()[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_an_inactive_rule_takes_nothing(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    site.org.store.connection.execute('UPDATE "AssignmentRule" SET "Active" = 0')
    site.send("PATCH", f"/sobjects/Lead/{lead}", json={"OwnerId": rep}, headers=ABSENT)
    assert owner(site, lead) == rep


def test_collections_and_upserts_lose_their_owners_alike(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead(MQL_External_Key__c="k")
    record = {"attributes": {"type": "Lead"}, "id": lead, "OwnerId": rep}
    site.send("PATCH", "/composite/sobjects", json={"records": [record]}, headers=ABSENT)
    assert owner(site, lead) != rep
    site.send("PATCH", "/sobjects/Lead/MQL_External_Key__c/k", json={"OwnerId": rep}, headers=ABSENT)
    assert owner(site, lead) != rep


def test_inside_a_composite_the_subrequests_own_header_counts(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    part = {
        "method": "PATCH",
        "url": f"/services/data/v66.0/sobjects/Lead/{lead}",
        "referenceId": "owner",
        "body": {"OwnerId": rep},
    }
    site.send("POST", "/composite", json={"compositeRequest": [part]})
    assert owner(site, lead) != rep
    part["httpHeaders"] = {"Sforce-Auto-Assign": "FALSE"}
    site.send("POST", "/composite", json={"compositeRequest": [part]})
    assert owner(site, lead) == rep


def test_contacts_and_mqls_know_no_rule(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    contact = site.send(
        "POST", "/sobjects/Contact", json={"LastName": "Ada", "OwnerId": rep}, headers=ABSENT
    ).json()["id"]
    mql = site.send(
        "POST", "/sobjects/MQL__c", json={"Lead__c": lead, "OwnerId": rep}, headers=ABSENT
    ).json()["id"]
    for name, record in (("Contact", contact), ("MQL__c", mql)):
        row = site.org.get(name, record)
        assert row is not None
        assert row["OwnerId"] == rep
