"""Whatever was decided: what was written once is not written again, and a person's work stays."""

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.changes_world import LIVE, NOW, OPENED, PULLED, STAMPS, Situation, platforms

STATES = ["open", "working", "rejected", "recycled", "converted", "expired", "withdrawn", "merged", "void"]
STATUSES = [
    None,
    "Open",
    "Marketing Qualified",
    "Working",
    "Recycled",
    "Rejected",
    "Qualified",
    "Something else",
]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    chance = Random(draw(st.integers(0, 2**32 - 1)))
    create = chance.choice(["marketo", "crm", "none"])
    situation = Situation(platforms(handover={"create": create}))
    situation.mode = chance.choice(["decide_and_push", "decide_and_push", "decide_only", "crm_rules"])

    def stamp() -> datetime | None:
        return chance.choice([None, None, LIVE - timedelta(days=9), OPENED, NOW])

    for kind, native_id in (("lead", "00Q1"), ("lead", "00Q2"), ("contact", "0031"), ("person", "17")):
        if chance.random() < (0.7 if kind == "person" else 0.4):
            values = {name: stamp() for name in STAMPS} | {
                "status": chance.choice(STATUSES),
                "owner_id": chance.choice([None, "005sync", "005rep", "005two", "00Gq"]),
                "stage": chance.choice([None, "known", "mql"]) if kind != "contact" else None,
                "score": chance.choice([None, 10, 70]) if kind == "person" else None,
                "is_converted": kind == "lead" and chance.random() < 0.2,
                "is_deleted": chance.random() < 0.1,
            }
            situation.record(kind, native_id, **values)
    if chance.random() < 0.8:
        situation.scored(chance.choice([0, 66, 70]), chance.choice(["B2", "A1"]))
    situation.stage(
        chance.choice(["known", "engaged", "mql", "sal", "recycled", "disqualified", "customer"]),
        origin=chance.choice(["live", "live", "adopted"]),
        first_mql_at=stamp(),
        last_mql_at=stamp(),
        first_sal_at=stamp(),
    )
    for number in range(chance.randrange(4)):
        state = chance.choice(STATES)
        key = f"c{number}"
        situation.cycle(
            state,
            key,
            kind=chance.choice(["mql", "mql", "hand_raise"]),
            origin=chance.choice(["live", "live", "live", "adopted", "backfill"]),
            is_trial=chance.random() < 0.15,
            opened_at=chance.choice([LIVE - timedelta(days=3), OPENED, PULLED]),
            accepted_at=PULLED if state in ("working", "recycled", "converted") else None,
            hand_raised_at=chance.choice([None, OPENED, PULLED]),
            close_reason=chance.choice([None, "no need"]),
            owner_id=chance.choice([None, "005rep", "00Gq"]),
        )
        if chance.random() < 0.8:
            situation.assigned(chance.choice(["rule", "kept", "crm", "nobody"]), key=key)
        if chance.random() < 0.5:
            situation.shown(
                key,
                status=chance.choice(["Open", "Working", "Rejected", None]),
                lead_id=chance.choice([None, "00Q1"]),
                reject_reason=chance.choice([None, "no need"]),
                is_deleted=chance.random() < 0.1,
            )
    return situation


def pushed(situation: Situation, changes: pl.DataFrame) -> None:
    """The outbox after everything was applied."""
    entries = situation.rows.setdefault("last_writes", [])
    for row in changes.drop("priority", "decided_at", "why").iter_rows(named=True):
        place = ("platform", "object", "target", "field")
        entries[:] = [entry for entry in entries if any(entry[name] != row[name] for name in place)]
        entries.append({**row, "state": "applied", "at": NOW})


def pulled(situation: Situation, changes: pl.DataFrame) -> None:
    """The platforms read again: they show what was written."""
    by_target: dict[str, dict[str, Any]] = {}
    for row in changes.filter(~pl.col("is_creation")).iter_rows(named=True):
        value = json.loads(row["value"])
        if row["field"].endswith("_at") and value is not None:
            value = datetime.fromisoformat(value)
        by_target.setdefault(row["target"], {})[row["field"]] = value
    later = NOW + timedelta(minutes=5)
    for record in situation.rows.get("records", []):
        record |= by_target.get(record["native_id"], {}) | {"learned_at": later}
    known = {row["cycle_key"] for row in situation.rows.get("mql_records", [])}
    read = ("lead_id", "contact_id", "status", "closed_as", "reject_reason", "recycle_reason", "owner_id")
    for target, values in by_target.items():
        if (
            target in {row["cycle_key"] for row in situation.rows.get("cycles", [])} - known
            and "number" in values
        ):
            situation.shown(target, learned_at=later)
    for row in situation.rows.get("mql_records", []):
        told = by_target.get(row["cycle_key"], {})
        row |= {name: told[name] for name in read if name in told} | {"learned_at": later}


@settings(max_examples=80, deadline=None)
@given(situations())
def test_after_a_push_there_is_nothing_left_to_write(situation: Situation) -> None:
    first = situation.derive().changes
    assert not first.select("platform", "object", "target", "field").is_duplicated().any()
    pushed(situation, first)
    assert situation.derive().changes.is_empty()


@settings(max_examples=80, deadline=None)
@given(situations())
def test_after_the_next_pull_there_is_nothing_left_to_write_either(situation: Situation) -> None:
    first = situation.derive().changes
    pushed(situation, first)
    before = situation.derive()
    pulled(situation, first)
    again = situation.derive()
    assert again.changes.select("object", "target", "field", "value", "why").rows() == []
    assert again.conflicts.join(
        before.conflicts, on=["object", "target", "field", "wanted"], how="anti"
    ).is_empty()


@settings(max_examples=80, deadline=None)
@given(situations())
def test_a_persons_work_is_never_overwritten(situation: Situation) -> None:
    changes = situation.derive().changes
    shown = {row["native_id"]: row for row in situation.rows.get("records", [])}
    live = {
        row["cycle_key"]
        for row in situation.rows.get("cycles", [])
        if row["origin"] == "live" and not row["is_trial"]
    }
    for row in changes.filter(~pl.col("is_creation")).iter_rows(named=True):
        value, record = json.loads(row["value"]), shown.get(row["target"], {})
        if row["object"] == "contact":
            assert row["field"] != "owner_id"
        if (
            row["object"] in ("lead", "contact")
            and row["field"] == "status"
            and value == "Marketing Qualified"
        ):
            assert record["status"] not in ("Working", "Qualified")
        if row["object"] in ("lead", "contact"):
            assert not record["is_deleted"]
            assert not record["is_converted"]
            assert row["cycle_key"] in live
        if row["field"].startswith("first_") and row["object"] in ("lead", "contact", "person"):
            assert record[row["field"]] is None
        if row["field"].startswith("last_") and record.get(row["field"]) is not None:
            assert datetime.fromisoformat(value) > record[row["field"]]
