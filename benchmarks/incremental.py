"""The cost of a run follows the people it touches, not the base: a thousand of them, on a small base and a large one.

A ledger is filled; then, several times over, a thousand people spread over the base do something, and are found, loaded
and scored as a run does it. And apart: what it takes to read everybody out of a ledger and score them.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.as_ledger import fill, visit
from benchmarks.company import Scene
from benchmarks.measure import Result, Took
from flows.chain import CHUNK
from ledger.facts import schedule
from ledger.open import Ledger
from schemas.context import Window
from schemas.playbook.load import Playbook, load_playbook
from schemas.vocabulary import Silo
from tasks.facts import load
from tasks.scoring import score

END = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOUCHED, RUNS = 1_000, 7
FEW_ACTS, MANY_ACTS = 2, 20


def filled(scene: Scene) -> Result:
    """A base with few acts each, so that a large one is filled in minutes."""
    return _filled(scene, FEW_ACTS)


def filled_much(scene: Scene) -> Result:
    return _filled(scene, MANY_ACTS)


def _filled(scene: Scene, acts_each: float) -> Result:
    took = Took()
    with Ledger.open(scene.database_url) as ledger, took.more():
        acts = fill(ledger, scene.people, acts_each, END)
    size = Path(scene.folder / "ledger.db").stat().st_size
    result = Result("a ledger is filled", scene.people, details={"activities": acts, "bytes": size})
    result.add("straight into its tables", took.seconds, acts, unit="activities", cpu=took.cpu)
    return result


def touched(scene: Scene) -> Result:
    """Runs of a thousand touched people each; medians."""
    playbook = load_playbook(Path("playbook"))
    took: dict[str, list[Took]] = {"find who is due": [], "load": [], "score": [], "in all": []}
    with Ledger.open(scene.database_url) as ledger:
        for number in range(RUNS + 1):
            parts = _run(ledger, scene.people, number, playbook)
            if number:  # the first one warms up
                for name, each in parts.items():
                    took[name].append(each)
    result = Result("a thousand touched people", scene.people)
    for name, all_of_it in took.items():
        seconds, cpu = (median(getattr(each, what) for each in all_of_it) for what in ("seconds", "cpu"))
        result.add(name, seconds, TOUCHED, unit="people", cpu=cpu, runs=RUNS)
    return result


def _run(ledger: Ledger, base: int, number: int, playbook: Playbook) -> dict[str, Took]:
    at = END + timedelta(hours=number + 1)
    step = base // TOUCHED
    numbers = pl.int_range(number % step, base, step, eager=True).head(TOUCHED)
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        schedule.mark_due(tx, visit(tx, numbers, at - timedelta(minutes=1)))
    due, loading, scoring, whole = Took(), Took(), Took(), Took()
    with whole.more():
        with due.more(), ledger.read() as connection:
            keys = schedule.due(connection, at)["person_key"].to_list()
        window = _window(playbook, at, at - timedelta(hours=1))
        with loading.more():
            facts = load(ledger, keys, playbook, window)
        with scoring.more():
            scored = score(facts, playbook, window)
    assert len(scored.scores) == TOUCHED * len(playbook.models)
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        clocks = scored.shown.select("person_key", "next_tick_at", next_clock_at="next_tick_at")
        schedule.advance(tx, clocks.with_columns(next_tick_at=None, next_clock_at=None), at)
    return {"find who is due": due, "load": loading, "score": scoring, "in all": whole}


def everybody(scene: Scene) -> Result:
    """All people of a ledger read and scored at one instant, in chunks as the chain makes them."""
    playbook = load_playbook(Path("playbook"))
    window = _window(playbook, END + timedelta(hours=1), END)
    loading, scoring, acts, people = Took(), Took(), 0, 0
    with Ledger.open(scene.database_url) as ledger:
        with ledger.begin(None) as tx, tx.silo(Silo.DATA):
            schedule.mark_everybody_due(tx)
        with ledger.read() as connection:
            keys = schedule.due(connection, window.as_of)["person_key"].to_list()
        for start in range(0, len(keys), CHUNK):
            with loading.more():
                facts = load(ledger, keys[start : start + CHUNK], playbook, window)
            with scoring.more():
                scored = score(facts, playbook, window)
            acts, people = acts + len(facts.activities), people + len(scored.shown)
    result = Result("everybody out of a ledger", scene.people, details={"activities": acts})
    result.add("load", loading.seconds, acts, unit="activities", cpu=loading.cpu)
    result.add("attributes, scores, next ticks", scoring.seconds, people, unit="people", cpu=scoring.cpu)
    result.add(
        "in all", loading.seconds + scoring.seconds, people, unit="people", cpu=loading.cpu + scoring.cpu
    )
    return result


def _window(playbook: Playbook, as_of: datetime, last_as_of: datetime) -> Window:
    organisation = playbook.organisation
    return Window(as_of, as_of, last_as_of, None, organisation.zone, organisation.late_limit)
