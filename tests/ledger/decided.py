"""Frames of decisions for tests: given values, and plain ones for every other column."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa

from ledger.tables.base import Instant
from schemas.frames.base import UTC as UTC_INSTANT
from schemas.frames.base import Frame, dtypes

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def hours(n: float) -> datetime:
    """So many hours after the first instant of the tests."""
    return T0 + timedelta(hours=n)


def rows(model: type[Frame], *given: dict[str, Any]) -> pl.DataFrame:
    """A frame of the model; a column that isn't given is null where it may be, else plain."""
    schema = dtypes(model)
    nullable = {name: column.nullable for name, column in model.to_schema().columns.items()}
    plain = {name: None if nullable[name] else _plain(name, dtype) for name, dtype in schema.items()}
    data = [{**plain, **row} for row in given]
    for row in data:
        assert set(row) == set(schema), set(row) ^ set(schema)
    return pl.DataFrame(data, schema=schema, orient="row")


def stored(table: sa.Table, *given: dict[str, Any]) -> pl.DataFrame:
    """Rows of a table; a column that isn't given is null where it may be, else plain."""
    schema = {column.name: _dtype(column.type) for column in table.columns}
    plain = {c.name: None if c.nullable else _plain(c.name, schema[c.name]) for c in table.columns}
    return pl.DataFrame([{**plain, **row} for row in given], schema=schema, orient="row")


def _dtype(kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, Instant):
        return UTC_INSTANT
    if isinstance(kind, sa.Boolean):
        return pl.Boolean()
    return pl.Int64() if isinstance(kind, sa.Integer) else pl.String()


def _plain(name: str, dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.Datetime):
        return T0
    if dtype == pl.Boolean:
        return False
    if dtype.is_numeric():
        return 1
    return {"origin": "live", "line": "default", "model": "default", "reasons": "{}"}.get(name, name)
