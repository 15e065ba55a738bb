"""Claiming what a push will write.

An entry is claimed in a transaction of its own before the platform is called: one that is on the disk, so that not
even a machine without power forgets what it may have written. A push that is killed leaves it claimed, so that the next
run knows to look at the platform: it shows our value, then the write arrived.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among
from ledger.tables.base import to_micros
from ledger.tables.operations import IS_CLAIMED, WAITS, outbox
from ledger.unit_of_work import UnitOfWork
from schemas.vocabulary import OutboxState, Platform


@dataclass(frozen=True)
class Entry:
    """One field to write. `value` is what the JSON says: text, number, true or false, or None."""

    id: int
    field: str
    value: Any
    priority: int
    cycle_key: str | None
    decided_at: datetime
    why: str
    attempts: int  # this claim included


@dataclass(frozen=True)
class Claim:
    """What one record is to get: all its claimed entries."""

    platform: Platform
    object: str
    target: str
    is_creation: bool
    person_key: str
    claimed_at: datetime
    entries: tuple[Entry, ...]

    @property
    def values(self) -> dict[str, Any]:
        return {entry.field: entry.value for entry in self.entries}

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(entry.id for entry in self.entries)


def any_ready(connection: sa.Connection, as_of: datetime) -> bool:
    """Whether a push would find anything to claim now, on any platform."""
    due = sa.or_(outbox.c.not_before.is_(None), outbox.c.not_before <= as_of)
    return connection.scalar(sa.select(outbox.c.id).where(WAITS, due).limit(1)) is not None


def claim(
    tx: UnitOfWork,
    platform: Platform,
    limit: int,
    as_of: datetime,
    *,
    priorities: Collection[int] | None = None,
    objects: Collection[str] | None = None,
    creations: bool | None = None,
    whole_records: bool = True,
) -> list[Claim]:
    """Claims up to `limit` records: the most urgent first, then the longest waiting.

    With `whole_records` a record chosen for one of the `priorities` takes everything else that waits for it along:
    one call writes all its fields. `creations`: only them, or everything else; None: both.
    """
    ready = sa.and_(WAITS, outbox.c.platform == platform)
    ready &= sa.or_(outbox.c.not_before.is_(None), outbox.c.not_before <= as_of)
    if objects is not None:
        ready &= outbox.c.object.in_(list(objects))
    if creations is not None:
        ready &= outbox.c.is_creation == creations
    urgent = ready if priorities is None else ready & outbox.c.priority.in_(list(priorities))
    places = _first_records(tx.connection, urgent, limit)
    if not places:
        return []
    wanted = ready if whole_records else urgent
    of_targets = among(outbox.c.target, {target for _, target, _ in places})
    rows = [
        row
        for row in tx.connection.execute(sa.select(outbox).where(wanted, of_targets))
        if (row.object, row.target, row.is_creation) in places
    ]
    _mark_claimed(tx, rows, as_of)
    claims = _claims(rows, as_of, attempt=1)
    return sorted(claims, key=lambda one: places[one.object, one.target, one.is_creation])


def claimed(connection: sa.Connection, platform: Platform | None = None) -> list[Claim]:
    """What is claimed: while no push is under way, what a killed run left behind."""
    chosen = sa.select(outbox).where(IS_CLAIMED).order_by(outbox.c.id)
    if platform is not None:
        chosen = chosen.where(outbox.c.platform == platform)
    return _claims(connection.execute(chosen), None, attempt=0)


def _first_records(
    connection: sa.Connection, urgent: sa.ColumnElement[bool], limit: int
) -> dict[tuple[str, str, bool], int]:
    """The first records in the order of their entries, each with its place. Reads no further than it must."""
    places: dict[tuple[str, str, bool], int] = {}
    order = (outbox.c.priority, outbox.c.id)
    columns = (outbox.c.object, outbox.c.target, outbox.c.is_creation, *order)
    page = sa.select(*columns).where(urgent).order_by(*order).limit(limit)
    rows = connection.execute(page).all()
    while rows:
        for row in rows:
            if len(places) == limit:
                return places
            places.setdefault((row.object, row.target, row.is_creation), len(places))
        last = sa.tuple_(rows[-1].priority, rows[-1].id)
        rows = connection.execute(page.where(sa.tuple_(*order) > last)).all()
    return places


def _mark_claimed(tx: UnitOfWork, rows: Iterable[sa.Row[Any]], as_of: datetime) -> None:
    token = tx.token.value if tx.token else None
    state = str(OutboxState.CLAIMED)
    marks = [(row.id, state, to_micros(as_of), token, row.attempts + 1) for row in rows]
    schema = {
        "id": pl.Int64,
        "state": pl.String,
        "claimed_at": pl.Int64,
        "claim_token": pl.String,
        "attempts": pl.Int64,
    }
    tx.update(outbox, pl.DataFrame(marks, schema=schema, orient="row"))


def _claims(rows: Iterable[sa.Row[Any]], as_of: datetime | None, *, attempt: int) -> list[Claim]:
    of_record: dict[tuple[str, str, str, bool], list[sa.Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: (row.priority, row.id)):
        of_record.setdefault((row.platform, row.object, row.target, row.is_creation), []).append(row)
    return [
        Claim(
            Platform(platform),
            name,
            target,
            is_creation,
            group[0].person_key,
            as_of or group[0].claimed_at,
            tuple(
                Entry(
                    row.id,
                    row.field,
                    json.loads(row.value),
                    row.priority,
                    row.cycle_key,
                    row.decided_at,
                    row.why,
                    row.attempts + attempt,
                )
                for row in group
            ),
        )
        for (platform, name, target, is_creation), group in of_record.items()
    ]
