"""Custom objects: types with their fields, and records that are unique by their dedupe fields."""

# ruff: noqa: S608 - column names come from the schema; every value is bound

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ObjectField:
    name: str
    display_name: str
    data_type: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class ObjectType:
    """``link`` is the field that holds a lead's id; ``dedupe`` the fields that make a record unique."""

    name: str
    display_name: str
    description: str
    fields: tuple[ObjectField, ...]
    dedupe: tuple[str, ...]
    link: str | None
    created_at: str

    @property
    def searchable(self) -> tuple[tuple[str, ...], ...]:
        ways = [self.dedupe, ("marketoGUID",)]
        if self.link is not None and (self.link,) not in ways:
            ways.append((self.link,))
        return tuple(ways)

    def field(self, name: str) -> ObjectField | None:
        return next((field for field in self.fields if field.name == name), None)


class CustomObjectStore:
    def __init__(self, database: sqlite3.Connection, seed: int) -> None:
        self._database = database
        self._seed = seed
        self._made = 0
        self.types: dict[str, ObjectType] = {}

    def add_type(self, kind: ObjectType) -> None:
        self.types[kind.name] = kind

    def get(self, type_name: str, guid: str) -> dict[str, Any] | None:
        row = self._database.execute(
            "SELECT * FROM custom_objects WHERE type = ? AND guid = ?", (type_name, guid)
        ).fetchone()
        return None if row is None else _record(row)

    def by_dedupe(self, kind: ObjectType, values: Mapping[str, Any]) -> dict[str, Any] | None:
        row = self._database.execute(
            "SELECT * FROM custom_objects WHERE type = ? AND dedupe = ?", (kind.name, _key(kind, values))
        ).fetchone()
        return None if row is None else _record(row)

    def find(self, kind: ObjectType, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Records that agree with any of the wanted sets of values."""
        found: dict[str, dict[str, Any]] = {}
        for values in wanted:
            clauses, arguments = ["type = ?"], [kind.name]
            if kind.link is not None and kind.link in values:
                clauses.append("lead_id = ?")
                arguments.append(str(values[kind.link]))
            if "marketoGUID" in values:
                clauses.append("guid = ?")
                arguments.append(str(values["marketoGUID"]))
            rows = self._database.execute(
                f"SELECT * FROM custom_objects WHERE {' AND '.join(clauses)} ORDER BY rowid", arguments
            )
            for record in map(_record, rows):
                if all(str(record.get(name, "")) == str(value) for name, value in values.items()):
                    found[record["marketoGUID"]] = record
        return list(found.values())

    def page(self, type_name: str, limit: int, offset: int) -> list[dict[str, Any]]:
        rows = self._database.execute(
            "SELECT * FROM custom_objects WHERE type = ? ORDER BY rowid LIMIT ? OFFSET ?",
            (type_name, limit, offset),
        )
        return [_record(row) for row in rows]

    def insert(self, kind: ObjectType, values: Mapping[str, Any], at: str) -> str:
        self._made += 1
        guid = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed}:{kind.name}:{self._made}"))
        self._write(kind, guid, values, at, at)
        return guid

    def update(self, kind: ObjectType, before: Mapping[str, Any], values: Mapping[str, Any], at: str) -> None:
        stamps = {"marketoGUID", "createdAt", "updatedAt"}
        merged = {name: value for name, value in before.items() if name not in stamps} | dict(values)
        self._write(kind, before["marketoGUID"], merged, before["createdAt"], at)

    def delete(self, type_name: str, guid: str) -> None:
        self._database.execute("DELETE FROM custom_objects WHERE type = ? AND guid = ?", (type_name, guid))

    def _write(
        self, kind: ObjectType, guid: str, values: Mapping[str, Any], created_at: str, updated_at: str
    ) -> None:
        link = None if kind.link is None or values.get(kind.link) is None else str(values[kind.link])
        data = json.dumps(dict(values), ensure_ascii=False)
        self._database.execute(
            "INSERT INTO custom_objects (type, guid, dedupe, lead_id, data, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (type, guid) DO UPDATE SET dedupe = excluded.dedupe,"
            " lead_id = excluded.lead_id, data = excluded.data, updated_at = excluded.updated_at",
            (kind.name, guid, _key(kind, values), link, data, created_at, updated_at),
        )


def _key(kind: ObjectType, values: Mapping[str, Any]) -> str:
    return json.dumps([str(values.get(name)) for name in kind.dedupe], ensure_ascii=False)


def _record(row: sqlite3.Row) -> dict[str, Any]:
    return {
        **json.loads(row["data"]),
        "marketoGUID": row["guid"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
