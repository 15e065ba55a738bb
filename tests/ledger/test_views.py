"""The views that analysts query: alike on both databases, and without personal values."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from ledger import decisions, outbox, quarantine, runs
from ledger.open import Ledger
from ledger.outbox import Settlement
from ledger.runs import Count, Run
from ledger.tables import facts
from ledger.views import VIEWS
from schemas.frames import decisions as frames
from schemas.vocabulary import Mode, OutboxState, Platform, Silo, Stream
from tests.ledger.decided import hours, rows, stored


def ask(ledger: Ledger, statement: str) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return [
            {name: str(value) if isinstance(value, datetime) else value for name, value in row.items()}
            for row in connection.execute(sa.text(statement)).mappings()
        ]


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """A ledger that holds one of everything that the views show."""
    of = {"person_key": "new", "cycle_key": "c"}
    with ledger.begin(None) as tx:
        with tx.silo(Silo.DATA):
            merged = {"person_key": "new", "merged_into": "old"}
            tx.insert(facts.people, stored(facts.people, {"person_key": "old"}, merged))
            tx.insert(facts.owners, stored(facts.owners, {"native_id": "005", "name": "SDR One"}))
            schema: dict[str, Any] = {"key": pl.String, "reasons": pl.List(pl.String), "raw": pl.String}
            bad = pl.DataFrame(
                [("1", ["email: bad"], "{}"), ("2", ["email: bad"], "{}")], schema=schema, orient="row"
            )
            given = {"person_key": "new", "part": "fit", "points": 500}
            tx.insert(facts.adjustments, stored(facts.adjustments, given))
            quarantine.add(tx, Platform.MARKETO, Stream.PEOPLE, bad, "run", hours(1))
        with tx.silo(Silo.SCORING):
            decisions.write_scores(tx, rows(frames.Scores, {"person_key": "old", "score": 6550}))
            decisions.write_account_scores(tx, rows(frames.AccountScores, {"account_id": "001"}))
        with tx.silo(Silo.LIFECYCLE):
            clocks = {"opened_at": hours(1), "visible_at": hours(2), "accepted_at": hours(5), "score": 6550}
            decisions.write_cycles(
                tx, rows(frames.Cycles, {**of, **clocks, "state": "working", "owner_id": "005"})
            )
            decisions.write_transitions(
                tx, rows(frames.Transitions, {**of, "to_stage": "mql", "at": hours(1)})
            )
            decisions.write_blocks(tx, rows(frames.Blocks, {"person_key": "new", "since": hours(1)}))
            stage = {"stage": "mql", "line": "default"}
            decisions.write_stages(
                tx, rows(frames.Stages, {"person_key": "old", **stage}, {"person_key": "new", **stage})
            )
        with tx.silo(Silo.ASSIGNMENT):
            decisions.write_assignments(
                tx, rows(frames.Assignments, {**of, "owner_id": "005", "how": "rule"})
            )
        with tx.silo(Silo.OPERATIONS):
            runs.start(tx, Run("run", "sync", Mode.LIVE, hours(1), hours(1)))
            runs.finish(tx, "run", "done", hours(1.5), counts=[Count("push", "applied", 3)])
        with tx.silo(Silo.OUTBOX):
            lead = {"platform": "salesforce", "object": "lead", "person_key": "new", "value": '"x"'}
            changes = [{**lead, "target": "a", "field": "status"}, {**lead, "target": "b", "field": "status"}]
            outbox.record(tx, rows(frames.Changes, *changes), "run")
            seen = {"object": "lead", "field": "owner_id", "wanted": '"005"', "shown": '"006"'}
            assert outbox.write_conflicts(tx, rows(frames.Conflicts, seen)) == 1
            [claim] = outbox.claim(tx, Platform.SALESFORCE, 1, hours(1))
            outbox.settle(
                tx, [Settlement(claim.ids, OutboxState.REJECTED, "FIELD_CUSTOM_VALIDATION", "no")], hours(1)
            )
    return ledger


def test_every_view_shows_its_rows(told: Ledger) -> None:
    for view in VIEWS:
        assert len(ask(told, f"SELECT * FROM {view}")) == 1, view


def test_a_cycle_reads_as_a_person_would_tell_it(told: Ledger) -> None:
    [cycle] = ask(told, "SELECT * FROM mql_cycles")
    assert cycle["opened_at"] == "2026-03-01 01:00:00"
    assert cycle["closed_at"] is None
    assert cycle["person_key"] == "old"
    assert cycle["owner_name"] == "SDR One"
    assert float(cycle["score"]) == 65.5
    assert float(cycle["hours_from_visible_to_verdict"]) == 3


def test_merged_people_are_counted_once_in_the_funnel(told: Ledger) -> None:
    assert ask(told, "SELECT * FROM people_by_stage") == [{"line": "default", "stage": "mql", "people": 1}]


def test_problems_and_quarantine_are_summed_up(told: Ledger) -> None:
    [problem] = ask(told, "SELECT target, state, code, decided_at FROM outbox_problems")
    assert problem == {
        "target": "a",
        "state": "rejected",
        "code": "FIELD_CUSTOM_VALIDATION",
        "decided_at": "2026-03-01 00:00:00",
    }
    [bad] = ask(told, "SELECT * FROM quarantine_summary")
    assert (bad["stream"], bad["reasons"], bad["waiting"]) == ("people", '["email: bad"]', 2)
    [run] = ask(told, "SELECT * FROM run_summary")
    assert (run["status"], float(run["seconds"])) == ("done", 1800)


def test_upgrading_again_keeps_the_views(told: Ledger) -> None:
    told.upgrade()
    assert ask(told, "SELECT count(*) AS n FROM mql_cycles") == [{"n": 1}]


def test_no_view_reads_a_personal_value(ledger: Ledger) -> None:
    personal = {"email", "first_name", "last_name", "phone", "raw", "value", "url", "attributes", "subject"}
    with ledger.read() as connection:
        for view in VIEWS:
            assert not personal & set(connection.execute(sa.text(f"SELECT * FROM {view}")).keys()), view
