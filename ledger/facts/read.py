"""Reading the facts of people: one function per frame of `schemas.frames.facts`.

`person_keys` are keys of living people, in any number. `known_by`: only what the ledger had learned by then.
Facts are found through the records of a person, so those of merged people come along.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables import facts as tables
from ledger.tables.decisions import schedule
from schemas.frames import facts as frames
from schemas.frames.base import Frame, dtypes
from schemas.frames.identity import RECORD
from schemas.vocabulary import ActivityKind, RecordObject

Columns = dict[str, Any]
CHANGES = (ActivityKind.VALUE_CHANGE, ActivityKind.SCORE_CHANGE)
OBJECTS = tuple(kind.value for kind in RecordObject)


def people(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """The living among them: frames.People."""
    table = tables.people
    chosen = (
        sa.select(
            *_named(table, frames.People, "decided_through"),
            schedule.c.decided_through,
        )
        .select_from(table.outerjoin(schedule, schedule.c.person_key == table.c.person_key))
        .where(table.c.merged_into.is_(None), among(table.c.person_key, person_keys))
    )
    return fetch(connection, chosen, frames.People).sort("person_key")


def records(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """What the platforms show now, our own values included: frames.Records."""
    table = tables.records
    is_converted = table.c.converted_at.is_not(None).label("is_converted")
    chosen = sa.select(*_named(table, frames.Records, "is_converted"), is_converted)
    return fetch(connection, chosen.where(among(table.c.person_key, person_keys)), frames.Records).sort(
        "person_key", "created_at", "platform", "object", "native_id"
    )


def record_versions(
    connection: sa.Connection, person_keys: Iterable[str], known_by: datetime
) -> pl.DataFrame:
    """frames.RecordVersions."""
    table = tables.record_versions
    chosen = (
        sa.select(tables.records.c.person_key, *_named(table, frames.RecordVersions, "person_key"))
        .select_from(tables.records.join(table, _same(tables.records, table, *RECORD)))
        .where(among(tables.records.c.person_key, person_keys), table.c.learned_at <= known_by)
    )
    return fetch(connection, chosen, frames.RecordVersions).sort("person_key", "valid_from", "learned_at")


def activities(
    connection: sa.Connection,
    person_keys: Iterable[str],
    known_by: datetime,
    *,
    since: datetime | None = None,
    with_changes: bool = False,
    with_attributes: bool = False,
) -> pl.DataFrame:
    """frames.Activities, oldest first. Changes of values and scores, which are no acts, only `with_changes`.

    `with_attributes` adds `attributes`, the JSON text of what else the platform told: long, so only on request.
    """
    table, record = tables.activities, tables.records
    of_campaign = ("campaign_name", "campaign_type")
    more = [table.c.attributes] if with_attributes else []
    names = _named(table, frames.Activities, "activity_key", "person_key", *of_campaign)
    chosen = (
        sa.select(
            record.c.person_key,
            (table.c.platform + ":" + table.c.native_key).label("activity_key"),
            table.c.platform,
            *names,
            *more,
        )
        .select_from(
            record.join(
                table,
                sa.and_(
                    table.c.platform == record.c.platform, table.c.person_native_id == record.c.native_id
                ),
            )
        )
        .where(among(record.c.person_key, person_keys), table.c.learned_at <= known_by)
    )
    if since is not None:
        chosen = chosen.where(table.c.occurred_at >= since)
    if not with_changes:
        chosen = chosen.where(table.c.kind.not_in(CHANGES))
    wanted = dtypes(frames.Activities)
    shape: Columns = {name: dtype for name, dtype in wanted.items() if name not in of_campaign}
    told: Columns = {column.name: pl.String for column in more}
    found = fetch(connection, chosen, {**shape, "platform": pl.String, **told})
    named = found.join(_campaigns(connection), on=["platform", "campaign_id"], how="left")
    return named.select(*wanted, *told).sort("occurred_at", "activity_key")


def verdicts(connection: sa.Connection, person_keys: Iterable[str], known_by: datetime) -> pl.DataFrame:
    """frames.Verdicts, oldest first."""
    table = tables.verdicts
    chosen = (
        sa.select(tables.records.c.person_key, *_named(table, frames.Verdicts, "person_key"))
        .select_from(tables.records.join(table, _same(tables.records, table, *RECORD)))
        .where(among(tables.records.c.person_key, person_keys), table.c.learned_at <= known_by)
    )
    return fetch(connection, chosen, frames.Verdicts).sort("occurred_at", "fact_key")


def removals(connection: sa.Connection, person_keys: Iterable[str], known_by: datetime) -> pl.DataFrame:
    """frames.Removals of these people, and of those who were merged into them."""
    table, keys = tables.person_removals, list(person_keys)
    chosen = sa.select(*_named(table, frames.Removals)).where(
        table.c.learned_at <= known_by,
        sa.or_(among(table.c.person_key, keys), among(table.c.into_person_key, keys)),
    )
    return fetch(connection, chosen, frames.Removals).sort("occurred_at", "fact_key")


def owners(connection: sa.Connection) -> pl.DataFrame:
    """The roster as it stands: frames.Owners."""
    table = tables.owners
    chosen = sa.select(*_named(table, frames.Owners, "owner_id"), table.c.native_id.label("owner_id"))
    return fetch(connection, chosen, frames.Owners).sort("owner_id")


def queue_members(connection: sa.Connection) -> pl.DataFrame:
    """queue_id, user_id: who works which queue now."""
    table = tables.queue_members
    shape: Columns = {"queue_id": pl.String, "user_id": pl.String}
    return fetch(connection, sa.select(table.c.queue_id, table.c.user_id), shape).sort("queue_id", "user_id")


def _campaigns(connection: sa.Connection) -> pl.DataFrame:
    table = tables.campaigns
    chosen = sa.select(
        table.c.platform,
        table.c.native_id.label("campaign_id"),
        table.c.name.label("campaign_name"),
        table.c.type.label("campaign_type"),
    )
    names = ("platform", "campaign_id", "campaign_name", "campaign_type")
    return fetch(connection, chosen, dict.fromkeys(names, pl.String))


def _named(table: sa.Table, model: type[Frame], *without: str) -> list[sa.Column[Any]]:
    return [table.c[name] for name in dtypes(model) if name not in without]


def _same(one: sa.Table, other: sa.Table, *columns: str) -> sa.ColumnElement[bool]:
    return sa.and_(*(one.c[name] == other.c[name] for name in columns))
