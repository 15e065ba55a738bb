"""Static lists and who is on them."""

from __future__ import annotations

import sqlite3
from typing import Any

FIRST_LIST_ID = 1001


class ListStore:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._next_id = FIRST_LIST_ID

    def add(self, name: str, description: str, program_name: str | None, at: str) -> int:
        list_id = self._next_id
        self._next_id += 1
        self._database.execute(
            "INSERT INTO lists VALUES (?, ?, ?, ?, ?, ?)", (list_id, name, description, program_name, at, at)
        )
        return list_id

    def get(self, id: int) -> dict[str, Any] | None:
        row = self._database.execute("SELECT * FROM lists WHERE id = ?", (id,)).fetchone()
        return None if row is None else dict(row)

    def named(self, name: str) -> dict[str, Any] | None:
        row = self._database.execute("SELECT * FROM lists WHERE name = ?", (name,)).fetchone()
        return None if row is None else dict(row)

    def page(self, limit: int, after: int) -> list[dict[str, Any]]:
        rows = self._database.execute("SELECT * FROM lists WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        return [dict(row) for row in rows]

    def holds(self, list_id: int, lead_id: int) -> bool:
        found = self._database.execute(
            "SELECT 1 FROM list_members WHERE list_id = ? AND lead_id = ?", (list_id, lead_id)
        ).fetchone()
        return found is not None

    def put(self, list_id: int, lead_id: int, at: str) -> None:
        self._database.execute("INSERT OR IGNORE INTO list_members VALUES (?, ?, ?)", (list_id, lead_id, at))

    def remove(self, list_id: int, lead_id: int) -> None:
        self._database.execute(
            "DELETE FROM list_members WHERE list_id = ? AND lead_id = ?", (list_id, lead_id)
        )

    def lead_ids(self, list_id: int, after: int = 0, limit: int = -1) -> list[int]:
        rows = self._database.execute(
            "SELECT lead_id FROM list_members WHERE list_id = ? AND lead_id > ? ORDER BY lead_id LIMIT ?",
            (list_id, after, limit),
        )
        return [row[0] for row in rows]

    def lists_of(self, lead_id: int) -> list[dict[str, Any]]:
        rows = self._database.execute(
            "SELECT l.*, m.at AS member_at FROM list_members m JOIN lists l ON l.id = m.list_id"
            " WHERE m.lead_id = ? ORDER BY l.id",
            (lead_id,),
        )
        return [dict(row) for row in rows]

    def move_people(self, winner: int, loser: int) -> None:
        self._database.execute(
            "UPDATE OR IGNORE list_members SET lead_id = ? WHERE lead_id = ?", (winner, loser)
        )
        self._database.execute("DELETE FROM list_members WHERE lead_id = ?", (loser,))

    def forget(self, lead_id: int) -> None:
        self._database.execute("DELETE FROM list_members WHERE lead_id = ?", (lead_id,))
