"""What assignment decided, as frames."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from engine.assignment.due import Due
from engine.keys import key
from engine.reasons import plain
from schemas.frames import decisions as frames
from schemas.frames.base import UTC, dtypes

CYCLE_OWNERS = {
    "cycle_key": pl.String(),
    "owner_id": pl.String(),
    "owner_kind": pl.String(),
    "assigned_at": UTC,
}


@dataclass(frozen=True)
class AssignmentDecisions:
    """`assignments`, `pointers`: frames of `schemas.frames.decisions`. `cycle_owners`: `CYCLE_OWNERS`, of those cycles
    that have an owner now."""

    assignments: pl.DataFrame
    pointers: pl.DataFrame
    cycle_owners: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decided that was not decided before."""
        return self.assignments.is_empty() and self.pointers.is_empty()


@dataclass(frozen=True)
class Decided:
    """One cycle's owner, or that there is none."""

    due: Due
    how: str
    rule: str
    reasons: Mapping[str, Any]
    owner_id: str | None = None
    owner_kind: str | None = None
    pool: str | None = None

    @property
    def key(self) -> str:
        """An owner answers the occasion once and for all; without one it is told once for each set of reasons."""
        if self.owner_id is not None:
            return self.due.key
        return key("assignment", self.due.key, self.how, self.told)

    @property
    def told(self) -> str:
        return json.dumps(self.reasons, default=plain, ensure_ascii=False)


def decisions(
    decided: Sequence[Decided],
    pointers: Sequence[tuple[Any, ...]],
    known: pl.DataFrame,
    at: datetime,
    version: str,
) -> AssignmentDecisions:
    """As frames, without what was told before. `known`: past rows of frames.decisions.Assignments."""
    rows = [
        (
            each.key,
            each.due.cycle["cycle_key"],
            each.due.cycle["person_key"],
            each.due.cycle["line"],
            at,
            each.owner_id,
            each.owner_kind,
            each.rule,
            each.pool,
            each.how,
            version,
            each.told,
        )
        for each in decided
    ]
    assignments = pl.DataFrame(rows, schema=dtypes(frames.Assignments), orient="row").join(
        known, on="assignment_key", how="anti", maintain_order="left"
    )
    owned = assignments.drop_nulls("owner_id").rename({"at": "assigned_at"})
    return AssignmentDecisions(
        assignments=assignments,
        pointers=pl.DataFrame(pointers, schema=dtypes(frames.PoolPointers), orient="row"),
        cycle_owners=owned.select(list(CYCLE_OWNERS)),
    )
