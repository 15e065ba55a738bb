"""The chain as Prefect sees it: stages as tasks, progress as log lines, a run's end as a state that tells the truth.

What a person can mend is shown by its message alone. A traceback stands for a fault of the code, and only for that.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import CancelledRun, FailedRun
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from connectors.errors import PlatformError
from flows.backfilling import NoSuchRange
from flows.presentation.words import in_one_line
from flows.settings import SettingsFault
from ledger.errors import LeaseHeld, LedgerError
from schemas.playbook.faults import PlaybookFaults
from schemas.vocabulary import Platform
from tasks.run import NothingAnswers
from tasks.summary import Summary

MENDABLE = (SettingsFault, PlaybookFaults, LedgerError, PlatformError, NothingAnswers, NoSuchRange)
"""Errors whose message says what, where and what to do."""

RETRIED_AFTER = (60.0,)
"""Seconds. A platform that is away longer than its connector is patient gets a minute; then the next run comes."""

Run = State[None]


def as_task(stage: Callable[..., Any], retried_after: Sequence[float] = RETRIED_AFTER) -> Callable[..., Any]:
    """The stage as a task named for it; retried when a platform refused for a while, and only then.

    Arguments and result go past Prefect, which would walk through every frame and playbook that it is handed. A stage
    that went on without a stream or a platform has its task shown as failed, and its result counts nevertheless.
    """

    @wraps(stage)
    def run(*args: Any, **kwargs: Any) -> Any:
        results: list[Any] = []
        refusals: list[Exception] = []

        def attempt() -> State[Any] | None:
            try:
                results.append(stage(*args, **kwargs))
            except MENDABLE as error:
                refusals.append(error)
                return Failed(message=str(error))
            lines = _failures(results[-1])
            return Failed(message="\n".join(lines)) if lines else None

        def is_retried(*_: Any) -> bool:
            is_passing = bool(refusals) and getattr(refusals[-1], "is_passing", False)
            return not results and is_passing and len(refusals) <= len(retried_after)

        name = _name(stage, args)
        as_named = task(
            name=name,
            task_run_name=name,
            cache_policy=NO_CACHE,
            persist_result=False,
            # One more than are used: Prefect would log the last one with a traceback.
            retries=len(retried_after) + 1,
            retry_delay_seconds=list(retried_after),
            retry_condition_fn=is_retried,
        )
        as_named(attempt)()
        if not results:
            raise refusals[-1]
        return results[-1]

    return run


def _failures(result: Any) -> list[str]:
    """What a stage's result says went wrong, one line each."""
    found = getattr(result, "failures", None) or []
    return (
        [f"{stream}: {reason}" for stream, reason in found.items()]
        if isinstance(found, dict)
        else list(found)
    )


def _name(stage: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """`pull marketo`, `score`: the stage, and the platform it is about."""
    about = [arg.platform for arg in args if isinstance(getattr(arg, "platform", None), Platform)]
    return " ".join([stage.__name__.replace("_", " "), *about])


class LoggedProgress:
    """Progress as lines of the run's log, at most one every few seconds; never personal data."""

    def __init__(
        self,
        log: logging.Logger | logging.LoggerAdapter[Any],
        clock: Callable[[], float] = time.monotonic,
        every: float = 10.0,
    ) -> None:
        self._log, self._clock, self._every = log, clock, every
        self._rows: Counter[str] = Counter()
        self._totals: dict[str, int] = {}
        self._unsaid: dict[str, None] = {}
        self._spoke_at = clock()

    def advance(self, stage: str, rows: int, total: int | None = None) -> None:
        self._rows[stage] += rows
        if total is not None:
            self._totals[stage] = total
        if rows:
            self._unsaid[stage] = None
        if self._clock() - self._spoke_at >= self._every:
            self.flush()

    def say(self, message: str) -> None:
        self.flush()
        self._log.info(message)

    def flush(self) -> None:
        """Says what was not said yet."""
        for stage in self._unsaid:
            of = f" of {self._totals[stage]:,}" if stage in self._totals else ""
            self._log.info("%s: %s%s", stage, f"{self._rows[stage]:,}", of)
        self._unsaid.clear()
        self._spoke_at = self._clock()


@contextmanager
def logged_progress() -> Iterator[LoggedProgress]:
    """Progress into the log of the present flow run."""
    progress = LoggedProgress(get_run_logger())
    try:
        yield progress
    finally:
        progress.flush()


def concluded(work: Callable[[], Summary]) -> Run:
    """Runs `work` and gives the state in which the flow ends."""
    return ended(lambda: finish(work()))


def ended(work: Callable[[], Run], mendable: tuple[type[Exception], ...] = ()) -> Run:
    """The state that `work` gives, or the one that tells what a person can mend; `mendable`: of this flow besides."""
    _quiet()
    expected: tuple[type[Exception], ...] = (*MENDABLE, *mendable)
    try:
        return work()
    except LeaseHeld as held:
        return State(type=StateType.CANCELLED, name="Skipped", message=str(held))
    except expected as fault:
        return Failed(message=str(fault))


def finish(summary: Summary) -> Run:
    """Failed with its clear lines; Completed, and what was refused; or simply Completed with what was done."""
    if summary.failures:
        return Failed(message="\n".join(summary.failures))
    return Completed(message=in_one_line(summary))


class _Declared(logging.Filter):
    """Drops Prefect's second account of an end that the flow declared itself: an exception with its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return not isinstance(error, FailedRun | CancelledRun)


def _quiet() -> None:
    log = logging.getLogger("prefect.flow_runs")
    if not any(isinstance(present, _Declared) for present in log.filters):
        log.addFilter(_Declared())
