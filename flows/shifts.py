"""The lease in shifts: a long run holds the ledger for some seconds at a time and lets others in between."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from connectors.ports import Source
from flows.chain import wall_clock
from flows.wiring import Wiring
from ledger import lease, runs
from ledger.facts import schedule
from ledger.open import Ledger
from schemas.vocabulary import Platform
from tasks.run import TICK, Run, begin

FLOW = "backfill"

PAUSE = 0.5
"""Seconds between two shifts: a run that waits looks every quarter of a second, so it always gets its turn."""


class Shifts:
    """Each shift waits for whoever holds the lease, as long as it takes unless told otherwise."""

    def __init__(self, wiring: Wiring, sources: Mapping[Platform, Source]) -> None:
        self._wiring = wiring
        self._sources = sources
        self._rests_until = 0.0

    @contextmanager
    def first(self) -> Iterator[Run]:
        """Begins a run: `as_of` is read, the playbook is in force, the run is written down."""
        wiring = self._wiring
        for source in self._sources.values():
            # Asked before the ledger is held: a platform may take a minute to answer, or to be given up.
            source.server_time()
        with self._held(math.inf) as held:
            yield begin(
                wiring.ledger,
                held.token,
                self._sources,
                wiring.playbook,
                FLOW,
                wiring.live_since,
                wall_clock,
            )

    @contextmanager
    def next(self, run: Run, *, patience: float = math.inf) -> Iterator[Run]:
        """The run goes on: with another token, and never before an instant that somebody decided meanwhile."""
        with self._held(patience) as held:
            yield _rejoined(self._wiring.ledger, replace(run, token=held.token))

    @contextmanager
    def _held(self, patience: float) -> Iterator[lease.Lease]:
        time.sleep(max(0.0, self._rests_until - time.monotonic()))
        try:
            with lease.acquire(self._wiring.ledger, FLOW, wait_for=patience) as held:
                yield held
        finally:
            self._rests_until = time.monotonic() + PAUSE


def _rejoined(ledger: Ledger, run: Run) -> Run:
    """What is learned from now on comes after whatever others decided while the run had no lease."""
    with ledger.read() as connection:
        latest = runs.last_as_of(connection)
        decided = schedule.decided_through(connection)
        committed = runs.last_committed_as_of(connection)
    as_of = run.as_of if latest is None else max(run.as_of, latest)
    if decided is not None and as_of <= decided:
        as_of = decided + TICK
    return replace(run, as_of=as_of, last_as_of=committed)
