"""Companies for tests: a whole world in this process, without its servers."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import Any

from simulator.company import Company
from simulator.company.pair import CONTACT_FIELDS, LEAD_FIELDS, same
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


def disagreements(world: World, only: int | None = None) -> list[tuple[int, str]]:
    """What the platforms say differently of a person: (Marketo id, what)."""
    people = marketo_leads(world)
    shared = Counter(p[name] for p in people for name in ("sfdcLeadId", "sfdcContactId") if p[name])
    found: list[tuple[int, str]] = []
    for person in people:
        if only in (None, person["id"]):
            found += [(person["id"], what) for what in _differs(world, person)]
            found += [
                (person["id"], f"shares its {name}")
                for name in ("sfdcLeadId", "sfdcContactId")
                if shared[person[name]] > 1
            ]
    return found


def _differs(world: World, person: dict[str, Any]) -> list[str]:
    lead_id, contact_id = person["sfdcLeadId"], person["sfdcContactId"]
    lead = world.salesforce.get("Lead", lead_id) if lead_id else None
    contact = world.salesforce.get("Contact", contact_id) if contact_id else None
    gone = [
        name
        for name, id, record in (("lead", lead_id, lead), ("contact", contact_id, contact))
        if id and (record is None or record["IsDeleted"])
    ]
    if gone:
        return [f"has a {name} that is gone" for name in gone]
    record, fields, kind = (
        (contact, CONTACT_FIELDS, "Contact") if contact is not None else (lead, LEAD_FIELDS, "Lead")
    )
    if record is None:
        return [name for name in ("sfdcType", "sfdcId", "sfdcAccountId", "sfdcLeadOwnerId") if person[name]]
    found = [name for name, field in fields.items() if not same(record[name], person[field])]
    if (person["sfdcType"], person["sfdcId"]) != (kind, record["Id"]):
        found.append("sfdcType and sfdcId")
    if lead is not None and contact is not None and lead["ConvertedContactId"] != contact_id:
        found.append("its lead was not converted into its contact")
    if lead is not None and contact is None and lead["IsConverted"]:
        found.append("its lead was converted")
    if contact is not None and person["sfdcAccountId"] != contact["AccountId"]:
        found.append("sfdcAccountId")
    return found
