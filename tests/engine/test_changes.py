"""From decisions to writes: only differences, and never over a person's work."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from schemas.frames.decisions import Changes, Conflicts, Drops
from tests.engine.changes_world import LIVE, NOW, OPENED, PULLED, Situation, platforms

Z_OPENED = "2026-03-02T00:00:00Z"


def an_mql(**record: Any) -> Situation:
    """Ada has a new MQL, assigned by rule; the CRM shows her lead as it was before."""
    values = {"status": "Open", "owner_id": "005sync", **record}
    return Situation().record(**values).stage().cycle().assigned()


def test_a_new_mql_hands_over_status_owner_stage_and_dates_to_the_lead() -> None:
    assert an_mql().fields("lead") == {
        "status": "Marketing Qualified",
        "owner_id": "005rep",
        "stage": "mql",
        "first_mql_at": Z_OPENED,
        "last_mql_at": Z_OPENED,
    }


def test_the_frames_are_what_the_ledger_expects() -> None:
    found = an_mql().derive()
    Changes.validate(found.changes)
    Drops.validate(found.drops)
    Conflicts.validate(found.conflicts)


def test_owner_status_and_records_come_before_dates_and_dates_before_scores() -> None:
    changes = an_mql().record("person", "17").scored().derive().changes
    order = {(o, f): p for o, f, p in changes.select("object", "field", "priority").iter_rows()}
    assert {order["lead", "status"], order["lead", "owner_id"], order["mql_record", "status"]} == {1}
    assert {order["lead", "last_mql_at"], order["person", "last_mql_at"]} == {2}
    assert order["person", "score"] == 3


def test_what_is_shown_already_is_not_written_again() -> None:
    shown = an_mql(
        status="Marketing Qualified", owner_id="005rep", stage="mql", first_mql_at=OPENED, last_mql_at=OPENED
    )
    assert shown.fields("lead") == {}


def test_what_was_asked_already_is_not_asked_again() -> None:
    again = an_mql()
    asked = an_mql().derive().changes.drop("priority", "decided_at", "why")
    again.rows["last_writes"] = [
        {**row, "state": "pending", "at": NOW} for row in asked.iter_rows(named=True)
    ]
    assert again.changes() == {}


@pytest.mark.parametrize("state", ["applied", "unchanged", "claimed", "pending", "deferred"])
def test_a_value_that_we_wrote_counts_until_the_record_is_read_again(state: str) -> None:
    situation = an_mql().wrote("lead", "00Q1", state, status="Marketing Qualified", cycle_key="c1", at=NOW)
    assert "status" not in situation.fields("lead")


@pytest.mark.parametrize("state", ["rejected", "conflict"])
def test_a_value_that_was_refused_is_not_asked_for_again(state: str) -> None:
    situation = an_mql().wrote("lead", "00Q1", state, status="Marketing Qualified", cycle_key="c1", at=NOW)
    assert "status" not in situation.fields("lead")


def test_a_value_that_a_platform_refused_is_asked_for_again_after_a_day() -> None:
    situation = an_mql().wrote(
        "lead", "00Q1", "rejected", status="Marketing Qualified", cycle_key="c1", at=LIVE
    )
    assert situation.fields("lead")["status"] == "Marketing Qualified"


def test_a_value_that_was_refused_for_an_earlier_cycle_is_asked_for() -> None:
    situation = an_mql().wrote(
        "lead", "00Q1", "conflict", status="Marketing Qualified", cycle_key="c0", at=NOW
    )
    assert situation.fields("lead")["status"] == "Marketing Qualified"


# Nothing before we are live, nothing outside the scope, nothing for what is not ours


def test_outside_the_write_scope_nothing_is_written() -> None:
    situation = an_mql().record("person", "17").scored()
    situation.in_scope = False
    assert situation.changes() == {}


def test_before_we_are_live_nothing_is_written() -> None:
    situation = an_mql().record("person", "17").scored()
    situation.live_since = NOW + timedelta(days=1)
    assert situation.changes() == {}
    situation.live_since = None
    assert situation.changes() == {}


@pytest.mark.parametrize("values", [{"is_trial": True}, {"origin": "adopted"}, {"origin": "backfill"}])
def test_trials_and_adopted_and_backfilled_cycles_are_never_written(values: dict[str, Any]) -> None:
    situation = Situation().record(status="Open").stage(origin="adopted").cycle(**values)
    assert situation.changes() == {}


def test_a_hand_raise_after_going_live_in_an_adopted_cycle_makes_its_record_and_a_task_and_leaves_the_lead() -> (
    None
):
    situation = (
        Situation()
        .record(status="Working", owner_id="005two")
        .stage("sal", origin="adopted", since=LIVE)
        .cycle(
            "working",
            origin="adopted",
            opened_at=LIVE - timedelta(days=9),
            hand_raised_at=OPENED,
            owner_id="005two",
        )
    )
    assert situation.fields("lead") == {}
    assert situation.fields("mql_record")["status"] == "Working"
    assert situation.fields("mql_record")["hand_raised_at"] == Z_OPENED
    assert situation.fields("task")["owner_id"] == "005two"


def test_a_hand_raise_before_going_live_in_an_adopted_cycle_is_not_ours() -> None:
    situation = Situation().record(status="Working").stage("sal", origin="adopted")
    situation.cycle("working", origin="adopted", hand_raised_at=LIVE - timedelta(days=1))
    assert situation.changes() == {}


def test_what_the_playbook_does_not_list_as_ours_is_not_written() -> None:
    situation = an_mql().record("person", "17").scored()
    salesforce = {**platforms().salesforce.model_dump(), "writes": {"lead": ["last_mql_at"], "contact": []}}
    marketo = {**platforms().marketo.model_dump(), "writes": ["score"]}
    salesforce["mql_record"] = {"external_key": "K", "lead_id": "L", "status": "S"}
    situation.platforms = platforms(salesforce=salesforce, marketo=marketo)
    found = set(situation.changes())
    assert found == {
        ("lead", "status"), ("lead", "owner_id"), ("lead", "last_mql_at"), ("person", "score"),
        ("mql_record", "lead_id"), ("mql_record", "status"),
    }  # fmt: skip


# A person's work


def test_marketing_qualified_is_never_set_over_a_status_that_sales_works_under() -> None:
    assert "status" not in an_mql(status="Working").fields("lead")
    assert "status" not in an_mql(status="Qualified").fields("lead")


def test_a_new_mql_may_replace_the_status_of_an_earlier_round() -> None:
    assert an_mql(status="Recycled").fields("lead")["status"] == "Marketing Qualified"
    earlier = an_mql(status="Recycled").wrote(
        "lead", "00Q1", status="Marketing Qualified", cycle_key="c0", at=LIVE
    )
    assert earlier.fields("lead")["status"] == "Marketing Qualified"


def test_a_status_that_a_person_changed_after_we_wrote_it_stays_and_is_shown_as_a_conflict() -> None:
    situation = an_mql(status="Rejected").wrote("lead", "00Q1", status="Marketing Qualified", cycle_key="c1")
    found = situation.derive()
    assert "status" not in found.changes.filter(pl.col("object") == "lead")["field"].to_list()
    assert found.conflicts.select("field", "wanted", "shown").rows() == [
        ("status", '"Marketing Qualified"', '"Rejected"')
    ]


def test_a_status_that_the_table_does_not_know_is_left_alone_and_shown() -> None:
    found = an_mql(status="Call me in May").derive()
    assert "status" not in found.changes.filter(pl.col("object") == "lead")["field"].to_list()
    assert found.conflicts.select("shown", "why").rows() == [
        ('"Call me in May"', "the status table does not know this status")
    ]


def test_an_owner_who_took_the_lead_is_left_alone_and_shown() -> None:
    found = an_mql(owner_id="005two").derive()
    assert "owner_id" not in found.changes.filter(pl.col("object") == "lead")["field"].to_list()
    assert found.conflicts.select("field", "wanted", "shown").rows() == [("owner_id", '"005rep"', '"005two"')]


@pytest.mark.parametrize("owner", ["005sync", "00Gq", "005gone", None])
def test_a_placeholder_a_queue_and_who_left_own_nothing(owner: str | None) -> None:
    assert an_mql(owner_id=owner).fields("lead")["owner_id"] == "005rep"


def test_an_owner_that_we_set_is_replaced_by_the_next() -> None:
    situation = Situation().record(status="Marketing Qualified", owner_id="005two", stage="mql").stage()
    situation.cycle().assigned().wrote("lead", "00Q1", owner_id="005two", cycle_key="c1")
    assert situation.fields("lead")["owner_id"] == "005rep"


def test_an_owner_of_ours_whom_a_person_replaced_is_not_set_again() -> None:
    situation = an_mql(owner_id="00Gq").wrote("lead", "00Q1", owner_id="005rep", cycle_key="c1")
    found = situation.derive()
    assert "owner_id" not in situation.fields("lead")
    assert found.conflicts["why"].to_list() == ["a person changed it after we wrote it"]


def test_the_owner_that_a_lead_was_created_with_is_ours() -> None:
    situation = an_mql(owner_id="005two").wrote("lead", "ada", request_sync=True)
    assert "owner_id" not in situation.fields("lead")
    situation.rows["last_writes"][0] |= {"field": "owner_id", "value": '"005two"'}
    assert situation.fields("lead")["owner_id"] == "005rep"


def test_an_owner_whom_a_person_chose_is_kept() -> None:
    situation = Situation().record(status="Open", owner_id="005two").stage()
    situation.cycle(owner_id="005two").assigned("kept", "005two")
    assert "owner_id" not in situation.fields("lead")
    assert situation.fields("mql_record")["owner_id"] == "005two"


@pytest.mark.parametrize("mode", ["decide_only", "crm_rules"])
def test_where_the_crm_assigns_no_owner_is_written_to_the_lead(mode: str) -> None:
    situation = an_mql()
    situation.mode = mode
    assert set(situation.fields("lead")) == {"status", "stage", "first_mql_at", "last_mql_at"}


def test_a_contacts_owner_is_never_written_and_a_task_carries_the_owner() -> None:
    situation = (
        Situation().record("contact", "0031", owner_id="005sync", account_id="001").stage().cycle().assigned()
    )
    assert situation.fields("contact") == {
        "status": "Marketing Qualified", "first_mql_at": Z_OPENED, "last_mql_at": Z_OPENED,
    }  # fmt: skip
    assert situation.fields("mql_record")["contact_id"] == "0031"
    assert situation.fields("task")["owner_id"] == "005rep"


def test_of_one_humans_records_the_contact_is_written() -> None:
    situation = an_mql().record("contact", "0031")
    assert situation.fields("lead") == {}
    assert "status" in situation.fields("contact")


def test_known_stamps_are_never_overwritten_by_computed_ones() -> None:
    earlier, later = OPENED - timedelta(days=90), OPENED + timedelta(hours=1)
    fields = an_mql(first_mql_at=earlier, last_mql_at=later).fields("lead")
    assert "first_mql_at" not in fields
    assert "last_mql_at" not in fields


def test_the_latest_date_moves_on_with_a_later_mql() -> None:
    fields = an_mql(first_mql_at=OPENED - timedelta(days=90), last_mql_at=OPENED - timedelta(days=90)).fields(
        "lead"
    )
    assert fields["last_mql_at"] == Z_OPENED


# Verdicts


@pytest.mark.parametrize(
    ("state", "stage", "before", "after"),
    [
        ("working", "sal", "Marketing Qualified", "Working"),
        ("rejected", "recycled", "Marketing Qualified", "Recycled"),
        ("rejected", "disqualified", "Marketing Qualified", "Rejected"),
        ("recycled", "recycled", "Working", "Recycled"),
    ],
)
def test_a_verdict_given_on_the_record_is_mirrored_to_the_lead(
    state: str, stage: str, before: str, after: str
) -> None:
    situation = (
        Situation().record(status=before, owner_id="005rep", stage="mql").stage(stage).cycle(state).assigned()
    )
    situation.wrote("lead", "00Q1", status="Marketing Qualified", cycle_key="c1")
    assert situation.fields("lead")["status"] == after


def test_a_verdict_given_on_the_lead_is_mirrored_to_the_record() -> None:
    situation = (
        Situation().record(status="Working", owner_id="005rep").stage("sal").cycle("working").assigned()
    )
    situation.shown(status="Open", lead_id="00Q1", owner_id="005rep").wrote(
        "mql_record", "c1", status="Open", cycle_key="c1"
    )
    assert "status" not in situation.fields("lead")
    assert situation.fields("mql_record")["status"] == "Working"


def test_what_a_rep_said_on_the_lead_later_than_on_the_record_stays() -> None:
    situation = Situation().record(status="Working", owner_id="005rep").stage("disqualified")
    situation.cycle("rejected").assigned()
    situation.said("rejected", PULLED, "mql_record")
    assert situation.fields("lead")["status"] == "Rejected"
    later = situation.said("accepted", PULLED + timedelta(minutes=1))
    assert "status" not in later.fields("lead")
    assert later.derive().conflicts["why"].to_list() == ["a person said so later"]


def test_who_set_the_lead_back_to_open_is_not_contradicted() -> None:
    situation = Situation().record(status="Open", owner_id="005rep").stage().cycle().assigned()
    situation.said("reopened", PULLED)
    assert "status" not in situation.fields("lead")
    assert situation.derive().conflicts.is_empty()


def test_an_acceptance_on_the_record_after_a_rejection_on_the_lead_is_mirrored() -> None:
    """The lead was rejected for a wrong owner; the next owner works on the record."""
    situation = Situation().record(status="Rejected", owner_id="005rep").stage("sal")
    situation.cycle("working").assigned().said("rejected", OPENED + timedelta(hours=1))
    situation.said("accepted", PULLED, "mql_record")
    assert situation.fields("lead")["status"] == "Working"


def test_what_a_rep_said_on_the_record_later_than_on_the_lead_stays() -> None:
    situation = (
        Situation().record(status="Working", owner_id="005rep").stage("sal").cycle("working").assigned()
    )
    situation.shown(status="Converted", lead_id="00Q1").said("accepted", PULLED, "mql_record")
    assert "status" not in situation.fields("mql_record")
    assert situation.derive().conflicts.select("object", "shown").rows() == [("mql_record", '"Converted"')]
    situation.said("accepted", PULLED + timedelta(minutes=1))
    assert situation.fields("mql_record")["status"] == "Working"


def test_a_reason_that_a_rep_gave_on_the_record_stays_as_it_is() -> None:
    situation = Situation().record(status="Rejected").stage("disqualified")
    situation.cycle("rejected", close_reason="Student").assigned()
    situation.shown(
        status="Rejected", closed_as="rejected", reject_reason="A student, really", lead_id="00Q1"
    )
    assert "reject_reason" not in situation.fields("mql_record")
    begun = Situation().record(status="Marketing Qualified", owner_id="005rep").stage().cycle().assigned()
    begun.shown(status="Open", reject_reason="I am writing this", lead_id="00Q1", owner_id="005rep")
    assert "reject_reason" not in begun.fields("mql_record")


def test_a_conversion_shows_on_the_contact() -> None:
    situation = Situation().record("contact", "0031").stage("opportunity").cycle("converted").assigned()
    assert situation.fields("contact")["status"] == "Converted"


def test_a_record_whose_person_left_the_crm_is_closed_all_the_same() -> None:
    situation = Situation().record(is_deleted=True).stage().cycle("withdrawn").assigned()
    assert situation.fields("mql_record") == {}
    situation.shown(status="Open", lead_id="00Q1", owner_id="005rep")
    fields = situation.fields("mql_record")
    assert (fields["status"], fields["closed_as"]) == ("Rejected", "withdrawn")


def test_with_two_open_cycles_the_lead_follows_the_one_that_is_worked_on() -> None:
    situation = Situation().record(status="Marketing Qualified", owner_id="005rep").stage("sal")
    situation.cycle("working", opened_at=LIVE).assigned()
    situation.cycle("open", "c2", line="beta", owner_id="005two").assigned("rule", "005two", "c2")
    assert situation.fields("lead")["status"] == "Working"
    assert "owner_id" not in situation.fields("lead")


def test_a_rejection_on_one_line_leaves_the_lead_to_the_other() -> None:
    situation = Situation().record(status="Working", owner_id="005rep").stage("sal")
    situation.stage("disqualified", line="beta", since=PULLED)
    situation.cycle("working").assigned()
    situation.cycle("rejected", "c2", line="beta").assigned(key="c2")
    assert "status" not in situation.fields("lead")


@pytest.mark.parametrize(
    ("state", "status", "closed_as"),
    [
        ("rejected", "Rejected", "rejected"),
        ("recycled", "Rejected", "recycled"),
        ("expired", "Rejected", "expired"),
        ("withdrawn", "Rejected", "withdrawn"),
        ("merged", "Rejected", "merged"),
        ("converted", "Converted", "converted"),
    ],
)
def test_every_close_but_a_conversion_shows_rejected_with_how_it_was_closed(
    state: str, status: str, closed_as: str
) -> None:
    situation = (
        Situation().record(status="Open").stage("recycled").cycle(state, close_reason="no need").assigned()
    )
    fields = situation.fields("mql_record")
    assert (fields["status"], fields["closed_as"]) == (status, closed_as)
    assert fields.get("reject_reason") == ("no need" if state == "rejected" else None)
    assert fields.get("recycle_reason") == ("no need" if state == "recycled" else None)


def test_a_wrong_owner_sets_the_record_back_to_open_with_the_new_owner() -> None:
    situation = Situation().record(status="Marketing Qualified", owner_id="005rep", stage="mql").stage()
    situation.cycle(owner_id="005two").assigned().assigned("rule", "005two")
    situation.shown(status="Rejected", reject_reason="Wrong owner", lead_id="00Q1", owner_id="005rep")
    situation.wrote("mql_record", "c1", status="Open", owner_id="005rep", cycle_key="c1")
    situation.wrote("lead", "00Q1", status="Marketing Qualified", owner_id="005rep", cycle_key="c1")
    fields = situation.fields("mql_record")
    assert (fields["status"], fields["owner_id"], fields["reject_reason"]) == ("Open", "005two", None)
    assert situation.fields("lead")["owner_id"] == "005two"


def test_a_cycle_that_expires_leaves_the_status_that_a_rep_set() -> None:
    situation = (
        Situation().record(status="Working", owner_id="005rep").stage("recycled").cycle("expired").assigned()
    )
    assert "status" not in situation.fields("lead")


def test_a_cycle_that_nobody_looked_at_takes_its_status_back_when_it_expires() -> None:
    situation = Situation().record(status="Marketing Qualified", owner_id="005rep")
    situation.stage("recycled").cycle("expired").assigned()
    assert situation.fields("lead")["status"] == "Recycled"


# Conversion, deletion, creation


def test_on_conversion_entries_for_the_lead_are_dropped_and_made_anew_for_the_contact() -> None:
    situation = (
        Situation()
        .record(status="Qualified", is_converted=True)
        .record("contact", "0031")
        .stage()
        .cycle()
        .assigned()
    )
    situation.wrote(
        "lead", "00Q1", "pending", status="Marketing Qualified", last_mql_at=Z_OPENED, cycle_key="c1"
    )
    found = situation.derive()
    assert sorted(found.drops["field"]) == ["last_mql_at", "status"]
    assert situation.fields("lead") == {}
    assert situation.fields("contact")["status"] == "Marketing Qualified"


def test_on_conversion_the_record_gets_its_contact_and_keeps_its_lead() -> None:
    situation = Situation().record(status="Qualified", is_converted=True).record("contact", "0031")
    situation.stage("sal").cycle("working").assigned().shown(
        lead_id="00Q1", status="Working", owner_id="005rep"
    )
    fields = situation.fields("mql_record")
    assert fields["contact_id"] == "0031"
    assert "lead_id" not in fields


def test_a_waiting_status_that_sales_outran_is_dropped() -> None:
    situation = Situation().record(status="Working").stage("sal").cycle("working").assigned()
    situation.wrote("lead", "00Q1", "pending", status="Marketing Qualified", cycle_key="c1")
    found = situation.derive()
    assert found.drops.select("object", "field").rows() == [("lead", "status")]


def test_who_is_not_in_the_crm_is_requested_once_through_native_sync() -> None:
    situation = Situation().record("person", "17").stage().cycle().assigned()
    created = situation.derive().changes.filter("is_creation")
    assert created.select("platform", "object", "field", "value").rows() == [
        ("marketo", "person", "request_sync", "true")
    ]
    assert situation.fields("mql_record") == {}
    target = created["target"][0]
    assert (
        not situation.wrote("person", target, "deferred", request_sync=True)
        .derive()
        .changes["is_creation"]
        .any()
    )


def test_a_request_for_somebody_who_has_arrived_is_dropped() -> None:
    situation = Situation().record("person", "17").stage().cycle().assigned()
    target = situation.derive().changes.filter("is_creation")["target"][0]
    situation.record("lead", "00Q9", status="Open").wrote("person", target, "deferred", request_sync=True)
    found = situation.derive()
    assert found.drops["field"].to_list() == ["request_sync"]
    assert situation.fields("mql_record")["lead_id"] == "00Q9"


def test_by_ourselves_a_lead_is_created_under_the_persons_key() -> None:
    situation = (
        Situation(platforms(handover={"create": "crm"})).record("person", "17").stage().cycle().assigned()
    )
    created = situation.derive().changes.filter("is_creation")
    assert set(created.select("platform", "object", "target").rows()) == {("salesforce", "lead", "ada")}


def test_who_was_deleted_in_the_crm_during_the_cycle_is_not_created_again() -> None:
    situation = Situation().record("person", "17").record(is_deleted=True, changed_at=PULLED).stage().cycle()
    assert not situation.assigned().derive().changes["is_creation"].any()
    earlier = Situation().record("person", "17").record(is_deleted=True, changed_at=LIVE - timedelta(days=9))
    assert earlier.stage().cycle().assigned().derive().changes["is_creation"].any()


def test_who_could_not_be_created_is_tried_again_once_something_is_learned() -> None:
    situation = Situation().record("person", "17").stage().cycle().assigned()
    refused = situation.wrote("person", "ada", "rejected", request_sync=True, cycle_key="c1", at=NOW)
    assert not refused.derive().changes["is_creation"].any()
    refused.rows["records"][0]["learned_at"] = NOW + timedelta(minutes=5)
    assert refused.derive().changes["is_creation"].any()


def test_where_nobody_is_to_be_created_nobody_is() -> None:
    situation = (
        Situation(platforms(handover={"create": "none"})).record("person", "17").stage().cycle().assigned()
    )
    assert not situation.derive().changes["is_creation"].any()


def test_a_record_that_somebody_deleted_is_not_made_again() -> None:
    assert an_mql().shown(is_deleted=True).fields("mql_record") == {}


# MQL__c and tasks


def test_the_record_tells_what_was_true_at_the_handover() -> None:
    fields = an_mql().fields("mql_record")
    assert fields["lead_id"] == "00Q1"
    assert (fields["score"], fields["fit"], fields["grade"]) == (70, 50, "B1")
    assert (fields["mql_at"], fields["kind"], fields["number"]) == (Z_OPENED, "mql", 1)
    assert (fields["assigned_by"], fields["trigger_rule"]) == ("rest", "score")
    assert (fields["summary"], fields["lead_source"]) == ("saw /pricing", "Web")


def test_a_cycle_waits_for_its_owner_before_anything_of_it_is_written() -> None:
    situation = (
        Situation().record(status="Open").stage().cycle(owner_id=None, owner_kind=None, assigned_at=None)
    )
    assert situation.fields("mql_record") == {}
    assert "status" not in situation.fields("lead")


def test_a_cycle_that_was_over_before_anybody_was_found_has_its_record_all_the_same() -> None:
    situation = Situation().record("contact", "0031").stage("opportunity").cycle("converted", owner_id=None)
    fields = situation.fields("mql_record")
    assert (fields["status"], fields["contact_id"]) == ("Converted", "0031")
    assert "owner_id" not in fields


def test_a_cycle_for_which_nobody_could_be_found_is_shown_all_the_same() -> None:
    situation = (
        Situation().record(status="Open").stage().cycle(owner_id=None, owner_kind=None, assigned_at=None)
    )
    situation.assigned("nobody", None)
    assert situation.fields("mql_record")["status"] == "Open"


def test_a_hand_raise_of_somebody_who_is_with_sales_leaves_status_stage_and_dates_alone() -> None:
    situation = Situation().record(status="Working", owner_id="005rep").stage("known", since=LIVE)
    situation.cycle(kind="hand_raise", hand_raised_at=OPENED).assigned("account")
    assert "status" not in situation.fields("lead")
    assert not any(name.endswith("_at") for name in situation.fields("lead"))
    assert situation.fields("mql_record")["kind"] == "hand_raise"
    assert situation.fields("task")["owner_id"] == "005rep"


def test_a_queue_has_no_task() -> None:
    situation = Situation().record(status="Working").stage("known")
    situation.cycle(kind="hand_raise", owner_id="00Gq", owner_kind="queue").assigned("rule", "00Gq")
    assert situation.fields("task") == {}


def test_a_hand_raise_inside_an_open_mql_makes_a_task() -> None:
    situation = Situation().record(status="Marketing Qualified").stage()
    situation.cycle(hand_raised_at=OPENED + timedelta(hours=2)).assigned()
    assert situation.fields("task")["owner_id"] == "005rep"
    assert an_mql().fields("task") == {}


def test_the_status_follows_the_mql_although_a_hand_raise_came_later() -> None:
    situation = Situation().record(status="Marketing Qualified", owner_id="005rep").stage("sal")
    situation.cycle("working").assigned()
    situation.cycle("open", "c2", kind="hand_raise", line="beta", opened_at=PULLED).assigned(key="c2")
    assert situation.fields("lead")["status"] == "Working"


# Scores


def scored(score: int, last: int, *, grade: str = "B2", last_grade: str = "B2") -> dict[str, object]:
    situation = Situation().record("person", "17", stage="engaged").scored(score, grade).stage("engaged")
    situation.wrote(
        "person", "17", score=last, grade=last_grade, fit=50, engagement=90, stage="engaged", at=PULLED
    )
    return situation.fields("person")


def test_a_score_is_pushed_when_it_moved_by_a_step() -> None:
    assert scored(70, 66) == {}
    assert scored(70, 65) == {"score": 70}
    assert scored(60, 65) == {"score": 60}


def test_a_score_is_pushed_when_the_grade_changed() -> None:
    assert scored(70, 69, grade="A2") == {"score": 70, "grade": "A2"}


def test_a_score_is_pushed_when_the_stage_changed() -> None:
    situation = Situation().record("person", "17", stage="engaged").scored(70).stage("recycled")
    situation.wrote("person", "17", score=69, grade="B2", fit=50, engagement=90, stage="engaged", at=PULLED)
    assert situation.fields("person") == {"score": 70, "stage": "recycled"}


def test_a_score_is_pushed_when_a_cycle_was_opened_or_closed() -> None:
    situation = Situation().record("person", "17", stage="customer").record(status="Qualified").scored(70)
    situation.stage("customer").cycle(kind="hand_raise", opened_at=NOW).assigned()
    situation.wrote("person", "17", score=69, grade="B2", fit=50, engagement=90, stage="customer", at=PULLED)
    assert situation.fields("person") == {"score": 70}


def test_nobody_is_told_of_the_first_stage_unless_another_one_stands_there() -> None:
    situation = Situation().record("person", "17").scored(20, "D4").stage("known")
    assert "stage" not in situation.fields("person")
    assert (
        Situation().record("person", "17", stage="engaged").stage("known").fields("person")["stage"]
        == "known"
    )
    quiet = situation.wrote("person", "17", score=19, grade="D4", fit=50, engagement=90, at=PULLED)
    assert quiet.fields("person") == {}


def test_everybody_gets_a_first_score_also_zero() -> None:
    assert Situation().record("person", "17").scored(0, "D4").fields("person")["score"] == 0
