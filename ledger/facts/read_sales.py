"""What sales did with people, read for the engine."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables import facts as tables
from schemas.frames.base import UTC, dtypes
from schemas.frames.facts import MqlRecords

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


def mql_records(connection: sa.Connection, cycle_keys: Iterable[str]) -> pl.DataFrame:
    """frames.facts.MqlRecords of these cycles."""
    table = tables.mql_records
    wanted = [name for name in dtypes(MqlRecords) if name != "cycle_key"]
    chosen = sa.select(table.c.external_key.label("cycle_key"), *(table.c[name] for name in wanted)).where(
        among(table.c.external_key, cycle_keys)
    )
    found = fetch(connection, chosen, MqlRecords)
    # A key is unique in the CRM; a deleted record may still stand beside the one that replaced it.
    return found.sort("is_deleted", "native_id").unique("cycle_key", keep="first", maintain_order=True)
