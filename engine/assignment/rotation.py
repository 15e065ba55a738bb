"""Round robin: fewest turns first, then who waited longest, then a lot that is drawn anew each round.

A member's turns are the cycles it was given, and those that passed it by: while somebody is away or out of the pool,
their turns keep up with the fewest of those who are there; somebody new starts with that number. So nobody who comes
back is flooded with what was missed, and nobody is starved for what they had before.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from engine.keys import key

NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Turns:
    """Where a member stands."""

    given: int
    last_at: datetime | None = None
    last_cycle_key: str | None = None

    @property
    def place(self) -> tuple[int, datetime]:
        """The lower, the sooner it is this member's turn."""
        return self.given, self.last_at or NEVER


class Rotation:
    """One pool during one run. `available`: owner ids of the members who can take something now."""

    def __init__(self, pool: str, turns: dict[str, Turns], available: Iterable[str]) -> None:
        self.pool = pool
        self.available: Sequence[str] = sorted(available)
        self._before = turns
        self._has_given = False
        self._turns = dict(turns)
        known = [turns[owner].given for owner in self.available if owner in turns]
        start = min(known or [each.given for each in turns.values()], default=0)
        for owner in self.available:
            self._turns.setdefault(owner, Turns(start))

    def turns(self, owner: str) -> Turns:
        return self._turns[owner]

    def candidates(self, excluded: Collection[str] = ()) -> list[str]:
        """Who may be given the next cycle, in order of their turn; those who tie stand in the order of their ids."""
        return sorted(
            (owner for owner in self.available if owner not in excluded),
            key=lambda owner: (self._turns[owner].place, owner),
        )

    def next(self, candidates: Sequence[str]) -> str:
        """Whose turn it is among `candidates`, which are in order and not empty."""
        first = self._turns[candidates[0]].place
        tied = [owner for owner in candidates if self._turns[owner].place == first]
        return min(tied, key=lambda owner: key("lot", self.pool, owner, str(first[0])))

    def give(self, owner: str, cycle_key: str, at: datetime) -> None:
        """Counts the turn, and lets those who are not there keep up."""
        self._has_given = True
        self._turns[owner] = Turns(self._turns[owner].given + 1, at, cycle_key)
        fewest = min(self._turns[member].given for member in self.available)
        for absent in self._turns.keys() - set(self.available):
            if self._turns[absent].given < fewest:
                self._turns[absent] = replace(self._turns[absent], given=fewest)

    def changed(self) -> list[tuple[str, str, int, datetime | None, str | None]]:
        """Rows of frames.decisions.PoolPointers that differ from before; none if nobody was given anything."""
        if not self._has_given:
            return []
        return [
            (self.pool, owner, turns.given, turns.last_at, turns.last_cycle_key)
            for owner, turns in sorted(self._turns.items())
            if self._before.get(owner) != turns
        ]


def turns_of(pointers: pl.DataFrame, pool: str) -> dict[str, Turns]:
    """The stored turns of a pool. `pointers`: frames.decisions.PoolPointers."""
    rows = pointers.filter(pl.col("pool") == pool)
    return {
        owner: Turns(given, last_at, cycle)
        for owner, given, last_at, cycle in rows.select(
            "owner_id", "given", "last_at", "last_cycle_key"
        ).iter_rows()
    }
