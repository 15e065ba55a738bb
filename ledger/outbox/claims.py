"""Claiming what a push will write, and settling what became of it.

An entry is claimed in a transaction of its own before the platform is called. A push that is killed leaves it
claimed, so that the next run knows to look at the platform: it shows our value, then the write arrived.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.outbox.record import KEY, WAITING, find_waiting, supersede
from ledger.tables.base import to_micros
from ledger.tables.decisions import cycles
from ledger.tables.operations import outbox
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import OutboxState, Platform

EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
MQL_RECORD = "mql_record"


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


@dataclass(frozen=True)
class Settlement:
    """What became of some entries of one record; fields of a record may fare differently.

    `state`: applied, unchanged, rejected, conflict, dropped, deferred (try again, not before `not_before`), or
    pending (it didn't arrive). `at` differs from the settling's time for a write found to have arrived at its claim.
    """

    ids: Collection[int]
    state: OutboxState
    code: str = ""
    message: str = ""
    native_id: str | None = None
    not_before: datetime | None = None
    at: datetime | None = None


def claim(
    tx: UnitOfWork,
    platform: Platform,
    limit: int,
    as_of: datetime,
    *,
    priorities: Collection[int] | None = None,
    objects: Collection[str] | None = None,
    whole_records: bool = True,
) -> list[Claim]:
    """Claims up to `limit` records: the most urgent first, then the longest waiting.

    With `whole_records` a record chosen for one of the `priorities` takes everything else that waits for it along:
    one call writes all its fields.
    """
    ready = (
        (outbox.c.platform == platform)
        & outbox.c.state.in_(WAITING)
        & sa.or_(outbox.c.not_before.is_(None), outbox.c.not_before <= as_of)
    )
    if objects is not None:
        ready &= outbox.c.object.in_(list(objects))
    urgent = ready if priorities is None else ready & outbox.c.priority.in_(list(priorities))
    record = (outbox.c.object, outbox.c.target, outbox.c.is_creation)
    order = (sa.func.min(outbox.c.priority), sa.func.min(outbox.c.id))
    chosen = sa.select(*record).where(urgent).group_by(*record).order_by(*order).limit(limit)
    places = {tuple(row): place for place, row in enumerate(tx.connection.execute(chosen))}
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
    chosen = sa.select(outbox).where(outbox.c.state == OutboxState.CLAIMED).order_by(outbox.c.id)
    if platform is not None:
        chosen = chosen.where(outbox.c.platform == platform)
    return _claims(connection.execute(chosen), None, attempt=0)


def settle(tx: UnitOfWork, outcomes: Iterable[Settlement], at: datetime) -> int:
    """Ends claims, or puts them back to wait; how many entries. An entry that isn't claimed is left alone."""
    rows = [
        (number, outcome.state, outcome.code, EMAIL.sub("(e-mail)", outcome.message), outcome.native_id)
        + (outcome.not_before, outcome.at or at)
        for outcome in outcomes
        for number in outcome.ids
    ]
    schema: dict[str, Any] = {
        "id": pl.Int64,
        "state": pl.String,
        "code": pl.String,
        "message": pl.String,
        "native_id": pl.String,
        "not_before": UTC,
        "settled_at": UTC,
    }
    told = pl.DataFrame(rows, schema=schema, orient="row")
    settled = told.join(_claimed_entries(tx.connection, told["id"]), on="id", how="inner").with_columns(
        native_id=pl.when(pl.col("native_id") != pl.col("target")).then("native_id")
    )
    waits = pl.col("state").is_in([str(state) for state in WAITING])
    put_back = _put_back(tx, settled.filter(waits).rename({"settled_at": "at"}))
    ended = tx.update(outbox, settled.filter(~waits).select(told.columns))
    _mark_visible(tx, settled)
    return put_back + ended


def release(tx: UnitOfWork, ids: Collection[int], at: datetime) -> int:
    """Puts claims back that were never sent, as if they hadn't been claimed; how many."""
    mine = _claimed_entries(tx.connection, pl.Series(list(ids), dtype=pl.Int64))
    never_sent = mine.with_columns(
        state=pl.lit(str(OutboxState.PENDING)), at=pl.lit(at).cast(UTC), attempts=pl.col("attempts") - 1
    )
    return _put_back(tx, never_sent)


CLAIMED = {
    "id": pl.Int64,
    **dict.fromkeys(KEY, pl.String),
    "cycle_key": pl.String,
    "attempts": pl.Int64,
}


def _claimed_entries(connection: sa.Connection, ids: pl.Series) -> pl.DataFrame:
    """Those of these entries that are claimed: CLAIMED."""
    chosen = sa.select(*(outbox.c[name] for name in CLAIMED)).where(
        outbox.c.state == OutboxState.CLAIMED, outbox.c.id.between(ids.min(), ids.max())
    )
    return fetch(connection, chosen, CLAIMED).filter(pl.col("id").is_in(ids.implode()))


def _put_back(tx: UnitOfWork, entries: pl.DataFrame) -> int:
    """Lets claimed entries [CLAIMED, state, at …] wait again, except where a newer one waits for the field already."""
    newer = find_waiting(tx.connection, entries["target"].unique())
    beaten = entries.join(newer, on=KEY, how="semi").select("id", "at")
    rest = entries.join(newer, on=KEY, how="anti")
    columns = ("id", "state", "code", "message", "native_id", "not_before", "attempts")
    again = rest.select(name for name in columns if name in rest.columns)
    return supersede(tx, beaten) + tx.update(outbox, again)


def _mark_visible(tx: UnitOfWork, settled: pl.DataFrame) -> None:
    """The owner can see a cycle from the moment on that its MQL__c stands in the CRM."""
    stands = [OutboxState.APPLIED, OutboxState.UNCHANGED]
    written = (
        settled.filter(pl.col("object").eq(MQL_RECORD) & pl.col("state").is_in([str(s) for s in stands]))
        .drop_nulls("cycle_key")
        .group_by("cycle_key")
        .agg(visible_at=pl.col("settled_at").min())
    )
    unseen = sa.select(cycles.c.cycle_key).where(
        among(cycles.c.cycle_key, written["cycle_key"]), cycles.c.visible_at.is_(None)
    )
    found = fetch(tx.connection, unseen, {"cycle_key": pl.String})
    tx.update(cycles, written.join(found, on="cycle_key", how="semi"))


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
