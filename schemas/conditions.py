"""Conditions of the playbook: SQL boolean expressions over one row, compiled to Polars and checked at load time.

`polars.sql_expr` alone would let aggregates, window functions and clocks through: `COUNT(x) > 3` and `NOW() > at`
compile, and would make a decision depend on the batch or on the moment. So the syntax tree is first held against an
allow-list of nodes and functions; what is not listed is refused. A null condition is false.
"""

from dataclasses import dataclass
from functools import lru_cache

import polars as pl
import sqlglot
from sqlglot import expressions as sql

NODES: tuple[type[sql.Expr], ...] = (
    sql.Column, sql.Identifier, sql.Literal, sql.Boolean, sql.Null, sql.Paren, sql.Tuple,
    sql.And, sql.Or, sql.Not, sql.EQ, sql.NEQ, sql.GT, sql.GTE, sql.LT, sql.LTE,
    sql.In, sql.Between, sql.Is, sql.Like, sql.ILike, sql.RegexpLike, sql.RegexpILike,
    sql.Add, sql.Sub, sql.Mul, sql.Div, sql.Neg,
    sql.Lower, sql.Upper, sql.Trim, sql.Length, sql.Coalesce, sql.ArrayContains, sql.StartsWith, sql.Abs,
)  # fmt: skip
FUNCTIONS = frozenset({"ends_with", "array_contains", "regexp_like"})


class ConditionFault(Exception):
    """A condition that can't be used; the message says why and, for a wrong name, which names there are."""


@dataclass(frozen=True)
class Columns:
    """The typed columns a condition may use; `about` names them in messages (person, activity …)."""

    about: str
    types: tuple[tuple[str, pl.DataType], ...]

    @classmethod
    def of(cls, about: str, types: dict[str, pl.DataType]) -> "Columns":
        return cls(about, tuple(types.items()))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.types]


def check(text: str, columns: Columns) -> frozenset[str]:
    """The columns that the condition reads; raises `ConditionFault` for anything but one boolean over one row."""
    try:
        tree = _parse(text)
        _check_nodes(tree)
        used = {column.name for column in tree.find_all(sql.Column)}
    except RecursionError:
        raise ConditionFault("nested too deeply") from None
    unknown = sorted(used - set(columns.names))
    if unknown:
        known = ", ".join(sorted(columns.names))
        raise ConditionFault(
            f"unknown column {', '.join(unknown)}; a condition on the {columns.about} knows: {known}"
        )
    try:
        frame = pl.DataFrame(schema=dict(columns.types))
        # In parentheses: bare, Polars takes the word in `is_spam ISNULL` for a new name of the column, and would ask
        # for the column itself.
        dtype = frame.select(pl.sql_expr(f"({text}\n)").alias("condition")).schema["condition"]
    except (
        Exception
    ) as fault:  # Polars raises a dozen classes for what is one thing here: not a valid condition
        raise ConditionFault(_first_line(fault)) from None
    if dtype != pl.Boolean:
        raise ConditionFault(f"gives {dtype}, not true or false")
    return frozenset(used)


@lru_cache(maxsize=4096)
def expression(text: str) -> pl.Expr:
    """The condition as a Polars expression in which null counts as false. The text was checked when it was loaded."""
    return pl.sql_expr(text).fill_null(False)


def _parse(text: str) -> sql.Expr:
    try:
        trees = sqlglot.parse(text, read="postgres")
    except sqlglot.errors.SqlglotError as fault:
        raise ConditionFault(f"not a SQL condition: {_first_line(fault)}") from None
    if len(trees) != 1 or trees[0] is None:
        raise ConditionFault("must be exactly one condition")
    return trees[0]


def _check_nodes(tree: sql.Expr) -> None:
    for node in tree.walk():
        if isinstance(node, sql.Anonymous) and node.name.lower() in FUNCTIONS:
            continue
        if not isinstance(node, NODES):
            raise ConditionFault(f"{node.sql(dialect='postgres')[:60]!r} is not allowed: {_why(node)}")


def _why(node: sql.Expr) -> str:
    if isinstance(node, sql.AggFunc | sql.Window):
        return "a condition looks at one row; use a cap, a counter or a window key of the rule instead"
    if isinstance(node, sql.Query | sql.Subquery):
        return "no subqueries"
    if isinstance(node, sql.CurrentTimestamp | sql.CurrentDate | sql.CurrentTime):
        return "no clock; use the keys since and for"
    return "only comparisons, and/or/not, LIKE, ~*, IN, BETWEEN and a few text functions"


def _first_line(fault: Exception) -> str:
    return str(fault).strip().splitlines()[0][:200]
