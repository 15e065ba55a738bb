"""Record: the one module that writes decisions. A person is never split: a chunk is one transaction, or nothing."""

import polars as pl

from engine.assignment import AssignmentDecisions
from engine.changes import ChangeDecisions
from ledger import outbox
from ledger.decisions import write
from ledger.facts import schedule
from ledger.open import Ledger
from ledger.unit_of_work import UnitOfWork
from schemas.vocabulary import Silo
from tasks.lifecycle import Moved
from tasks.run import Run
from tasks.scoring import Scored


def record(
    ledger: Ledger, run: Run, people: pl.Series, scored: Scored, moved: Moved, asked: ChangeDecisions
) -> None:
    """Writes what was decided about people, the outbox entries that follow, and how far they are decided."""
    decided = moved.decisions
    with ledger.begin(run.token) as tx:
        with tx.silo(Silo.SCORING):
            write.write_scores(tx, scored.scores)
            write.write_score_lines(tx, moved.lines)
        with tx.silo(Silo.LIFECYCLE):
            write.write_transitions(tx, decided.transitions)
            write.write_cycles(tx, decided.cycles)
            write.write_cycle_events(tx, decided.cycle_events)
            write.write_stages(tx, decided.stages)
            write.write_blocks(tx, decided.blocks)
            write.replace_would_qualify(tx, people, decided.would_qualify)
            schedule.advance(tx, _next(people, scored, moved), run.as_of)
        _ask(tx, run, asked)


def record_assignments(
    ledger: Ledger, run: Run, decided: AssignmentDecisions, asked: ChangeDecisions
) -> None:
    """Writes who got what, where the rotations stand now, and the outbox entries that follow; one transaction."""
    with ledger.begin(run.token) as tx:
        with tx.silo(Silo.ASSIGNMENT):
            write.write_assignments(tx, decided.assignments)
            write.write_pool_pointers(tx, decided.pointers)
            write.set_cycle_owner(tx, decided.cycle_owners)
        _ask(tx, run, asked)


def _ask(tx: UnitOfWork, run: Run, asked: ChangeDecisions) -> None:
    with tx.silo(Silo.OUTBOX):
        outbox.drop_entries(tx, asked.drops, run.as_of)
        outbox.record(tx, asked.changes, run.id)
        outbox.write_conflicts(tx, asked.conflicts)


def _next(people: pl.Series, scored: Scored, moved: Moved) -> pl.DataFrame:
    """person_key, next_tick_at, next_clock_at of everybody who was decided."""
    ticks = scored.scores.select("person_key", "next_tick_at")
    clocks = moved.decisions.clocks.select("person_key", "next_clock_at")
    frame = people.rename("person_key").to_frame()
    return frame.join(ticks, on="person_key", how="left").join(clocks, on="person_key", how="left")
