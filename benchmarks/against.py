"""Syncs against the simulator over HTTP: each phase is one kind of sync, in a process of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.company import Scene
from benchmarks.least import Work, least
from benchmarks.measure import Result, StageClock, Took
from benchmarks.sinks import TimedSink
from connectors.http import HttpClient
from connectors.ports import Page, StreamRequest
from flows import chain
from flows.wiring import Wiring, wired
from schemas.admission import admit
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Platform
from tasks.progress import Silent
from tasks.pull import STREAMS
from tasks.summary import Summary

HOUR = 3600
DECIDING = ("load", "score", "move", "derive", "record")
QUIET_RUNS = 5
CHECKS = 3


class SyncFailed(Exception):
    """A benchmark's sync did not end well: its times mean nothing."""


def door(scene: Scene) -> Result:
    """The rows of a first pull, fetched without a ledger; then the door alone on the same rows."""
    result = Result("sync: the door alone", scene.people)
    with wired(scene.settings(live=False)) as wiring:
        for platform, source in wiring.sources.items():
            through = source.server_time()
            fetched = Took()
            with fetched.more():
                found = list(source.pull([StreamRequest(stream) for stream in STREAMS[platform]], through))
            pages = [page for page in found if isinstance(page, Page)]
            rows = sum(len(page.rows) + len(page.unreadable) for page in pages)
            result.add(f"fetch {platform}, no ledger", fetched.seconds, rows, cpu=fetched.cpu)
            checks = [_checked(pages) for _ in range(CHECKS)]
            middle = sorted(checks, key=lambda took: took.seconds)[CHECKS // 2]
            result.add(f"validate {platform}", middle.seconds, rows, cpu=middle.cpu, runs=CHECKS)
    return result


def _checked(pages: Sequence[Page]) -> Took:
    took = Took()
    with took.more():
        for page in pages:
            admit(page.rows, MODELS[page.stream], natural_key(page.stream))
    return took


def adopt(scene: Scene) -> Result:
    """The first sync: everything is read and everybody decided, silently."""
    return _measured(scene, "sync: first, silent", live=False, is_first=True)


def go_live(scene: Scene) -> Result:
    """The first live sync: everybody is looked at once more, and what differs is written."""
    _advance(scene, 60)
    return _measured(scene, "sync: going live", live=True)


def after_push(scene: Scene) -> Result:
    """The sync right after: it meets what we wrote, and changes nothing."""
    _advance(scene, 60)
    return _measured(scene, "sync: after the push", live=True, only_echoes=True)


def hour(scene: Scene) -> Result:
    """The sync after an hour in which the company lived."""
    _advance(scene, HOUR)
    return _measured(scene, "sync: an hour later", live=True)


def quiet(scene: Scene) -> Result:
    """Syncs to which nothing is new; the median of some."""
    _advance(scene, 60)
    with wired(scene.settings(live=True)) as wiring:
        _sync(wiring)  # takes in what the last one wrote
    runs = [_measured(scene, "sync: nothing new", live=True) for _ in range(QUIET_RUNS)]
    middle = sorted(runs, key=lambda result: result.steps[-1].seconds or 0.0)[QUIET_RUNS // 2]
    for step in middle.steps:
        step.runs = QUIET_RUNS
    return middle


def _advance(scene: Scene, seconds: float) -> None:
    assert scene.company is not None
    scene.company.advance(seconds)


def _sync(wiring: Wiring, clock: StageClock | None = None) -> Summary:
    summary = chain.sync(wiring, Silent(), stage=clock or chain.plain)
    if summary.failures:
        raise SyncFailed("; ".join(summary.failures))
    return summary


def _measured(
    scene: Scene, name: str, *, live: bool, is_first: bool = False, only_echoes: bool = False
) -> Result:
    assert scene.company is not None
    scene.company.clear_calls()
    clock, whole = StageClock(), Took()
    with wired(scene.settings(live=live)) as plain:
        sinks = {platform: TimedSink(sink) for platform, sink in plain.sinks.items()}
        with whole.more():
            summary = _sync(replace(plain, sinks=sinks), clock)
        calls = scene.company.get("calls")
        counted = {platform: calls[platform]["by_endpoint"] for platform in plain.sources}
        work = Work(plain.ledger, plain.playbook.platforms, summary, sinks, counted, is_first, only_echoes)
        needed = {platform: least(platform, work) for platform in plain.sources}
        waited = {platform: _waited(client) for platform, client in plain.clients.items()}
    result = Result(name, scene.people, details={"calls": calls})
    _steps(result, clock, summary, sinks)
    for platform, count in needed.items():
        if waited[platform] > 1:
            result.add(f"waited for {platform}'s rate limit", waited[platform])
        result.add(
            f"requests to {platform}", calls=calls[platform]["total"], least=count.total, note=count.reasons
        )
    note = f"{summary.decisions:,} decisions, {summary.writes:,} values written"
    result.add("in all", whole.seconds, cpu=whole.cpu, note=note)
    return result


def _waited(client: HttpClient) -> float:
    """Seconds that calls waited for their turn under the rate limit."""
    limiter = client._limiter
    return limiter.waited if limiter else 0.0


def _steps(result: Result, clock: StageClock, summary: Summary, sinks: Mapping[Platform, TimedSink]) -> None:
    for pulled in summary.pulled:
        rows = sum(count["pulled"] for count in pulled.counts.values())
        _stage(result, clock, f"pull {pulled.platform}", rows, "rows")
    _stage(result, clock, "settle", None, "")
    due = summary.decided["people"]
    for name in DECIDING:
        _stage(result, clock, name, due, "people")
    _stage(result, clock, "assign", summary.decided["assignments"], "assignments")
    for platform, sink in sinks.items():
        if sink.records:
            result.add(
                f"push: calls to {platform}",
                sink.took.seconds,
                sink.records,
                unit="records",
                cpu=sink.took.cpu,
            )
    _stage(result, clock, "push", summary.writes, "values")


def _stage(result: Result, clock: StageClock, name: str, rows: int | None, unit: str) -> None:
    if name in clock.took:
        took = clock.took[name]
        result.add(name, took.seconds, rows or None, unit=unit, cpu=took.cpu)
