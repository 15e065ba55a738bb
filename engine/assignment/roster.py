"""Users and queues of the CRM as the playbook names them, and who of them can take a handover now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from schemas.playbook.assignment import Assignment, Pool
from schemas.vocabulary import OwnerKind

UNKNOWN, AMBIGUOUS = "unknown", "ambiguous"


@dataclass(frozen=True, slots=True)
class Owner:
    """A user or a queue. `can_own`: a standard user, or a queue for leads."""

    id: str
    kind: str
    name: str
    is_active: bool
    can_own: bool
    role: str | None = None
    away_until: datetime | None = None

    @property
    def is_user(self) -> bool:
        return self.kind == OwnerKind.USER


@dataclass(frozen=True, slots=True)
class Members:
    """A pool's members as the roster has them. `unresolved`: names that mean nobody, or several, with which."""

    owners: Sequence[Owner]
    unresolved: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Roster:
    """The roster at one instant, under the names of one playbook."""

    owners: Mapping[str, Owner]
    in_queue: Mapping[str, Sequence[str]]
    rules: Assignment
    at: datetime
    zone: ZoneInfo

    @classmethod
    def of(
        cls,
        owners: pl.DataFrame,
        queue_members: pl.DataFrame,
        rules: Assignment,
        at: datetime,
        zone: ZoneInfo,
    ) -> "Roster":
        """`owners`: frames.facts.Owners. `queue_members`: queue_id, user_id."""
        columns = ("owner_id", "kind", "name", "is_active", "can_own", "role", "away_until")
        known = {row[0]: Owner(*row) for row in owners.select(columns).sort("owner_id").iter_rows()}
        grouped = queue_members.sort("queue_id", "user_id").group_by("queue_id").agg("user_id")
        return cls(known, dict(grouped.iter_rows()), rules, at, zone)

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """Owners that nobody works as."""
        names = {folded(name) for name in self.rules.placeholder_owners}
        return frozenset(owner.id for owner in self.owners.values() if folded(owner.name) in names)

    def named(self, name: str, kind: OwnerKind) -> Owner | str:
        """The one owner of this name, else why there is none. Of namesakes the only active one is meant."""
        found = self._by_name.get((kind.value, folded(name)), [])
        active = [owner for owner in found if owner.is_active]
        if len(active) > 1 or (not active and len(found) > 1):
            return AMBIGUOUS
        return (active or found)[0] if found else UNKNOWN

    def members(self, pool: Pool) -> Members:
        """Everybody in the pool, whether they can take something now or not."""
        if pool.role is not None:
            wanted = folded(pool.role)
            return Members([user for user in self._users if user.role and folded(user.role) == wanted])
        if pool.queue is not None:
            queue = self.named(pool.queue, OwnerKind.QUEUE)
            if isinstance(queue, str):
                return Members([], [(pool.queue, queue)])
            ids = self.in_queue.get(queue.id, [])
            return Members([self.owners[user] for user in ids if user in self.owners])
        found = [(name, self.named(name, OwnerKind.USER)) for name in pool.members]
        owners = {owner.id: owner for _, owner in found if isinstance(owner, Owner)}
        return Members(list(owners.values()), [(name, why) for name, why in found if isinstance(why, str)])

    def hindrance(self, owner: Owner, pool: Pool | None = None) -> str | None:
        """Why the owner can't take a handover now; None if nothing is in the way."""
        if not owner.is_active:
            return "inactive"
        if not owner.can_own:
            return "can not own"
        if owner.is_user and owner.id in self.placeholders:
            return "placeholder"
        if owner.away_until is not None and owner.away_until > self.at:
            return f"away until {owner.away_until.isoformat().replace('+00:00', 'Z')}"
        last_day = self._last_day_away(owner, pool) if pool else None
        return f"away through {last_day}" if last_day else None

    def _last_day_away(self, owner: Owner, pool: Pool) -> str | None:
        today, name = self.at.astimezone(self.zone).date(), folded(owner.name)
        days = [
            absence.last
            for absence in pool.away
            if folded(absence.member) == name and absence.first <= today <= absence.last
        ]
        return max(days).isoformat() if days else None

    @cached_property
    def _users(self) -> Sequence[Owner]:
        return [owner for owner in self.owners.values() if owner.is_user]

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Sequence[Owner]]:
        found: dict[tuple[str, str], list[Owner]] = {}
        for owner in self.owners.values():
            found.setdefault((owner.kind, folded(owner.name)), []).append(owner)
        return found


def folded(name: str) -> str:
    """Names are compared without outer spaces and case."""
    return name.strip().casefold()
