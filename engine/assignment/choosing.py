"""The playbook's rules, in order: the first whose condition holds and whose target can take the cycle has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from engine.assignment.due import Due
from engine.assignment.roster import Owner, Roster
from engine.assignment.rotation import Rotation, turns_of
from schemas.playbook.assignment import Assignment, Rule, Target
from schemas.vocabulary import OwnerKind

SHOWN = 20
"""Members of a pool that reasons list, in each of their lists; a role may have hundreds."""
FORMER = "had it before"


@dataclass(frozen=True)
class Choice:
    """What a rule's target came to. `owner` is None if nobody there can take it; `told` says who was looked at."""

    owner: Owner | None
    pool: str | None
    told: Mapping[str, Any]


class Chooser:
    """Finds owners by rule during one run, cycle after cycle: each turn given counts for the next."""

    def __init__(self, roster: Roster, pointers: pl.DataFrame) -> None:
        self._roster = roster
        self._pointers = pointers
        self._pools: dict[str, tuple[Rotation, list[dict[str, Any]]]] = {}

    @property
    def rules(self) -> Assignment:
        return self._roster.rules

    @property
    def at(self) -> datetime:
        return self._roster.at

    def choose(self, rule: Rule, due: Due) -> Choice:
        """The target of one rule, without those who had the cycle before."""
        if rule.to.pool is not None:
            return self._from_pool(rule.to.pool, due)
        return self._by_name(rule.to, due.former)

    def changed(self) -> list[tuple[Any, ...]]:
        """Rows of frames.decisions.PoolPointers."""
        return [row for name in sorted(self._pools) for row in self._pools[name][0].changed()]

    def _by_name(self, target: Target, former: frozenset[str]) -> Choice:
        word, name, kind = (
            ("owner", target.owner, OwnerKind.USER)
            if target.owner is not None
            else ("queue", target.queue, OwnerKind.QUEUE)
        )
        found = self._roster.named(str(name), kind)
        if isinstance(found, str):
            return Choice(None, None, {"target": word, "why_not": found})
        hindrance = FORMER if found.id in former else self._roster.hindrance(found)
        if hindrance:
            return Choice(None, None, {"target": word, word: found.id, "why_not": hindrance})
        return Choice(found, None, {"target": word, word: found.id})

    def _from_pool(self, name: str, due: Due) -> Choice:
        rotation, hindered = self._pool(name)
        skipped = [
            {"owner": owner, "why": FORMER} for owner in sorted(rotation.available & due.former)
        ] + hindered
        candidates = rotation.candidates(due.former)
        told: dict[str, Any] = {"target": "pool", "pool": name}
        if candidates:
            told["members"] = [
                {"owner": owner, "turns": turns.given, "last_at": turns.last_at}
                for owner in candidates[:SHOWN]
                for turns in [rotation.turns(owner)]
            ]
            told["in_rotation"] = len(candidates)
        else:
            told["why_not"] = "nobody of the pool can take it" if skipped else "the pool has no members"
        if skipped:
            told["skipped"] = skipped[:SHOWN]
            told["not_in_rotation"] = len(skipped)
        if not candidates:
            return Choice(None, name, told)
        chosen = candidates[0]
        rotation.give(chosen, due.cycle["cycle_key"], due.at)
        return Choice(self._roster.owners[chosen], name, told)

    def _pool(self, name: str) -> tuple[Rotation, list[dict[str, Any]]]:
        """The rotation, and who is left out of it for what reason."""
        if name not in self._pools:
            pool = self.rules.pools[name]
            members = self._roster.members(pool)
            hindrances = {owner.id: self._roster.hindrance(owner, pool) for owner in members.owners}
            skipped: list[dict[str, Any]] = [
                {"owner": owner, "why": why} for owner, why in hindrances.items() if why
            ]
            skipped += [
                {"owner": None, "why": f"a name of the playbook is {why}"} for _, why in members.unresolved
            ]
            there = [owner for owner, why in hindrances.items() if why is None]
            self._pools[name] = (Rotation(name, turns_of(self._pointers, name), there), skipped)
        return self._pools[name]
