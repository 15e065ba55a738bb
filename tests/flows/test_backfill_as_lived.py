"""A backfill decides as a live history would have: the same steps and cycles at the instants that both decide."""

from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flows import shifts
from ledger.open import Ledger
from tests.data.pages import moment
from tests.flows.test_backfill import rows
from tests.flows.told import Company

DAY = 24
FIRST, LAST = -(28 * DAY + 9), -9  # midnight of 2 February, midnight of 2 March
CYCLE = (
    "cycle_key",
    "person_key",
    "opened_at",
    "acted_at",
    "kind",
    "number",
    "trigger_rule",
    "score",
    "grade",
)
STEP = ("person_key", "line", "at", "from_stage", "to_stage", "rule_id", "cause", "cycle_key", "pass_through")


def tell(company: Company, seed: int) -> None:
    """Five people and their acts, some of them from before the days."""
    chance = Random(seed)
    for number in range(5):
        who = str(number + 1)
        company.person(who, title=chance.choice(["Director of Operations", "Assistant"]))
        for act in range(chance.randrange(2, 12)):
            at = chance.randrange(FIRST - 20 * DAY, LAST) + chance.randrange(1, 59) / 60
            company.does_something(chance, f"{who}/{act}", who, at)


def cycles_of(ledger: Ledger, origin: str) -> list[tuple[Any, ...]]:
    return sorted(
        tuple(row[name] for name in CYCLE) for row in rows(ledger, "cycles", f"origin = '{origin}'")
    )


def steps_of(ledger: Ledger, origin: str, first: dict[str, datetime]) -> list[tuple[Any, ...]]:
    """Steps within the days, after the instant at which the backfill saw each person first."""
    found = [row for row in rows(ledger, "transitions", f"origin = '{origin}'") if row["at"] < moment(LAST)]
    told = [row for row in found if row["at"] > first.get(row["person_key"], moment(LAST))]
    return sorted((tuple(row[name] for name in STEP) for row in told), key=repr)


def first_sights(ledger: Ledger) -> dict[str, datetime]:
    steps = rows(ledger, "transitions", "origin = 'backfill' AND from_stage IS NULL")
    return {row["person_key"]: row["at"] for row in steps}


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "every"), [(1, 1), (2, 4), (3, 4), (4, 7)])
def test_a_backfill_decides_what_was_lived(
    tmp_path: Path, seed: int, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`every`: days between two runs of the live history."""
    monkeypatch.setattr(shifts, "PAUSE", 0.02)
    with (
        Ledger.open(f"sqlite:///{tmp_path / 'lived'}") as lived,
        Ledger.open(f"sqlite:///{tmp_path / 'told'}") as told,
    ):
        lived.upgrade()
        told.upgrade()
        one, other = Company(lived), Company(told)
        tell(one, seed)
        tell(other, seed)
        for hour in range(FIRST, LAST + 1, every * DAY):
            one.sync(hour)
        other.sync(0)
        other.backfill("2026-02-02", "2026-03-01")
        first = first_sights(told)
        assert cycles_of(told, "backfill") == cycles_of(lived, "live") != []
        assert steps_of(told, "backfill", first) == steps_of(lived, "live", first) != []
