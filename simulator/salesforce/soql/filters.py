"""WHERE conditions to SQL.

SOQL has two truth values: a null is simply not equal. So `!=` and NOT IN keep rows with null, and NOT turns
SQL's unknown into true.
"""

# ruff: noqa: S608 - names come from the schema, every value is bound

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.salesforce.ids import is_id, to_18
from simulator.salesforce.schema import Type
from simulator.salesforce.soql.ast import (
    Boolean,
    Both,
    Comparison,
    Condition,
    Day,
    Either,
    InList,
    InQuery,
    Literal,
    Moment,
    Not,
    Null,
    Number,
    Path,
    Relative,
    Text,
)
from simulator.salesforce.soql.errors import SoqlError
from simulator.salesforce.soql.relative import span
from simulator.salesforce.soql.scope import Column, Scope

TEXTS = frozenset({Type.STRING, Type.TEXTAREA, Type.EMAIL, Type.PHONE, Type.URL, Type.PICKLIST})
NUMBERS = frozenset({Type.INTEGER, Type.DOUBLE, Type.CURRENCY})
IDS = frozenset({Type.ID, Type.REFERENCE})
_MAX_SEMI_JOINS = 2
_MANY = 500


@dataclass
class Filters:
    """Compiles the conditions of one scope; `parameters` fill in the order in which the SQL is read."""

    scope: Scope
    now: datetime
    zone: ZoneInfo
    living: Callable[[Scope], str]
    inner: bool = False
    parameters: list[Any] = field(default_factory=list)
    _semi_joins: int = 0

    def compile(self, condition: Condition, *, alternative: bool = False) -> str:
        """SQL for a condition; `alternative` is true below OR and NOT, where no semi-join may stand."""
        match condition:
            case Both(parts):
                return "(" + " AND ".join([self.compile(p, alternative=alternative) for p in parts]) + ")"
            case Either(parts):
                return "(" + " OR ".join([self.compile(p, alternative=True) for p in parts]) + ")"
            case Not(part):
                return f"(NOT IFNULL({self.compile(part, alternative=True)}, 0))"
            case Comparison(path, operator, value):
                return self._comparison(self._column(path), path, operator, value)
            case InList(path, values, negated):
                return self._in_list(self._column(path), path, values, negated)
            case InQuery():
                return self._semi_join(condition, alternative)

    def _column(self, path: Path) -> Column:
        column = self.scope.resolve(path)
        if not column.field.filterable:
            raise self._error(
                "INVALID_FIELD", f"field '{column.field.name}' can not be filtered in a query call", path
            )
        return column

    def _comparison(self, column: Column, path: Path, operator: str, value: Literal) -> str:
        if operator == "LIKE":
            return self._like(column, path, value)
        if isinstance(value, Null) or (
            isinstance(value, Text) and not value.value and column.type not in IDS
        ):
            if operator not in ("=", "!="):
                raise self._error("MALFORMED_QUERY", f"unexpected operator '{operator}' with null", value)
            if isinstance(value, Text) and column.type not in TEXTS:
                raise self._mistyped(column, value)
            return f"{column.sql} IS {'NOT ' if operator == '!=' else ''}NULL"
        if isinstance(value, Relative):
            return self._relative(column, operator, value)
        if column.type is Type.BOOLEAN and operator not in ("=", "!="):
            raise self._error(
                "INVALID_QUERY_FILTER_OPERATOR",
                f"invalid operator on boolean field: {column.field.name}",
                path,
            )
        wanted = self._value(column, value)
        left, collation = column.sql, ""
        if column.type in TEXTS:
            collation = " COLLATE NOCASE"
            if not wanted.isascii():
                left, wanted = f"fold({left})", wanted.lower()
        self.parameters.append(wanted)
        if operator == "!=":
            return f"({left} <> ?{collation} OR {column.sql} IS NULL)"
        return f"{left} {operator} ?{collation}"

    def _like(self, column: Column, path: Path, value: Literal) -> str:
        if column.type not in TEXTS:
            raise self._error(
                "INVALID_QUERY_FILTER_OPERATOR",
                f"invalid operator on {column.type.value} field: {column.field.name}",
                path,
            )
        if not isinstance(value, Text):
            raise self._mistyped(column, value)
        left, pattern = column.sql, value.pattern
        if not pattern.isascii():
            left, pattern = f"fold({left})", pattern.lower()
        self.parameters.append(pattern)
        return f"{left} LIKE ? ESCAPE '\\'"

    def _in_list(self, column: Column, path: Path, values: tuple[Literal, ...], negated: bool) -> str:
        wanted: list[Any] = []
        null = False
        for value in values:
            if isinstance(value, Null) or (
                isinstance(value, Text) and not value.value and column.type in TEXTS
            ):
                null = True
            elif isinstance(value, Relative):
                raise self._error("MALFORMED_QUERY", f"unexpected token: '{value.name}'", value)
            else:
                wanted.append(self._value(column, value))
        left = column.sql
        if column.type in TEXTS:
            if any(not w.isascii() for w in wanted):
                left, wanted = f"fold({left})", [w.lower() for w in wanted]
            left += " COLLATE NOCASE"
        if len(wanted) > _MANY:
            marks = "SELECT value FROM json_each(?)"
            self.parameters.append(json.dumps(wanted))
        else:
            marks = ", ".join("?" * len(wanted))
            self.parameters.extend(wanted)
        if negated:
            return f"({left} NOT IN ({marks}) {'AND' if null else 'OR'} {column.sql} IS {'NOT ' if null else ''}NULL)"
        return f"({left} IN ({marks}){f' OR {column.sql} IS NULL' if null else ''})"

    def _semi_join(self, condition: InQuery, alternative: bool) -> str:
        path, query = condition.field, condition.query
        column = self._column(path)
        self._semi_joins += 1
        if self.inner:
            raise self._error("MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported", path)
        if alternative:
            raise self._error(
                "MALFORMED_QUERY", "Semi join sub-selects are not allowed with the 'OR' operator", path
            )
        if self._semi_joins > _MAX_SEMI_JOINS:
            raise self._error("MALFORMED_QUERY", "Maximum 2 semi join sub-selects are allowed", path)
        sobject = self.scope.schema.get(query.object)
        if sobject is None:
            raise no_such_object(query.object, self.scope.query, query.object_position)
        if sobject is self.scope.root:
            raise self._error(
                "MALFORMED_QUERY", "The inner and outer selects should not be on the same object type", path
            )
        scope = Scope(self.scope.schema, sobject, self.scope.query, prefix=f"s{self._semi_joins}_")
        inner_column = scope.resolve(query.field)
        if column.type not in IDS or inner_column.type not in IDS or len(inner_column.path) > 1:
            raise self._error(
                "MALFORMED_QUERY",
                f"The left operand '{column.field.name}' in the where expression and the selected field "
                f"'{inner_column.field.name}' in the sub-select must be ids of the same object type",
                path,
            )
        if not _objects_of(column) & _objects_of(inner_column):
            raise self._error(
                "MALFORMED_QUERY",
                f"The selected field '{inner_column.field.name}' in the subquery and the left operand field "
                f"'{column.field.name}' in the where expression in the outer query should point to the same "
                "object type",
                path,
            )
        inner = Filters(scope, self.now, self.zone, self.living, inner=True)
        where = [f"{inner_column.sql} IS NOT NULL", self.living(scope)]
        if query.where is not None:
            where.append(inner.compile(query.where))
        self.parameters.extend(inner.parameters)
        sql = f"(SELECT {inner_column.sql} FROM {scope.from_sql} WHERE {' AND '.join(where)})"
        if condition.negated:
            return f"({column.sql} NOT IN {sql} OR {column.sql} IS NULL)"
        return f"{column.sql} IN {sql}"

    def _relative(self, column: Column, operator: str, value: Relative) -> str:
        if column.type not in (Type.DATE, Type.DATETIME):
            raise self._mistyped(column, value)
        try:
            days = span(value.name, value.count, self.now, self.zone)
            if column.type is Type.DATE:
                start, end = days.start.isoformat(), days.end.isoformat()
            else:
                start, end = (milliseconds(m) for m in days.moments(self.zone))
        except (OverflowError, ValueError):
            raise self._error("MALFORMED_QUERY", f"Invalid date: {value.name}:{value.count}", value) from None
        match operator:
            case "=":
                self.parameters += [start, end]
                return f"({column.sql} >= ? AND {column.sql} < ?)"
            case "!=":
                self.parameters += [start, end]
                return f"({column.sql} < ? OR {column.sql} >= ? OR {column.sql} IS NULL)"
            case "<" | ">=":
                self.parameters.append(start)
                return f"{column.sql} {operator} ?"
            case _:  # after the span's end, or up to it
                self.parameters.append(end)
                return f"{column.sql} {'>=' if operator == '>' else '<'} ?"

    def _value(self, column: Column, value: Literal) -> Any:
        """The stored form of a literal, or the error for one of another type than the field's."""
        kind = column.type
        if kind in IDS and isinstance(value, Text):
            if not is_id(value.value):
                raise self._error("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.value}", value)
            return to_18(value.value)
        if kind in TEXTS and isinstance(value, Text):
            return value.value
        if kind in NUMBERS and isinstance(value, Number):
            return float(value.text)
        if kind is Type.BOOLEAN and isinstance(value, Boolean):
            return int(value.value)
        if kind is Type.DATETIME and isinstance(value, Moment):
            return self._dated(value, lambda text: milliseconds(datetime.fromisoformat(text.upper())))
        if kind is Type.DATE and isinstance(value, Day):
            return self._dated(value, lambda text: date.fromisoformat(text).isoformat())
        raise self._mistyped(column, value)

    def _dated(self, value: Moment | Day, parse: Callable[[str], str]) -> str:
        try:
            return parse(value.text)
        except (OverflowError, ValueError):
            raise self._error("MALFORMED_QUERY", f"Invalid date: {value.text}", value) from None

    def _mistyped(self, column: Column, value: Literal) -> SoqlError:
        quotes = (
            "should be enclosed in quotes"
            if column.type in TEXTS | IDS
            else "should not be enclosed in quotes"
        )
        shown = {Type.DATETIME: "dateTime", Type.REFERENCE: "reference"}.get(column.type, column.type.value)
        return self._error(
            "INVALID_FIELD",
            f"value of filter criterion for field '{column.field.name}' must be of type {shown} and {quotes}",
            value,
        )

    def _error(self, code: str, message: str, at: Path | Literal) -> SoqlError:
        return SoqlError(code, message, self.scope.query, at.position)


def milliseconds(moment: datetime) -> str:
    """A datetime as it is stored, to the millisecond."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}+0000"


def no_such_object(name: str, query: str, position: int) -> SoqlError:
    return SoqlError(
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
        "the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate "
        "names.",
        query,
        position,
    )


def _objects_of(column: Column) -> set[str]:
    return {column.object_name} if column.type is Type.ID else set(column.field.reference_to)
