"""Rows that didn't pass the door, with every reason. Kept 30 days, then purged; a row that is mended later says so."""

import hashlib
import json
from datetime import datetime, timedelta

import polars as pl
import sqlalchemy as sa

from ledger.frames import among
from ledger.tables.operations import quarantine
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import Platform, Stream

RETENTION = timedelta(days=30)


def add(
    tx: UnitOfWork,
    platform: Platform,
    stream: Stream,
    rejected: pl.DataFrame,
    run_id: str,
    at: datetime,
) -> int:
    """Keeps rejected rows [key, reasons: List[String], raw: JSON text]; how many weren't known yet.

    Windows overlap, so the same bad row comes again and again: it is known by its key and content.
    """
    rows = rejected.select(
        platform=pl.lit(str(platform)),
        stream=pl.lit(str(stream)),
        key=pl.col("key"),
        content=pl.col("raw").map_elements(_digest, return_dtype=pl.String),
        reasons=pl.col("reasons"),
        raw=pl.col("raw"),
        run_id=pl.lit(run_id),
        at=pl.lit(at).cast(UTC),
    )
    return tx.insert_new(quarantine, rows, key=["platform", "stream", "key", "content"])


def mark_mended(
    tx: UnitOfWork, platform: Platform, stream: Stream, keys: pl.Series | list[str], at: datetime
) -> int:
    """Notes that rows with these keys were stored good after all; how many that were."""
    return tx.execute(
        sa.update(quarantine)
        .where(
            quarantine.c.platform == platform,
            quarantine.c.stream == stream,
            quarantine.c.mended_at.is_(None),
            among(quarantine.c.key, keys),
        )
        .values(mended_at=at)
    )


def purge(tx: UnitOfWork, at: datetime, retention: timedelta = RETENTION) -> int:
    """Removes rows older than the retention; how many."""
    return tx.delete(quarantine, quarantine.c.at < at - retention)


def rows(
    connection: sa.Connection,
    *,
    platform: Platform | None = None,
    stream: Stream | None = None,
    run_id: str | None = None,
    limit: int = 1000,
) -> list[sa.RowMapping]:
    """Quarantined rows that aren't mended, youngest first; `reasons` as JSON text. They hold personal values."""
    chosen = sa.select(quarantine).where(quarantine.c.mended_at.is_(None))
    for column, value in (
        (quarantine.c.platform, platform),
        (quarantine.c.stream, stream),
        (quarantine.c.run_id, run_id),
    ):
        if value is not None:
            chosen = chosen.where(column == value)
    ordered = chosen.order_by(quarantine.c.at.desc(), quarantine.c.id.desc()).limit(limit)
    return list(connection.execute(ordered).mappings())


def counts(connection: sa.Connection) -> pl.DataFrame:
    """Rows that wait to be mended [platform, stream, reason, n], most first. A row with two reasons counts in both."""
    chosen = sa.select(quarantine.c.platform, quarantine.c.stream, quarantine.c.reasons, sa.func.count())
    grouped = chosen.where(quarantine.c.mended_at.is_(None)).group_by(
        quarantine.c.platform, quarantine.c.stream, quarantine.c.reasons
    )
    total: dict[tuple[str, str, str], int] = {}
    for platform, stream, reasons, n in connection.execute(grouped):
        for reason in json.loads(reasons):
            key = (platform, stream, reason)
            total[key] = total.get(key, 0) + n
    schema = {"platform": pl.String, "stream": pl.String, "reason": pl.String, "n": pl.Int64}
    frame = pl.DataFrame([(*key, n) for key, n in total.items()], schema=schema, orient="row")
    return frame.sort("n", "platform", "stream", "reason", descending=[True, False, False, False])


def _digest(raw: str) -> str:
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
