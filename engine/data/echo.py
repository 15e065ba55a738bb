"""Telling our own values from other people's, so that we never react to what we wrote ourselves.

A platform's value is ours if it equals, in normal form, the last value that we applied or claimed for that field. With
native sync the CRM's status and owner reach the other platform by themselves: on a person who is linked to the CRM they
are mirrors, whoever set them, and no input. Rows of a field history are held against every value that we ever applied.
"""

import json
from typing import Any

import polars as pl

from schemas.vocabulary import Platform

APPLIED: dict[str, Any] = {"target": pl.String, "field": pl.String, "value": pl.String}
"""What the outbox wrote or claimed, oldest first. `value` is JSON text; `target` a record's id, or a cycle's key."""

MIRRORED = ("status", "owner_id")


def normal(column: pl.Expr) -> pl.Expr:
    """Text as two platforms would agree on it: outer blanks off, empty is null, `5.0` is `5`."""
    text = column.str.strip_chars()
    return pl.when(text != "").then(text.str.replace(r"^(-?\d{1,15})\.0+$", "${1}"))


def last_applied(applied: pl.DataFrame, field: str) -> pl.DataFrame:
    """target, value: the last value of the field per record, in normal form."""
    return (
        _plain(applied)
        .filter(pl.col("field") == field)
        .unique("target", keep="last", maintain_order=True)
        .select("target", "value")
    )


def ever_applied(applied: pl.DataFrame, field: str) -> pl.DataFrame:
    """target, value: every value of the field that a record ever got from us, in normal form."""
    return _plain(applied).filter(pl.col("field") == field).select("target", "value").unique()


def without_mirrors(rows: pl.DataFrame, platform: Platform, *, native_sync: bool) -> pl.DataFrame:
    """Rows of people with status and owner blanked where native sync mirrors them from the CRM."""
    if not native_sync or platform == Platform.SALESFORCE or "crm_lead_id" not in rows.columns:
        return rows
    is_linked = pl.col("crm_lead_id").is_not_null() | pl.col("crm_contact_id").is_not_null()
    return rows.with_columns(pl.when(~is_linked).then(pl.col(name)).alias(name) for name in MIRRORED)


def _plain(applied: pl.DataFrame) -> pl.DataFrame:
    """Values as text in normal form instead of JSON."""
    distinct = applied.select("value").unique()
    texts = [_text(value) for value in distinct["value"].to_list()]
    plain = distinct.with_columns(pl.Series("plain", texts, dtype=pl.String)).with_columns(
        normal(pl.col("plain"))
    )
    return applied.join(plain, on="value", how="left", maintain_order="left").select(
        "target", "field", pl.col("plain").alias("value")
    )


def _text(value: str) -> str | None:
    parsed = json.loads(value)
    if parsed is None or isinstance(parsed, str):
        return parsed
    return json.dumps(parsed)
