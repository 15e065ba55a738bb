"""The org's rows in an in-memory SQLite database: one table per object, one column per field.

Text compares without regard to case (as SOQL does), ids do not. `_visible_at` hides a row that a long transaction
has written but not yet committed.
"""

# ruff: noqa: S608 - names come from the schema, every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from simulator.salesforce.ids import make_id
from simulator.salesforce.schema import Field, Schema, SObject, Type

_COLUMN = {
    Type.BOOLEAN: "INTEGER NOT NULL DEFAULT 0",
    Type.INTEGER: "INTEGER",
    Type.DOUBLE: "REAL",
    Type.CURRENCY: "REAL",
    Type.ID: "TEXT PRIMARY KEY",
    Type.REFERENCE: "TEXT",
    Type.DATETIME: "TEXT",
    Type.DATE: "TEXT",
}
_TEXT = "TEXT COLLATE NOCASE"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Store:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = MEMORY")
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("PRAGMA cache_size = -200000")
        # SQLite folds ASCII only; Salesforce compares every script without regard to case.
        self.connection.create_function("fold", 1, _fold, deterministic=True)
        self._numbers: dict[str, int] = {}
        self._depth = 0
        self._booleans: dict[str, list[str]] = {}
        self._columns: dict[str, list[str]] = {}
        for sobject in schema.objects.values():
            self._create(sobject)

    def _create(self, sobject: SObject) -> None:
        columns = ", ".join(f"{quoted(f.name)} {_COLUMN.get(f.type, _TEXT)}" for f in sobject.fields.values())
        table = quoted(sobject.name)
        self.connection.execute(f"CREATE TABLE {table} ({columns}, _visible_at TEXT) WITHOUT ROWID")
        for field in sobject.fields.values():
            if field.indexed:
                index = quoted(f"{sobject.name}_{field.name}")
                self.connection.execute(f"CREATE INDEX {index} ON {table} ({quoted(field.name)})")
        self._booleans[sobject.name] = [f.name for f in sobject.fields.values() if f.type is Type.BOOLEAN]
        self._columns[sobject.name] = list(sobject.fields)

    def next_id(self, sobject: SObject) -> str:
        number = self.next_number(sobject)
        return make_id(sobject.prefix, number)

    def next_number(self, sobject: SObject) -> int:
        self._numbers[sobject.name] = self._numbers.get(sobject.name, 0) + 1
        return self._numbers[sobject.name]

    def get(self, sobject: SObject, record_id: str) -> dict[str, Any] | None:
        """The row under an 18-character id, deleted or not."""
        rows = self.select(sobject, '"Id" = ?', [record_id])
        return rows[0] if rows else None

    def select(
        self, sobject: SObject, where: str, parameters: Sequence[Any], tail: str = ""
    ) -> list[dict[str, Any]]:
        columns = self._columns[sobject.name]
        listed = ", ".join(map(quoted, columns))
        cursor = self.connection.execute(
            f"SELECT {listed} FROM {quoted(sobject.name)} WHERE {where} {tail}", parameters
        )
        booleans = self._booleans[sobject.name]
        found = []
        for values in cursor:
            row = dict(zip(columns, values, strict=True))
            for name in booleans:
                row[name] = bool(row[name])
            found.append(row)
        return found

    def insert(self, sobject: SObject, row: Mapping[str, Any], *, visible_at: str | None = None) -> None:
        names = list(row)
        listed = ", ".join(map(quoted, names))
        marks = ", ".join("?" * (len(names) + 1))
        self.connection.execute(
            f"INSERT INTO {quoted(sobject.name)} ({listed}, _visible_at) VALUES ({marks})",
            [*(_plain(row[n]) for n in names), visible_at],
        )

    def insert_many(self, sobject: SObject, rows: Iterable[Mapping[str, Any]]) -> None:
        columns = self._columns[sobject.name]
        listed = ", ".join(map(quoted, columns))
        marks = ", ".join("?" * len(columns))
        booleans = set(self._booleans[sobject.name])
        defaults = [0 if c in booleans else None for c in columns]
        with self.savepoint():
            self.connection.executemany(
                f"INSERT INTO {quoted(sobject.name)} ({listed}) VALUES ({marks})",
                ([_plain(row.get(c, d)) for c, d in zip(columns, defaults, strict=True)] for row in rows),
            )

    def update(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        assignments = ", ".join(f"{quoted(n)} = ?" for n in values)
        self.connection.execute(
            f'UPDATE {quoted(sobject.name)} SET {assignments} WHERE "Id" = ?',
            [*(_plain(v) for v in values.values()), record_id],
        )

    def duplicate_of(self, sobject: SObject, field: Field, value: Any, own_id: str | None) -> str | None:
        """The id of another living record that has this value in a unique field."""
        deleted = ' AND "IsDeleted" = 0' if "IsDeleted" in sobject.fields else ""
        row = self.connection.execute(
            f'SELECT "Id" FROM {quoted(sobject.name)} WHERE {quoted(field.name)} = ? AND "Id" <> ?{deleted} LIMIT 1',
            [value, own_id or ""],
        ).fetchone()
        return row[0] if row else None

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """All or nothing, at any depth."""
        name = f"s{self._depth}"
        self._depth += 1
        self.connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.connection.execute(f"ROLLBACK TO {name}")
            raise
        finally:
            self._depth -= 1
            self.connection.execute(f"RELEASE {name}")


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
