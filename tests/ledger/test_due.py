"""Who is due is found at the cost of who is due: a sync every few minutes must not read the whole base."""

from datetime import datetime, timedelta

import polars as pl
import sqlalchemy as sa

from ledger.facts import schedule
from ledger.open import Ledger
from ledger.tables.decisions import schedule as table
from ledger.tables.facts import people
from schemas.frames.base import UTC
from schemas.vocabulary import Silo

NOW = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
LATER = NOW + timedelta(days=1)
WAITING: list[tuple[str, bool, datetime | None, datetime | None]] = [
    ("due", True, None, None),
    ("tick", False, NOW, LATER),
    ("clock", False, LATER, NOW - timedelta(hours=1)),
    ("all of it", True, NOW, NOW),
    ("waits", False, LATER, LATER),
    ("rests", False, None, None),
]


def enter(ledger: Ledger) -> None:
    keys = pl.DataFrame({"person_key": [key for key, *_ in WAITING]})
    known = keys.with_columns(
        created_at=pl.lit(NOW, UTC),
        first_learned_at=pl.lit(NOW, UTC),
        group_key=pl.lit("group of ") + pl.col("person_key"),
        is_erased=pl.lit(False),
    )
    waiting = pl.DataFrame(
        WAITING,
        schema={"person_key": pl.String, "is_due": pl.Boolean, "next_tick_at": UTC, "next_clock_at": UTC},
        orient="row",
    )
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        tx.insert(people, known)
        tx.insert(table, waiting)


def test_due_is_who_has_news_or_whose_instant_has_come_each_once_in_order_of_groups(ledger: Ledger) -> None:
    enter(ledger)
    with ledger.read() as connection:
        found = schedule.due(connection, NOW)
    assert found["person_key"].to_list() == ["all of it", "clock", "due", "tick"]
    assert found["group_key"].to_list()[0] == "group of all of it"


def test_who_is_not_due_is_not_read_to_find_who_is(ledger: Ledger) -> None:
    enter(ledger)
    with ledger.read() as connection:
        if connection.dialect.name != "sqlite":  # PostgreSQL reads a table of six rows whole, and rightly so
            return
        asked: list[tuple[str, tuple[object, ...]]] = []

        @sa.event.listens_for(connection, "before_cursor_execute")
        def _keep(*told: object) -> None:
            asked.append((str(told[2]), tuple(told[3])))  # type: ignore[arg-type]

        schedule.due(connection, NOW)
        statement, parameters = asked[-1]
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    details = [str(step[-1]) for step in steps]
    assert not [detail for detail in details if detail.startswith(("SCAN schedule", "SCAN people"))]
