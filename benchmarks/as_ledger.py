"""A generated history straight into a ledger's tables, as if runs had stored and decided it: no platform, no rules.

For measuring what reads a ledger. Everybody has one Marketo record, no account, and is decided through the end.
"""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from benchmarks.as_facts import base
from benchmarks.history import History, generate
from ledger.open import Ledger
from ledger.tables import facts as tables
from ledger.tables.decisions import schedule
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import Origin, Silo

PIECE = 25_000
RECORD = {"platform": "marketo", "object": "person"}


def fill(ledger: Ledger, people: int, acts_each: float, end: datetime) -> int:
    """Stores `people` with a year of acts each that ends at `end`; how many acts."""
    stored = 0
    for first in range(0, people, PIECE):
        many = min(PIECE, people - first)
        history = generate(many, acts_each, end - timedelta(days=365), end, first=first)
        with ledger.begin(None) as tx, tx.silo(Silo.DATA):
            _store(tx, history)
        stored += len(history.acts)
    ledger.optimize()
    return stored


def visit(tx: UnitOfWork, numbers: pl.Series, at: datetime) -> pl.Series:
    """Each of these people looks at the pricing page; their keys."""
    acts = pl.DataFrame({"number": numbers}).with_columns(
        act=pl.format("{}-{}", pl.lit(f"{at:%Y%m%d%H%M}"), "number"),
        occurred_at=pl.lit(at, UTC),
        kind=pl.lit("page_visit"),
        native_kind=pl.lit("Visit Webpage"),
        url=pl.lit("www.example.com/pricing"),
    )
    tx.insert(tables.activities, _activities(acts))
    ids = _native_id(numbers).to_list()
    chosen = sa.select(tables.records.c.person_key).where(tables.records.c.native_id.in_(ids))
    return pl.Series("person_key", list(tx.connection.scalars(chosen)), dtype=pl.String)


def _store(tx: UnitOfWork, history: History) -> None:
    known, end = base(history), pl.lit(history.end, UTC)
    people = known.people.select("person_key", "created_at", "first_learned_at", "group_key", "is_erased")
    hashes = {"row_hash": pl.lit(""), "inputs_hash": pl.lit("")}
    versions = known.versions.with_columns(changed_at="valid_from", **hashes)
    present = versions.sort("valid_from").unique("native_id", keep="last", maintain_order=True)
    email = pl.col("email").str.to_lowercase()
    records = present.with_columns(
        created_at="valid_from",
        first_learned_at="learned_at",
        email_key=email,
        email_domain=email.str.split("@").list.last(),
    )
    tx.insert(tables.people, people)
    tx.insert(tables.records, _of(tables.records, records))
    tx.insert(tables.record_versions, _of(tables.record_versions, versions))
    tx.insert(tables.activities, _activities(history.acts))
    decided = people.select("person_key", decided_through=end, is_due=pl.lit(False))
    tx.insert(schedule, decided)


def _activities(acts: pl.DataFrame) -> pl.DataFrame:
    """Acts of people by number, as rows of the table."""
    return _of(
        tables.activities,
        acts.with_columns(
            platform=pl.lit(RECORD["platform"]),
            native_key=pl.col("act").cast(pl.String),
            person_native_id=_native_id(pl.col("number")),
            learned_at="occurred_at",
            origin=pl.lit(Origin.LIVE.value),
            is_bot=pl.lit(False),
        ),
    )


def _native_id(number: Any) -> Any:
    return (number.cast(pl.Int64) + 1_000_000).cast(pl.String)


def _of(table: sa.Table, rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that the table has too."""
    return rows.select(column.name for column in table.columns if column.name in rows.columns)
