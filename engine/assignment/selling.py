"""Who sells to a person already: for a hand raise of somebody who is with sales."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from engine.assignment.roster import Owner, Roster

OPPORTUNITY, ACCOUNT, LAST_CYCLE = "opportunity", "account", "last_cycle"


@dataclass
class Sellers:
    """Owners of people's opportunities, accounts and cycles."""

    roster: Roster
    moments: Mapping[str, Mapping[str, Any]]
    past: dict[str, list[tuple[Any, str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, roster: Roster, moments: pl.DataFrame, past: pl.DataFrame) -> "Sellers":
        """`moments`: person_key and the attributes. `past`: frames.decisions.Cycles of the same people."""
        columns = ("person_key", "opportunity_owner_id", "account_owner_id")
        rows = {row["person_key"]: row for row in moments.select(columns).iter_rows(named=True)}
        sellers = cls(roster, rows)
        owned = past.filter(~pl.col("is_trial")).drop_nulls("owner_id")
        for person, opened_at, cycle, owner in owned.select(
            "person_key", "opened_at", "cycle_key", "owner_id"
        ).iter_rows():
            sellers.past.setdefault(person, []).append((opened_at, cycle, owner))
        return sellers

    def gave(self, cycle: Mapping[str, Any], owner_id: str) -> None:
        """A cycle of this run counts as one of the past for those that were opened after it."""
        mine = self.past.setdefault(cycle["person_key"], [])
        mine[:] = [row for row in mine if row[1] != cycle["cycle_key"]]
        mine.append((cycle["opened_at"], cycle["cycle_key"], owner_id))

    def find(
        self, cycle: Mapping[str, Any], former: Collection[str]
    ) -> tuple[str, Owner | None, list[dict[str, Any]]]:
        """How it was found, the owner, and who was passed over. Only a user who can take it now is one."""
        passed: list[dict[str, Any]] = []
        for how, owner_id in self._in_order(cycle):
            owner = self.roster.owners.get(owner_id)
            why = self._hindrance(owner, owner_id, former)
            if owner is not None and why is None:
                return how, owner, passed
            passed.append({how: owner_id, "why": why})
        return "", None, passed

    def _in_order(self, cycle: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        row = self.moments.get(cycle["person_key"], {})
        for how in (OPPORTUNITY, ACCOUNT):
            if owner_id := row.get(f"{how}_owner_id"):
                yield how, owner_id
        here = (cycle["opened_at"], cycle["cycle_key"])
        earlier = [row for row in self.past.get(cycle["person_key"], []) if row[:2] < here]
        if earlier:
            yield LAST_CYCLE, max(earlier)[2]

    def _hindrance(self, owner: Owner | None, owner_id: str, former: Collection[str]) -> str | None:
        if owner is None:
            return "unknown"
        if not owner.is_user:
            return "a queue"
        return "had it before" if owner_id in former else self.roster.hindrance(owner)
