"""Smart campaigns; what a requested one does is a function of whoever added it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

FIRST_CAMPAIGN_ID = 1001

OnRequest = Callable[[list[int]], None]


class CampaignStore:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._next_id = FIRST_CAMPAIGN_ID
        self._on_request: dict[int, OnRequest] = {}

    def add(
        self,
        name: str,
        *,
        triggerable: bool,
        active: bool,
        on_request: OnRequest | None,
        program_id: int | None,
        program_name: str | None,
        at: str,
    ) -> int:
        campaign_id = self._next_id
        self._next_id += 1
        kind = "trigger" if triggerable else "batch"
        self._database.execute(
            "INSERT INTO campaigns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (campaign_id, name, kind, active, program_id, program_name, at, at),
        )
        if on_request is not None:
            self._on_request[campaign_id] = on_request
        return campaign_id

    def get(self, id: int) -> dict[str, Any] | None:
        row = self._database.execute("SELECT * FROM campaigns WHERE id = ?", (id,)).fetchone()
        return None if row is None else dict(row)

    def after(self, id: int, limit: int) -> list[dict[str, Any]]:
        rows = self._database.execute("SELECT * FROM campaigns WHERE id > ? ORDER BY id LIMIT ?", (id, limit))
        return [dict(row) for row in rows]

    def run(self, id: int, lead_ids: Sequence[int]) -> None:
        action = self._on_request.get(id)
        if action is not None:
            action(list(lead_ids))
