"""What all tables share: one metadata, the column types, and who may write a table.

Types behave alike on SQLite and PostgreSQL. An instant is its UTC microseconds in a BIGINT: the same ordering, the
same speed and no time zone rules on either; views show it as a timestamp. Text is compared by code point on both.
Each table names its writers: `Table("scores", metadata, …, info=written_by(Silo.SCORING))`. The unit of work refuses
a write by any other silo. A silo that may update some columns only is named in `partly`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from schemas.frames.base import Frame
from schemas.vocabulary import Silo

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

metadata = sa.MetaData(naming_convention=NAMES)

# "C": the order of code points, which is what SQLite does; a locale's order would make the two databases differ.
Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
# SQLite gives ids by itself only to a column declared INTEGER PRIMARY KEY.
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """A moment: an aware datetime in Python, UTC microseconds since 1970 in the database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


def to_micros(instant: datetime) -> int:
    """UTC microseconds of an aware datetime; a naive one is refused, for nobody knows when that is."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; the ledger stores UTC instants only")
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware datetime of UTC microseconds."""
    return EPOCH + micros * MICROSECOND


def written_by(*silos: Silo, partly: Mapping[Silo, Sequence[str]] | None = None) -> dict[str, Any]:
    """The `info` of a table: the silos that may write its rows, and those that may update some columns."""
    return {
        "silos": frozenset(silos),
        "partly": {silo: frozenset(columns) for silo, columns in (partly or {}).items()},
    }


def writers(table: sa.Table) -> frozenset[Silo]:
    """The silos that may write any column and row of this table."""
    silos: frozenset[Silo] = table.info.get("silos", frozenset())
    return silos


def columns_open_to(table: sa.Table, silo: Silo) -> frozenset[str]:
    """Columns that this silo may update though it isn't the table's writer."""
    columns: frozenset[str] = table.info.get("partly", {}).get(silo, frozenset())
    return columns


def columns_of(
    model: type[Frame], *, key: Sequence[str] = (), without: Sequence[str] = ()
) -> list[sa.Column[Any]]:
    """The columns that keep the frames of a model: same names, same order, same nullability.

    A column added to the model is a column of the table; the migration test then asks for its revision.
    """
    schema = model.to_schema().columns
    return [
        sa.Column(name, _type(column.dtype.type), primary_key=name in key, nullable=column.nullable)
        for name, column in schema.items()
        if name not in without
    ]


def _type(dtype: pl.DataType) -> sa.types.TypeEngine[Any]:
    if isinstance(dtype, pl.Datetime):
        return Instant()
    if dtype == pl.Boolean:
        return sa.Boolean()
    if dtype.is_integer():
        return sa.BigInteger()
    if dtype.is_float():
        return sa.Double()
    return Text  # lists stand as JSON text
