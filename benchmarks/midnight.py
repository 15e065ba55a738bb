"""The midnight run of decay: nothing new happened, but points grow older, and whoever that may change is decided.

A generated base is adopted from platforms in memory, through the whole chain and into a real ledger. Then comes an
ordinary midnight; and one before which nobody looked for nine days, so that a tick is due for everybody whose points
still age: the most that one night can bring.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from benchmarks import memory_platform
from benchmarks.company import Scene
from benchmarks.history import History, generate
from benchmarks.measure import Result, StageClock, Took
from benchmarks.memory_platform import InMemory
from benchmarks.sinks import TakesAll
from flows import chain
from flows.settings import Settings
from flows.wiring import Wiring, wired
from schemas.vocabulary import Platform
from tasks.progress import Silent
from tasks.summary import Summary

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 3, 0, 5, tzinfo=UTC)
NINE_DAYS_LATER = MIDNIGHT + timedelta(days=9)
DAYS, ACTS_EACH = 60, 10
STAGES = (
    "pull marketo", "pull salesforce", "settle", "load", "score", "move", "derive", "record", "assign", "push",
)  # fmt: skip


def found(scene: Scene) -> Result:
    """Adopted at noon, live five minutes later."""
    history = generate(scene.people, ACTS_EACH, NOON - timedelta(days=DAYS), NOON, surely=True)
    result = _sync(scene, "midnight: adopted without HTTP", NOON, history=history, live=False)
    _sync(scene, "", NOON + timedelta(minutes=5))
    return result


def night(scene: Scene) -> Result:
    """The first midnight after."""
    return _sync(scene, "midnight: the first one", MIDNIGHT)


def everybody(scene: Scene) -> Result:
    """Nine days later: a tick is due for all."""
    return _sync(scene, "midnight: a tick due for all", NINE_DAYS_LATER)


def _sync(
    scene: Scene, name: str, now: datetime, *, history: History | None = None, live: bool = True
) -> Result:
    clock, whole = StageClock(), Took()
    with _wired(scene, now, history, live) as wiring, whole.more():
        summary = chain.sync(wiring, Silent(), stage=clock)
    if summary.failures:
        raise RuntimeError("; ".join(summary.failures))
    result = Result(name, scene.people)
    for stage in STAGES:
        if stage in clock.took:
            took = clock.took[stage]
            rows, unit = _rows(stage, summary)
            result.add(stage, took.seconds, rows, unit=unit, cpu=took.cpu)
    due = summary.decided["people"]
    note = f"{due:,} due, {summary.decisions:,} decisions, {summary.writes:,} values written"
    result.add("in all", whole.seconds, due, unit="people", cpu=whole.cpu, note=note)
    return result


def _rows(stage: str, summary: Summary) -> tuple[int | None, str]:
    if stage.startswith("pull"):
        pulled = [each for each in summary.pulled if stage.endswith(each.platform)]
        return sum(count["pulled"] for each in pulled for count in each.counts.values()) or None, "rows"
    if stage == "push":
        return summary.writes or None, "values"
    return (None, "") if stage in ("settle", "assign") else (summary.decided["people"] or None, "people")


@contextmanager
def _wired(scene: Scene, now: datetime, history: History | None, live: bool) -> Iterator[Wiring]:
    rows = {
        Platform.MARKETO: memory_platform.marketo(history) if history else {},
        Platform.SALESFORCE: memory_platform.salesforce(history) if history else {},
    }
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(scene.database_url),
        playbook=scene.folder / "playbook",
        live_since=NOON + timedelta(minutes=1) if live else None,
    )
    with wired(settings, needs_platforms=False) as wiring:
        sources = {platform: InMemory(platform, now, rows[platform]) for platform in rows}
        yield replace(wiring, sources=sources, sinks={platform: TakesAll(platform) for platform in rows})
