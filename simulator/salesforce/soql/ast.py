"""The syntax tree of a SOQL statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Path:
    """`Owner.Name`: relationship names, then a field; `position` is where it stands in the query."""

    parts: tuple[str, ...]
    position: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True)
class Aggregate:
    """`COUNT(Id) total`; `COUNT()` has no argument. The function's name is upper case."""

    function: str
    argument: Path | None
    alias: str | None
    position: int


@dataclass(frozen=True)
class Text:
    value: str
    pattern: str
    position: int


@dataclass(frozen=True)
class Number:
    text: str
    position: int


@dataclass(frozen=True)
class Boolean:
    value: bool
    position: int


@dataclass(frozen=True)
class Null:
    position: int


@dataclass(frozen=True)
class Moment:
    """A datetime literal with its zone."""

    text: str
    position: int


@dataclass(frozen=True)
class Day:
    text: str
    position: int


@dataclass(frozen=True)
class Relative:
    """`TODAY`, `LAST_N_DAYS:30`."""

    name: str
    count: int | None
    position: int


Literal: TypeAlias = Text | Number | Boolean | Null | Moment | Day | Relative


@dataclass(frozen=True)
class Comparison:
    """`operator` is one of = != < <= > >= LIKE."""

    field: Path
    operator: str
    value: Literal


@dataclass(frozen=True)
class InList:
    field: Path
    values: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True)
class InQuery:
    field: Path
    query: SubQuery
    negated: bool


@dataclass(frozen=True)
class Both:
    """AND"""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    """OR"""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition: TypeAlias = Comparison | InList | InQuery | Both | Either | Not


@dataclass(frozen=True)
class SubQuery:
    """The inside of a semi-join: one field of one object."""

    field: Path
    object: str
    object_position: int
    where: Condition | None


@dataclass(frozen=True)
class Order:
    by: Path | Aggregate
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    fields: tuple[Path | Aggregate, ...]
    object: str
    object_position: int
    where: Condition | None = None
    group_by: tuple[Path, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None

    @property
    def bare_count(self) -> bool:
        """`SELECT COUNT() FROM …`, which answers a number and no records."""
        return (
            len(self.fields) == 1
            and isinstance(self.fields[0], Aggregate)
            and self.fields[0].argument is None
        )

    @property
    def aggregates(self) -> bool:
        return bool(self.group_by) or any(isinstance(f, Aggregate) for f in self.fields)
