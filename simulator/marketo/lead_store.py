"""Lead records as columns of one table; a deleted or merged one stays behind as a mark."""

# ruff: noqa: S608 - column names come from the schema; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from simulator.marketo.moments import stored
from simulator.marketo.schema import FIRST_CREATED_FIELD_ID, LeadField
from simulator.marketo.tables import column, index_field, quoted

FIRST_LEAD_ID = 1001
_HIDDEN = ("changed_at", "deleted_at", "merged_into")
_INTEGERS = frozenset({"integer", "score", "percent", "reference"})


class LeadStore:
    def __init__(self, database: sqlite3.Connection, fields: dict[str, LeadField]) -> None:
        self._database = database
        self.fields = fields
        self._next_id = FIRST_LEAD_ID
        self._booleans: frozenset[str] = frozenset()
        self._note_types()

    def _note_types(self) -> None:
        self._booleans = frozenset(
            name for name, field in self.fields.items() if field.data_type == "boolean"
        )

    def add_field(self, name: str, display_name: str, data_type: str, length: int | None = None) -> LeadField:
        """A custom field of the subscription; it can be hidden but never removed."""
        used = max(field.id for field in self.fields.values())
        searchable = data_type in {"string", "email", "integer"}
        field = LeadField(
            max(used + 1, FIRST_CREATED_FIELD_ID),
            name,
            display_name,
            data_type,
            length,
            searchable=searchable,
            standard=False,
        )
        self._database.execute(f"ALTER TABLE leads ADD COLUMN {column(field)}")
        if searchable:
            index_field(self._database, field)
        self.fields[name] = field
        self._note_types()
        return field

    def insert_many(self, rows: Iterable[Mapping[str, Any]]) -> list[int]:
        """Rows are whole records (field values, ``createdAt``, ``changed_at``); ids are given where missing."""
        by_columns: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        ids: list[int] = []
        for row in rows:
            values = {name: stored(value) for name, value in row.items() if value is not None and value != ""}
            self._refuse_unknown(values)
            lead_id = int(values.setdefault("id", self._next_id))  # type: ignore[call-overload]
            self._next_id = max(self._next_id, lead_id + 1)
            ids.append(lead_id)
            by_columns.setdefault(tuple(values), []).append(tuple(values.values()))
        self._database.execute("BEGIN")
        try:
            for names, records in by_columns.items():
                columns = ", ".join(quoted(name) for name in names)
                marks = ", ".join("?" * len(names))
                self._database.executemany(f"INSERT INTO leads ({columns}) VALUES ({marks})", records)
        except sqlite3.Error:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        return ids

    def write(self, id: int, values: Mapping[str, Any]) -> None:
        self._refuse_unknown(values)
        assignments = ", ".join(f"{quoted(name)} = ?" for name in values)
        self._database.execute(
            f"UPDATE leads SET {assignments} WHERE id = ?",
            (*(stored(value) for value in values.values()), id),
        )

    def get(self, id: int) -> dict[str, Any] | None:
        row = self._database.execute(
            "SELECT * FROM leads WHERE id = ? AND deleted_at IS NULL", (id,)
        ).fetchone()
        return None if row is None else self._record(row)

    def find(self, field: str, values: Sequence[Any], limit: int | None = None) -> list[dict[str, Any]]:
        """Living records whose field equals one of the values, by id. E-mail addresses match in any case."""
        definition = self.fields[field]
        wanted: list[Any] = [stored(value) for value in values]
        if definition.data_type in _INTEGERS:
            wanted = [number for number in map(_whole_number, wanted) if number is not None]
        marks = ", ".join("?" * len(wanted))
        tail = "" if limit is None else f" LIMIT {int(limit)}"
        rows = self._database.execute(
            f"SELECT * FROM leads WHERE {quoted(field)} IN ({marks}) AND deleted_at IS NULL ORDER BY id{tail}",
            wanted,
        )
        return [self._record(row) for row in rows]

    def rows(
        self, names: Sequence[str], *, ids: Sequence[int] | None, window: tuple[str, str, str] | None
    ) -> Iterator[tuple[Any, ...]]:
        """The named columns of living people, by ids or by a window ``(stamp, start, end)`` with both ends."""
        columns = ", ".join(quoted(name) for name in names)
        if window is not None:
            stamp = quoted(window[0])
            yield from self._database.execute(
                f"SELECT {columns} FROM leads WHERE {stamp} >= ? AND {stamp} <= ? AND deleted_at IS NULL ORDER BY id",
                window[1:],
            )
        for start in range(0, len(ids or ()), 500):
            part = list(ids or ())[start : start + 500]
            marks = ", ".join("?" * len(part))
            yield from self._database.execute(
                f"SELECT {columns} FROM leads WHERE id IN ({marks}) AND deleted_at IS NULL ORDER BY id", part
            )

    def many(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), 500):
            found += self.find("id", ids[start : start + 500])
        return found

    def page(self, limit: int, offset: int) -> list[dict[str, Any]]:
        rows = self._database.execute(
            "SELECT * FROM leads WHERE deleted_at IS NULL ORDER BY id LIMIT ? OFFSET ?", (limit, offset)
        )
        return [self._record(row) for row in rows]

    def count(self) -> int:
        return int(
            self._database.execute("SELECT COUNT(*) FROM leads WHERE deleted_at IS NULL").fetchone()[0]
        )

    def mark_deleted(self, id: int, at: str, merged_into: int | None) -> None:
        self._database.execute(
            "UPDATE leads SET deleted_at = ?, merged_into = ? WHERE id = ?", (at, merged_into, id)
        )

    def _refuse_unknown(self, values: Mapping[str, Any]) -> None:
        unknown = [name for name in values if name not in self.fields and name not in _HIDDEN]
        if unknown:
            raise KeyError(
                f"the subscription has no lead field {', '.join(sorted(unknown))}; add it with add_field or use one"
                " of describe"
            )

    def _record(self, row: sqlite3.Row) -> dict[str, Any]:
        record = dict(row)
        for name in _HIDDEN:
            del record[name]
        for name in self._booleans:
            value = record[name]
            if value is not None:
                record[name] = bool(value)
        return record


def _whole_number(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if -(2**63) <= number < 2**63 else None
