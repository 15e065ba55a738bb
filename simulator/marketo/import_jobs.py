"""Bulk import jobs, whose work is done at once and whose status takes a moment to say so, in wall time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_QUEUED_SECONDS = 0.05
_IMPORTING_SECONDS = 0.2


@dataclass
class Import:
    id: int
    accepted: float
    processed: int
    header: list[str]
    failures: list[list[str]]

    def state(self, moment: float) -> str:
        age = moment - self.accepted
        return "Queued" if age < _QUEUED_SECONDS else "Importing" if age < _IMPORTING_SECONDS else "Complete"


@dataclass
class Imports:
    monotonic: Callable[[], float] = time.monotonic
    jobs: dict[int, Import] = field(default_factory=dict)

    def add(self, processed: int, header: list[str], failures: list[list[str]]) -> Import:
        job = Import(1001 + len(self.jobs), self.monotonic(), processed, header, failures)
        self.jobs[job.id] = job
        return job
