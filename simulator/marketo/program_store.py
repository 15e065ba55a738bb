"""Programs, their channels' statuses, and the people who are members of them."""

# ruff: noqa: S608 - column names come from the schema; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIRST_PROGRAM_ID = 1001
NOT_IN_PROGRAM = "Not in Program"


@dataclass(frozen=True, slots=True)
class Status:
    """``step`` orders the progression: nobody moves to a lower one, and equal ones exclude each other."""

    id: int
    name: str
    step: int
    success: bool


def _progression(first_id: int, *statuses: tuple[str, int, bool]) -> tuple[Status, ...]:
    return tuple(
        Status(first_id + n, name, step, success) for n, (name, step, success) in enumerate(statuses)
    )


CHANNELS: Mapping[str, tuple[Status, ...]] = {
    "Content": _progression(
        1, (NOT_IN_PROGRAM, 0, False), ("Member", 10, False), ("Downloaded", 20, True), ("Engaged", 30, True)
    ),
    "Webinar": _progression(
        11,
        (NOT_IN_PROGRAM, 0, False),
        ("Invited", 10, False),
        ("Registered", 20, False),
        ("No Show", 30, False),
        ("Attended On-demand", 40, True),
        ("Attended", 50, True),
    ),
    "Tradeshow": _progression(
        21,
        (NOT_IN_PROGRAM, 0, False),
        ("Invited", 10, False),
        ("Registered", 20, False),
        ("No Show", 30, False),
        ("Visited Booth", 40, True),
        ("Influenced", 50, True),
    ),
    "Email Send": _progression(
        31,
        (NOT_IN_PROGRAM, 0, False),
        ("Sent", 10, False),
        ("Opened", 20, False),
        ("Clicked", 30, False),
        ("Influenced", 40, True),
    ),
    "Nurture": _progression(41, (NOT_IN_PROGRAM, 0, False), ("Member", 10, False), ("Influenced", 20, True)),
    "Web Form": _progression(
        51, (NOT_IN_PROGRAM, 0, False), ("Member", 10, False), ("Filled-out Form", 20, True)
    ),
    "Operational": _progression(61, (NOT_IN_PROGRAM, 0, False), ("Member", 10, False)),
    "Online Advertising": _progression(
        71, (NOT_IN_PROGRAM, 0, False), ("Clicked", 10, False), ("Filled-out Form", 20, True)
    ),
}


class ProgramStore:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._next_program = FIRST_PROGRAM_ID
        self._next_member = 1

    def add(self, values: Mapping[str, Any], at: str) -> int:
        if values["channel"] not in CHANNELS:
            raise ValueError(f"no channel {values['channel']!r}; there are {', '.join(sorted(CHANNELS))}")
        program_id = self._next_program
        self._next_program += 1
        record = {
            **values,
            "id": program_id,
            "tags": json.dumps(values["tags"], ensure_ascii=False),
            "costs": json.dumps(values["costs"], ensure_ascii=False),
            "created_at": at,
            "updated_at": at,
        }
        names = ", ".join(record)
        marks = ", ".join(f":{name}" for name in record)
        self._database.execute(f"INSERT INTO programs ({names}) VALUES ({marks})", record)
        return program_id

    def get(self, id: int) -> dict[str, Any] | None:
        row = self._database.execute("SELECT * FROM programs WHERE id = ?", (id,)).fetchone()
        return None if row is None else _program(row)

    def named(self, name: str) -> dict[str, Any] | None:
        row = self._database.execute("SELECT * FROM programs WHERE name = ?", (name,)).fetchone()
        return None if row is None else _program(row)

    def page(self, limit: int, offset: int) -> list[dict[str, Any]]:
        rows = self._database.execute("SELECT * FROM programs ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
        return [_program(row) for row in rows]

    def statuses(self, program_id: int) -> tuple[Status, ...]:
        program = self.get(program_id)
        if program is None:
            raise KeyError(f"there is no program {program_id}")
        return CHANNELS[program["channel"]]

    def status(self, program_id: int, name: str) -> Status | None:
        return next((status for status in self.statuses(program_id) if status.name == name), None)

    def member(self, program_id: int, lead_id: int) -> dict[str, Any] | None:
        row = self._database.execute(
            "SELECT * FROM members WHERE program_id = ? AND lead_id = ?", (program_id, lead_id)
        ).fetchone()
        return None if row is None else dict(row)

    def add_member(self, program_id: int, lead_id: int, status: Status, at: str, acquired_by: bool) -> int:
        member_id = self._next_member
        self._next_member += 1
        self._database.execute(
            "INSERT INTO members VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                member_id,
                program_id,
                lead_id,
                status.name,
                acquired_by,
                status.success,
                at if status.success else None,
                at,
                at,
            ),
        )
        return member_id

    def move_member(self, member_id: int, status: Status, at: str) -> None:
        self._database.execute(
            "UPDATE members SET status = ?, updated_at = ?, reached_success = max(reached_success, ?),"
            " reached_success_at = coalesce(reached_success_at, ?) WHERE id = ?",
            (status.name, at, status.success, at if status.success else None, member_id),
        )

    def members(
        self, program_id: int, *, after: int, limit: int, where: str = "1", values: Sequence[Any] = ()
    ) -> list[dict[str, Any]]:
        """Members by their own id; ``where`` is a condition of the caller's making over the columns."""
        rows = self._database.execute(
            f"SELECT * FROM members WHERE program_id = ? AND id > ? AND ({where}) ORDER BY id LIMIT ?",
            (program_id, after, *values, limit),
        )
        return [dict(row) for row in rows]

    def leave(self, program_id: int, lead_id: int) -> bool:
        """False for somebody who was no member."""
        gone = self._database.execute(
            "DELETE FROM members WHERE program_id = ? AND lead_id = ?", (program_id, lead_id)
        )
        return gone.rowcount > 0

    def memberships(self, lead_id: int) -> list[dict[str, Any]]:
        rows = self._database.execute("SELECT * FROM members WHERE lead_id = ? ORDER BY id", (lead_id,))
        return [dict(row) for row in rows]

    def page_members(self, limit: int, offset: int) -> list[dict[str, Any]]:
        rows = self._database.execute("SELECT * FROM members ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
        return [dict(row) for row in rows]

    def move_people(self, winner: int, loser: int) -> None:
        """A merge hands the loser's memberships to the winner, who keeps an own one of the same program."""
        self._database.execute("UPDATE OR IGNORE members SET lead_id = ? WHERE lead_id = ?", (winner, loser))
        self._database.execute("DELETE FROM members WHERE lead_id = ?", (loser,))

    def forget(self, lead_id: int) -> None:
        self._database.execute("DELETE FROM members WHERE lead_id = ?", (lead_id,))


def _program(row: sqlite3.Row) -> dict[str, Any]:
    record = dict(row)
    record["tags"] = json.loads(record["tags"])
    record["costs"] = json.loads(record["costs"])
    return record
