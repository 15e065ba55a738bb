"""Round robin: fewest turns first, then who waited longest, then a lot that is drawn anew each round.

A member's turns are the cycles it was given, and those that passed it by: while somebody is away or out of the pool,
their turns keep up with the fewest of those who are there; somebody new starts with that number. So nobody who comes
back is flooded with what was missed, and nobody is starved for what they had before.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from engine.keys import key

NEVER = datetime(1, 1, 1, tzinfo=UTC)

Place = tuple[int, datetime, str, str]
"""Turns, last time, lot, owner id: the lower, the sooner it is this member's turn."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Where a member stands."""

    given: int
    last_at: datetime | None = None
    last_cycle_key: str | None = None


class Rotation:
    """One pool during one run. `available`: owner ids of the members who can take something now."""

    def __init__(self, pool: str, turns: Mapping[str, Turns], available: Iterable[str]) -> None:
        self.pool = pool
        self.available = frozenset(available)
        self._before = turns
        self._has_given = False
        known = [turns[owner].given for owner in self.available if owner in turns]
        start = min(known or [each.given for each in turns.values()], default=0)
        self._turns = {**dict.fromkeys(self.available, Turns(start)), **turns}
        self._order = sorted(self._place(owner) for owner in self.available)

    def turns(self, owner: str) -> Turns:
        return self._turns[owner]

    def candidates(self, excluded: Collection[str] = ()) -> list[str]:
        """Who may be given the next cycle, in order: the first is whose turn it is."""
        return [owner for *_, owner in self._order if owner not in excluded]

    def give(self, owner: str, cycle_key: str, at: datetime) -> None:
        """Counts the turn. `at`: when the cycle came up, not when a run got to it, so that runs may be cut anyhow."""
        self._has_given = True
        del self._order[bisect_left(self._order, self._place(owner))]
        self._turns[owner] = Turns(self._turns[owner].given + 1, at, cycle_key)
        insort(self._order, self._place(owner))

    def changed(self) -> list[tuple[str, str, int, datetime | None, str | None]]:
        """Rows of frames.decisions.PoolPointers that differ from before; none if nobody was given anything."""
        if not self._has_given:
            return []
        after = {owner: self._after(owner) for owner in sorted(self._turns)}
        return [
            (self.pool, owner, turns.given, turns.last_at, turns.last_cycle_key)
            for owner, turns in after.items()
            if self._before.get(owner) != turns
        ]

    def _place(self, owner: str) -> Place:
        turns = self._turns[owner]
        lot = key("lot", self.pool, owner, str(turns.given))
        return turns.given, turns.last_at or NEVER, lot, owner

    def _after(self, owner: str) -> Turns:
        """A member's turns at the end of the run: those who are not there have kept up with the fewest."""
        turns, fewest = self._turns[owner], self._order[0][0]
        if owner in self.available or turns.given >= fewest:
            return turns
        return replace(turns, given=fewest)


def turns_of(pointers: pl.DataFrame, pool: str) -> dict[str, Turns]:
    """The stored turns of a pool. `pointers`: frames.decisions.PoolPointers."""
    rows = pointers.filter(pl.col("pool") == pool)
    return {
        owner: Turns(given, last_at, cycle)
        for owner, given, last_at, cycle in rows.select(
            "owner_id", "given", "last_at", "last_cycle_key"
        ).iter_rows()
    }
