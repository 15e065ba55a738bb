"""Activities in the order in which they were committed, which is not the order of their dates.

``guid`` is given when something happens, ``seq`` when it becomes visible: a mail that the mail server
hands over late keeps its early date and gets a late ``seq``, so whoever follows ``seq`` meets it and
whoever restarts from a date misses it.
"""

# ruff: noqa: S608 - column names come from the schema; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.marketo.activity_types import CHANGE_DATA_VALUE
from simulator.marketo.moments import stored, to_text
from simulator.marketo.retention import Retention

BLOCK = 1000
FIRST_GUID = 100_001
_COLUMNS = "guid, type_id, lead_id, at, primary_id, primary_value, attributes, campaign_id"
_INSERT = f"INSERT INTO activities (seq, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_LATE = f"INSERT INTO late_activities ({_COLUMNS}, visible_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

Row = tuple[int, int, int, str, int | None, str | None, str, int | None]


def attributes_text(attributes: Mapping[str, Any]) -> str:
    """Empty attributes are left out, as the platform does; the values' types stay."""
    kept = {name: stored(value) for name, value in attributes.items() if value is not None and value != ""}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


class ActivityStore:
    def __init__(self, database: sqlite3.Connection, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._last_seq = 0
        self._last_guid = FIRST_GUID - 1
        self._next_commit: str | None = None

    def add(
        self,
        type_id: int,
        lead_id: int,
        *,
        at: datetime,
        primary_id: int | None,
        primary_value: str | None,
        attributes: Mapping[str, Any],
        campaign_id: int | None,
        visible_at: datetime | None,
    ) -> str:
        row = {
            "type_id": type_id,
            "lead_id": lead_id,
            "at": at,
            "primary_id": primary_id,
            "primary_value": primary_value,
            "attributes": attributes,
            "campaign_id": campaign_id,
            "visible_at": visible_at,
        }
        self.load([row])
        return str(self._last_guid)

    def load(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Rows become visible in the given order; those of the future wait for their moment."""
        now = to_text(self._now())
        self.commit_due(now)
        ready: list[Row] = []
        late: list[tuple[Any, ...]] = []
        for row in rows:
            self._last_guid += 1
            at = to_text(row["at"])
            visible_at = row.get("visible_at")
            values = (
                self._last_guid,
                row["type_id"],
                row["lead_id"],
                at,
                row.get("primary_id"),
                row.get("primary_value"),
                attributes_text(row.get("attributes") or {}),
                row.get("campaign_id"),
            )
            due = at if visible_at is None else max(at, to_text(visible_at))
            if due > now:
                late.append((*values, due))
                self._next_commit = due if self._next_commit is None else min(due, self._next_commit)
            else:
                ready.append(values)
        self._append(ready)
        if late:
            self._database.executemany(_INSERT_LATE, late)
        return len(ready) + len(late)

    def commit_due(self, now: str | None = None) -> None:
        """Everything whose moment of visibility has come takes its place at the end."""
        moment = to_text(self._now()) if now is None else now
        if self._next_commit is None or self._next_commit > moment:
            return
        due = self._database.execute(
            f"SELECT {_COLUMNS} FROM late_activities WHERE visible_at <= ? ORDER BY visible_at, guid",
            (moment,),
        ).fetchall()
        self._append([tuple(row) for row in due])
        self._database.execute("DELETE FROM late_activities WHERE visible_at <= ?", (moment,))
        self._next_commit = self._database.execute("SELECT MIN(visible_at) FROM late_activities").fetchone()[
            0
        ]

    def last_seq(self) -> int:
        self.commit_due()
        return self._last_seq

    def block(
        self,
        after: int,
        until: int,
        *,
        since: str,
        retained: Retention,
        wanted: Mapping[str, Sequence[int]],
        changed: Sequence[int] | None,
        limit: int,
    ) -> list[sqlite3.Row]:
        """Of the activities with ``after < seq <= until`` those that pass, in the order of commits.

        ``wanted`` gives the admissible values per column; ``changed`` the fields of which value changes pass.
        """
        clauses, arguments = retained.condition()
        clauses += ["seq > ?", "seq <= ?", "+at >= ?"]  # "+": by seq, not by the index on dates
        arguments += [after, until, since]
        for name, values in wanted.items():
            clauses.append(f"+{name} IN ({_whole_numbers(values)})")
        if changed is not None:
            clauses.append(f"(type_id != {CHANGE_DATA_VALUE} OR primary_id IN ({_whole_numbers(changed)}))")
        return self._database.execute(
            f"SELECT seq, {_COLUMNS} FROM activities WHERE {' AND '.join(clauses)} ORDER BY seq LIMIT ?",
            (*arguments, limit),
        ).fetchall()

    def first_block_since(self, moment: str) -> int:
        """The seq before the first block that holds anything as young as ``moment``."""
        self.commit_due()
        found = self._database.execute(
            "SELECT MIN(block) FROM activity_blocks WHERE latest >= ?", (moment,)
        ).fetchone()[0]
        return self._last_seq if found is None else int(found) * BLOCK

    def between(
        self,
        start: str,
        end: str,
        retained: Retention,
        wanted: Mapping[str, Sequence[Any]],
        columns: Sequence[str],
    ) -> sqlite3.Cursor:
        """The columns of activities dated within the window, both ends included."""
        self.commit_due()
        clauses, arguments = retained.condition()
        clauses += ["at >= ?", "at <= ?"]
        arguments += [start, end]
        for name, values in wanted.items():
            clauses.append(f"+{name} IN ({','.join('?' * len(values))})")
            arguments += values
        return self._database.execute(
            f"SELECT {', '.join(columns)} FROM activities WHERE {' AND '.join(clauses)} ORDER BY at, seq",
            arguments,
        )

    def page(self, limit: int, offset: int) -> list[sqlite3.Row]:
        self.commit_due()
        return self._database.execute(
            f"SELECT seq, {_COLUMNS} FROM activities ORDER BY seq LIMIT ? OFFSET ?", (limit, offset)
        ).fetchall()

    def _append(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        first = self._last_seq + 1
        latest: dict[int, str] = {}
        for seq, row in enumerate(rows, start=first):
            block = (seq - 1) // BLOCK
            latest[block] = max(latest.get(block, ""), row[3])
        self._database.execute("BEGIN")
        self._database.executemany(_INSERT, ((seq, *row) for seq, row in enumerate(rows, start=first)))
        self._database.executemany(
            "INSERT INTO activity_blocks VALUES (?, ?)"
            " ON CONFLICT (block) DO UPDATE SET latest = max(latest, excluded.latest)",
            latest.items(),
        )
        self._database.execute("COMMIT")
        self._last_seq += len(rows)


def _whole_numbers(values: Sequence[int]) -> str:
    return ",".join(str(int(value)) for value in values)
