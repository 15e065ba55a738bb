"""A backfill: the past brought into the ledger, window by window, with live runs in between.

Each window has a run of its own, which reads a closed range and moves no cursor of a live stream. Nothing is assigned,
alerted, timed or pushed.
"""

import math
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day

from connectors.ports import StreamRequest
from flows.chain import Stage, plain, wall_clock
from flows.wiring import Wiring
from ledger import lease, runs
from schemas.vocabulary import Origin, Platform, Silo
from tasks.progress import Progress
from tasks.pull import STREAMS, store_all
from tasks.run import Run, begin
from tasks.settle import settle
from tasks.summary import Summary

WINDOW = timedelta(days=31)
"""The longest range that one of Marketo's bulk files covers."""

PAUSE = 0.5
"""Seconds without the lease between two windows, so that a sync that waits gets it."""


class NoSuchRange(Exception):
    """The days or platforms that were asked for can't be backfilled. The message says why."""


def backfill(
    wiring: Wiring,
    since: date,
    until: date,
    platforms: Sequence[Platform],
    progress: Progress,
    *,
    stage: Stage = plain,
) -> Summary:
    """Brings the days `since` to `until`, both included, into the ledger; oldest first. Raises NoSuchRange."""
    if until < since:
        raise NoSuchRange(f"--until {until} lies before --since {since}; swap them")
    summary: Summary | None = None
    for number, (start, end) in enumerate(_windows(since, until)):
        if number:
            time.sleep(PAUSE)
        with lease.acquire(wiring.ledger, "backfill", wait_for=math.inf) as held:
            run = begin(
                wiring.ledger,
                held.token,
                wiring.sources,
                wiring.playbook,
                "backfill",
                wiring.live_since,
                wall_clock,
            )
            if summary is None:
                summary = Summary(run.id, run.flow, run.as_of, is_live=False)
            summary.problems.extend(run.unreachable.values())
            _window(wiring, run, start, end, platforms, summary, progress, stage)
    assert summary is not None
    return summary


def _windows(since: date, until: date) -> Iterator[tuple[datetime, datetime]]:
    start = datetime.combine(since, time_of_day(), UTC)
    beyond = datetime.combine(until, time_of_day(), UTC) + timedelta(days=1)
    while start < beyond:
        end = min(start + WINDOW, beyond)
        yield start, end - timedelta(milliseconds=1)
        start = end


def _window(
    wiring: Wiring,
    run: Run,
    start: datetime,
    end: datetime,
    platforms: Sequence[Platform],
    summary: Summary,
    progress: Progress,
    stage: Stage,
) -> None:
    for platform, source in wiring.sources.items():
        if platform in platforms and platform not in run.unreachable:
            requests = [StreamRequest(stream, since=start, until=end) for stream in STREAMS[platform]]
            pulled = stage(store_all)(
                wiring.ledger, source, requests, wiring.playbook.platforms, run, Origin.BACKFILL, progress
            )
            summary.pulled.append(pulled)
    stage(settle)(wiring.ledger, run, wiring.playbook)
    with wiring.ledger.begin(run.token) as tx, tx.silo(Silo.OPERATIONS):
        runs.finish(
            tx,
            run.id,
            summary.exit.name.lower(),
            wall_clock(),
            counts=summary.counts(),
            message="; ".join(summary.failures) or None,
        )
