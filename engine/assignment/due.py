"""Which cycles need an owner now: never given one, or sent back for another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from engine.keys import key
from schemas.vocabulary import CycleState, Origin

OPEN = [state.value for state in CycleState if state.is_open]


@dataclass(frozen=True)
class Due:
    """`at`: when it came up. `occasion`: key of the event that sent the cycle back; None the first time. `former`: who
    had it before."""

    cycle: dict[str, Any]
    at: datetime
    occasion: str | None
    former: frozenset[str]

    @property
    def key(self) -> str:
        """Of the assignment that answers this occasion: there is one, whoever it names."""
        return assignment_key(self.cycle["cycle_key"], self.occasion)

    @property
    def is_adopted(self) -> bool:
        return bool(self.cycle["origin"] == Origin.ADOPTED)


def assignment_key(cycle_key: str, occasion: str | None) -> str:
    return key("assignment", cycle_key, occasion)


def due(
    cycles: pl.DataFrame, reassign: pl.DataFrame, assignments: pl.DataFrame, live_since: datetime | None
) -> list[Due]:
    """In the order in which they are decided: as they were opened or sent back.

    A trial, a backfilled cycle or one that sales had before us needs none; of the latter one in which somebody raised
    a hand since we are live does.
    """
    raised = (pl.col("hand_raised_at") > live_since) if live_since is not None else pl.lit(False)
    wanted = cycles.filter(
        pl.col("state").is_in(OPEN)
        & ~pl.col("is_trial")
        & (
            (pl.col("origin") == Origin.LIVE)
            | ((pl.col("origin") == Origin.ADOPTED) & raised.fill_null(False))
        )
    ).unique("cycle_key", keep="first")
    sent_back = _sent_back(reassign)
    had = _owners_before(assignments)
    answered = set(assignments["assignment_key"])
    found = []
    for cycle in wanted.iter_rows(named=True):
        events = sent_back.get(cycle["cycle_key"], [])
        at, occasion = events[-1][:2] if events else (cycle["opened_at"], None)
        former: frozenset[str] = frozenset()
        if events:
            said_by = {who for *_, who in events if who}
            own = {cycle["owner_id"]} if cycle["owner_id"] else set()
            former = frozenset(had.get(cycle["cycle_key"], set()) | said_by | own)
        each = Due(cycle, at, occasion, former)
        if each.key not in answered:
            found.append(each)
    return sorted(found, key=lambda each: (each.at, each.cycle["cycle_key"]))


def _sent_back(reassign: pl.DataFrame) -> dict[str, Sequence[tuple[datetime, str, str | None]]]:
    """Per cycle its events in order: at, event_key, said_by."""
    found: dict[str, list[tuple[datetime, str, str | None]]] = {}
    ordered = reassign.sort("at", "acted_at", "event_key").select("cycle_key", "at", "event_key", "said_by")
    for cycle, at, event, said_by in ordered.iter_rows():
        found.setdefault(cycle, []).append((at, event, said_by))
    return dict(found)


def _owners_before(assignments: pl.DataFrame) -> dict[str, set[str]]:
    rows = assignments.drop_nulls("owner_id").group_by("cycle_key").agg(pl.col("owner_id").unique())
    return {cycle: set(owners) for cycle, owners in rows.iter_rows()}
