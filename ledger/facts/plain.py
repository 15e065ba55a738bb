"""Facts without versions: those that never change, and those of which only the present row is kept."""

from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables import facts as tables
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import Origin, Platform, Stream

UNCHANGING: dict[Stream, sa.Table] = {
    Stream.ACTIVITIES: tables.activities,
    Stream.FIELD_HISTORY: tables.field_history,
    Stream.REMOVALS: tables.removals,
}
REPLACED: dict[Stream, sa.Table] = {
    Stream.CONTACT_ROLES: tables.contact_roles,
    Stream.CAMPAIGNS: tables.campaigns,
    Stream.CAMPAIGN_MEMBERS: tables.campaign_members,
    Stream.QUEUE_MEMBERS: tables.queue_members,
    Stream.TASKS: tables.tasks,
}


def add(
    tx: UnitOfWork, stream: Stream, platform: Platform, rows: pl.DataFrame, as_of: datetime, origin: Origin
) -> int:
    """Adds facts that never change; how many were new. A fact is known by its key alone: a bulk file and a page
    may spell the same activity differently."""
    return tx.insert_new(UNCHANGING[stream], _learned(rows, platform, as_of, origin))


def unknown(
    connection: sa.Connection, stream: Stream, platform: Platform, rows: pl.DataFrame, key: str
) -> pl.DataFrame:
    """The rows whose key isn't stored yet, each once."""
    table = UNCHANGING[stream]
    once = rows.unique(key, keep="first", maintain_order=True)
    chosen = sa.select(table.c[key]).where(table.c.platform == platform, among(table.c[key], once[key]))
    return once.join(fetch(connection, chosen, {key: pl.String}), on=key, how="anti")


def with_attributes(
    connection: sa.Connection, before: datetime, *, limit: int, after: pl.DataFrame | None = None
) -> pl.DataFrame:
    """platform, native_key of activities from before an instant that still have raw attributes: the first `limit`, or
    the first after those of `after`."""
    table = tables.activities
    key = {"platform": pl.String, "native_key": pl.String}
    place = [table.c[name] for name in key]
    chosen = sa.select(*place).where(table.c.occurred_at < before, table.c.attributes.is_not(None))
    if after is not None and len(after):
        chosen = chosen.where(sa.tuple_(*place) > sa.tuple_(*after.row(-1)))
    return fetch(connection, chosen.order_by(*place).limit(limit), key)


def known(connection: sa.Connection, stream: Stream, platform: Platform, ids: pl.Series) -> pl.DataFrame:
    """native_id, row_hash, learned_at of present rows; where there is one, also changed_at, and of tasks what is
    known about their completion."""
    table = REPLACED[stream]
    columns: dict[str, Any] = {"native_id": pl.String, "row_hash": pl.String, "learned_at": UTC}
    for more in ("changed_at", "completed_at", "completion_learned_at"):
        if more in table.c:
            columns[more] = UTC
    chosen = sa.select(*(table.c[name] for name in columns))
    return fetch(
        connection, chosen.where(table.c.platform == platform, among(table.c.native_id, ids)), columns
    )


def replace(
    tx: UnitOfWork, stream: Stream, platform: Platform, rows: pl.DataFrame, as_of: datetime, origin: Origin
) -> int:
    """Puts rows in the place of older ones with their keys."""
    table = REPLACED[stream]
    learned = _learned(rows, platform, as_of, origin)
    if "first_learned_at" in table.c:
        learned = learned.with_columns(pl.lit(as_of, UTC).alias("first_learned_at"))
        return tx.upsert(table, learned, keep=["first_learned_at"])
    return tx.upsert(table, learned)


def confirm(tx: UnitOfWork, stream: Stream, platform: Platform, ids: pl.Series, as_of: datetime) -> int:
    """Notes that these rows were seen again."""
    rows = pl.DataFrame({"native_id": ids}).with_columns(
        platform=pl.lit(str(platform)), learned_at=pl.lit(as_of, UTC)
    )
    return tx.update(REPLACED[stream], rows)


def drop_unseen(tx: UnitOfWork, stream: Stream, platform: Platform, as_of: datetime) -> int:
    """After a full reading: what it did not show is gone."""
    table = REPLACED[stream]
    return tx.delete(table, table.c.platform == platform, table.c.learned_at < as_of)


def _learned(rows: pl.DataFrame, platform: Platform, as_of: datetime, origin: Origin) -> pl.DataFrame:
    return rows.with_columns(
        platform=pl.lit(str(platform)), learned_at=pl.lit(as_of, UTC), origin=pl.lit(str(origin))
    )
