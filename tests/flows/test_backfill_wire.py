"""A backfill over real sockets, by real processes: what the command line promises."""

import contextlib
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.open import Ledger
from tests.flows.acts import everything
from tests.flows.operator import Operator
from tests.flows.test_backfill import DECISIONS, cycles, rows, tables
from tests.ledger_fixtures import *  # noqa: F403  the real databases
from tests.simulator_process import Simulator, start_simulator

DAYS = ("--since", "2026-02-05", "--until", "2026-03-01")
BACKFILL = ("backfill", "--json", *DAYS)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    options: dict[str, Any] = {"start": "2026-03-02T09:00:00Z", "activity_days": 60, "marketo_rate": 10_000}
    with start_simulator(people=150, seed=11, **options) as running:
        yield running


def operator_at(folder: Path, simulator: Simulator, database_url: str | None = None) -> Operator:
    """Live runs look back five days: what was before is a backfill's to bring."""
    folder.mkdir(exist_ok=True)
    operator = Operator.at(folder, simulator, database_url, live=False)
    operator.edit("platforms.yaml", "activities_days: 90", "activities_days: 5")
    return operator


@dataclass(frozen=True)
class Synced:
    """A ledger as the first sync left it, and as an undisturbed backfill left that."""

    folder: Path
    decisions: dict[str, Any]

    def again(self, folder: Path, simulator: Simulator) -> Operator:
        """Another operator, who has had that first sync too."""
        operator = operator_at(folder, simulator)
        shutil.copy(self.folder / "synced.db", folder / "ledger.db")
        return operator


@pytest.fixture(scope="module")
def synced(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Synced:
    folder = tmp_path_factory.mktemp("synced")
    operator = operator_at(folder, simulator)
    assert operator.sync().status in (0, 3)
    with contextlib.closing(sqlite3.connect(folder / "ledger.db")) as connection:
        connection.execute("VACUUM INTO ?", [str(folder / "synced.db")])
    told = operator.run(*BACKFILL)
    assert told.status == 0, told.said
    assert told.data["opened"]
    with operator.ledger() as ledger:
        return Synced(folder, tables(ledger, *DECISIONS))


def decided(operator: Operator) -> dict[str, Any]:
    with operator.ledger() as ledger:
        return tables(ledger, *DECISIONS)


def test_the_past_comes_from_the_platforms_and_nothing_goes_back(
    simulator: Simulator, tmp_path: Path, database_url: str
) -> None:
    operator = operator_at(tmp_path / "own", simulator, database_url)
    assert operator.sync().status in (0, 3)
    shown = everything(simulator)
    told = operator.run(*BACKFILL, "--platform", "marketo")
    assert told.status == 0, told.said
    assert set(told.data["pulled"]) == {"marketo"}
    assert told.data["pulled"]["marketo"]["activities"]["stored"] > 100
    assert told.data["assigned"] == told.data["pushed"] == told.data["asked"] == {}
    assert everything(simulator) == shown
    with Ledger.open(database_url) as ledger:
        states = {state for _, state in cycles(ledger, "opened_at", "state")}
        assert states
        assert states.isdisjoint({"open", "working"})
        assert rows(ledger, "assignments") == rows(ledger, "outbox") == []
        brought = {row["origin"] for row in rows(ledger, "activities")}
        assert brought == {"live", "backfill"}
    again = operator.run(*BACKFILL, "--platform", "marketo")
    assert (again.status, again.data["decisions"]) == (0, 0)
    assert "decided before" in operator.run("backfill", *DAYS, "--platform", "marketo").out


def started(operator: Operator) -> Any:
    return operator.start(*BACKFILL)


def count(operator: Operator, sql: str) -> int:
    return int(operator.query(f"SELECT count(*) AS n FROM {sql}").item())


MOMENTS: dict[str, Callable[[Operator], bool]] = {
    "in the pull": lambda operator: count(operator, "activities WHERE origin = 'backfill'") > 0,
    "before it decides": lambda operator: count(operator, "runs WHERE flow = 'backfill'") == 2,
    "when it has decided": lambda operator: count(operator, "transitions WHERE origin = 'backfill'") > 0,
}


def was_killed(operator: Operator, moment: Callable[[Operator], bool]) -> bool:
    """Starts a backfill and kills it (SIGKILL) at that moment; False if it had ended by the time of the look."""
    process = started(operator)
    try:
        while process.poll() is None and not moment(operator):
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return bool(process.returncode == -signal.SIGKILL)


@pytest.mark.parametrize("when", MOMENTS)
def test_a_backfill_that_was_killed_and_begun_again_ends_as_if_undisturbed(
    simulator: Simulator, synced: Synced, tmp_path: Path, when: str
) -> None:
    for attempt in range(5):
        operator = synced.again(tmp_path / str(attempt), simulator)
        if was_killed(operator, MOMENTS[when]):
            break
    else:
        raise AssertionError("it always ended before anybody looked")
    assert operator.run(*BACKFILL).status == 0
    assert decided(operator) == synced.decisions


def test_two_backfills_at_once_and_a_sync_beside_them_all_end_well(
    simulator: Simulator, synced: Synced, tmp_path: Path
) -> None:
    operator = synced.again(tmp_path / "own", simulator)
    both = [started(operator), started(operator)]
    try:
        while count(operator, "runs WHERE flow = 'backfill'") == 0:
            assert all(process.poll() is None for process in both)
            time.sleep(0.05)
        beside = operator.sync()
        assert any(process.poll() is None for process in both)
        ends = [process.communicate(timeout=200) for process in both]
    finally:
        for process in both:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
    assert beside.status in (0, 3), beside.said
    assert [process.returncode for process in both] == [0, 0], ends
    found = decided(operator)
    past = [row for row in found["cycles"] if row["origin"] == "backfill"]
    assert past == [row for row in synced.decisions["cycles"] if row["origin"] == "backfill"]


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        ("2026-03-01", "2026-03-02", "2026-03-02 is not over yet"),
        ("2026-02-02", "2026-02-01", "swap them"),
        ("2026-13-01", "2026-02-01", "2026-13-01"),
    ],
)
def test_days_that_cannot_be_are_one_clear_line(
    simulator: Simulator, tmp_path: Path, since: str, until: str, says: str
) -> None:
    operator = operator_at(tmp_path / "own", simulator)
    told = operator.run("backfill", "--json", "--since", since, "--until", until)
    assert told.status == 2
    assert says in told.errors
    assert told.data == {"error": told.errors.strip(), "exit": 2}
    assert "Traceback" not in told.errors
