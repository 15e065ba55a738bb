"""Deletions and merges that a platform tells apart from its rows, brought to the records they speak of."""

from datetime import datetime

import polars as pl

from ledger.facts import removals
from ledger.unit_of_work import UnitOfWork
from schemas.frames import door
from schemas.frames.base import dtypes
from schemas.vocabulary import Origin, Platform, RecordObject, Stream
from tasks.data.store import Storing, store

STREAM = {
    (Platform.MARKETO, RecordObject.PERSON): Stream.PEOPLE,
    (Platform.SALESFORCE, RecordObject.LEAD): Stream.LEADS,
    (Platform.SALESFORCE, RecordObject.CONTACT): Stream.CONTACTS,
}


def apply_removals(tx: UnitOfWork, told: pl.DataFrame, as_of: datetime, *, native_sync: bool) -> int:
    """Marks removed records as deleted; how many. Removal and record may come in either order, and in different runs.

    `told`: news of removals, and of records that are new or show other links. The loser of a merge whose row was never
    read gets one from here, so that what it did counts for the winner.
    """
    applied = 0
    for (platform, kind), stream in STREAM.items():
        rows = told.filter((pl.col("platform") == platform) & (pl.col("object") == kind))
        if rows.is_empty():
            continue
        pending = removals.pending(tx.connection, platform, kind, rows["native_id"].unique(), as_of)
        for (origin,), group in pending.group_by(["origin"], maintain_order=True):
            page = Storing(platform, stream, True, as_of, Origin(origin), native_sync)
            applied += store(tx, _removed(group, kind), page)
    return applied


def _removed(pending: pl.DataFrame, kind: RecordObject) -> pl.DataFrame:
    """The records as they stand after their removal; an unknown one is little more than its id."""
    changed = pl.col("removed_at")
    return pending.with_columns(
        object=pl.lit(str(kind)),
        native_id="removed_id",
        created_at=pl.col("created_at").fill_null(changed),
        changed_at=changed,
        is_deleted=pl.lit(True),
        merged_into=pl.coalesce("into_id", "merged_into"),
    ).select(list(dtypes(door.People)))
