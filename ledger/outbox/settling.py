"""Settling what became of claimed entries."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.outbox.record import KEY, WAITING, find_waiting, supersede
from ledger.tables.decisions import cycles
from ledger.tables.operations import IS_CLAIMED, outbox
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import OutboxState

EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
MQL_RECORD = "mql_record"


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
        IS_CLAIMED, outbox.c.id.between(ids.min(), ids.max())
    )
    return fetch(connection, chosen, CLAIMED).filter(pl.col("id").is_in(ids.implode()))


def _put_back(tx: UnitOfWork, entries: pl.DataFrame) -> int:
    """Lets claimed entries [CLAIMED, state, at …] wait again, except where a younger decision about the field is known.

    Whether that one waits, was written meanwhile or was refused: the older must not come after it. So of two that were
    claimed for one field (the first by a run that was killed) the younger waits.
    """
    if entries.is_empty():
        return 0
    targets = entries["target"].unique()
    newer = find_waiting(tx.connection, targets)
    rest = entries.join(newer, on=KEY, how="anti").join(_last(tx.connection, targets), on="id", how="semi")
    beaten = entries.join(rest, on="id", how="anti").select("id", "at")
    columns = ("id", "state", "code", "message", "native_id", "not_before", "attempts")
    again = rest.select(name for name in columns if name in rest.columns)
    return supersede(tx, beaten) + tx.update(outbox, again)


def _last(connection: sa.Connection, targets: Iterable[str]) -> pl.DataFrame:
    """Of each field of these targets the entry that was decided last: id."""
    chosen = sa.select(sa.func.max(outbox.c.id).label("id")).where(
        outbox.c.state != OutboxState.SUPERSEDED, among(outbox.c.target, targets)
    )
    return fetch(connection, chosen.group_by(*(outbox.c[name] for name in KEY)), {"id": pl.Int64})


def _mark_visible(tx: UnitOfWork, settled: pl.DataFrame) -> None:
    """The owner can see a cycle from the moment on that its MQL__c stands in the CRM."""
    stands = [OutboxState.APPLIED, OutboxState.UNCHANGED]
    written = (
        settled.filter(pl.col("object").eq(MQL_RECORD) & pl.col("state").is_in([str(s) for s in stands]))
        .drop_nulls("cycle_key")
        .group_by("cycle_key")
        .agg(visible_at=pl.col("settled_at").min())
    )
    if written.is_empty():
        return
    unseen = sa.select(cycles.c.cycle_key).where(
        among(cycles.c.cycle_key, written["cycle_key"]), cycles.c.visible_at.is_(None)
    )
    found = fetch(tx.connection, unseen, {"cycle_key": pl.String})
    tx.update(cycles, written.join(found, on="cycle_key", how="semi"))
