"""What Prefect costs: the chain called plainly and as a flow of tasks, with the same wiring, in one process.

A flow's own time is what passes outside of its stages, less what passes there in a plain sync too (reading who is due,
the lease, the run row). Starting up is told apart: a deployed run pays for the import and for its first flow.
"""

import os
import socket
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.company import Scene
from benchmarks.measure import Result, StageClock, Took
from flows import chain
from flows.local import local_prefect
from flows.local.processes import child
from flows.wiring import Wiring, wired
from tasks.progress import Silent
from tasks.summary import Summary

PAIRS = 5
HOUR = 3600


class SyncFailed(Exception):
    """A benchmark's sync did not end well: its times mean nothing."""


@dataclass(frozen=True)
class Timed:
    """One sync: all of it, its stages, and how many stages there were."""

    seconds: float
    stages: float
    tasks: int

    @property
    def outside(self) -> float:
        return self.seconds - self.stages


def syncs(scene: Scene) -> Result:
    """A first sync, going live and an hour later as flows; then pairs of quiet syncs, plain and as flows."""
    result = Result("Prefect", scene.people)
    with _server(scene, result):
        importing = Took()
        with importing.more():
            from benchmarks import as_flow  # Prefect reads its settings when it is imported
        result.add("import of the flow", importing.seconds, cpu=importing.cpu)
        with wired(scene.settings(live=False)) as wiring:
            first = _timed(wiring, as_flow.run)
        with wired(scene.settings(live=True)) as wiring:
            _advance(scene, 60)
            live = _timed(wiring, as_flow.run)
            _timed(wiring, _plain)  # takes in what was written
            _advance(scene, HOUR)
            hour = _timed(wiring, as_flow.run)
            _timed(wiring, _plain)
            pairs = [(_timed(wiring, _plain), _timed(wiring, as_flow.run)) for _ in range(PAIRS)]
    plain = [pair[0] for pair in pairs]
    flows = [pair[1] for pair in pairs]
    base = statistics.median(run.outside for run in plain)
    result.add("nothing new, plain", statistics.median(run.seconds for run in plain), runs=PAIRS)
    quiet = sorted(flows, key=lambda run: run.seconds)[PAIRS // 2]
    _tell(result, "nothing new, as a flow", quiet, base, runs=PAIRS)
    _tell(result, "first flow of a process: adoption", first, base)
    _tell(result, "going live, as a flow", live, base)
    _tell(result, "an hour later, as a flow", hour, base)
    return result


def _tell(result: Result, name: str, run: Timed, base: float, runs: int = 1) -> None:
    own = max(0.0, run.outside - base)
    note = (
        f"Prefect itself {own:.2f} s, {own / run.seconds:.0%}; {run.tasks} tasks, "
        f"{1000 * own / run.tasks:.0f} ms for each"
    )
    result.add(name, run.seconds, runs=runs, note=note)


def _timed(wiring: Wiring, sync: Callable[[Wiring, StageClock], Summary]) -> Timed:
    clock, whole = StageClock(), Took()
    with whole.more():
        summary = sync(wiring, clock)
    if summary.failures:
        raise SyncFailed("; ".join(summary.failures))
    return Timed(whole.seconds, clock.seconds, clock.calls)


def _plain(wiring: Wiring, clock: StageClock) -> Summary:
    return chain.sync(wiring, Silent(), stage=clock)


def _advance(scene: Scene, seconds: float) -> None:
    assert scene.company is not None
    scene.company.advance(seconds)


@contextmanager
def _server(scene: Scene, result: Result) -> Iterator[None]:
    """A Prefect server of our own, its start measured; this process talks to it."""
    home, log = scene.folder / "prefect", scene.folder / "prefect.log"
    home.mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = local_prefect.environment(home, port)
    starting = Took()
    with ExitStack() as house:
        with starting.more():
            process = house.enter_context(child(local_prefect.server(port), env=env, log=log))
            local_prefect.Api(port).wait_until_healthy(process, log)
        result.add("start of the server", starting.seconds)
        os.environ.clear()
        os.environ.update(env | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR"})
        yield
