"""Handovers over the wire: what the platforms show afterwards, and that a person's work stays."""

import pytest

from tests.push.office import Office

REPS = ("Marketo Sync", "Default Lead Owner", "Mqlflow Integration")


def test_a_hand_raise_is_handed_over_once(office: Office) -> None:
    lead, who = office.new_mql()
    shown, record = office.get("Lead", lead), office.mql()
    assert (shown["Status"], shown["MQL_Stage__c"]) == ("Marketing Qualified", "mql")
    assert office.name(shown["OwnerId"]) not in REPS
    assert (record["Status__c"], record["Lead__c"], record["OwnerId"]) == ("Open", lead, shown["OwnerId"])
    assert office.marketo(who)["mqlStage"] == "mql"
    office.world.calls.reset()
    for _ in range(2):
        assert office.later().writes == 0
    writes = {
        path: n for calls in office.calls().values() for path, n in calls.items() if "PATCH" in str(path)
    }
    assert writes == {}
    assert not [code for code in office.outbox()["code"].to_list() if code]


def test_a_rep_who_takes_the_lead_while_we_push_keeps_it(office: Office) -> None:
    lead, who = office.known_lead()
    rep = office.reps()[0]
    office.advance(1)
    office.asks_to_be_called(who)
    office.later(push=lambda: office.change("Lead", lead, by=rep, OwnerId=office.user(rep)))
    assert office.name(office.get("Lead", lead)["OwnerId"]) == rep
    refused = office.outbox("object = 'lead' AND field = 'owner_id'")
    assert refused.select("state", "code").rows() == [("conflict", "owner_is_a_person")]
    assert office.later().writes == 0


def test_a_rep_who_starts_to_work_while_we_push_is_not_set_back(office: Office) -> None:
    lead, who = office.known_lead()
    office.advance(1)
    office.asks_to_be_called(who)
    office.later(push=lambda: office.change("Lead", lead, by=office.reps()[0], Status="Working"))
    assert office.get("Lead", lead)["Status"] == "Working"
    assert office.mql()["Status__c"] == "Open"
    office.later()
    assert office.get("Lead", lead)["Status"] == "Working"
    assert office.mql()["Status__c"] == "Working"  # what the rep said on the lead


def test_an_acceptance_on_the_record_is_mirrored_to_the_lead(office: Office) -> None:
    lead, who = office.new_mql()
    record = office.mql()
    office.advance(30)
    office.change("MQL__c", record["Id"], by=record["OwnerId"], Status__c="Working")
    office.later()
    assert office.get("Lead", lead)["Status"] == "Working"
    assert office.get("Lead", lead)["First_SAL_Date__c"] is not None
    assert office.marketo(who)["mqlStage"] == "sal"
    assert office.later().writes == 0


def test_a_rejection_on_the_lead_is_mirrored_to_the_record(office: Office) -> None:
    lead, _ = office.new_mql()
    owner = office.get("Lead", lead)["OwnerId"]
    office.advance(30)
    office.change("Lead", lead, by=owner, Status="Rejected", Reject_Reason__c="Student")
    office.later()
    record = office.mql()
    assert (record["Status__c"], record["Closed_As__c"]) == ("Rejected", "rejected")
    assert record["Reject_Reason__c"] == "Student"
    assert office.get("Lead", lead)["Status"] == "Rejected"
    assert office.later().writes == 0


def test_a_rejection_on_the_record_is_mirrored_to_the_lead_unless_a_rep_worked_on_it_later(
    office: Office,
) -> None:
    lead, _ = office.new_mql()
    record = office.mql()
    office.advance(30)
    office.change(
        "MQL__c", record["Id"], by=record["OwnerId"], Status__c="Rejected", Reject_Reason__c="Not now"
    )
    office.advance(10)
    office.change("Lead", lead, by=record["OwnerId"], Status="Working")
    office.later()
    assert office.get("Lead", lead)["Status"] == "Working"
    assert office.mql()["Closed_As__c"] == "rejected"
    conflicts = office.query("SELECT object, field, shown FROM conflicts")
    assert conflicts == [("lead", "status", '"Working"')]


def test_a_rejection_on_the_record_alone_is_mirrored_to_the_lead(office: Office) -> None:
    lead, _ = office.new_mql()
    record = office.mql()
    office.advance(30)
    office.change(
        "MQL__c", record["Id"], by=record["OwnerId"], Status__c="Rejected", Reject_Reason__c="Not now"
    )
    office.later()
    assert office.get("Lead", lead)["Status"] == "Recycled"
    assert office.mql()["Reject_Reason__c"] == "Not now"
    assert office.later().writes == 0


def test_a_wrong_owner_opens_the_record_again_for_somebody_else(office: Office) -> None:
    lead, _ = office.new_mql()
    record = office.mql()
    office.advance(30)
    office.change(
        "MQL__c", record["Id"], by=record["OwnerId"], Status__c="Rejected", Reject_Reason__c="Wrong Owner"
    )
    office.later()
    again = office.mql()
    assert (again["Status__c"], again["Reject_Reason__c"]) == ("Open", None)
    assert again["OwnerId"] != record["OwnerId"]
    assert office.get("Lead", lead)["OwnerId"] == again["OwnerId"]
    assert office.get("Lead", lead)["Status"] == "Marketing Qualified"
    assert office.later().writes == 0


def test_a_record_that_somebody_deleted_is_not_made_again(office: Office) -> None:
    lead, _ = office.new_mql()
    record = office.mql()
    office.advance(10)
    office.delete("MQL__c", record["Id"])
    office.change("Lead", lead, by=record["OwnerId"], Status="Working")
    office.later()
    office.later()
    assert office.all("MQL__c") == []


def test_a_record_that_is_deleted_while_we_push_is_not_made_again(office: Office) -> None:
    lead, _ = office.new_mql()
    record = office.mql()
    office.advance(10)
    office.change("Lead", lead, by=record["OwnerId"], Status="Working")
    office.later(push=lambda: office.delete("MQL__c", record["Id"]))
    assert office.all("MQL__c") == []
    assert office.outbox("code = 'gone'")["state"].unique().to_list() == ["dropped"]


def test_a_lead_that_is_deleted_while_we_push_gets_nothing(office: Office) -> None:
    lead, who = office.known_lead()
    office.advance(1)
    office.asks_to_be_called(who)
    office.later(push=lambda: office.delete("Lead", lead))
    assert office.outbox("object = 'lead'")["state"].unique().to_list() == ["dropped"]
    office.later()
    office.later()
    assert office.all("Lead") == []  # nobody brings back what a person deleted


def test_a_lead_that_is_converted_while_we_push_is_written_as_a_contact(office: Office) -> None:
    lead, who = office.known_lead()
    office.advance(1)
    office.asks_to_be_called(who)
    office.later(push=lambda: office.convert(lead, office.reps()[0]))
    assert office.outbox("object = 'lead'").select("state", "code").unique().rows() == [
        ("dropped", "converted")
    ]
    office.later()
    (contact,) = office.all("Contact")
    record = office.mql()
    assert record["Contact__c"] == contact["Id"]
    assert contact["MQL_Status__c"] == {"Working": "Working", "Converted": "Converted"}[record["Status__c"]]
    assert contact["Last_MQL_Date__c"] is not None
    assert office.later().writes == 0


def test_a_converted_lead_stays_on_the_record_beside_its_contact(office: Office) -> None:
    lead, _ = office.new_mql()
    office.advance(10)
    office.convert(lead, office.name(office.get("Lead", lead)["OwnerId"]))
    office.later()
    record = office.mql()
    assert record["Lead__c"] == lead
    assert record["Contact__c"] is not None
    assert office.later().writes == 0


def test_who_was_deactivated_before_the_write_gets_nothing_and_the_next_run_finds_somebody_else(
    office: Office,
) -> None:
    lead, who = office.known_lead()
    office.advance(1)
    office.asks_to_be_called(who)
    gone: list[str] = []

    def leave() -> None:
        ((owner,),) = office.query("SELECT owner_id FROM cycles")
        gone.append(owner)
        office.change("User", owner, by="Default Lead Owner", IsActive=False)

    office.later(push=leave)
    assert office.name(office.get("Lead", lead)["OwnerId"]) == "Marketo Sync"
    office.later()
    found = office.get("Lead", lead)["OwnerId"]
    assert found not in (*gone, office.user("Marketo Sync"))
    assert office.mql()["OwnerId"] == found
    assert office.later().writes == 0


def test_deciding_only_leaves_the_owner_to_people(office: Office) -> None:
    office.edit("assignment.yaml", "mode: decide_and_push", "mode: decide_only")
    lead, _ = office.new_mql()
    assert office.name(office.get("Lead", lead)["OwnerId"]) == "Marketo Sync"
    assert office.get("Lead", lead)["Status"] == "Marketing Qualified"
    assert office.name(office.mql()["OwnerId"]) not in REPS


def test_the_crms_rule_runs_on_the_write_that_hands_over_and_its_owner_is_read_back(office: Office) -> None:
    office.edit("assignment.yaml", "mode: decide_and_push", "mode: crm_rules\ncrm_rule: Standard lead rule")
    lead, _ = office.new_mql()
    # The org's rule gives everything to this user, from whom people take it.
    assert office.name(office.get("Lead", lead)["OwnerId"]) == "Default Lead Owner"
    rep = office.reps()[0]
    office.change("Lead", lead, by=rep, OwnerId=office.user(rep))
    office.later()
    assert office.name(office.mql()["OwnerId"]) == rep
    assert office.name(office.get("Lead", lead)["OwnerId"]) == rep
    assert office.later().writes == 0


def test_the_crms_rule_does_not_run_on_a_lead_that_a_rep_owns(office: Office) -> None:
    office.edit("assignment.yaml", "mode: decide_and_push", "mode: crm_rules\ncrm_rule: Standard lead rule")
    rep = office.reps()[0]
    lead, who = office.known_lead(owner=rep)
    office.advance(1)
    office.asks_to_be_called(who)
    office.later()
    assert office.get("Lead", lead)["Status"] == "Marketing Qualified"
    assert office.name(office.get("Lead", lead)["OwnerId"]) == rep


def test_a_contact_keeps_its_owner_and_the_task_has_the_handovers(office: Office) -> None:
    rep = office.reps()[1]
    contact = office.contact(owner=rep)
    office.advance(10)
    office.sync()
    (who,) = (row["id"] for row in office.world.marketo.leads.page(100, 0) if row["sfdcContactId"] == contact)
    office.advance(1)
    office.asks_to_be_called(who)
    office.later()
    shown = office.get("Contact", contact)
    assert (office.name(shown["OwnerId"]), shown["MQL_Status__c"]) == (rep, "Marketing Qualified")
    (task,) = office.all("Task")
    assert (task["OwnerId"], task["WhoId"]) == (office.mql()["OwnerId"], contact)
    assert office.later().writes == 0


@pytest.mark.parametrize("field", ["mqlStage", "mqlScore"])
def test_a_field_that_native_sync_owns_is_left_to_the_crm_and_the_others_are_written(
    office: Office, field: str
) -> None:
    office.own_by_native_sync(field)
    _, who = office.new_mql()
    shown = office.marketo(who)
    assert shown[field] is None
    assert shown["mqlLastDate"] is not None
    assert shown["mqlGrade"] is not None
    assert (shown["mqlStage"] is None) == (field == "mqlStage")
    again = office.later()
    assert (again.rejected, again.writes) == (0, 0)


def test_once_live_is_taken_back_nothing_is_written_any_more(office: Office) -> None:
    lead, who = office.known_lead()
    office.fault("salesforce", "http_status", status=503, times=99, match={"path": "/composite/sobjects"})
    office.advance(1)
    office.asks_to_be_called(who)
    office.later()
    office.world.faults.clear()
    office.live_since = None
    office.later()
    assert office.get("Lead", lead)["Status"] == "Open"
    assert office.all("MQL__c") == []


def test_outside_the_write_scope_what_waits_is_dropped(office: Office) -> None:
    lead, who = office.known_lead()
    office.fault("salesforce", "http_status", status=503, times=99, match={"path": "/composite/sobjects"})
    office.advance(1)
    office.asks_to_be_called(who)
    office.later()
    office.world.faults.clear()
    office.edit("organisation.yaml", "write_scope: null", "write_scope: \"country = 'NZ'\"")
    office.later()
    assert office.get("Lead", lead)["Status"] == "Open"
    assert office.all("MQL__c") == []
    waiting = office.outbox("state IN ('pending', 'deferred', 'claimed')")
    assert waiting.is_empty()
