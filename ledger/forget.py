"""Forgetting a person: their values go, their cycles stay for the figures, and no later pull brings them back."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.erasure import email_hash, record_hash
from ledger.frames import among
from ledger.outbox.record import WAITING
from ledger.sqlite_files import overwrite_freed_space
from ledger.tables import facts
from ledger.tables.decisions import cycle_events, cycles
from ledger.tables.operations import conflicts, erasures, outbox, quarantine
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import CycleEvents
from schemas.vocabulary import CycleState, OutboxState, Silo

PERSONAL = (
    *("email", "first_name", "last_name", "company", "title", "phone", "website", "extra", "reject_reason"),
    *("email_key", "email_domain"),
)
TOLD_BY_ACTS = ("url", "link", "old_value", "new_value", "attributes")
HASHES = ("row_hash", "inputs_hash")  # of the very values that go
OURS = (
    *("status", "owner_id", "stage", "score", "fit", "engagement", "grade"),
    *("first_mql_at", "last_mql_at", "first_sal_at", "last_sal_at", "closed_as"),
)
"""Fields whose written values stay: decisions, no personal values, and needed to know our echoes."""


@dataclass(frozen=True, order=True)
class Held:
    """A record that a platform still holds about the person."""

    platform: str
    object: str
    native_id: str


@dataclass(frozen=True)
class Forgotten:
    """What was done, and what is left to do elsewhere.

    `others` are people of their own who share an address with the person: it stays theirs, so it isn't barred.
    """

    person_key: str
    held: tuple[Held, ...]
    others: tuple[str, ...]
    cycles_closed: int


def forget(tx: UnitOfWork, person_key: str, key: bytes, at: datetime) -> Forgotten | None:
    """Blanks what the ledger knows of a person; None if it knows no such person.

    `key`: `ledger.secret(erasure.KEY)`. Someone who was merged is forgotten with the person who lives on.
    """
    everybody = _keys(tx.connection, person_key)
    if not everybody:
        return None
    of_person = sa.select(facts.records).where(among(facts.records.c.person_key, everybody))
    records = list(tx.connection.execute(of_person))
    emails = _emails(tx.connection, records)
    shared = _shared(tx.connection, emails, everybody)
    overwrite_freed_space(tx.connection)
    with tx.silo(Silo.DATA):
        _bar(tx, key, everybody[0], records, emails - shared.keys(), at)
        _blank_quarantine(tx, records, emails)
        _blank_facts(tx, records, everybody)
    with tx.silo(Silo.OUTBOX):
        _blank_outbox(tx, everybody, at)
    with tx.silo(Silo.LIFECYCLE):
        closed = _close_cycles(tx, everybody, at)
    held = sorted(Held(row.platform, row.object, row.native_id) for row in records if not row.is_deleted)
    others = sorted({other for people in shared.values() for other in people})
    return Forgotten(everybody[0], tuple(held), tuple(others), closed)


def _keys(connection: sa.Connection, person_key: str) -> list[str]:
    """The person who lives on, then everybody merged into them."""
    people = facts.people
    living = connection.scalar(
        sa.select(sa.func.coalesce(people.c.merged_into, people.c.person_key)).where(
            people.c.person_key == person_key
        )
    )
    if living is None:
        return []
    merged = sa.select(people.c.person_key).where(people.c.merged_into == living)
    return [living, *connection.scalars(merged.order_by(people.c.person_key))]


def _emails(connection: sa.Connection, records: Sequence[sa.Row[tuple[object, ...]]]) -> set[str]:
    """Every address the person had, past ones too, in lower case."""
    versions = facts.record_versions
    ids = {row.native_id for row in records}
    past = connection.execute(
        sa.select(versions.c.platform, versions.c.native_id, versions.c.email).where(
            among(versions.c.native_id, ids), versions.c.email.is_not(None)
        )
    )
    places = {(row.platform, row.native_id) for row in records}
    found = [row.email for row in past if (row.platform, row.native_id) in places]
    found += [row.email for row in records if row.email]
    return {email.strip().lower() for email in found}


def _shared(connection: sa.Connection, emails: set[str], everybody: list[str]) -> dict[str, list[str]]:
    """Address → other people who have it now."""
    records = facts.records
    rows = connection.execute(
        sa.select(records.c.email_key, records.c.person_key).where(
            among(records.c.email_key, emails), records.c.person_key.is_not(None)
        )
    )
    shared: dict[str, list[str]] = {}
    for email, person in rows:
        if person not in everybody:
            shared.setdefault(email, []).append(person)
    return shared


def _bar(
    tx: UnitOfWork,
    key: bytes,
    person_key: str,
    records: Sequence[sa.Row[tuple[object, ...]]],
    emails: set[str],
    at: datetime,
) -> None:
    """Leaves the keyed hashes by which a later pull is turned away."""
    hashes = [(email_hash(key, email), "email") for email in sorted(emails)]
    hashes += [(record_hash(key, row.platform, row.native_id), "record") for row in records]
    frame = pl.DataFrame(hashes, schema=["hash", "kind"], orient="row")
    tx.insert_new(erasures, frame.with_columns(person_key=pl.lit(person_key), at=pl.lit(at).cast(UTC)))


def _blank_facts(tx: UnitOfWork, records: Sequence[sa.Row[tuple[object, ...]]], everybody: list[str]) -> None:
    for platform in {row.platform for row in records}:
        ids = [row.native_id for row in records if row.platform == platform]
        for table, column, names in (
            (facts.records, "native_id", PERSONAL),
            (facts.record_versions, "native_id", PERSONAL),
            (facts.activities, "person_native_id", TOLD_BY_ACTS),
            (facts.tasks, "person_native_id", ("subject",)),
        ):
            blank: dict[str, str | None] = {name: None for name in names if name in table.c}
            blank |= {name: "" for name in HASHES if name in table.c}
            theirs = (table.c.platform == platform) & among(table.c[column], ids)
            tx.execute(sa.update(table).where(theirs).values(blank))
    given = facts.adjustments  # why it was given is free text, as like as not about the person
    tx.execute(sa.update(given).where(among(given.c.person_key, everybody)).values(reason=""))
    people = facts.people
    tx.execute(sa.update(people).where(among(people.c.person_key, everybody)).values(is_erased=True))


def _blank_quarantine(
    tx: UnitOfWork, records: Sequence[sa.Row[tuple[object, ...]]], emails: set[str]
) -> None:
    """Bad rows name nobody's key: whoever's id or address stands in one is taken to be meant."""
    ids = {(row.platform, row.native_id) for row in records}
    kept = tx.connection.execute(
        sa.select(quarantine.c.id, quarantine.c.platform, quarantine.c.key, quarantine.c.raw).where(
            quarantine.c.raw.is_not(None)
        )
    )
    meant = [row.id for row in kept if _means(row.platform, row.key, row.raw, ids, emails)]
    frame = pl.DataFrame({"id": meant}, schema={"id": pl.Int64})
    tx.update(quarantine, frame.with_columns(raw=pl.lit(None, pl.String)))


def _means(platform: str, key: str, raw: str, ids: set[tuple[str, str]], emails: set[str]) -> bool:
    if (platform, key) in ids:
        return True
    text = raw.lower()
    if any(email in text for email in emails):
        return True
    try:
        row = json.loads(raw)
    except ValueError:
        return False
    values = row.values() if isinstance(row, dict) else [row]
    return any((platform, str(value)) in ids for value in values)


def _blank_outbox(tx: UnitOfWork, everybody: list[str], at: datetime) -> None:
    theirs = among(outbox.c.person_key, everybody)
    waits = outbox.c.state.in_(WAITING)
    dropped = {"state": OutboxState.DROPPED, "settled_at": at, "message": "the person was forgotten"}
    tx.execute(sa.update(outbox).where(theirs, waits).values(dropped))
    tx.execute(sa.update(outbox).where(theirs, outbox.c.field.not_in(OURS)).values(value="null"))
    tx.delete(conflicts, among(conflicts.c.person_key, everybody), conflicts.c.field.not_in(OURS))


def _close_cycles(tx: UnitOfWork, everybody: list[str], at: datetime) -> int:
    """Nobody can work a handover of someone who asked to be forgotten; it would wait for ever."""
    is_open = cycles.c.state.in_([state for state in CycleState if state.is_open])
    found = tx.connection.execute(
        sa.select(cycles.c.cycle_key, cycles.c.person_key).where(
            among(cycles.c.person_key, everybody), is_open
        )
    )
    open_now = list(found)
    closed = {
        "state": CycleState.WITHDRAWN,
        "closed_at": at,
        "closed_as": CycleState.WITHDRAWN,
        "close_reason": "erased",
    }
    keys = [row.cycle_key for row in open_now]
    tx.execute(sa.update(cycles).where(among(cycles.c.cycle_key, keys)).values(closed))
    events = [
        {
            "event_key": str(uuid.uuid5(uuid.NAMESPACE_URL, f"erased:{row.cycle_key}")),
            "cycle_key": row.cycle_key,
            "person_key": row.person_key,
            "kind": str(CycleState.WITHDRAWN),
            "at": at,
            "acted_at": at,
            "reason": "erased",
        }
        for row in open_now
    ]
    tx.insert_new(cycle_events, pl.DataFrame(events, schema=dtypes(CycleEvents)))
    return len(open_now)
