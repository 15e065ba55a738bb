"""Facts that change: their present rows and versions, read for comparison and written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables import facts as tables
from ledger.unit_of_work import UnitOfWork
from schemas.frames import door
from schemas.frames.base import UTC, Frame, dtypes
from schemas.versioned import ACCOUNTS, MQL_RECORDS, OPPORTUNITIES, OWNERS, RECORDS, Versioned
from schemas.vocabulary import Origin, Platform


@dataclass(frozen=True)
class Store:
    """Where the rows of a door model are kept. `derived`: columns that the storing task adds for look-ups."""

    model: type[Frame]
    present: sa.Table
    versions: sa.Table
    shape: Versioned
    derived: tuple[str, ...] = ()


RECORD_STORE = Store(
    door.People, tables.records, tables.record_versions, RECORDS, ("email_key", "email_domain")
)
MQL_RECORD_STORE = Store(door.MqlRecords, tables.mql_records, tables.mql_record_versions, MQL_RECORDS)
ACCOUNT_STORE = Store(door.Accounts, tables.accounts, tables.account_versions, ACCOUNTS, ("domain_key",))
OPPORTUNITY_STORE = Store(
    door.Opportunities, tables.opportunities, tables.opportunity_versions, OPPORTUNITIES
)
OWNER_STORE = Store(door.Owners, tables.owners, tables.owner_versions, OWNERS)

Columns = dict[str, Any]
HASHES: Columns = {"row_hash": pl.String, "changed_at": UTC}


def known(connection: sa.Connection, store: Store, platform: Platform, keys: pl.DataFrame) -> pl.DataFrame:
    """key, row_hash, changed_at of the present rows with these keys."""
    shape: Columns = {**dict.fromkeys(store.shape.key, pl.String), **HASHES}
    return _of_keys(connection, store.present, store.shape, platform, keys, shape)


def present(connection: sa.Connection, store: Store, platform: Platform, keys: pl.DataFrame) -> pl.DataFrame:
    """Whole present rows, with foreign values, when they were said, and when they were learned."""
    shape: Columns = {
        **dtypes(store.model),
        "learned_at": UTC,
        "row_hash": pl.String,
        "inputs_hash": pl.String,
        **{f"foreign_{name}": pl.String for name in store.shape.shared},
        **{f"{name}_said_at": UTC for name in store.shape.said},
    }
    return _of_keys(connection, store.present, store.shape, platform, keys, shape)


def versions(connection: sa.Connection, store: Store, platform: Platform, keys: pl.DataFrame) -> pl.DataFrame:
    """The versions of these keys that hold: of two from the same instant the one that was learned last."""
    door_types = dtypes(store.model)
    shape: Columns = {
        **dict.fromkeys(store.shape.key, pl.String),
        "valid_from": UTC,
        "changed_at": UTC,
        "learned_at": UTC,
        "inputs_hash": pl.String,
        **{name: door_types[name] for name in store.shape.values},
        **{f"{name}_said_at": UTC for name in store.shape.said},
    }
    found = _of_keys(connection, store.versions, store.shape, platform, keys, shape)
    place = [*store.shape.key, "valid_from"]
    return found.sort("learned_at").unique(place, keep="last", maintain_order=True)


def write(
    tx: UnitOfWork,
    store: Store,
    platform: Platform,
    *,
    present: pl.DataFrame,
    mended: pl.DataFrame,
    versions: pl.DataFrame,
    withdrawn: pl.DataFrame,
    as_of: datetime,
    origin: Origin,
) -> None:
    """Stores what `engine.data.versions.extend` says. `present` has every column of the model and the derived ones."""
    here = pl.lit(str(platform)).alias("platform")
    learned = (pl.lit(as_of, UTC).alias("learned_at"), pl.lit(str(origin)).alias("origin"))
    _withdraw(tx, store, platform, withdrawn, as_of)
    tx.upsert(store.versions, versions.with_columns(here, *learned))
    rows = present.select(
        *dtypes(store.model),
        "row_hash",
        "inputs_hash",
        *(f"foreign_{name}" for name in store.shape.shared),
        *(f"{name}_said_at" for name in store.shape.said),
        *store.derived,
        here,
        *learned,
    )
    keep = []
    if "first_learned_at" in store.present.c:
        rows, keep = rows.with_columns(pl.lit(as_of, UTC).alias("first_learned_at")), ["first_learned_at"]
    tx.upsert(store.present, rows, keep=keep)
    tx.update(store.present, mended.with_columns(here))


def _withdraw(
    tx: UnitOfWork, store: Store, platform: Platform, withdrawn: pl.DataFrame, as_of: datetime
) -> None:
    table = store.versions
    for row in withdrawn.iter_rows(named=True):
        tx.delete(
            table,
            table.c.platform == platform,
            table.c.learned_at == as_of,
            *(table.c[name] == value for name, value in row.items()),
        )


def _of_keys(
    connection: sa.Connection,
    table: sa.Table,
    shape: Versioned,
    platform: Platform,
    keys: pl.DataFrame,
    columns: Columns,
) -> pl.DataFrame:
    """Rows with these keys. Where a key has an object, each object is one query along the primary key."""
    chosen = sa.select(*(table.c[name] for name in columns)).where(table.c.platform == platform)
    if "object" not in shape.key:
        return fetch(connection, chosen.where(among(table.c.native_id, keys["native_id"])), columns)
    parts = [
        fetch(
            connection,
            chosen.where(table.c.object == kind, among(table.c.native_id, group["native_id"])),
            columns,
        )
        for (kind,), group in keys.group_by(["object"], maintain_order=True)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=columns)
