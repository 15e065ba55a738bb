"""What we wrote, what waits, and what went wrong, for those who must know: echoes, changes, reports."""

from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.facts import people
from ledger.tables.operations import WAITS, outbox
from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import LastWrites
from schemas.vocabulary import OutboxState, Platform

VALUES = {"target": pl.String, "field": pl.String, "value": pl.String, "at": UTC}
SHOWN_WAITING = {
    "id": pl.Int64,
    "platform": pl.String,
    "object": pl.String,
    "target": pl.String,
    "is_creation": pl.Boolean,
    "field": pl.String,
    "value": pl.String,
    "priority": pl.Int64,
    "person_key": pl.String,
    "cycle_key": pl.String,
    "decided_at": UTC,
    "state": pl.String,
    "not_before": UTC,
}
PROBLEMS = {
    "id": pl.Int64,
    "platform": pl.String,
    "object": pl.String,
    "target": pl.String,
    "field": pl.String,
    "person_key": pl.String,
    "state": pl.String,
    "code": pl.String,
    "message": pl.String,
    "attempts": pl.Int64,
    "decided_at": UTC,
    "settled_at": UTC,
}


def applied_values(
    connection: sa.Connection,
    platform: Platform,
    object: str,
    targets: Iterable[str],
    fields: Iterable[str] | None = None,
) -> pl.DataFrame:
    """Every value that we wrote, or may have written, [target, field, value: JSON text, at], oldest first.

    A write that was sent and got no clear answer may have arrived: deferred, put back and superseded entries count
    once they were claimed. Rejected ones and conflicts don't; nor does a value that the platform showed before we
    sent anything. `native_id` is the target of what a creation made.
    """
    keys = list(targets)
    parts: list[sa.ColumnElement[bool]] = [among(outbox.c.target, keys) & outbox.c.native_id.is_(None)]
    if object in _BY_CYCLE:
        parts = [among(outbox.c.target, keys)]
    else:
        parts.append(among(outbox.c.native_id, keys))
    record = outbox.c.target if object in _BY_CYCLE else sa.func.coalesce(outbox.c.native_id, outbox.c.target)
    was_there = (outbox.c.state == OutboxState.UNCHANGED) & (outbox.c.attempts <= 1)
    written = (
        (outbox.c.platform == platform)
        & (outbox.c.object == object)
        & (outbox.c.attempts >= 1)
        & outbox.c.state.not_in([OutboxState.REJECTED, OutboxState.CONFLICT])
        & sa.not_(was_there)
    )
    if fields is not None:
        written &= outbox.c.field.in_(list(fields))
    columns = (
        record.label("target"),
        outbox.c.field,
        outbox.c.value,
        outbox.c.claimed_at.label("at"),
        outbox.c.id,
    )
    found = [
        fetch(connection, sa.select(*columns).where(written, part), {**VALUES, "id": pl.Int64})
        for part in parts
    ]
    return pl.concat(found).sort("at", "id").drop("id")


def last_applied(
    connection: sa.Connection,
    platform: Platform,
    object: str,
    targets: Iterable[str],
    fields: Iterable[str] | None = None,
) -> pl.DataFrame:
    """Of each field the last of `applied_values`: what the platform shows if nobody changed it since."""
    written = applied_values(connection, platform, object, targets, fields)
    return written.unique(["target", "field"], keep="last", maintain_order=True)


def last_writes(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """What was last asked of the platforms for these people, field by field: `schemas.frames.decisions.LastWrites`.

    Waiting, claimed, rejected and conflicting entries count as well as applied ones: what was asked once and stands
    isn't asked again. A person's entries from before a merge are read with the one who lives on.
    """
    keys = list(person_keys)
    merged = sa.select(people.c.person_key).where(among(people.c.merged_into, keys))
    theirs = sa.or_(among(outbox.c.person_key, keys), outbox.c.person_key.in_(merged))
    counts = outbox.c.state.not_in([OutboxState.SUPERSEDED, OutboxState.DROPPED])
    group = (outbox.c.platform, outbox.c.object, outbox.c.target, outbox.c.field)
    youngest = sa.select(sa.func.max(outbox.c.id)).where(theirs, counts).group_by(*group)
    at = sa.func.coalesce(outbox.c.settled_at, outbox.c.claimed_at, outbox.c.decided_at).label("at")
    living = sa.func.coalesce(people.c.merged_into, outbox.c.person_key).label("person_key")
    shown = [outbox.c[name] for name in dtypes(LastWrites) if name not in ("at", "person_key")]
    chosen = sa.select(*shown, at, living).select_from(
        outbox.outerjoin(people, people.c.person_key == outbox.c.person_key)
    )
    found = fetch(connection, chosen.where(outbox.c.id.in_(youngest)), LastWrites)
    return found.sort("platform", "object", "target", "field")


def waiting(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """What waits to be written for these people: SHOWN_WAITING."""
    chosen = sa.select(*(outbox.c[name] for name in SHOWN_WAITING))
    ordered = chosen.where(WAITS, among(outbox.c.person_key, person_keys))
    return fetch(connection, ordered.order_by(outbox.c.id), SHOWN_WAITING)


def problems(connection: sa.Connection, limit: int = 1000) -> pl.DataFrame:
    """What a person should look at: rejected entries, conflicts and what waits after an attempt, youngest first."""
    shown = sa.or_(
        outbox.c.state.in_([OutboxState.REJECTED, OutboxState.CONFLICT, OutboxState.DEFERRED]),
        (outbox.c.state == OutboxState.PENDING) & (outbox.c.attempts > 0),
    )
    chosen = sa.select(*(outbox.c[name] for name in PROBLEMS)).where(shown)
    return fetch(connection, chosen.order_by(outbox.c.id.desc()).limit(limit), PROBLEMS)


def counts(connection: sa.Connection) -> pl.DataFrame:
    """Entries per [platform, object, state]: n."""
    group = (outbox.c.platform, outbox.c.object, outbox.c.state)
    chosen = sa.select(*group, sa.func.count().label("n")).group_by(*group).order_by(*group)
    schema = {"platform": pl.String, "object": pl.String, "state": pl.String, "n": pl.Int64}
    return fetch(connection, chosen, schema)


_BY_CYCLE = ("mql_record", "task")  # their target stays the cycle key, whatever id the platform gives them
