"""Who is to be decided: people with new facts, and those for whom a stored instant has come."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.decisions import schedule
from ledger.tables.facts import people
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC


def due(connection: sa.Connection, as_of: datetime) -> pl.DataFrame:
    """person_key, group_key of the living people to decide at `as_of`, in order of groups."""
    # Each asks an index of its own: of one condition with OR, SQLite reads everybody to find a few.
    waits = sa.union(
        *(
            sa.select(schedule.c.person_key).where(reason)
            for reason in (
                schedule.c.is_due,
                schedule.c.next_tick_at <= as_of,
                schedule.c.next_clock_at <= as_of,
            )
        )
    ).subquery()
    chosen = (
        sa.select(waits.c.person_key, people.c.group_key)
        .join(people, people.c.person_key == waits.c.person_key)
        .where(people.c.merged_into.is_(None), sa.not_(people.c.is_erased))
        .order_by(people.c.group_key, waits.c.person_key)
    )
    return fetch(connection, chosen, {"person_key": pl.String, "group_key": pl.String})


def living(connection: sa.Connection) -> list[str]:
    """Keys of everybody who was decided and is neither merged nor erased; people who share an address side by side."""
    chosen = (
        sa.select(schedule.c.person_key)
        .join(people, people.c.person_key == schedule.c.person_key)
        .where(
            schedule.c.decided_through.is_not(None),
            people.c.merged_into.is_(None),
            sa.not_(people.c.is_erased),
        )
        .order_by(people.c.group_key, schedule.c.person_key)
    )
    return list(connection.scalars(chosen))


def instants(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """person_key, at: the stored ticks and clock ends of these people."""
    of_these = among(schedule.c.person_key, person_keys)
    parts = [
        fetch(
            connection,
            sa.select(schedule.c.person_key, column.label("at")).where(of_these, column.is_not(None)),
            {"person_key": pl.String(), "at": UTC},
        )
        for column in (schedule.c.next_tick_at, schedule.c.next_clock_at)
    ]
    return pl.concat(parts).unique().sort("person_key", "at")


def mark_due(tx: UnitOfWork, person_keys: pl.Series) -> int:
    """These people have new facts; how many of them were not due yet."""
    new = sa.and_(among(schedule.c.person_key, person_keys.unique()), sa.not_(schedule.c.is_due))
    return tx.execute(sa.update(schedule).where(new).values(is_due=True))


def mark_everybody_due(tx: UnitOfWork) -> int:
    """The rules changed: everybody is looked at once."""
    return tx.execute(sa.update(schedule).where(sa.not_(schedule.c.is_due)).values(is_due=True))


def enter(tx: UnitOfWork, person_keys: pl.Series) -> int:
    """New people: due, and never decided."""
    rows = pl.DataFrame({"person_key": person_keys}).with_columns(is_due=pl.lit(True))
    return tx.insert_new(schedule, rows)


def retire(tx: UnitOfWork, merges: pl.DataFrame) -> None:
    """Merged people (person_key, into_person_key) are decided no more; who lives on is due, and keeps the later
    `decided_through` of both, since what was decided for either isn't decided again."""
    for gone, into in merges.select("person_key", "into_person_key").iter_rows():
        through = tx.connection.scalar(_decided_through(gone))
        tx.execute(
            sa.update(schedule)
            .where(schedule.c.person_key == gone)
            .values(is_due=False, next_tick_at=None, next_clock_at=None)
        )
        tx.execute(sa.update(schedule).where(schedule.c.person_key == into).values(is_due=True))
        if through is not None:
            earlier = sa.or_(schedule.c.decided_through.is_(None), schedule.c.decided_through < through)
            tx.execute(
                sa.update(schedule)
                .where(schedule.c.person_key == into, earlier)
                .values(decided_through=through)
            )


def advance(tx: UnitOfWork, decided: pl.DataFrame, through: datetime) -> int:
    """Notes that people were decided: `decided` has person_key, next_tick_at, next_clock_at."""
    rows = decided.select(
        "person_key",
        "next_tick_at",
        "next_clock_at",
        decided_through=pl.lit(through, UTC),
        is_due=pl.lit(False),
    )
    return tx.update(schedule, rows)


def decided_through(connection: sa.Connection) -> datetime | None:
    """The latest instant at which anybody was decided; None on a new ledger."""
    latest: datetime | None = connection.scalar(sa.select(sa.func.max(schedule.c.decided_through)))
    return latest


def _decided_through(person_key: str) -> sa.Select[tuple[datetime]]:
    return sa.select(schedule.c.decided_through).where(schedule.c.person_key == person_key)
