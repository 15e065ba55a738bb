"""Bulk extract jobs: one queue for all objects, two of them processing at a time.

Time passes in wall seconds and short ones (about 0.2 s a job, more for long files); the platform's habit
of refreshing a job's status only once a minute is not simulated. A file holds what was there when its
job started.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulator.marketo.errors import MarketoError
from simulator.marketo.limits import central_day
from simulator.marketo.moments import to_text

PROCESSING_AT_ONCE = 2
LONGEST_QUEUE = 10
DAILY_QUOTA = 500 * 1024 * 1024
KEPT = timedelta(days=7)
_WAITING_SECONDS = 0.05
_LEAST_SECONDS = 0.2
_ROWS_PER_SECOND = 200_000
CREATED, QUEUED, PROCESSING = "Created", "Queued", "Processing"
CANCELLED, COMPLETED, FAILED = "Cancelled", "Completed", "Failed"
STATES = (CREATED, QUEUED, PROCESSING, CANCELLED, COMPLETED, FAILED)


@dataclass(frozen=True, slots=True)
class Extract:
    """A finished file: its bytes, how many records they hold (the header not counted), its checksum."""

    content: bytes
    records: int
    checksum: str

    @classmethod
    def of(cls, content: bytes, records: int) -> Extract:
        return cls(content, records, f"sha256:{hashlib.sha256(content).hexdigest()}")


@dataclass
class Job:
    id: str
    object: str
    owner: str
    format: str
    make: Callable[[], Extract]
    created_at: datetime
    state: str = CREATED
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    extract: Extract | None = None
    may_start: float = 0.0
    ready: float = 0.0

    def shown(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "exportId": self.id,
            "format": self.format,
            "status": self.state,
            "createdAt": to_text(self.created_at),
        }
        stamps = {"queuedAt": self.queued_at, "startedAt": self.started_at, "finishedAt": self.finished_at}
        values |= {name: to_text(stamp) for name, stamp in stamps.items() if stamp is not None}
        if self.state == COMPLETED and self.extract is not None:
            values |= {
                "numberOfRecords": self.extract.records,
                "fileSize": len(self.extract.content),
                "fileChecksum": self.extract.checksum,
            }
        return values


@dataclass
class Exports:
    """Jobs are seen by the API user who created them, and by nobody else."""

    now: Callable[[], datetime]
    seed: int = 0
    daily_quota: int = DAILY_QUOTA
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _jobs: dict[str, Job] = field(default_factory=dict)
    _free_at: list[float] = field(default_factory=lambda: [0.0] * PROCESSING_AT_ONCE)
    _day: date | None = None
    _bytes_today: int = 0

    def create(self, object: str, owner: str, format: str, make: Callable[[], Extract]) -> Job:
        self._check_quota()
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"export {self.seed} {len(self._jobs)}"))
        job = Job(name, object, owner, format, make, self.now())
        self._jobs[name] = job
        return job

    def enqueue(self, job: Job) -> None:
        self._check_quota()
        self.advance()
        if job.state in {QUEUED, PROCESSING}:
            raise MarketoError("1029", "Job already queued")
        if job.state != CREATED:
            raise MarketoError("1003", f"Export job is {job.state} and cannot be enqueued")
        if sum(other.state in {QUEUED, PROCESSING} for other in self._jobs.values()) >= LONGEST_QUEUE:
            raise MarketoError("1029", "Too many jobs in queue")
        job.state, job.queued_at = QUEUED, self.now()
        job.may_start = self.monotonic() + _WAITING_SECONDS

    def cancel(self, job: Job) -> None:
        self.advance()
        if job.state not in {CREATED, QUEUED, PROCESSING}:
            raise MarketoError("1003", f"Export job is {job.state} and cannot be cancelled")
        job.state = CANCELLED

    def find(self, object: str, id: str, owner: str) -> Job | None:
        self.advance()
        job = self._jobs.get(id)
        return job if job is not None and (job.object, job.owner) == (object, owner) else None

    def of(self, object: str, owner: str) -> Iterator[Job]:
        """The owner's jobs of the last seven days, oldest first."""
        self.advance()
        since = self.now() - KEPT
        return (
            job
            for job in self._jobs.values()
            if (job.object, job.owner) == (object, owner) and job.created_at >= since
        )

    def file(self, job: Job) -> bytes | None:
        """None while there is none, and again when it is too old."""
        if job.state != COMPLETED or job.extract is None or job.finished_at is None:
            return None
        return job.extract.content if job.finished_at >= self.now() - KEPT else None

    def advance(self) -> None:
        """Moves every job to where wall time has brought it."""
        moment = self.monotonic()
        for job in self._jobs.values():
            if job.state == QUEUED:
                slot = min(range(PROCESSING_AT_ONCE), key=self._free_at.__getitem__)
                start = max(job.may_start, self._free_at[slot])
                if start > moment:
                    break  # one queue: nobody overtakes
                job.state, job.started_at, job.extract = PROCESSING, self.now(), job.make()
                job.ready = start + _LEAST_SECONDS + job.extract.records / _ROWS_PER_SECOND
                self._free_at[slot] = job.ready
        for job in self._jobs.values():
            if job.state == PROCESSING and job.ready <= moment:
                job.state, job.finished_at = COMPLETED, self.now()
                self._meter(job)

    def _meter(self, job: Job) -> None:
        self._turn_day()
        self._bytes_today += 0 if job.extract is None else len(job.extract.content)

    def _check_quota(self) -> None:
        self.advance()
        self._turn_day()
        if self._bytes_today >= self.daily_quota:
            raise MarketoError("1029", f"Export daily quota {self.daily_quota // 1024**2}MB exceeded.")

    def _turn_day(self) -> None:
        day = central_day(datetime.fromtimestamp(self.wall(), UTC))
        if day != self._day:
            self._day, self._bytes_today = day, 0
