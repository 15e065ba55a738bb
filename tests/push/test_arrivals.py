"""People who qualified and are not in the CRM: by native sync, by ourselves, or not at all; nobody twice."""

import pytest

from tests.push.office import Office


def a_hand_raise(office: Office, **values: object) -> int:
    """Somebody whom only Marketo knows asks to be called."""
    who = office.person(**values)  # type: ignore[arg-type]
    office.advance(1)
    office.sync()
    office.advance(1)
    office.asks_to_be_called(who)
    return who


def test_native_sync_is_asked_for_and_the_handover_follows_the_lead(office: Office) -> None:
    who = a_hand_raise(office)
    office.later()
    assert office.all("Lead") == []
    office.later()
    (lead,) = office.all("Lead")
    assert lead["Status"] == "Marketing Qualified"
    assert office.name(lead["OwnerId"]) not in ("Marketo Sync", "Default Lead Owner")
    assert office.mql()["Lead__c"] == lead["Id"]
    assert office.marketo(who)["mqlStage"] == "mql"
    waits = office.outbox("is_creation")["state"].to_list()
    assert not {"pending", "deferred", "claimed"} & set(waits)
    assert office.later().writes == 0


def test_a_request_that_came_to_nothing_is_repeated_and_told_after_half_an_hour(office: Office) -> None:
    office.fault("marketo", "campaign_ignored", times=3)
    a_hand_raise(office)
    assert office.later().failures == []
    office.later(15)
    late = office.later(20)
    assert "1 qualified people wait" in late.failures[0]
    office.later()
    office.later()
    assert len(office.all("Lead")) == 1


@pytest.mark.parametrize("times", [0, 1])
def test_by_ourselves_a_lead_is_created_once_with_status_and_owner(office: Office, times: int) -> None:
    """Also if the answer to the creation is lost."""
    office.edit("platforms.yaml", "create: marketo", "create: crm")
    a_hand_raise(office)
    if times:
        office.fault("salesforce", "drop_after", times=times, match={"path": "/composite/sobjects/Lead/"})
    office.later()
    (lead,) = office.all("Lead")
    assert (lead["Status"], lead["Email"]) == ("Marketing Qualified", "ada.byron@acme-example.com")
    assert office.name(lead["OwnerId"]) in office.reps()
    office.later()
    record = office.mql()
    assert (record["Lead__c"], record["OwnerId"]) == (lead["Id"], lead["OwnerId"])
    office.later(15)
    office.later()
    assert len(office.all("Lead")) == 1
    assert office.later().writes == 0
    assert office.query("SELECT COUNT(*) FROM conflicts") == [(0,)]


def test_where_nobody_is_created_the_record_waits_for_the_lead(office: Office) -> None:
    office.edit("platforms.yaml", "create: marketo", "create: none")
    a_hand_raise(office)
    office.later()
    office.later()
    assert office.all("Lead") == []
    lead = office.lead()
    office.later()
    assert office.mql()["Lead__c"] == lead


def test_who_lacks_what_the_crm_needs_waits_and_is_brought_once_it_is_known(office: Office) -> None:
    who = a_hand_raise(office, lastName=None)
    office.later()
    refused = office.outbox("is_creation")
    assert refused.select("state", "code").rows() == [("rejected", "missing_fields")]
    office.advance(1)
    office.world.marketo.update_lead(who, {"lastName": "Byron"}, source="User", reason="Changed by a user")
    office.later()
    office.later()
    (lead,) = office.all("Lead")
    assert lead["LastName"] == "Byron"


def test_of_several_records_with_the_address_the_contact_is_written_and_nobody_is_created(
    office: Office,
) -> None:
    who = a_hand_raise(office)
    office.fault("marketo", "campaign_ignored", times=1)
    office.quiet_native_sync()
    office.lead(owner=office.reps()[0], Status="Working")
    contact = office.contact()
    office.later()
    office.later()
    assert len(office.all("Lead")) == 1
    record = office.mql()
    assert record["Contact__c"] == contact
    assert office.get("Contact", contact)["MQL_Status__c"] == "Marketing Qualified"
    assert office.marketo(who)["sfdcLeadId"] is None
    assert office.later().writes == 0


def test_a_lead_that_came_up_while_we_push_is_not_made_a_second_time(office: Office) -> None:
    office.edit("platforms.yaml", "create: marketo", "create: crm")
    a_hand_raise(office)
    office.quiet_native_sync()
    made: list[str] = []
    office.later(push=lambda: made.append(office.lead()))
    assert [row["Id"] for row in office.all("Lead")] == made
    office.later()
    office.later()
    assert office.mql()["Lead__c"] == made[0]
    assert [row["Id"] for row in office.all("Lead")] == made


def test_without_the_crm_nobody_is_requested(office: Office) -> None:
    a_hand_raise(office)

    def gone() -> None:
        office.fault("salesforce", "http_status", status=503, times=999)

    office.later(push=gone)
    office.world.faults.clear()
    assert office.outbox("is_creation")["attempts"].to_list() == [0]
    office.later()
    office.later()
    assert len(office.all("Lead")) == 1
