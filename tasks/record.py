"""Record: the one module that writes decisions. A person is never split: a chunk is one transaction, or nothing.

Every frame is validated before it is written.
"""

from datetime import datetime

import polars as pl

from engine.assignment import AssignmentDecisions
from engine.changes import ChangeDecisions
from engine.scoring import accounts
from ledger import outbox
from ledger.decisions import read as decisions
from ledger.decisions import write
from ledger.facts import schedule
from ledger.open import Ledger
from ledger.unit_of_work import UnitOfWork
from schemas.frames import decisions as frames
from schemas.frames.base import checked
from schemas.playbook.scoring import DEFAULT, AccountScore
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
            _write_scores(tx, run, people, scored)
            write.write_score_lines(tx, checked(moved.lines, frames.ScoreLines))
        with tx.silo(Silo.LIFECYCLE):
            write.write_transitions(tx, checked(decided.transitions, frames.Transitions))
            write.write_cycles(tx, checked(decided.cycles, frames.Cycles))
            write.write_cycle_events(tx, checked(decided.cycle_events, frames.CycleEvents))
            write.write_stages(tx, checked(decided.stages, frames.Stages))
            write.write_blocks(tx, checked(decided.blocks, frames.Blocks))
            write.replace_would_qualify(tx, people, checked(decided.would_qualify, frames.WouldQualify))
            schedule.advance(tx, _next(people, scored, moved), run.as_of)
        _ask(tx, run, asked)


def _write_scores(tx: UnitOfWork, run: Run, people: pl.Series, scored: Scored) -> None:
    """Person scores, then the scores of the accounts that these people are or were with, from all that is stored."""
    rules = scored.account
    before = decisions.read_accounts_of(tx.connection, people, DEFAULT) if rules else None
    write.write_scores(tx, checked(scored.scores, frames.Scores))
    write.drop_other_models(tx, people, [basis.model.id for basis in scored.bases])
    if rules is not None and before is not None:
        ids = pl.concat([before, scored.shown["account_id"].drop_nulls()]).unique()
        record_account_scores(tx, ids, rules, run.as_of)


def record_account_scores(tx: UnitOfWork, ids: pl.Series, rules: AccountScore, at: datetime) -> None:
    """Writes the scores of these accounts, as far as they are new, out of the stored scores of their people."""
    found = accounts.account_scores(decisions.read_scores_of_accounts(tx.connection, ids, DEFAULT), rules)
    known = decisions.read_account_scores(tx.connection, ids, at)
    fresh = accounts.changed(found, known, pl.lit(at))
    write.write_account_scores(tx, checked(fresh, frames.AccountScores))


def record_assignments(
    ledger: Ledger, run: Run, decided: AssignmentDecisions, asked: ChangeDecisions
) -> None:
    """Writes who got what, where the rotations stand now, and the outbox entries that follow; one transaction."""
    with ledger.begin(run.token) as tx:
        with tx.silo(Silo.ASSIGNMENT):
            write.write_assignments(tx, checked(decided.assignments, frames.Assignments))
            write.write_pool_pointers(tx, checked(decided.pointers, frames.PoolPointers))
            write.set_cycle_owner(tx, decided.cycle_owners)
        _ask(tx, run, asked)


def _ask(tx: UnitOfWork, run: Run, asked: ChangeDecisions) -> None:
    with tx.silo(Silo.OUTBOX):
        outbox.drop_entries(tx, asked.drops, run.as_of)
        outbox.record(tx, checked(asked.changes, frames.Changes), run.id)
        outbox.write_conflicts(tx, checked(asked.conflicts, frames.Conflicts))


def _next(people: pl.Series, scored: Scored, moved: Moved) -> pl.DataFrame:
    """person_key, next_tick_at, next_clock_at of everybody who was decided."""
    ticks = scored.shown.select("person_key", "next_tick_at")
    clocks = moved.decisions.clocks.select("person_key", "next_clock_at")
    frame = people.rename("person_key").to_frame()
    return frame.join(ticks, on="person_key", how="left").join(clocks, on="person_key", how="left")
