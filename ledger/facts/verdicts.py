"""What verdicts are made of, read for the records that have news; and the verdicts, written."""

from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.facts import (
    contact_roles,
    field_history,
    mql_record_versions,
    mql_records,
    opportunities,
    record_versions,
    records,
    verdicts,
)
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.frames.identity import RECORD
from schemas.vocabulary import Platform, RecordObject

Columns = dict[str, Any]
OF_RECORDS: Columns = {
    **dict.fromkeys(RECORD, pl.String),
    "valid_from": UTC,
    "changed_at": UTC,
    "learned_at": UTC,
    "origin": pl.String,
    "status": pl.String,
    "reject_reason": pl.String,
    "status_said_at": UTC,
}
OF_MQL_RECORDS: Columns = {
    **{name: dtype for name, dtype in OF_RECORDS.items() if name != "object"},
    "closed_as": pl.String,
    "recycle_reason": pl.String,
    "changed_by": pl.String,
}
HISTORY: Columns = {
    "platform": pl.String,
    "native_id": pl.String,
    "object": pl.String,
    "record_id": pl.String,
    "old_value": pl.String,
    "new_value": pl.String,
    "changed_at": UTC,
    "changed_by": pl.String,
    "origin": pl.String,
}
MQL_NAMES: Columns = {
    "platform": pl.String,
    "source_id": pl.String,
    "external_key": pl.String,
    "object": pl.String,
    "native_id": pl.String,
}
STORED: Columns = {
    "source": pl.String,
    "source_id": pl.String,
    "value": pl.String,
    "occurred_at": UTC,
    "not_before": UTC,
}
LINKS: Columns = {
    **dict.fromkeys(RECORD, pl.String),
    "contact_id": pl.String,
    "opportunity_id": pl.String,
    "created_at": UTC,
    "origin": pl.String,
    "source": pl.String,
}
CONVERTED: Columns = {
    **dict.fromkeys(RECORD, pl.String),
    "converted_at": UTC,
    "converted_opportunity_id": pl.String,
    "origin": pl.String,
}


def record_statements(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.DataFrame:
    """Versions of those of these records on which a status was ever said (OF_RECORDS), in order."""
    return _statements(connection, record_versions, OF_RECORDS, platform, ids)


def mql_statements(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.DataFrame:
    """Likewise of `MQL__c` records: OF_MQL_RECORDS."""
    return _statements(connection, mql_record_versions, OF_MQL_RECORDS, platform, ids)


def status_history(connection: sa.Connection, platform: Platform, record_ids: pl.Series) -> pl.DataFrame:
    """Every recorded change of status of these records: HISTORY, in order."""
    chosen = sa.select(*(field_history.c[name] for name in HISTORY)).where(
        field_history.c.platform == platform,
        field_history.c.field == "status",
        among(field_history.c.record_id, record_ids),
    )
    return fetch(connection, chosen, HISTORY).sort("record_id", "changed_at", "native_id")


def reasons(connection: sa.Connection, platform: Platform, record_ids: pl.Series) -> pl.DataFrame:
    """What versions say about reasons: source_id, changed_at, reject_reason, recycle_reason, closed_as."""
    null = sa.null()
    shape: Columns = {
        "source_id": pl.String,
        "changed_at": UTC,
        "reject_reason": pl.String,
        "recycle_reason": pl.String,
        "closed_as": pl.String,
    }
    parts = []
    for table, has_more in ((record_versions, False), (mql_record_versions, True)):
        chosen = sa.select(
            table.c.native_id.label("source_id"),
            table.c.changed_at,
            table.c.reject_reason,
            (table.c.recycle_reason if has_more else null).label("recycle_reason"),
            (table.c.closed_as if has_more else null).label("closed_as"),
        ).where(table.c.platform == platform, among(table.c.native_id, record_ids))
        if not has_more:
            chosen = chosen.where(table.c.object.in_([RecordObject.LEAD, RecordObject.CONTACT]))
        parts.append(fetch(connection, chosen, shape))
    return pl.concat(parts)


def mql_names(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.DataFrame:
    """Whom `MQL__c` records are about (the contact, else the lead), and their cycles: MQL_NAMES."""
    is_contact = mql_records.c.contact_id.is_not(None)
    chosen = sa.select(
        mql_records.c.platform,
        mql_records.c.native_id.label("source_id"),
        mql_records.c.external_key,
        sa.case((is_contact, RecordObject.CONTACT.value), else_=RecordObject.LEAD.value).label("object"),
        sa.func.coalesce(mql_records.c.contact_id, mql_records.c.lead_id).label("native_id"),
    ).where(
        mql_records.c.platform == platform,
        among(mql_records.c.native_id, ids),
        sa.or_(is_contact, mql_records.c.lead_id.is_not(None)),
    )
    return fetch(connection, chosen, MQL_NAMES)


def stored(connection: sa.Connection, source_ids: pl.Series) -> pl.DataFrame:
    """Verdicts from statuses that were said on these rows: STORED."""
    chosen = sa.select(*(verdicts.c[name] for name in STORED)).where(
        verdicts.c.source.in_(["lead", "contact", "mql_record"]), among(verdicts.c.source_id, source_ids)
    )
    return fetch(connection, chosen, STORED)


def converted(connection: sa.Connection, platform: Platform, ids: pl.Series, as_of: datetime) -> pl.DataFrame:
    """Those of these leads that were converted: CONVERTED."""
    chosen = sa.select(*(records.c[name] for name in CONVERTED)).where(
        records.c.platform == platform,
        records.c.object == RecordObject.LEAD,
        records.c.converted_at <= as_of,
        among(records.c.native_id, ids),
    )
    return fetch(connection, chosen, CONVERTED)


def opportunity_links(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.DataFrame:
    """Whose these opportunities are, by contact role or by conversion of a lead: LINKS."""
    alive = sa.not_(opportunities.c.is_deleted)
    same = opportunities.c.platform == platform
    of_opportunity = (
        opportunities.c.native_id.label("opportunity_id"),
        opportunities.c.created_at,
        opportunities.c.origin,
    )
    by_role = (
        sa.select(
            opportunities.c.platform,
            sa.literal(RecordObject.CONTACT.value).label("object"),
            contact_roles.c.contact_id.label("native_id"),
            contact_roles.c.contact_id,
            *of_opportunity,
            sa.literal("opportunity").label("source"),
        )
        .join_from(opportunities, contact_roles, contact_roles.c.opportunity_id == opportunities.c.native_id)
        .where(
            same,
            alive,
            contact_roles.c.platform == platform,
            sa.not_(contact_roles.c.is_deleted),
            among(opportunities.c.native_id, ids),
        )
    )
    by_conversion = (
        sa.select(
            opportunities.c.platform,
            records.c.object,
            records.c.native_id,
            records.c.converted_contact_id.label("contact_id"),
            *of_opportunity,
            sa.literal("conversion").label("source"),
        )
        .join_from(opportunities, records, records.c.converted_opportunity_id == opportunities.c.native_id)
        .where(
            same,
            alive,
            records.c.platform == platform,
            records.c.converted_contact_id.is_not(None),
            among(opportunities.c.native_id, ids),
        )
    )
    return pl.concat([fetch(connection, chosen, LINKS) for chosen in (by_role, by_conversion)])


def converted_opportunities(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.Series:
    """Opportunities that the conversion of these leads made."""
    column = records.c.converted_opportunity_id
    chosen = sa.select(column.label("id")).where(
        records.c.platform == platform,
        records.c.object == RecordObject.LEAD,
        column.is_not(None),
        among(records.c.native_id, ids),
    )
    return fetch(connection, chosen, {"id": pl.String})["id"]


def write(tx: UnitOfWork, facts: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Adds verdicts that aren't stored; gives those that were new."""
    chosen = sa.select(verdicts.c.fact_key).where(among(verdicts.c.fact_key, facts["fact_key"]))
    before = fetch(tx.connection, chosen, {"fact_key": pl.String})
    new = facts.unique("fact_key", keep="first", maintain_order=True).join(before, on="fact_key", how="anti")
    tx.insert_new(verdicts, new.with_columns(learned_at=pl.lit(as_of, UTC)))
    return new


def _statements(
    connection: sa.Connection, table: sa.Table, columns: Columns, platform: Platform, ids: pl.Series
) -> pl.DataFrame:
    was_said = (
        sa.select(table.c.native_id)
        .where(
            table.c.platform == platform, table.c.status_said_at.is_not(None), among(table.c.native_id, ids)
        )
        .distinct()
    )
    chosen = sa.select(*(table.c[name] for name in columns)).where(
        table.c.platform == platform, table.c.native_id.in_(was_said)
    )
    found = fetch(connection, chosen, columns)
    key = [name for name in RECORD if name in columns]
    # Of two versions from the same instant the one that was learned last holds.
    return (
        found.sort(*key, "valid_from", "learned_at")
        .unique([*key, "valid_from"], keep="last", maintain_order=True)
        .sort(*key, "changed_at")
    )
