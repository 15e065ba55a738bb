"""Whose facts have news: from rows to living people."""

from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.facts import accounts, contact_roles, mql_records, opportunities, records
from schemas.vocabulary import Platform, RecordObject

KEYS = {"person_key": pl.String}
OBJECTS = [kind.value for kind in RecordObject]


def by_records(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.Series:
    """People with one of these records. Native ids are unique among a platform's records."""
    return _people(connection, [_of(platform, among(records.c.native_id, ids))])


def by_mql_records(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.Series:
    """People whom these `MQL__c` records are about."""
    named = [
        sa.select(column).where(
            mql_records.c.platform == platform, column.is_not(None), among(mql_records.c.native_id, ids)
        )
        for column in (mql_records.c.lead_id, mql_records.c.contact_id)
    ]
    return _people(connection, [_of(platform, records.c.native_id.in_(one)) for one in named])


def by_accounts(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.Series:
    """People of these accounts, also those who only share its domain."""
    domains = sa.select(accounts.c.domain_key).where(
        accounts.c.platform == platform, accounts.c.domain_key.is_not(None), among(accounts.c.native_id, ids)
    )
    return _people(
        connection,
        [
            sa.select(records.c.person_key).where(among(records.c.account_id, ids)),
            sa.select(records.c.person_key).where(records.c.email_domain.in_(domains)),
        ],
    )


def by_opportunities(connection: sa.Connection, platform: Platform, ids: pl.Series) -> pl.Series:
    """People with a role on these opportunities, whose lead became one, and people of their accounts."""
    roles = sa.select(contact_roles.c.contact_id).where(
        contact_roles.c.platform == platform, among(contact_roles.c.opportunity_id, ids)
    )
    direct = _people(
        connection,
        [
            _of(platform, records.c.native_id.in_(roles)),
            sa.select(records.c.person_key).where(among(records.c.converted_opportunity_id, ids)),
        ],
    )
    chosen = sa.select(opportunities.c.account_id.label("id")).where(
        opportunities.c.platform == platform,
        opportunities.c.account_id.is_not(None),
        among(opportunities.c.native_id, ids),
    )
    of_accounts = fetch(connection, chosen.distinct(), {"id": pl.String})["id"]
    return pl.concat([direct, by_accounts(connection, platform, of_accounts)])


def _of(platform: Platform, where: sa.ColumnElement[bool]) -> sa.Select[tuple[str]]:
    return sa.select(records.c.person_key).where(
        records.c.platform == platform, records.c.object.in_(OBJECTS), where
    )


def _people(connection: sa.Connection, chosen: Iterable[sa.Select[tuple[str]]]) -> pl.Series:
    known = [
        fetch(connection, one.where(records.c.person_key.is_not(None)).distinct(), KEYS)["person_key"]
        for one in chosen
    ]
    return pl.concat(known).unique()
