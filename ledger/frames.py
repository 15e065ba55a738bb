"""Rows to Polars frames and back: the only place where the two meet.

Reading takes raw tuples from the database cursor: instants stay the integers they are stored as until Polars turns
a whole column into timestamps, which is some ten times faster than making Python datetimes of them.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from schemas.frames.base import Frame, dtypes

READ_CHUNK = 50_000
Shape = type[Frame] | Mapping[str, Any]


def fetch(connection: sa.Connection, statement: sa.Select[Any], shape: Shape) -> pl.DataFrame:
    """The rows of a statement as a frame of this model (or of these dtypes), whatever the statement's column order."""
    wanted = dict(shape) if isinstance(shape, Mapping) else dtypes(shape)
    result = connection.execute(statement)
    names = list(result.keys())
    if set(names) != set(wanted):
        odd = sorted(set(names) ^ set(wanted))
        raise ValueError(f"the statement's columns are not the frame's: {odd} stand on one side only")
    stored = {name: _stored(wanted[name]) for name in names}
    cursor = result.cursor
    parts = []
    while cursor is not None and (rows := cursor.fetchmany(READ_CHUNK)):
        parts.append(pl.DataFrame(rows, schema=stored, orient="row", strict=False))
    result.close()
    frame = pl.concat(parts) if parts else pl.DataFrame(schema=stored)
    return frame.select(_read(name, dtype) for name, dtype in wanted.items())


def rows_of(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The frame's rows as a database driver takes them: instants as microseconds, lists as JSON text."""
    return frame.with_columns(
        *(
            pl.col(name).dt.cast_time_unit("us").to_physical()
            for name, dtype in frame.schema.items()
            if isinstance(dtype, pl.Datetime)
        ),
        *(
            pl.col(name).map_elements(_json_list, return_dtype=pl.String)
            for name, dtype in frame.schema.items()
            if isinstance(dtype, pl.List)
        ),
    ).rows()


def among(column: sa.ColumnElement[Any], keys: Iterable[str]) -> sa.ColumnElement[bool]:
    """`column IN keys` for any number of keys: they travel as one JSON parameter, so no limit on parameters applies."""
    each = _Each(sa.literal(json.dumps(list(keys)), sa.Text())).table_valued("value")
    return column.in_(sa.select(each.c.value))


def table_columns(table: sa.Table, shape: Shape) -> list[sa.Column[Any]]:
    """The table's columns that a frame of this shape has."""
    wanted = shape if isinstance(shape, Mapping) else dtypes(shape)
    return [table.c[name] for name in wanted]


class _Each(sa.sql.functions.GenericFunction[str]):
    """The texts of a JSON list, one a row."""

    name = "json_texts"
    inherit_cache = True
    type = sa.Text()


@compiles(_Each, "sqlite")
def _each_sqlite(element: _Each, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kwargs)})"


@compiles(_Each, "postgresql")
def _each_postgresql(element: _Each, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **kwargs)} AS json))"


def _stored(dtype: Any) -> Any:
    if isinstance(dtype, pl.Datetime):
        return pl.Int64
    return pl.String if isinstance(dtype, pl.List) else dtype


def _read(name: str, dtype: Any) -> pl.Expr:
    column = pl.col(name)
    return column.str.json_decode(dtype) if isinstance(dtype, pl.List) else column.cast(dtype)


def _json_list(values: pl.Series) -> str:
    return json.dumps(values.to_list())
