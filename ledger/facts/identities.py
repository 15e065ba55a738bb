"""Which records are whose: reading a neighbourhood of records, and writing what was resolved."""

from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.facts import schedule
from ledger.frames import among, fetch
from ledger.tables.facts import (
    identities,
    merges,
    people,
    person_removals,
    proposed_duplicates,
    records,
)
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.frames.identity import NODES, RECORD

NAMING = ("crm_lead_id", "crm_contact_id", "converted_contact_id", "merged_into")
"""Columns that name another record by its native id."""
# Above both, reading all records is faster than looking for neighbours.
ALL_FROM_SHARE = 0.2
ALL_FROM = 1_000


def neighbourhood(connection: sa.Connection, touched: pl.DataFrame) -> pl.DataFrame:
    """The touched records and their people's groups as they were; then, again and again, all that they link to, that
    link to them, share an address with them or belong to the same person, until nothing is left to add."""
    if len(touched) > ALL_FROM and len(touched) > ALL_FROM_SHARE * _count(connection):
        return fetch(connection, _nodes(), NODES)
    found = pl.DataFrame(schema=NODES)
    new = fetch(connection, _nodes().where(among(records.c.native_id, touched["native_id"])), NODES)
    mates = _group_mates(connection, new["person_key"].drop_nulls().unique())
    new = pl.concat([new, mates]).unique(RECORD, maintain_order=True)
    while not new.is_empty():
        found = pl.concat([found, new])
        near = pl.concat([fetch(connection, _nodes().where(one), NODES) for one in _neighbours(new)])
        new = near.unique(RECORD, maintain_order=True).join(found, on=list(RECORD), how="anti")
    return found


def _count(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(records)) or 0


def _group_mates(connection: sa.Connection, person_keys: pl.Series) -> pl.DataFrame:
    """Records of everybody who shared an address with these people when they were last looked at."""
    groups = sa.select(people.c.group_key).where(among(people.c.person_key, person_keys))
    mates = sa.select(people.c.person_key).where(people.c.group_key.in_(groups))
    return fetch(connection, _nodes().where(records.c.person_key.in_(mates)), NODES)


def _nodes() -> sa.Select[Any]:
    return sa.select(*(records.c[name] for name in NODES))


def _neighbours(nodes: pl.DataFrame) -> list[sa.ColumnElement[bool]]:
    ids = nodes["native_id"]
    named = pl.concat([nodes[column] for column in NAMING]).drop_nulls().unique()
    by = [among(records.c[column], ids) for column in NAMING]
    by.append(among(records.c.native_id, named))
    by.append(among(records.c.email_key, nodes["email_key"].drop_nulls().unique()))
    by.append(among(records.c.person_key, nodes["person_key"].drop_nulls().unique()))
    return by


def write(
    tx: UnitOfWork,
    resolved: pl.DataFrame,
    merged: pl.DataFrame,
    persons: pl.DataFrame,
    duplicates: pl.DataFrame,
    removed: pl.DataFrame,
    as_of: datetime,
) -> pl.Series:
    """Stores a resolution (see `engine.data.identity`); `removed`: facts of people who are gone. Gives new keys."""
    learned = pl.lit(as_of, UTC).alias("learned_at")
    tx.upsert(identities, resolved.with_columns(learned))
    tx.update(records, resolved.select(*RECORD, "person_key"))
    before = fetch(
        tx.connection,
        sa.select(people.c.person_key).where(among(people.c.person_key, persons["person_key"])),
        {"person_key": pl.String},
    )
    rows = persons.select("person_key", "created_at", "group_key").with_columns(
        first_learned_at=pl.lit(as_of, UTC), is_erased=pl.lit(False)
    )
    tx.upsert(people, rows, keep=["first_learned_at", "is_erased"])
    entered = rows.join(before, on="person_key", how="anti")["person_key"]
    schedule.enter(tx, entered)
    _merge(tx, merged.with_columns(learned))
    tx.insert_new(person_removals, removed.with_columns(learned))
    everybody = pl.concat([persons["person_key"], merged["person_key"]])
    _propose(tx, everybody, duplicates.with_columns(learned))
    return entered


def gone(connection: sa.Connection, person_keys: pl.Series) -> pl.Series:
    """Those of these people of whom it is known that every record was deleted."""
    chosen = sa.select(person_removals.c.person_key).where(
        person_removals.c.into_person_key.is_(None), among(person_removals.c.person_key, person_keys)
    )
    return fetch(connection, chosen, {"person_key": pl.String})["person_key"]


def _merge(tx: UnitOfWork, merged: pl.DataFrame) -> None:
    tx.insert_new(merges, merged)
    for gone, into in merged.select("person_key", "into_person_key").iter_rows():
        tx.execute(
            sa.update(people)
            .where(sa.or_(people.c.person_key == gone, people.c.merged_into == gone))
            .values(merged_into=into)
        )
    schedule.retire(tx, merged)


def _propose(tx: UnitOfWork, person_keys: pl.Series, duplicates: pl.DataFrame) -> None:
    """Replaces the proposals among these people; one that still holds keeps the day it was made."""
    pair = {"person_key": pl.String, "duplicate_of": pl.String}
    table = proposed_duplicates
    before = pl.concat(
        [
            fetch(
                tx.connection,
                sa.select(table.c.person_key, table.c.duplicate_of).where(among(side, person_keys)),
                pair,
            )
            for side in (table.c.person_key, table.c.duplicate_of)
        ]
    ).unique()
    over = before.join(duplicates, on=list(pair), how="anti")
    for person, other in over.iter_rows():
        tx.delete(table, table.c.person_key == person, table.c.duplicate_of == other)
    tx.insert_new(table, duplicates)
