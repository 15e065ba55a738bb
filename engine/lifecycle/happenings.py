"""All facts that happened to people apart from their own acts, as events."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from engine.lifecycle.bounds import new_facts
from engine.lifecycle.events import Event, Joined, OpportunityMoved, Removed, Said, Touched, What
from engine.lifecycle.opportunities import lines_at, moves
from engine.lifecycle.rulebook import Rulebook
from schemas.vocabulary import VerdictKind


def happenings(
    verdicts: pl.DataFrame,
    removals: pl.DataFrame,
    lined: pl.DataFrame,
    touches: pl.DataFrame,
    bounds: pl.DataFrame,
    book: Rulebook,
) -> list[Event]:
    """Verdicts, opportunities, removals and sales activity that nobody has decided yet."""
    return [
        *_verdicts(verdicts, lined, bounds, book),
        *_opportunities(lined, bounds, book),
        *_removals(removals, bounds, book),
        *(_event(row, Touched()) for row in new_facts(touches, bounds, book.window).iter_rows(named=True)),
    ]


def _verdicts(
    verdicts: pl.DataFrame, lined: pl.DataFrame, bounds: pl.DataFrame, book: Rulebook
) -> Iterator[Event]:
    fresh = new_facts(verdicts, bounds, book.window)
    if fresh.is_empty():
        return
    for row in lines_at(fresh, lined).iter_rows(named=True):
        yield _event(
            row,
            Said(
                fact=row["fact_key"],
                kind=VerdictKind(row["kind"]),
                reason=row["reason"],
                acted_at=row["occurred_at"],
                cycle_key=row["cycle_key"],
                said_by=row["said_by"],
                opportunity_id=row["opportunity_id"],
                opportunity_made_at=row["made_at"],
                lines=frozenset(row["lines"] or ()),
            ),
        )


def _opportunities(lined: pl.DataFrame, bounds: pl.DataFrame, book: Rulebook) -> Iterator[Event]:
    for row in new_facts(moves(lined), bounds, book.window).iter_rows(named=True):
        yield _event(
            row,
            OpportunityMoved(
                row["opportunity_id"],
                row["how"],
                row["occurred_at"],
                row["line"],
                has_open=row["has_open"],
                turn=row["turn"],
            ),
        )


def _removals(removals: pl.DataFrame, bounds: pl.DataFrame, book: Rulebook) -> Iterator[Event]:
    gone = removals.filter(pl.col("into_person_key").is_null())
    for row in new_facts(gone, bounds, book.window).iter_rows(named=True):
        yield _event(row, Removed(row["occurred_at"], row["fact_key"], "deleted"))
    joined = removals.filter(pl.col("into_person_key").is_not_null()).with_columns(
        pl.col("into_person_key").alias("person_key")
    )
    for row in new_facts(joined, bounds, book.window).iter_rows(named=True):
        yield _event(row, Joined(row["occurred_at"], row["fact_key"]))


def _event(row: Mapping[str, Any], what: What) -> Event:
    return Event(row["at"], row["person_key"], 0, what)
