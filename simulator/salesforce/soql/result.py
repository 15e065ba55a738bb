"""Rows of SQL to the JSON that the REST API answers: nested parents, typed values, record addresses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from simulator.salesforce.errors import RequestError
from simulator.salesforce.schema import Type
from simulator.salesforce.soql.sql import Groups, Records

_TOO_LARGE = ("too many", "too large", "tables in a join", "stack overflow", "too complex")


def rows(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a compiled statement finds; one beyond what the database below takes is refused."""
    try:
        return connection.execute(sql, parameters).fetchall()
    except sqlite3.OperationalError as error:
        if not any(sign in str(error) for sign in _TOO_LARGE):
            raise
        raise RequestError(
            400,
            "QUERY_TOO_COMPLICATED",
            "query is either selecting too many fields or the filter conditions are too complicated",
        ) from None


def page(
    connection: sqlite3.Connection, plan: Records, ids: Sequence[str], version: str
) -> list[dict[str, Any]]:
    """The records under these ids, in their order; one that is gone meanwhile is left out."""
    shaper = _Shaper(plan, version)
    found = {row[0]: row for row in rows(connection, plan.page_sql, [json.dumps(list(ids))])}
    return [shaper.record(found[i]) for i in ids if i in found]


def groups(connection: sqlite3.Connection, plan: Groups) -> list[dict[str, Any]]:
    booleans = [kind is Type.BOOLEAN for kind in plan.types]
    answer = []
    for row in rows(connection, plan.sql, plan.parameters):
        record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for name, value, is_boolean in zip(plan.names, row, booleans, strict=True):
            record[name] = bool(value) if is_boolean and value is not None else value
        answer.append(record)
    return answer


class _Shaper:
    """Builds records by positions that are worked out once per page, not once per row."""

    def __init__(self, plan: Records, version: str) -> None:
        self._root = f"/services/data/v{version}/sobjects/"
        self._type = plan.sobject.name
        self._fields: dict[tuple[str, ...], list[tuple[str, int, bool]]] = {(): []}
        for path in plan.entities:
            self._fields[path] = []
        for i, column in enumerate(plan.columns):
            is_boolean = column.type is Type.BOOLEAN
            self._fields[column.path[:-1]].append((column.path[-1], i + 1, is_boolean))
        first = len(plan.columns) + 1
        self._places = {path: first + 2 * i for i, path in enumerate(plan.entities)}
        self._types = dict(zip(plan.entities, plan.entity_types, strict=True))
        self._children: dict[tuple[str, ...], list[tuple[str, ...]]] = {path: [] for path in self._fields}
        for path in plan.entities:
            self._children[path[:-1]].append(path)
        self._order = self._selection(plan)

    @staticmethod
    def _selection(plan: Records) -> dict[tuple[str, ...], list[str]]:
        """The order in which keys were asked for, so that a record reads like its query."""
        order: dict[tuple[str, ...], list[str]] = {}
        for column in plan.columns:
            for depth in range(len(column.path)):
                keys = order.setdefault(column.path[:depth], [])
                if column.path[depth] not in keys:
                    keys.append(column.path[depth])
        return order

    def record(self, row: Sequence[Any]) -> dict[str, Any]:
        return self._build((), row, self._type, self._type, row[0])

    def _build(
        self, path: tuple[str, ...], row: Sequence[Any], shown: str, object_name: str, record_id: str
    ) -> dict[str, Any]:
        record: dict[str, Any] = {
            "attributes": {"type": shown, "url": f"{self._root}{object_name}/{record_id}"}
        }
        for name, place, is_boolean in self._fields[path]:
            value = row[place]
            record[name] = bool(value) if is_boolean and value is not None else value
        children = self._children[path]
        if not children:
            return record
        for child in children:
            place = self._places[child]
            parent_id, parent_object = row[place], row[place + 1]
            record[child[-1]] = (
                None
                if parent_id is None
                else self._build(child, row, self._types[child], parent_object, parent_id)
            )
        return {"attributes": record["attributes"], **{key: record[key] for key in self._order[path]}}
