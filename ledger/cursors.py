"""How far each stream was read. A cursor is saved in the transaction that stores its page: both or neither."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.tables.operations import cursors
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import Platform, Stream


def load(connection: sa.Connection, platform: Platform) -> dict[Stream, dict[str, Any]]:
    """The cursors of a platform's streams; a stream never read has none."""
    chosen = sa.select(cursors.c.stream, cursors.c.cursor).where(cursors.c.platform == platform)
    return {Stream(stream): json.loads(cursor) for stream, cursor in connection.execute(chosen)}


def save(
    tx: UnitOfWork,
    platform: Platform,
    stream: Stream,
    cursor: Mapping[str, Any],
    read_through: datetime | None,
    at: datetime,
) -> None:
    """Moves a stream's cursor. `read_through` is None as long as pages are left: then the last one stays known."""
    row = pl.DataFrame(
        [(platform, stream, json.dumps(dict(cursor)), read_through, at)],
        schema={
            "platform": pl.String,
            "stream": pl.String,
            "cursor": pl.String,
            "read_through": UTC,
            "saved_at": UTC,
        },
        orient="row",
    )
    tx.upsert(cursors, row, keep=["read_through"] if read_through is None else [])


def read_through(connection: sa.Connection) -> dict[tuple[Platform, Stream], datetime | None]:
    """Up to when each stream was read completely; None: its first reading isn't complete yet."""
    chosen = sa.select(cursors.c.platform, cursors.c.stream, cursors.c.read_through)
    return {(Platform(p), Stream(s)): instant for p, s, instant in connection.execute(chosen)}
