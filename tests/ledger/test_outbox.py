"""What waits to be written, what was written, and what became of it."""

import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import outbox
from ledger.open import Ledger
from ledger.outbox import Claim, Recorded, Settlement
from ledger.tables.decisions import cycles
from ledger.tables.facts import people
from ledger.tables.operations import outbox as table
from schemas.frames import decisions as frames
from schemas.vocabulary import OutboxState, Platform, Silo
from tests.ledger.decided import T0, hours, rows, stored

SALESFORCE = Platform.SALESFORCE
WAITING = [OutboxState.PENDING, OutboxState.DEFERRED]


def change(field: str = "status", value: object = "Marketing Qualified", **other: Any) -> dict[str, Any]:
    given = {"platform": "salesforce", "object": "lead", "target": "00Q1", "person_key": "p1", "why": "rule"}
    return {**given, "field": field, "value": json.dumps(value), **other}


def record(ledger: Ledger, *changes: dict[str, Any]) -> Recorded:
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        return outbox.record(tx, rows(frames.Changes, *changes), "run")


def claim(ledger: Ledger, limit: int = 100, at: float = 1, **options: Any) -> list[Claim]:
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        return outbox.claim(tx, SALESFORCE, limit, hours(at), **options)


def settle(ledger: Ledger, *outcomes: Settlement, at: float = 1.1) -> int:
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        return outbox.settle(tx, outcomes, hours(at))


def states(ledger: Ledger) -> dict[tuple[str, str], list[str]]:
    """(target, field) → states of its entries, oldest first."""
    found: dict[tuple[str, str], list[str]] = {}
    with ledger.read() as connection:
        for row in connection.execute(sa.select(table).order_by(table.c.id)):
            found.setdefault((row.target, row.field), []).append(row.state)
    return found


def applied(ledger: Ledger, *targets: str, object: str = "lead") -> list[tuple[Any, ...]]:
    with ledger.read() as connection:
        return outbox.applied_values(connection, SALESFORCE, object, targets).drop("at").rows()


def test_recording_twice_changes_nothing(ledger: Ledger) -> None:
    assert record(ledger, change(), change("score", 65)) == Recorded(2, 0, 0)
    assert record(ledger, change(), change("score", 65)) == Recorded(0, 0, 2)


def test_a_newer_decision_supersedes_one_that_still_waits(ledger: Ledger) -> None:
    record(ledger, change("score", 65, decided_at=hours(1)))
    assert record(ledger, change("score", 70, decided_at=hours(2))) == Recorded(1, 1, 0)
    assert record(ledger, change("score", 60, decided_at=hours(1))) == Recorded(0, 0, 1)
    assert states(ledger) == {("00Q1", "score"): ["superseded", "pending"]}
    [one] = claim(ledger)
    assert one.values == {"score": 70}


def test_of_several_decisions_recorded_at_once_the_last_waits(ledger: Ledger) -> None:
    several = [change("score", n, decided_at=hours(n)) for n in (3, 1, 2)]
    assert record(ledger, *several) == Recorded(1, 0, 0)
    assert claim(ledger)[0].values == {"score": 3}


def test_a_claim_holds_all_fields_of_a_record_and_the_most_urgent_records_come_first(ledger: Ledger) -> None:
    record(
        ledger,
        change("score", 10, target="00Qa", priority=3),
        change("score", 20, target="00Qb", priority=3),
        change("status", None, target="00Qb", priority=1),
        change("first_mql_at", "2026-03-01T00:00:00Z", target="00Qc", priority=2),
    )
    first, second = claim(ledger, limit=2)
    assert (first.target, first.values) == ("00Qb", {"status": None, "score": 20})
    assert second.target == "00Qc"
    assert [one.target for one in claim(ledger)] == ["00Qa"]
    assert claim(ledger) == []


def test_a_claim_can_be_limited_to_priorities_and_objects(ledger: Ledger) -> None:
    record(
        ledger,
        change("score", 20, priority=3),
        change("status", "x", priority=1),
        change("status", "Open", object="mql_record", target="cycle", priority=1),
    )
    [lead] = claim(ledger, priorities=[1, 2], objects=["lead"], whole_records=False)
    assert lead.values == {"status": "x"}
    [lead] = claim(ledger, objects=["lead"])
    assert lead.values == {"score": 20}
    assert [one.object for one in claim(ledger)] == ["mql_record"]


def test_creations_are_claimed_apart_from_everything_else(ledger: Ledger) -> None:
    record(ledger, change(), change(target="p1", is_creation=True))
    assert [one.target for one in claim(ledger, creations=False)] == ["00Q1"]
    assert [one.target for one in claim(ledger, creations=True)] == ["p1"]


def test_a_deferred_entry_is_not_claimed_before_its_time(ledger: Ledger) -> None:
    record(ledger, change())
    [one] = claim(ledger, at=1)
    later = Settlement(
        one.ids, OutboxState.DEFERRED, "REQUEST_LIMIT_EXCEEDED", "no calls left", not_before=hours(2)
    )
    assert settle(ledger, later) == 1
    assert claim(ledger, at=1.9) == []
    [again] = claim(ledger, at=2)
    assert again.entries[0].attempts == 2


def test_fields_of_one_record_may_fare_differently(ledger: Ledger) -> None:
    record(ledger, change("status", "MQL"), change("owner_id", "005"))
    [one] = claim(ledger)
    ids = {entry.field: entry.id for entry in one.entries}
    done = Settlement([ids["status"]], OutboxState.APPLIED)
    taken = Settlement(
        [ids["owner_id"]], OutboxState.CONFLICT, "owner", "the lead of pat@example.com is owned by 005X"
    )
    assert settle(ledger, done, taken) == 2
    assert states(ledger) == {("00Q1", "status"): ["applied"], ("00Q1", "owner_id"): ["conflict"]}
    with ledger.read() as connection:
        [problem] = outbox.problems(connection).to_dicts()
        assert problem["message"] == "the lead of (e-mail) is owned by 005X"
        counted = outbox.counts(connection).rows()
        assert counted == [("salesforce", "lead", "applied", 1), ("salesforce", "lead", "conflict", 1)]


def test_what_a_killed_push_left_claimed_is_settled_by_what_the_platform_shows(ledger: Ledger) -> None:
    record(ledger, change(target="arrived"), change(target="lost"))
    claim(ledger, at=1)
    with ledger.read() as connection:
        arrived, lost = outbox.claimed(connection, SALESFORCE)
        assert outbox.claimed(connection, Platform.MARKETO) == []
    assert arrived.claimed_at == hours(1)
    settle(
        ledger,
        Settlement(arrived.ids, OutboxState.APPLIED, at=arrived.claimed_at),
        Settlement(lost.ids, OutboxState.PENDING),
        at=5,
    )
    assert states(ledger) == {("arrived", "status"): ["applied"], ("lost", "status"): ["pending"]}
    with ledger.read() as connection:
        settled = connection.scalars(sa.select(table.c.settled_at).order_by(table.c.id)).all()
        assert settled == [hours(1), None]
    assert [one.target for one in claim(ledger, at=5)] == ["lost"]


def test_what_is_put_back_does_not_displace_a_newer_decision(ledger: Ledger) -> None:
    record(ledger, change("score", 1, decided_at=hours(1)))
    [one] = claim(ledger)
    record(ledger, change("score", 2, decided_at=hours(2)))
    settle(ledger, Settlement(one.ids, OutboxState.PENDING))
    assert states(ledger) == {("00Q1", "score"): ["superseded", "pending"]}


def test_a_released_claim_is_as_if_it_had_not_been_claimed(ledger: Ledger) -> None:
    record(ledger, change())
    [one] = claim(ledger)
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        assert outbox.release(tx, one.ids, hours(1)) == 1
    assert applied(ledger, "00Q1") == []
    assert claim(ledger)[0].entries[0].attempts == 1


def test_an_outcome_is_settled_once(ledger: Ledger) -> None:
    record(ledger, change())
    [one] = claim(ledger)
    assert settle(ledger, Settlement(one.ids, OutboxState.APPLIED)) == 1
    assert settle(ledger, Settlement(one.ids, OutboxState.REJECTED)) == 0


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (OutboxState.APPLIED, True),
        (OutboxState.DEFERRED, True),  # the answer may have been lost
        (OutboxState.PENDING, True),
        (OutboxState.DROPPED, True),
        (OutboxState.REJECTED, False),
        (OutboxState.CONFLICT, False),
        (OutboxState.UNCHANGED, False),  # it was there before we sent anything
    ],
)
def test_a_value_counts_as_ours_if_it_may_have_arrived(
    ledger: Ledger, state: OutboxState, counts: bool
) -> None:
    record(ledger, change("score", 65))
    assert applied(ledger, "00Q1") == []  # only waiting
    [one] = claim(ledger)
    assert applied(ledger, "00Q1") == [("00Q1", "score", "65")]
    settle(ledger, Settlement(one.ids, state))
    assert applied(ledger, "00Q1") == ([("00Q1", "score", "65")] if counts else [])


def test_a_value_found_in_place_after_a_lost_answer_is_ours(ledger: Ledger) -> None:
    record(ledger, change("score", 65))
    [one] = claim(ledger)
    settle(ledger, Settlement(one.ids, OutboxState.DEFERRED))
    [one] = claim(ledger)
    settle(ledger, Settlement(one.ids, OutboxState.UNCHANGED))
    assert applied(ledger, "00Q1") == [("00Q1", "score", "65")]


def test_all_values_ever_written_are_known_and_which_was_the_last(ledger: Ledger) -> None:
    for hour, value in enumerate([10, 20, 10], start=1):
        record(
            ledger, change("score", value, decided_at=hours(hour)), change("grade", "A1", decided_at=hours(1))
        )
        for one in claim(ledger, at=hour):
            settle(ledger, Settlement(one.ids, OutboxState.APPLIED), at=hour)
    with ledger.read() as connection:
        values = outbox.applied_values(connection, SALESFORCE, "lead", ["00Q1", "00Q2"], ["score"])
        assert values.rows() == [
            ("00Q1", "score", f"{value}", hours(hour)) for hour, value in ((1, 10), (2, 20), (3, 10))
        ]
        last = outbox.last_applied(connection, SALESFORCE, "lead", ["00Q1"]).sort("field")
        assert last.drop("at").rows() == [("00Q1", "grade", '"A1"'), ("00Q1", "score", "10")]


def test_what_a_creation_wrote_belongs_to_the_record_it_made(ledger: Ledger) -> None:
    record(ledger, change("company", "Acme", target="p1", is_creation=True))
    [one] = claim(ledger)
    assert one.is_creation
    settle(ledger, Settlement(one.ids, OutboxState.APPLIED, native_id="00Q9"))
    assert applied(ledger, "00Q9") == [("00Q9", "company", '"Acme"')]
    assert applied(ledger, "p1") == []


def test_a_cycle_is_visible_from_when_its_record_stands_in_the_crm(ledger: Ledger) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        tx.insert(cycles, rows(frames.Cycles, {"cycle_key": "c1"}, {"cycle_key": "c2", "line": "other"}))
    of_cycle: dict[str, Any] = {
        "object": "mql_record",
        "target": "c1",
        "cycle_key": "c1",
        "is_creation": True,
    }
    record(ledger, change(**of_cycle), change("status", "x", cycle_key="c2"))
    for one in claim(ledger):
        settle(ledger, Settlement(one.ids, OutboxState.APPLIED, native_id="a01"), at=3)
    record(ledger, change("owner_id", "005", **of_cycle, decided_at=hours(4)))
    for one in claim(ledger, at=4):
        settle(ledger, Settlement(one.ids, OutboxState.APPLIED), at=5)
    with ledger.read() as connection:
        visible = connection.execute(
            sa.select(cycles.c.cycle_key, cycles.c.visible_at).order_by(cycles.c.cycle_key)
        )
        assert [tuple(row) for row in visible] == [("c1", hours(3)), ("c2", None)]
    assert [value for *_, value in applied(ledger, "c1", object="mql_record")] == [
        '"Marketing Qualified"',
        '"005"',
    ]


def test_what_waits_for_a_converted_lead_is_dropped(ledger: Ledger) -> None:
    record(ledger, change(), change("score", 1), change(target="00Q2"))
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        assert outbox.drop(tx, SALESFORCE, "lead", ["00Q1"], hours(2), "the lead became contact 003") == 2
    assert states(ledger)["00Q1", "status"] == ["dropped"]
    assert [one.target for one in claim(ledger)] == ["00Q2"]


def test_what_waits_moves_to_another_record_and_the_later_decision_stays(ledger: Ledger) -> None:
    record(
        ledger,
        change("score", 1, target="p1", decided_at=hours(1), is_creation=True),
        change("grade", "A", target="p1", decided_at=hours(2)),
        change("status", "x", target="p1"),
        change("score", 2, target="00Q9", decided_at=hours(2)),
        change("grade", "B", target="00Q9", decided_at=hours(1)),
    )
    moves = pl.DataFrame({"object": "lead", "target": ["p1"], "new_object": "lead", "new_target": ["00Q9"]})
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        assert outbox.retarget(tx, SALESFORCE, moves, hours(3)) == 2
    [one] = claim(ledger)
    assert (one.target, one.is_creation) == ("00Q9", False)
    assert one.values == {"score": 2, "grade": "A", "status": "x"}


def test_single_fields_that_nobody_wants_any_more_are_dropped(ledger: Ledger) -> None:
    record(ledger, change(), change("score", 1), change("status", "x", target="00Q2"))
    unwanted = {"platform": "salesforce", "object": "lead", "target": "00Q1", "why": "sales was quicker"}
    drops = rows(frames.Drops, {**unwanted, "field": "status"}, {**unwanted, "field": "grade"})
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        assert outbox.drop_entries(tx, drops, hours(2)) == 1
    assert states(ledger) == {
        ("00Q1", "status"): ["dropped"],
        ("00Q1", "score"): ["pending"],
        ("00Q2", "status"): ["pending"],
    }


def test_what_was_last_asked_for_a_field_is_known_whatever_became_of_it(ledger: Ledger) -> None:
    merged = {"person_key": "p0", "merged_into": "p1"}
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        tx.insert(people, stored(people, {"person_key": "p1"}, merged))
    record(
        ledger, change("score", 1, decided_at=hours(1)), change("status", "x", person_key="p0", target="00Q0")
    )
    for one in claim(ledger, at=2):
        settle(ledger, Settlement(one.ids, OutboxState.REJECTED), at=3)
    record(ledger, change("score", 2, decided_at=hours(4)))
    record(ledger, change("score", 3, decided_at=hours(5)), change("grade", "A", decided_at=hours(5)))
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        grade = outbox.waiting(tx.connection, ["p1"]).filter(pl.col("field") == "grade")["id"]
        outbox.withdraw(tx, grade, hours(6), "not so")
        found = outbox.last_writes(tx.connection, ["p1", "p9"])
        assert outbox.last_writes(tx.connection, ["p0x"]).is_empty()
    assert found.select("target", "field", "value", "state", "at", "person_key").rows() == [
        ("00Q0", "status", '"x"', "rejected", hours(3), "p1"),
        ("00Q1", "score", "3", "pending", hours(5), "p1"),
    ]


def test_a_disagreement_is_kept_once_as_it_was_first_seen(ledger: Ledger) -> None:
    seen = {"object": "lead", "target": "00Q1", "field": "owner_id", "wanted": '"005"', "shown": '"006"'}
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        assert outbox.write_conflicts(tx, rows(frames.Conflicts, {**seen, "at": hours(1)})) == 1
        assert outbox.write_conflicts(tx, rows(frames.Conflicts, {**seen, "at": hours(2)})) == 0
        other = rows(frames.Conflicts, {**seen, "shown": '"007"', "at": hours(3), "person_key": "p2"})
        assert outbox.write_conflicts(tx, other) == 1
        assert outbox.read_conflicts(tx.connection)["at"].to_list() == [hours(3), hours(1)]
        assert outbox.read_conflicts(tx.connection, ["p2"])["shown"].to_list() == ['"007"']


def test_what_was_deferred_until_a_person_is_in_the_crm_can_be_resumed(ledger: Ledger) -> None:
    record(ledger, change())
    [one] = claim(ledger)
    settle(ledger, Settlement(one.ids, OutboxState.DEFERRED, not_before=hours(10)))
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        assert outbox.resume(tx, ["p1", "p2"]) == 1
    assert len(claim(ledger, at=2)) == 1


def test_what_waits_can_be_read_and_withdrawn(ledger: Ledger) -> None:
    record(ledger, change(), change(target="00Q2", person_key="p2"))
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        found = outbox.waiting(tx.connection, ["p1"])
        assert found["target"].to_list() == ["00Q1"]
        assert outbox.withdraw(tx, [*found["id"], 999], hours(2), "no longer so") == 1
        assert outbox.waiting(tx.connection, ["p1"]).is_empty()


def test_twenty_thousand_changes_are_recorded_and_claimed_quickly(ledger: Ledger) -> None:
    many = [change(target=f"00Q{n}", person_key=f"p{n}") for n in range(20_000)]
    assert record(ledger, *many).added == 20_000
    assert record(ledger, *many).known == 20_000
    assert len(claim(ledger, limit=10_000)) == 10_000


def test_of_two_claims_of_one_field_that_are_put_back_the_younger_decision_waits(ledger: Ledger) -> None:
    record(ledger, change("status", 1, decided_at=T0))
    claim(ledger)
    record(ledger, change("status", 2, decided_at=T0 + timedelta(seconds=1)))
    claim(ledger)
    with ledger.read() as connection:
        left = outbox.claimed(connection)
    settle(ledger, *(Settlement(one.ids, OutboxState.PENDING) for one in left))
    with ledger.read() as connection:
        states = {row.value: row.state for row in connection.execute(sa.select(table))}
    assert states == {"1": OutboxState.SUPERSEDED, "2": OutboxState.PENDING}


@pytest.mark.parametrize("younger", [OutboxState.APPLIED, OutboxState.UNCHANGED, OutboxState.REJECTED])
def test_what_is_put_back_does_not_come_after_a_newer_decision_that_was_written(
    ledger: Ledger, younger: OutboxState
) -> None:
    """A platform that could not be asked kept the claim of a killed run, and took a newer value meanwhile."""
    record(ledger, change("score", 1, decided_at=hours(1)))
    [left] = claim(ledger)
    record(ledger, change("score", 2, decided_at=hours(2)))
    [done] = claim(ledger)
    settle(ledger, Settlement(done.ids, younger))
    settle(ledger, Settlement(left.ids, OutboxState.PENDING))
    assert states(ledger) == {("00Q1", "score"): ["superseded", younger]}
    assert claim(ledger, at=2) == []


def test_of_two_claims_the_older_is_not_tried_again_where_the_younger_arrived(ledger: Ledger) -> None:
    record(ledger, change("score", 1, decided_at=hours(1)))
    [older] = claim(ledger)
    record(ledger, change("score", 2, decided_at=hours(2)))
    [younger] = claim(ledger)
    settle(ledger, Settlement(older.ids, OutboxState.PENDING), Settlement(younger.ids, OutboxState.APPLIED))
    assert states(ledger) == {("00Q1", "score"): ["superseded", "applied"]}


steps = st.lists(
    st.tuples(
        st.sampled_from(["record", "claim", "settle"]),
        st.sampled_from(["status", "score"]),
        st.integers(0, 3),
        st.sampled_from([s for s in OutboxState if s not in (OutboxState.CLAIMED, OutboxState.SUPERSEDED)]),
    ),
    max_size=12,
)


@given(steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_at_most_one_entry_waits_per_field_and_the_last_decision_is_never_lost(
    ledger: Ledger, steps: list[tuple[str, str, int, OutboxState]]
) -> None:
    with ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
        tx.delete(table)
    decided: dict[str, str] = {}
    for number, (step, field, value, state) in enumerate(steps):
        if step == "record":
            record(ledger, change(field, value, decided_at=T0 + timedelta(seconds=number)))
            decided[field] = json.dumps(value)
        elif step == "claim":
            claim(ledger)
        else:
            with ledger.read() as connection:
                left = outbox.claimed(connection)
            settle(ledger, *(Settlement(one.ids, state) for one in left))
    with ledger.read() as connection:
        entries = list(connection.execute(sa.select(table).order_by(table.c.id)))
    for field, last in decided.items():
        mine = [row for row in entries if row.field == field]
        assert sum(row.state in WAITING for row in mine) <= 1
        alive = [row for row in mine if row.state != OutboxState.SUPERSEDED]
        assert alive
        assert alive[-1].value == last
