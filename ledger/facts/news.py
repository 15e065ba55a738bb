"""What was stored and not yet settled. A run that died between storing and settling leaves it for the next one."""

from datetime import datetime
from enum import StrEnum

import polars as pl
import sqlalchemy as sa

from ledger.frames import fetch
from ledger.tables.facts import news
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import Platform


class Subject(StrEnum):
    """What sort of row is new. The news names it by platform, object and native id."""

    LINKS = "links"  # a record is new, or shows other links
    RECORD = "record"  # inputs of a record changed
    ACTIVITY = "activity"  # of the record that did it
    MQL_RECORD = "mql_record"
    HISTORY = "history"  # of the record whose field changed
    ROLE = "role"  # of the opportunity
    OPPORTUNITY = "opportunity"
    ACCOUNT = "account"
    REMOVAL = "removal"  # of the record removed


COLUMNS = {
    "subject": pl.String,
    "platform": pl.String,
    "object": pl.String,
    "native_id": pl.String,
    "at": UTC,
}


def add(tx: UnitOfWork, platform: Platform, subject: Subject, rows: pl.DataFrame) -> int:
    """`rows`: object, native_id, at; a row younger than its run waits until its instant."""
    return tx.insert_new(
        news,
        rows.select(
            "object",
            "native_id",
            "at",
            subject=pl.lit(str(subject)),
            platform=pl.lit(str(platform)),
        ).select(list(COLUMNS)),
    )


def ripe(connection: sa.Connection, as_of: datetime) -> pl.DataFrame:
    """The news whose instant has come."""
    chosen = sa.select(*(news.c[name] for name in COLUMNS)).where(news.c.at <= as_of)
    return fetch(connection, chosen, COLUMNS)


def settle(tx: UnitOfWork, as_of: datetime) -> int:
    """Everything ripe was taken in."""
    return tx.delete(news, news.c.at <= as_of)
