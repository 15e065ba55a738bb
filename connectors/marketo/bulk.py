"""Bulk extract: jobs created ahead, read one after the other.

Two jobs run and ten wait at most, for all users and objects of the subscription together. So several windows are
queued ahead, a full queue means "read one first", and statuses are asked for with growing pauses: Marketo renews them
once a minute. Jobs that were queued and not read are cancelled at the end.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import AccessDenied, Damaged, PlatformError, QuotaExhausted, Unavailable
from connectors.marketo.api import Api
from connectors.marketo.bulk_file import Record, records, verified_file
from connectors.marketo.dates import Window
from connectors.marketo.errors import MARKETO, QueueFull
from connectors.ports import Unreadable

log = logging.getLogger(__name__)

RUNNING = frozenset({"Created", "Queued", "Processing"})
WORTH_A_LIST = 3  # jobs in the queue from which on one list of all is cheaper than asking for each
ENDED_BADLY = frozenset(
    {"Failed", "Canceled", "Cancelled"}
)  # the documentation and the wire spell it differently


@dataclass(frozen=True)
class Patience:
    """Seconds. Polling starts at `first` and doubles up to `longest`; a full queue is asked again after `queue`."""

    first: float = 0.5
    longest: float = 60.0
    job: float = 3600.0
    queue: float = 60.0
    queue_longest: float = 240.0
    ahead: int = 8  # jobs queued at once; the rest of the ten is left to others


@dataclass
class Job:
    window: Window
    id: str
    queued: bool = False
    restarts: int = field(default=0)


Body = Callable[[Window], Mapping[str, Any]]
MakeExports = Callable[[str, Body], "Exports"]
Records = Iterator[Record | Unreadable]


def activities_of(types: Iterable[int]) -> Body:
    """Jobs for activities of these types, with all columns. Their `createdAt` filters the date of the act."""

    def body(window: Window) -> Mapping[str, Any]:
        wanted = {"createdAt": window.filter(), "activityTypeIds": list(types)}
        return {"fields": [], "format": "CSV", "filter": wanted}

    return body


class Exports:
    """Reads windows of one kind of object (`leads`, `activities`), in order."""

    def __init__(
        self, api: Api, kind: str, body: Body, sleep: Callable[[float], None], patience: Patience
    ) -> None:
        self._api = api
        self._kind = kind
        self._body = body
        self._sleep = sleep
        self._patience = patience
        self._done: dict[str, Mapping[str, Any]] = {}

    def read(self, windows: Iterable[Window]) -> Iterator[tuple[Window, Records]]:
        """Each window with its records. The records must be taken before the next window is asked for."""
        waiting = deque(windows)
        jobs: deque[Job] = deque()
        try:
            while waiting or jobs:
                self._fill(waiting, jobs)
                status = self._completed(jobs)
                yield jobs[0].window, self._records(jobs[0], status)
                jobs.popleft()
        except (Unavailable, AccessDenied, QuotaExhausted):
            raise  # a platform that refuses everything would refuse the clearing up too, slowly
        except BaseException:
            self._cancel(jobs)
            raise

    def _records(self, job: Job, status: Mapping[str, Any]) -> Records:
        if status.get("numberOfRecords") == 0:
            return
        with verified_file(self._api, self._kind, job.id, status) as file:
            yield from records(file)

    def _fill(self, waiting: deque[Window], jobs: deque[Job]) -> None:
        """Queues jobs until enough wait. Where the queue is full, those that we have come first."""
        pause = self._patience.queue
        waited = 0.0
        while (waiting and len(jobs) < self._patience.ahead) or any(not job.queued for job in jobs):
            try:
                self._queue_next(waiting, jobs)
            except QueueFull:
                if any(job.queued for job in jobs):
                    return
                if waited >= self._patience.job:
                    raise
                self._sleep(pause)
                waited += pause
                pause = min(2 * pause, self._patience.queue_longest)

    def _queue_next(self, waiting: deque[Window], jobs: deque[Job]) -> None:
        job = next((job for job in jobs if not job.queued), None)
        if job is None:
            created = self._api.create_export(self._kind, self._body(waiting[0]))
            job = Job(waiting.popleft(), str(created["exportId"]))
            jobs.append(job)
        self._api.enqueue_export(self._kind, job.id)
        job.queued = True

    def _completed(self, jobs: deque[Job]) -> Mapping[str, Any]:
        """Waits for the first job."""
        job = jobs[0]
        pause, waited = self._patience.first, 0.0
        while job.id not in self._done:
            status = self._status(jobs)
            state = str(status["status"])
            if state == "Completed":
                return status
            if state in ENDED_BADLY:
                self._restart(job, state)
            elif state not in RUNNING:
                raise Damaged(MARKETO, f"bulk {self._kind}: unknown status of a job: {state}")
            if waited >= self._patience.job:
                longest = f"{self._patience.job:.0f} s"
                text = f"a bulk job of {self._kind} did not end within {longest}; the next run tries again"
                raise Unavailable(MARKETO, text)
            self._sleep(pause)
            waited += pause
            pause = min(2 * pause, self._patience.longest)
        return self._done.pop(job.id)

    def _status(self, jobs: deque[Job]) -> Mapping[str, Any]:
        """The first job's status. Of many jobs, one call lists them all; those that are done are remembered."""
        first = jobs[0].id
        ours = {job.id for job in jobs if job.queued}
        if len(ours) >= WORTH_A_LIST:
            listed = {str(row.get("exportId")): row for row in self._api.exports(self._kind)}
            done = {name for name in ours & listed.keys() if listed[name].get("status") == "Completed"}
            self._done |= {name: listed[name] for name in done - {first}}
            if listed.get(first, {}).get("status"):
                return listed[first]
        return self._api.export_status(self._kind, first)

    def _restart(self, job: Job, state: str) -> None:
        if job.restarts:
            raise Unavailable(
                MARKETO, f"a bulk job of {self._kind} ended as {state} twice; the next run tries again"
            )
        job.restarts += 1
        job.id = str(self._api.create_export(self._kind, self._body(job.window))["exportId"])
        self._api.enqueue_export(self._kind, job.id)

    def _cancel(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            try:
                self._api.cancel_export(self._kind, job.id)
            except PlatformError as error:
                log.debug("a bulk job could not be cancelled: %s", error)
