"""Companies for tests: a whole world in this process, without its servers."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from functools import cache
from typing import Any

from simulator.company import Company
from simulator.world import World, create_world

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def new_world(people: int, *, seed: int = 7, activity_days: int = 90, start: datetime = START) -> World:
    world = create_world(start, seed=seed)
    world.company = Company.found(world, people=people, seed=seed, start=start, activity_days=activity_days)
    return world


@cache
def settled_world(people: int = 5000) -> World:
    """A company on its first morning. Shared by tests that only look."""
    return new_world(people)


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of both platforms."""
    world.marketo.activities.commit_due()
    found: dict[str, list[tuple[Any, ...]]] = {}
    for platform, database in (
        ("salesforce", world.salesforce.store.connection),
        ("marketo", world.marketo.database),
    ):
        for name in _tables(database):
            rows = database.execute(f'SELECT * FROM "{name}"').fetchall()
            found[f"{platform}.{name}"] = sorted((tuple(row) for row in rows), key=repr)
    return found


def _tables(database: sqlite3.Connection) -> list[str]:
    return [
        row[0]
        for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]


def marketo_leads(world: World) -> list[dict[str, Any]]:
    return world.marketo.leads.page(10_000_000, 0)


def activity_counts(world: World) -> dict[int, int]:
    world.marketo.activities.commit_due()
    rows = world.marketo.database.execute("SELECT type_id, COUNT(*) FROM activities GROUP BY 1")
    return {row[0]: row[1] for row in rows}
