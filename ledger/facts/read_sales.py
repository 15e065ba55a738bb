"""What sales did with people, read for the engine."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables import facts as tables
from schemas.frames.base import UTC

TOUCHES = {"person_key": pl.String, "occurred_at": UTC, "learned_at": UTC}


def touches(connection: sa.Connection, person_keys: Iterable[str], known_by: datetime) -> pl.DataFrame:
    """person_key, occurred_at, learned_at of every completed call, mail or meeting with these people."""
    task, record = tables.tasks, tables.records
    chosen = (
        sa.select(
            record.c.person_key,
            task.c.completed_at.label("occurred_at"),
            task.c.completion_learned_at.label("learned_at"),
        )
        .select_from(
            record.join(
                task,
                sa.and_(task.c.platform == record.c.platform, task.c.person_native_id == record.c.native_id),
            )
        )
        .where(
            among(record.c.person_key, person_keys),
            sa.not_(task.c.is_deleted),
            task.c.completed_at.is_not(None),
            task.c.completion_learned_at <= known_by,
        )
    )
    return (
        fetch(connection, chosen, TOUCHES)
        .unique(["person_key", "occurred_at"])
        .sort("occurred_at", "person_key")
    )
