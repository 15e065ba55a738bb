"""Accounts and opportunities of people, read for the engine.

A person belongs to an account by a record that names it, or, if no record names any, by the business domain that
exactly one account has. The opportunities of that account are the person's for as long as that holds.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables import facts as tables
from schemas.frames import facts as frames
from schemas.frames.base import UTC, dtypes
from schemas.frames.identity import RECORD
from schemas.vocabulary import RecordObject

Columns = dict[str, Any]
MEMBERS: Columns = {"person_key": pl.String, "account_id": pl.String, "since": UTC, "until": UTC}
LINKS: Columns = {
    "person_key": pl.String,
    "link": pl.String,
    "opportunity_id": pl.String,
    "linked_at": UTC,
    "until": UTC,
}


def account_versions(
    connection: sa.Connection, person_keys: Iterable[str], known_by: datetime
) -> pl.DataFrame:
    """frames.AccountVersions of every account that is or was theirs, or that has the domain of one of their
    addresses: several of one domain are told apart by nobody, which the engine must see."""
    keys = list(person_keys)
    by_record = _members(connection, keys, known_by)["account_id"]
    by_domain = _domains(connection, keys)["account_id"]
    table = tables.account_versions
    shape: Columns = dtypes(frames.AccountVersions)
    chosen = sa.select(
        table.c.native_id.label("account_id"), *(table.c[name] for name in shape if name != "account_id")
    ).where(
        table.c.learned_at <= known_by, among(table.c.native_id, pl.concat([by_record, by_domain]).unique())
    )
    return fetch(connection, chosen, shape).sort("account_id", "valid_from", "learned_at")


def opportunity_versions(
    connection: sa.Connection, person_keys: Iterable[str], known_by: datetime
) -> pl.DataFrame:
    """frames.OpportunityVersions, once per person, way of being theirs, opportunity and version.

    An opportunity that was closed when we first saw it was open until its close date. One that is a person's by an
    account ends, for that person, as deleted when the person leaves the account.
    """
    keys = list(person_keys)
    links = pl.concat(
        [
            _by_role(connection, keys, known_by),
            _by_conversion(connection, keys),
            _by_account(connection, keys, known_by),
        ]
    ).unique(["person_key", "link", "opportunity_id"], keep="first", maintain_order=True)
    versions = _versions(connection, links["opportunity_id"].unique(), known_by)
    rows = links.join(versions, on="opportunity_id")
    within = rows.filter(pl.col("until").is_null() | (pl.col("valid_from") < pl.col("until")))
    left = (
        within.filter(pl.col("until").is_not_null())
        .sort("valid_from", "learned_at")
        .unique(["person_key", "link", "opportunity_id"], keep="last", maintain_order=True)
        .with_columns(valid_from="until", is_deleted=pl.lit(True))
    )
    wanted = dtypes(frames.OpportunityVersions)
    return (
        pl.concat([within, left])
        .select(pl.col(name).cast(dtype) for name, dtype in wanted.items())
        .sort("person_key", "opportunity_id", "link", "valid_from", "learned_at")
    )


def _versions(connection: sa.Connection, ids: pl.Series, known_by: datetime) -> pl.DataFrame:
    table, present = tables.opportunity_versions, tables.opportunities
    shape: Columns = {
        **{
            name: dtype
            for name, dtype in dtypes(frames.OpportunityVersions).items()
            if name not in ("person_key", "link", "linked_at")
        },
        "assumed": pl.Boolean,
        "closed_at": UTC,
    }
    chosen = (
        sa.select(
            table.c.native_id.label("opportunity_id"),
            present.c.created_at,
            *(table.c[name] for name in shape if name not in ("opportunity_id", "created_at")),
        )
        .select_from(
            present.join(
                table,
                sa.and_(table.c.platform == present.c.platform, table.c.native_id == present.c.native_id),
            )
        )
        .where(among(present.c.native_id, ids), table.c.learned_at <= known_by)
    )
    found = fetch(connection, chosen, shape)
    ended = pl.col("assumed") & pl.col("is_closed") & (pl.col("closed_at") > pl.col("valid_from"))
    before = found.filter(ended).with_columns(
        is_closed=pl.lit(False), is_won=pl.lit(False), stage=pl.lit(None, pl.String)
    )
    return pl.concat(
        [
            before,
            found.with_columns(pl.when(ended).then("closed_at").otherwise("valid_from").alias("valid_from")),
        ]
    )


def _by_role(connection: sa.Connection, keys: list[str], known_by: datetime) -> pl.DataFrame:
    role, record = tables.contact_roles, tables.records
    chosen = (
        sa.select(
            record.c.person_key,
            sa.literal("role").label("link"),
            role.c.opportunity_id,
            role.c.created_at.label("linked_at"),
            sa.null().label("until"),
        )
        .select_from(
            record.join(
                role, sa.and_(role.c.platform == record.c.platform, role.c.contact_id == record.c.native_id)
            )
        )
        .where(
            among(record.c.person_key, keys),
            record.c.object == RecordObject.CONTACT,
            sa.not_(role.c.is_deleted),
            role.c.first_learned_at <= known_by,
        )
    )
    return fetch(connection, chosen, LINKS).sort("linked_at", "opportunity_id")


def _by_conversion(connection: sa.Connection, keys: list[str]) -> pl.DataFrame:
    record = tables.records
    chosen = sa.select(
        record.c.person_key,
        sa.literal("conversion").label("link"),
        record.c.converted_opportunity_id.label("opportunity_id"),
        record.c.converted_at.label("linked_at"),
        sa.null().label("until"),
    ).where(
        among(record.c.person_key, keys),
        record.c.converted_opportunity_id.is_not(None),
        record.c.converted_at.is_not(None),
    )
    return fetch(connection, chosen, LINKS).sort("linked_at", "opportunity_id")


def _by_account(connection: sa.Connection, keys: list[str], known_by: datetime) -> pl.DataFrame:
    named = _members(connection, keys, known_by)
    single = _domains(connection, keys).filter(pl.col("n") == 1)
    matched = single.join(named, on="person_key", how="anti").select(
        "person_key", "account_id", "since", pl.lit(None, UTC).alias("until")
    )
    members = pl.concat([named, matched])
    table = tables.opportunities
    shape: Columns = {"opportunity_id": pl.String, "account_id": pl.String}
    chosen = sa.select(table.c.native_id.label("opportunity_id"), table.c.account_id).where(
        among(table.c.account_id, members["account_id"].unique())
    )
    return (
        members.join(fetch(connection, chosen, shape), on="account_id")
        .select(
            "person_key", pl.lit("account").alias("link"), "opportunity_id", linked_at="since", until="until"
        )
        .sort("linked_at", "opportunity_id")
    )


def _members(connection: sa.Connection, keys: list[str], known_by: datetime) -> pl.DataFrame:
    """Since when and until when records named an account: MEMBERS, one row per person and account."""
    record, table = tables.records, tables.record_versions
    shape: Columns = {
        **dict.fromkeys(("person_key", *RECORD), pl.String),
        "valid_from": UTC,
        "learned_at": UTC,
        "account_id": pl.String,
        "is_deleted": pl.Boolean,
    }
    same = sa.and_(*(table.c[name] == record.c[name] for name in RECORD))
    chosen = (
        sa.select(record.c.person_key, *(table.c[name] for name in shape if name != "person_key"))
        .select_from(record.join(table, same))
        .where(among(record.c.person_key, keys), table.c.learned_at <= known_by)
    )
    found = fetch(connection, chosen, shape)
    record_key = list(RECORD)
    spans = (
        found.sort("valid_from", "learned_at")
        .unique([*record_key, "valid_from"], keep="last", maintain_order=True)
        .with_columns(pl.col("valid_from").shift(-1).over(record_key).alias("until"))
        .filter(pl.col("account_id").is_not_null() & ~pl.col("is_deleted"))
    )
    is_open = pl.col("until").is_null().any()
    return spans.group_by("person_key", "account_id", maintain_order=True).agg(
        pl.col("valid_from").min().alias("since"),
        pl.when(is_open).then(None).otherwise(pl.col("until").max()).alias("until"),
    )


def _domains(connection: sa.Connection, keys: list[str]) -> pl.DataFrame:
    """person_key, account_id, since: accounts that have the domain of a person's address; `n` of them have it."""
    record, account = tables.records, tables.accounts
    shape: Columns = {"person_key": pl.String, "email_domain": pl.String, "since": UTC}
    chosen = (
        sa.select(record.c.person_key, record.c.email_domain, sa.func.min(record.c.created_at).label("since"))
        .where(
            among(record.c.person_key, keys), record.c.email_domain.is_not(None), sa.not_(record.c.is_deleted)
        )
        .group_by(record.c.person_key, record.c.email_domain)
    )
    people = fetch(connection, chosen, shape)
    of_accounts: Columns = {"account_id": pl.String, "email_domain": pl.String}
    having = sa.select(
        account.c.native_id.label("account_id"), account.c.domain_key.label("email_domain")
    ).where(among(account.c.domain_key, people["email_domain"].unique()), sa.not_(account.c.is_deleted))
    accounts = fetch(connection, having, of_accounts).with_columns(pl.len().over("email_domain").alias("n"))
    return people.join(accounts, on="email_domain").select("person_key", "account_id", "since", "n")
