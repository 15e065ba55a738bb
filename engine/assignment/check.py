"""Does every name of assignment.yaml mean somebody in the CRM? Asked before the first handover, by `doctor`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from engine.assignment.roster import Owner, Roster, folded
from schemas.playbook.assignment import Assignment, Pool
from schemas.vocabulary import OwnerKind

_NO_DAY = datetime(1970, 1, 1, tzinfo=UTC)  # who is away today is no fault of a playbook


def check_roster(rules: Assignment, owners: pl.DataFrame, queue_members: pl.DataFrame) -> list[str]:
    """One line per fault: names that the roster doesn't have or has twice, pools in which nobody can own a lead.

    `owners`: frames.facts.Owners. `queue_members`: queue_id, user_id.
    """
    roster = Roster.of(
        owners.with_columns(pl.lit(None, owners.schema["away_until"]).alias("away_until")),
        queue_members,
        rules,
        _NO_DAY,
        ZoneInfo("UTC"),
    )
    return [*_placeholders(roster), *_targets(roster), *_pools(roster)]


def _placeholders(roster: Roster) -> Iterator[str]:
    known = {folded(owner.name) for owner in roster.owners.values()}
    for name in roster.rules.placeholder_owners:
        if folded(name) not in known:
            yield f"placeholder owner {name!r}: no user or queue has this name"


def _targets(roster: Roster) -> Iterator[str]:
    for rule in roster.rules.rules:
        for name, kind in ((rule.to.owner, OwnerKind.USER), (rule.to.queue, OwnerKind.QUEUE)):
            if name is None:
                continue
            found = roster.named(name, kind)
            if isinstance(found, str):
                yield f"rule {rule.id}: {_unresolved(kind, name, found)}"
            elif why := roster.hindrance(found):
                yield f"rule {rule.id}: {kind} {name!r} can take nothing: {why}"


def _pools(roster: Roster) -> Iterator[str]:
    for name, pool in roster.rules.pools.items():
        members = roster.members(pool)
        kind = OwnerKind.QUEUE if pool.queue is not None else OwnerKind.USER
        for unknown, why in members.unresolved:
            yield f"pool {name}: {_unresolved(kind, unknown, why)}"
        if pool.queue is None or not members.unresolved:
            yield from _emptiness(name, pool, [o for o in members.owners if not roster.hindrance(o)])
        known = {folded(owner.name) for owner in members.owners} | {folded(m) for m in pool.members}
        for absence in pool.away:
            if folded(absence.member) not in known:
                yield f"pool {name}: away names {absence.member!r}, who is no member"


def _emptiness(name: str, pool: Pool, able: list[Owner]) -> Iterator[str]:
    if able:
        return
    if pool.role is not None:
        yield f"pool {name}: no active user has the role {pool.role!r}"
    elif pool.queue is not None:
        yield f"pool {name}: queue {pool.queue!r} has no active user as a member"
    else:
        yield f"pool {name}: none of its members is an active user who can own leads"


def _unresolved(kind: OwnerKind, name: str, why: str) -> str:
    if why == "ambiguous":
        return f"several active {kind}s are called {name!r}; rename one, or use a role or a queue"
    return f"no {kind} is called {name!r}"
