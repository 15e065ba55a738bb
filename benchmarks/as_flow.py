"""The chain as the `sync` deployment runs it, on a wiring that is there already."""

from collections.abc import Callable
from typing import Any

from prefect import flow
from prefect.logging.handlers import APILogHandler

from benchmarks.measure import StageClock
from flows import chain
from flows.in_prefect import as_task, finish, logged_progress
from flows.presentation import artifacts
from flows.wiring import Wiring
from tasks.summary import Summary


def run(wiring: Wiring, clock: StageClock) -> Summary:
    """One sync as a flow: stages are tasks, the clock runs inside of them; artifacts are written."""
    summaries: list[Summary] = []

    def timed_task(stage: Callable[..., Any]) -> Callable[..., Any]:
        return as_task(clock(stage))

    @flow(name="benchmark", persist_result=False)
    def benchmark() -> Any:
        with logged_progress() as progress:
            summaries.append(chain.sync(wiring, progress, stage=timed_task))
            artifacts.publish(summaries[-1], wiring)
        return finish(summaries[-1])

    benchmark(return_state=True)
    APILogHandler().flush()  # the server may be stopped any moment
    return summaries[-1]
