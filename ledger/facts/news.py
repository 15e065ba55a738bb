"""What was stored and not yet settled. A run that died between storing and settling leaves it for the next one.

It is taken in batch by batch, in order of the primary key, so that nobody has to hold all of a first run in memory.
"""

from datetime import datetime
from enum import StrEnum

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.facts import news
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import Platform


class Subject(StrEnum):
    """What sort of row is new. The news names it by platform, object and native id."""

    LINKS = "links"  # a record is new, or shows other links
    RESOLVED = "resolved"  # the same, once it is settled whose record it is
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


PLACE = [news.c[name] for name in COLUMNS]

SETTLED_APART = (Subject.LINKS, Subject.REMOVAL)
"""News that say whose a record is, and whether it is there: what others tell is heard after them, never instead."""


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


def ripe(
    connection: sa.Connection,
    as_of: datetime,
    subject: Subject | None = None,
    *,
    limit: int,
    after: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """News whose instant has come: the first `limit`, or the first after those of `after`; of one subject, or of all
    that are not settled apart."""
    of_subject = news.c.subject == subject if subject else news.c.subject.not_in(SETTLED_APART)
    chosen = sa.select(*PLACE).where(news.c.at <= as_of, of_subject)
    if after is not None and len(after):
        chosen = chosen.where(sa.tuple_(*PLACE) > _last(after))
    return fetch(connection, chosen.order_by(*PLACE).limit(limit), COLUMNS)


def mark_resolved(tx: UnitOfWork, records: pl.DataFrame, as_of: datetime) -> None:
    """It is settled whose these records (platform, object, native_id) are; what else their links tell is left."""
    for (platform, kind), group in records.group_by(["platform", "object"]):
        about = (
            news.c.subject == Subject.LINKS,
            news.c.platform == platform,
            news.c.object == kind,
            among(news.c.native_id, group["native_id"]),
            news.c.at <= as_of,
        )
        told = fetch(tx.connection, sa.select(*PLACE).where(*about), COLUMNS)
        tx.insert_new(news, told.with_columns(subject=pl.lit(str(Subject.RESOLVED))))
        tx.delete(news, *about)


def settle(tx: UnitOfWork, batch: pl.DataFrame, as_of: datetime, subject: Subject | None = None) -> int:
    """A batch of `ripe`, the first of this subject or of all that are not settled apart, was taken in."""
    of_subject = news.c.subject == subject if subject else news.c.subject.not_in(SETTLED_APART)
    return tx.delete(news, news.c.at <= as_of, of_subject, sa.tuple_(*PLACE) <= _last(batch))


def _last(batch: pl.DataFrame) -> sa.Tuple:
    row = batch.row(-1, named=True)
    return sa.tuple_(*(sa.literal(row[column.name], column.type) for column in PLACE))
