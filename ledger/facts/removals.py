"""Removals that a platform told, next to the records they speak of."""

from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.facts import records, removals
from schemas.frames import door
from schemas.frames.base import UTC, dtypes
from schemas.vocabulary import Platform, RecordObject


def pending(
    connection: sa.Connection, platform: Platform, kind: RecordObject, ids: pl.Series, as_of: datetime
) -> pl.DataFrame:
    """Removals of these records that the records don't show yet, the last one of each record.

    Columns: removed_id, into_id, removed_at, origin, and the present record's, null where none was ever read. A
    record that changed after its removal lives again, and a deletion of a record that was never read is no matter.
    """
    columns: dict[str, Any] = {
        "removed_id": pl.String,
        "into_id": pl.String,
        "removed_at": UTC,
        "origin": pl.String,
        **dtypes(door.People),
    }
    record = sa.and_(
        records.c.platform == removals.c.platform,
        records.c.object == removals.c.object,
        records.c.native_id == removals.c.removed_id,
    )
    unseen = sa.and_(records.c.native_id.is_(None), removals.c.into_id.is_not(None))
    alive = sa.and_(records.c.changed_at <= removals.c.occurred_at, sa.not_(records.c.is_deleted))
    unlinked = sa.and_(records.c.is_deleted, records.c.merged_into.is_(None), removals.c.into_id.is_not(None))
    chosen = (
        sa.select(
            removals.c.removed_id,
            removals.c.into_id,
            removals.c.occurred_at.label("removed_at"),
            removals.c.origin,
            *(records.c[name] for name in dtypes(door.People)),
        )
        .select_from(removals.outerjoin(records, record))
        .where(
            removals.c.platform == platform,
            removals.c.object == kind,
            removals.c.occurred_at <= as_of,
            sa.or_(unseen, alive, unlinked),
            among(removals.c.removed_id, ids),
        )
    )
    return (
        fetch(connection, chosen, columns)
        .sort("removed_id", "removed_at", "into_id", nulls_last=False)
        .unique("removed_id", keep="last", maintain_order=True)
    )
