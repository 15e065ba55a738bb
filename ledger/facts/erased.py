"""People who asked to be forgotten stay out: no later pull brings their rows back."""

import polars as pl
import sqlalchemy as sa

from ledger.erasure import email_hash, is_erased, key_of, record_hash
from schemas.vocabulary import Platform, Stream

NAMES: dict[Stream, str] = {
    Stream.PEOPLE: "native_id",
    Stream.LEADS: "native_id",
    Stream.CONTACTS: "native_id",
    Stream.ACTIVITIES: "person_native_id",
    Stream.TASKS: "person_native_id",
    Stream.CAMPAIGN_MEMBERS: "person_native_id",
}
"""Streams about humans, and the column that names the human's record."""


def without_erased(
    connection: sa.Connection, platform: Platform, stream: Stream, rows: pl.DataFrame
) -> pl.DataFrame:
    """The rows that are about nobody who was forgotten, by record or by address."""
    if stream not in NAMES or (key := key_of(connection)) is None:
        return rows
    ids = rows[NAMES[stream]].drop_nulls().unique().to_list()
    hashes = {record_hash(key, platform, native_id): native_id for native_id in ids}
    rows = rows.filter(~_among(NAMES[stream], hashes, is_erased(connection, hashes)))
    if "email" not in rows.columns:
        return rows
    emails = rows["email"].drop_nulls().unique().to_list()
    hashes = {email_hash(key, email): email for email in emails}
    return rows.filter(~_among("email", hashes, is_erased(connection, hashes)))


def _among(column: str, hashes: dict[str, str], erased: set[str]) -> pl.Expr:
    return pl.col(column).is_in([hashes[one] for one in sorted(erased)]).fill_null(False)
