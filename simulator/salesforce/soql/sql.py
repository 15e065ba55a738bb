"""A statement's tree to SQL: which ids it finds, in which order, and how a page of them is read."""

# ruff: noqa: S608 - names come from the schema, every value is bound

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.salesforce.schema import Schema, SObject, Type
from simulator.salesforce.soql.ast import Aggregate, Order, Path, Query
from simulator.salesforce.soql.errors import SoqlError
from simulator.salesforce.soql.filters import NUMBERS, TEXTS, Filters, no_such_object
from simulator.salesforce.soql.parser import parse
from simulator.salesforce.soql.scope import Column, Scope
from simulator.salesforce.store import quoted
from simulator.salesforce.values import stamp

MAX_OFFSET = 2000
_GROUPABLE = TEXTS | {Type.ID, Type.REFERENCE, Type.BOOLEAN, Type.DATE, Type.INTEGER}


@dataclass(frozen=True)
class Records:
    """A query for records: `ids_sql` finds them, `page_sql` reads those whose ids stand in a JSON array.

    `columns` are the selected fields in the query's order. The page's values are, for each column, its value, then
    for each relationship in `entities` the parent's id and object.
    """

    sobject: SObject
    ids_sql: str
    parameters: tuple[Any, ...]
    page_sql: str
    columns: tuple[Column, ...]
    entities: tuple[tuple[str, ...], ...]
    entity_types: tuple[str, ...]


@dataclass(frozen=True)
class Count:
    """`SELECT COUNT()`: one number."""

    sql: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True)
class Groups:
    """An aggregate query: `names` are the keys of each result, `types` how their values are shown."""

    sql: str
    parameters: tuple[Any, ...]
    names: tuple[str, ...]
    types: tuple[Type, ...]


def compile_query(
    text: str, schema: Schema, *, now: datetime, zone: ZoneInfo, include_deleted: bool
) -> Records | Count | Groups:
    """The plan of a statement, or SoqlError for what the org doesn't have or this simulator doesn't speak."""
    query = parse(text)
    sobject = schema.get(query.object)
    if sobject is None:
        raise no_such_object(query.object, text, query.object_position)
    return _Compiler(text, query, sobject, schema, now, zone, include_deleted).plan()


class _Compiler:
    def __init__(
        self,
        text: str,
        query: Query,
        sobject: SObject,
        schema: Schema,
        now: datetime,
        zone: ZoneInfo,
        include_deleted: bool,
    ) -> None:
        self._text = text
        self._query = query
        self._scope = Scope(schema, sobject, text)
        self._include_deleted = include_deleted
        self._visible = stamp(now)
        self._filters = Filters(self._scope, now, zone, self._living)
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise SoqlError(
                "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}", text
            )

    def plan(self) -> Records | Count | Groups:
        if self._query.bare_count:
            return self._count()
        if self._query.aggregates:
            return self._groups()
        return self._records()

    def _living(self, scope: Scope) -> str:
        """Committed rows, and unless queryAll asks for them no deleted ones."""
        sql = f"({scope.alias}._visible_at IS NULL OR {scope.alias}._visible_at <= '{self._visible}')"
        if "IsDeleted" in scope.root.fields and not self._include_deleted:
            sql += f" AND {scope.alias}.{quoted('IsDeleted')} = 0"
        return sql

    def _where(self) -> str:
        conditions = []
        if self._query.where is not None:
            conditions.append(self._filters.compile(self._query.where))
        return " AND ".join([*conditions, self._living(self._scope)])

    def _window(self) -> str:
        query = self._query
        if query.limit is None and query.offset is None:
            return ""
        return f" LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset or 0}"

    def _records(self) -> Records:
        columns: list[Column] = []
        seen: set[tuple[str, ...]] = set()
        for item in self._query.fields:
            assert isinstance(item, Path)
            column = self._scope.resolve(item)
            if column.path in seen:
                raise self._error(f"duplicate field selected: {column.path[-1]}", item)
            seen.add(column.path)
            columns.append(column)
        paths = sorted({c.path[:depth] for c in columns for depth in range(1, len(c.path))})
        entities = [self._scope.entity(path) for path in paths]
        selected = [c.sql for c in columns]
        for entity in entities:
            selected += [entity.id_sql, entity.object_sql]
        root_id = f"{self._scope.alias}.{quoted('Id')}"
        page_sql = (
            f"SELECT {root_id}, {', '.join(selected)} FROM {self._scope.from_sql} "
            f"WHERE {root_id} IN (SELECT value FROM json_each(?))"
        )
        where = self._where()
        order = ", ".join([*(self._ordering(o) for o in self._query.order_by), root_id])
        ids_sql = (
            f"SELECT {root_id} FROM {self._scope.from_sql} WHERE {where} ORDER BY {order}{self._window()}"
        )
        return Records(
            self._scope.root,
            ids_sql,
            tuple(self._filters.parameters),
            page_sql,
            tuple(columns),
            tuple(paths),
            tuple(e.type_name for e in entities),
        )

    def _ordering(self, order: Order) -> str:
        if isinstance(order.by, Aggregate):
            raise self._error(f"unexpected token: '{order.by.function}'", order.by)
        column = self._scope.resolve(order.by)
        if column.type is Type.TEXTAREA:
            raise self._error(f"field '{column.field.name}' can not be sorted in a query call", order.by)
        return _directed(_sort_key(column), order)

    def _count(self) -> Count:
        if self._query.group_by or self._query.order_by:
            raise SoqlError("MALFORMED_QUERY", "COUNT() stands alone: no GROUP BY, no ORDER BY", self._text)
        where = self._where()
        inner = f"SELECT 1 FROM {self._scope.from_sql} WHERE {where}{self._window()}"
        return Count(f"SELECT COUNT(*) FROM ({inner})", tuple(self._filters.parameters))

    def _groups(self) -> Groups:
        grouped = [self._group_column(path) for path in self._query.group_by]
        paths = {c.path for c in grouped}
        names: list[str] = []
        types: list[Type] = []
        selected: list[str] = []
        unnamed = 0
        for item in self._query.fields:
            if isinstance(item, Path):
                column = self._scope.resolve(item)
                if column.path not in paths:
                    raise self._error(f"Field must be grouped or aggregated: {item}", item)
                name, kind, sql = column.path[-1], column.type, column.sql
            else:
                sql, kind = self._aggregate(item)
                name = item.alias or f"expr{unnamed}"
                unnamed += item.alias is None
            if name.lower() in (n.lower() for n in names):
                raise self._error(f"duplicate alias: {name}", item)
            names.append(name)
            types.append(kind)
            selected.append(sql)
        orders = [self._group_ordering(o, paths) for o in self._query.order_by]
        if grouped and not orders:
            orders = [c.sql for c in grouped]
        if not grouped and self._window():
            message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise SoqlError("MALFORMED_QUERY", message, self._text)
        where = self._where()
        sql = f"SELECT {', '.join(selected)} FROM {self._scope.from_sql} WHERE {where}"
        if grouped:
            sql += f" GROUP BY {', '.join(_collated(c) for c in grouped)}"
        if orders:
            sql += f" ORDER BY {', '.join(orders)}"
        return Groups(sql + self._window(), tuple(self._filters.parameters), tuple(names), tuple(types))

    def _group_column(self, path: Path) -> Column:
        column = self._scope.resolve(path)
        if column.type not in _GROUPABLE or (column.type is Type.TEXTAREA and column.field.length > 255):
            raise self._error(f"field '{column.field.name}' can not be grouped in a query call", path)
        return column

    def _group_ordering(self, order: Order, grouped: set[tuple[str, ...]]) -> str:
        if isinstance(order.by, Aggregate):
            return _directed(self._aggregate(order.by)[0], order)
        column = self._scope.resolve(order.by)
        if column.path not in grouped:
            raise self._error(f"Ordered field must be grouped or aggregated: {order.by}", order.by)
        return _directed(_sort_key(column), order)

    def _aggregate(self, item: Aggregate) -> tuple[str, Type]:
        if item.argument is None:
            raise self._error("COUNT() must be the only element in the SELECT list", item)
        column = self._scope.resolve(item.argument)
        kind = column.type
        if kind is Type.TEXTAREA or (item.function in ("MIN", "MAX") and kind is Type.BOOLEAN):
            raise self._error(
                f"field {column.field.name} does not support aggregate operator {item.function}", item
            )
        if item.function in ("SUM", "AVG") and kind not in NUMBERS:
            raise self._error(
                f"field {column.field.name} does not support aggregate operator {item.function}", item
            )
        if item.function == "COUNT":
            return f"COUNT({column.sql})", Type.INTEGER
        if item.function == "COUNT_DISTINCT":
            return f"COUNT(DISTINCT {_collated(column)})", Type.INTEGER
        return f"{item.function}({column.sql})", Type.DOUBLE if item.function == "AVG" else kind

    def _error(self, message: str, at: Path | Aggregate) -> SoqlError:
        return SoqlError("MALFORMED_QUERY", message, self._text, at.position)


def _collated(column: Column) -> str:
    return f"{column.sql} COLLATE NOCASE" if column.type in TEXTS else column.sql


def _sort_key(column: Column) -> str:
    """Picklists sort in the order of their values, as the administrator arranged them."""
    if column.type is Type.PICKLIST and column.field.values:
        literals = [value.replace("'", "''") for value in column.field.values]
        cases = " ".join(f"WHEN '{value}' THEN {i}" for i, value in enumerate(literals))
        return f"CASE {column.sql} {cases} ELSE IIF({column.sql} IS NULL, NULL, {len(literals)}) END"
    return _collated(column)


def _directed(sql: str, order: Order) -> str:
    direction = "DESC" if order.descending else "ASC"
    return f"{sql} {direction} NULLS {'LAST' if order.nulls_last else 'FIRST'}"
