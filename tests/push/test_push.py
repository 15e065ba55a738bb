"""What goes wrong on the way: lost answers, locked rows, sessions, a platform that is down, a run that dies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from connectors.ports import Outcome, RecordChange, Sink
from flows import chain
from ledger import outbox
from schemas.frames.decisions import Changes
from schemas.vocabulary import Platform, Silo
from tasks.progress import Silent
from tests.ledger.decided import rows
from tests.push.office import Office

COLLECTIONS = {"path": "/composite/sobjects", "method": "PATCH"}


def a_hand_raise(office: Office) -> tuple[str, int]:
    """A lead that was seen by a run, whose person then asks to be called."""
    lead, who = office.known_lead()
    office.advance(1)
    office.asks_to_be_called(who)
    return lead, who


def handed_over(office: Office, lead: str) -> None:
    """Everything stands there, once, and nothing is left to do."""
    shown, record = office.get("Lead", lead), office.mql()
    assert shown["Status"] == "Marketing Qualified"
    assert office.name(shown["OwnerId"]) in office.reps()
    assert (record["Status__c"], record["OwnerId"]) == ("Open", shown["OwnerId"])
    assert len(office.history(lead, "Status")) == 1
    assert {new for _, new in office.history(lead)} <= {shown["OwnerId"], office.name(shown["OwnerId"])}
    assert office.query("SELECT COUNT(*) FROM verdicts") == [(0,)]
    assert office.query("SELECT COUNT(*) FROM conflicts") == [(0,)]
    again = office.later()
    assert (again.writes, again.failures) == (0, [])


@pytest.mark.parametrize("path", ["/composite/sobjects/", "/composite/sobjects/MQL__c"])
@pytest.mark.parametrize("times", [1, 99])
def test_a_write_whose_answer_was_lost_is_not_taken_for_somebody_elses(
    office: Office, path: str, times: int
) -> None:
    lead, _ = a_hand_raise(office)
    match = {"path": path.rstrip("/"), "method": "PATCH"}
    office.fault("salesforce", "drop_after", times=times, match=match)
    lost = office.later()
    assert bool(lost.failures) == (times > 1)
    office.world.faults.clear()
    office.later()
    handed_over(office, lead)


def test_after_a_lost_answer_a_wrong_owner_is_still_replaced(office: Office) -> None:
    """The owner that stands there is ours, although nobody told us that it arrived."""
    lead, _ = a_hand_raise(office)
    office.fault("salesforce", "drop_after", times=99, match=COLLECTIONS)
    office.later()
    office.world.faults.clear()
    office.later()
    record = office.mql()
    assert office.get("Lead", lead)["OwnerId"] == record["OwnerId"]
    office.advance(30)
    office.change(
        "MQL__c", record["Id"], by=record["OwnerId"], Status__c="Rejected", Reject_Reason__c="Wrong Owner"
    )
    office.later()
    assert office.get("Lead", lead)["OwnerId"] == office.mql()["OwnerId"] != record["OwnerId"]


def test_a_locked_lead_waits_for_the_next_run_and_is_not_tried_again_in_this_one(office: Office) -> None:
    lead, _ = a_hand_raise(office)
    office.fault("salesforce", "lock_row", times=99, match={"id": lead})
    office.later()
    waits = office.outbox("object = 'lead'")
    assert waits.select("state", "code", "attempts").unique().rows() == [
        ("deferred", "UNABLE_TO_LOCK_ROW", 1)
    ]
    assert office.mql()["Lead__c"] == lead  # the others go on
    office.world.faults.clear()
    office.later()
    handed_over(office, lead)


def test_a_record_that_the_crm_refuses_is_told_and_not_asked_again_at_once(office: Office) -> None:
    lead, _ = a_hand_raise(office)
    refused = {"code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Not today"}
    office.fault("salesforce", "record_error", times=1, match={"id": lead}, **refused)
    told = office.later()
    assert told.rejected > 0
    assert told.refused == {"salesforce lead: FIELD_CUSTOM_VALIDATION_EXCEPTION": told.rejected}
    assert int(told.exit) == 3
    assert office.mql()["Lead__c"] == lead
    assert office.later().writes == 0
    assert office.get("Lead", lead)["Status"] == "Open"


def test_a_session_that_expires_in_the_push_does_not_wake_the_crms_assignment_rule(office: Office) -> None:
    """The header that keeps the rule asleep must survive the new login."""
    lead, _ = a_hand_raise(office)
    office.fault("salesforce", "session_expired", times=1, match=COLLECTIONS)
    office.later()
    handed_over(office, lead)


@pytest.mark.parametrize("missing", [("Lead", "MQL_Stage__c"), ("MQL__c", "Grade__c")])
def test_a_missing_field_is_told_before_anything_is_written(office: Office, missing: tuple[str, str]) -> None:
    lead, _ = a_hand_raise(office)

    def remove() -> None:
        office.fault("salesforce", "missing_field", object=missing[0], field=missing[1])

    office.advance()
    failed = office.sync(remove, stage="assign")  # after everything was read
    assert [line for line in failed.failures if missing[1] in line]
    assert office.get("Lead", lead)["Status"] == "Open"
    assert office.all("MQL__c") == []
    office.world.faults.clear()
    office.later()
    handed_over(office, lead)


def test_a_platform_that_is_down_does_not_hold_up_the_other(office: Office) -> None:
    lead, who = a_hand_raise(office)
    down = {"path": "/rest/v1/leads.json", "method": "POST"}
    failed = office.later(
        push=lambda: office.fault("marketo", "http_status", status=503, times=999, match=down)
    )
    assert len(failed.failures) == 1
    assert office.mql()["Lead__c"] == lead
    assert office.marketo(who)["mqlStage"] is None
    office.world.faults.clear()
    office.later()
    assert office.marketo(who)["mqlStage"] == "mql"
    handed_over(office, lead)


def test_scores_wait_once_their_share_of_the_day_is_used_and_dates_do_not(office: Office) -> None:
    office.edit("platforms.yaml", "daily_calls: 50000", "daily_calls: 1000")
    office.edit("platforms.yaml", "score_quota: 0.5", "score_quota: 0.001")
    ((lead, who), other) = office.new_mql(), office.person("Bob Noyce")
    waits = office.later()
    assert waits.failures == []
    assert office.marketo(who)["mqlStage"] == "mql"
    assert office.marketo(other)["mqlScore"] is None
    office.edit("platforms.yaml", "score_quota: 0.001", "score_quota: 0.5")
    office.later()
    assert office.marketo(other)["mqlScore"] is not None
    handed_over(office, lead)


class Killed(BaseException):
    """Nothing catches it: what is claimed stays claimed."""


@dataclass
class Fatal:
    """A sink whose caller dies right before or after a write."""

    sink: Sink
    object: str
    when: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sink, name)

    def write(
        self, object: str, changes: Sequence[RecordChange], *, crm_rules: bool = False
    ) -> list[Outcome]:
        if (object, self.when) == (self.object, "before"):
            raise Killed
        outcomes = self.sink.write(object, changes, crm_rules=crm_rules)
        if object == self.object:
            raise Killed
        return outcomes

    def create(self, object: str, creations: Sequence[RecordChange]) -> list[Outcome]:
        outcomes = self.sink.create(object, creations)
        if self.object == "creation":
            raise Killed
        return outcomes


def dies(office: Office, platform: Platform, object: str, when: str) -> None:
    """A run that does not live to write down what became of its call."""
    office.advance(5)
    with office.wired() as wiring:
        fatal: Any = Fatal(wiring.sinks[platform], object, when)
        with pytest.raises(Killed):
            chain.sync(replace(wiring, sinks={**wiring.sinks, platform: fatal}), Silent())
    assert not office.outbox("state = 'claimed'").is_empty()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("object", ["lead", "mql_record", "person"])
def test_a_run_that_dies_around_a_write_is_caught_up_and_nothing_is_done_twice(
    office: Office, object: str, when: str
) -> None:
    lead, who = a_hand_raise(office)
    dies(office, Platform.MARKETO if object == "person" else Platform.SALESFORCE, object, when)
    office.later()
    assert office.marketo(who)["mqlStage"] == "mql"
    handed_over(office, lead)
    sent = 1 if when == "after" else 2
    assert not office.outbox(f"object = '{object}' AND state = 'applied' AND attempts = {sent}").is_empty()


def test_a_task_is_made_once_though_a_run_dies_after_making_it(office: Office) -> None:
    contact = office.contact()
    office.advance(10)
    office.sync()
    (who,) = (row["id"] for row in office.world.marketo.leads.page(100, 0) if row["sfdcContactId"] == contact)
    office.advance(1)
    office.asks_to_be_called(who)
    dies(office, Platform.SALESFORCE, "task", "after")
    office.later()
    office.later()
    assert len(office.all("Task")) == 1


def test_a_lead_is_made_once_though_a_run_dies_after_making_it(office: Office) -> None:
    office.edit("platforms.yaml", "create: marketo", "create: crm")
    who = office.person()
    office.advance(1)
    office.sync()
    office.advance(1)
    office.asks_to_be_called(who)
    dies(office, Platform.SALESFORCE, "creation", "after")
    office.later()
    office.later(15)
    office.later()
    (lead,) = office.all("Lead")
    assert office.mql()["Lead__c"] == lead["Id"]
    assert office.name(lead["OwnerId"]) in office.reps()
    assert office.later().writes == 0


def test_a_large_backlog_of_stamps_goes_through_one_bulk_job(office: Office) -> None:
    """Owner and status never wait for one: they are read again right before they are written."""
    row = {"FirstName": "P", "Company": "Acme", "Country": "DE", "OwnerId": office.user("Marketo Sync")}
    people = [{**row, "LastName": f"No {i}", "Email": f"p{i}@acme-example.com"} for i in range(2_050)]
    with office.world.lock:
        leads = office.world.salesforce.load("Lead", people)
    office.sync()
    wanted = {"platform": "salesforce", "object": "lead", "decided_at": office.now, "why": "engaged"}
    stamps = [
        {**wanted, "field": "stage", "value": '"engaged"', "priority": 2, "target": lead, "person_key": key}
        for lead, key in office.query("SELECT native_id, person_key FROM records WHERE object = 'lead'")
    ]
    first = {**stamps[0], "field": "status", "value": '"Nurturing"', "priority": 1}
    with office.wired() as wiring, wiring.ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        outbox.record(tx, rows(Changes, *stamps, first), "run")
    office.world.calls.reset()
    office.later()
    assert {office.get("Lead", lead)["MQL_Stage__c"] for lead in leads} == {"engaged"}
    calls = office.calls()["salesforce"]["by_endpoint"]
    assert calls["POST /jobs/ingest"] == 1
    assert calls["PATCH /composite/sobjects"] == 1  # the one with a status
