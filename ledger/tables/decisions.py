"""Tables of the engine's decisions, shaped as the frames of `schemas.frames.decisions`.

Decisions are append-only; the present rows (scores, stages, cycles, pool pointers) are replaced by newer ones.
No foreign keys: a decision outlives the facts that a person has a right to see erased.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ledger.tables.base import Instant, Text, columns_of, metadata, written_by
from schemas.frames import decisions
from schemas.frames.base import Frame
from schemas.vocabulary import CycleState, Silo


def _table(
    name: str,
    model: type[Frame],
    silo: Silo,
    *parts: sa.Index,
    key: Sequence[str],
    partly: Mapping[Silo, Sequence[str]] | None = None,
) -> sa.Table:
    # Without rowids SQLite keeps a row once, in the order of its key: half the work where the key is the access path.
    return sa.Table(
        name,
        metadata,
        *columns_of(model, key=key),
        *parts,
        info=written_by(silo, partly=partly),
        sqlite_with_rowid=False,
    )


def _by(table: str, *columns: str, **kwargs: Any) -> sa.Index:
    return sa.Index(f"ix_{table}_{'_'.join(columns)}", *columns, **kwargs)


OWNER_COLUMNS = ("owner_id", "owner_kind", "assigned_at")
VISIBLE_COLUMN = "visible_at"

scores = _table(
    "scores",
    decisions.Scores,
    Silo.SCORING,
    sa.Index(
        "ix_scores_account_id",
        "account_id",
        sqlite_where=sa.text("account_id IS NOT NULL"),
        postgresql_where=sa.text("account_id IS NOT NULL"),
    ),
    key=["person_key", "model"],
)

account_scores = _table(
    "account_scores", decisions.AccountScores, Silo.SCORING, key=["account_id", "valid_from"]
)

score_lines = _table(
    "score_lines",
    decisions.ScoreLines,
    Silo.SCORING,
    key=["person_key", "model", "at", "part", "rule_id"],
)

transitions = _table(
    "transitions",
    decisions.Transitions,
    Silo.LIFECYCLE,
    _by("transitions", "person_key"),
    _by("transitions", "at"),
    key=["transition_key"],
)

_OPEN = f"state IN ('{CycleState.OPEN}', '{CycleState.WORKING}') AND NOT is_trial"

cycles = _table(
    "cycles",
    decisions.Cycles,
    Silo.LIFECYCLE,
    _by("cycles", "person_key"),
    _by("cycles", "state"),
    # The promise that a person has at most one open cycle on a line, kept by the database itself.
    sa.Index(
        "uq_cycles_open",
        "person_key",
        "line",
        unique=True,
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    ),
    key=["cycle_key"],
    partly={Silo.ASSIGNMENT: OWNER_COLUMNS, Silo.OUTBOX: [VISIBLE_COLUMN]},
)

cycle_events = _table(
    "cycle_events",
    decisions.CycleEvents,
    Silo.LIFECYCLE,
    _by("cycle_events", "cycle_key"),
    _by("cycle_events", "person_key"),
    key=["event_key"],
)

stages = _table("stages", decisions.Stages, Silo.LIFECYCLE, key=["person_key", "line"])

blocks = _table("blocks", decisions.Blocks, Silo.LIFECYCLE, _by("blocks", "person_key"), key=["block_key"])

would_qualify = _table(
    "would_qualify", decisions.WouldQualify, Silo.LIFECYCLE, key=["person_key", "line", "rule_id"]
)

assignments = _table(
    "assignments",
    decisions.Assignments,
    Silo.ASSIGNMENT,
    _by("assignments", "person_key"),
    _by("assignments", "cycle_key"),
    key=["assignment_key"],
)

pool_pointers = _table("pool_pointers", decisions.PoolPointers, Silo.ASSIGNMENT, key=["pool", "owner_id"])

schedule = sa.Table(
    "schedule",
    metadata,
    sa.Column("person_key", Text, primary_key=True),
    sa.Column("decided_through", Instant),  # null: never decided
    sa.Column("next_tick_at", Instant),  # first midnight at which something may change by itself
    sa.Column("next_clock_at", Instant),  # first end of a window or promise
    sa.Column("is_due", sa.Boolean, nullable=False),  # new facts since it was decided
    sa.Index("ix_schedule_is_due", "is_due"),
    sa.Index("ix_schedule_decided_through", "decided_through"),  # the latest of all is asked once a run
    sa.Index("ix_schedule_next_tick_at", "next_tick_at"),
    sa.Index("ix_schedule_next_clock_at", "next_clock_at"),
    # Facts make people due, the record step moves them on.
    info=written_by(Silo.DATA, Silo.SCORING, Silo.LIFECYCLE, Silo.OPERATIONS),
    sqlite_with_rowid=False,
)
