"""What a platform ought to show: one row per field, as a long frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

from schemas.frames.base import UTC, columns

WANTED = columns(
    platform=pl.String,
    object=pl.String,
    target=pl.String,
    is_creation=pl.Boolean,
    field=pl.String,
    value=pl.String,  # JSON
    shown=pl.String,  # JSON; null: nobody knows, or there is no record yet
    learned_at=UTC,  # when `shown` was learned
    priority=pl.Int64,
    person_key=pl.String,
    cycle_key=pl.String,
    why=pl.String,
)
OWNER, STAMP, SCORE = 1, 2, 3
"""Priorities: owner, status, `MQL__c` and creations; stamps; scores."""


@dataclass(frozen=True)
class Wish:
    """`wanted`: what ought to stand there. `left`: what would, were it not for a person's work; `why` says whose."""

    wanted: pl.DataFrame
    left: pl.DataFrame

    @classmethod
    def nothing(cls) -> Self:
        return cls(pl.DataFrame(schema=WANTED), pl.DataFrame(schema=WANTED))


def json_value(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column's values as JSON text, nulls included: text quoted, instants as ISO 8601 with Z, numbers as they are."""
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        text = pl.concat_str(pl.lit('"'), column.dt.strftime("%Y-%m-%dT%H:%M:%SZ"), pl.lit('"'))
    elif dtype == pl.String:
        # json_encode escapes what must be escaped; the struct's braces and key are cut off again.
        encoded = pl.struct(column.alias("v")).struct.json_encode()
        text = pl.when(column.is_not_null()).then(encoded.str.slice(5).str.head(-1))
    elif dtype == pl.Boolean:
        text = pl.when(column).then(pl.lit("true")).otherwise(pl.lit("false"))
    else:
        text = column.cast(pl.String)
    return pl.when(column.is_null()).then(pl.lit("null")).otherwise(text)


def unpivoted(rows: pl.DataFrame, fields: Mapping[str, int], *, shown: str | None = None) -> pl.DataFrame:
    """`rows` (target and the other columns of WANTED that are the same for all fields) turned into WANTED.

    `fields`: columns of `rows` that are wanted, with their priority. `shown`: prefix of the columns that say what the
    platform shows; without it nothing is known to be shown.
    """
    parts = [pl.DataFrame(schema=WANTED)]
    for field, priority in fields.items():
        known = (
            json_value(f"{shown}{field}", rows.schema[f"{shown}{field}"])
            if shown
            else pl.lit(None, pl.String)
        )
        part = rows.with_columns(
            field=pl.lit(field),
            value=json_value(field, rows.schema[field]),
            shown=known,
            priority=pl.lit(priority, pl.Int64),
        )
        parts.append(part.select(pl.col(name).cast(dtype) for name, dtype in WANTED.items()))
    return pl.concat(parts)
