"""Pull of the past: a closed range of every stream that has one, stored without moving a cursor.

Reading may take minutes, since bulk files are made on request; it goes on without the lease, which is held only while
some thousand rows are stored. What happened after the last committed run is the live history's, whoever read it first.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from connectors.errors import PlatformError
from connectors.ports import Page, Source, StreamFailure, StreamRequest
from ledger import runs
from ledger.open import Ledger
from schemas.admission import Admission, BatchRefused, admit
from schemas.frames.base import UTC
from schemas.playbook.platforms import Platforms
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Origin, Platform, Silo, Stream
from tasks.data.pages import BadBatch, store_page
from tasks.data.store import Storing, store
from tasks.progress import Progress
from tasks.pull import STREAMS, Pulled
from tasks.run import Run, Shift

AT_ONCE = 20_000
"""Rows that are stored in one shift: some seconds' work."""

NO_PAST = (Stream.OWNERS, Stream.QUEUE_MEMBERS)
"""Lists of what is: a range of the past does not limit them, and live runs read them."""

Waiting = list[tuple[Page, Admission]]


@dataclass(frozen=True)
class Days:
    """What is asked of a platform: both ends belong to it."""

    since: datetime
    until: datetime


def pull_past(
    ledger: Ledger,
    source: Source,
    days: Days,
    settings: Platforms,
    shift: Shift,
    as_of: datetime,
    progress: Progress,
) -> Pulled:
    """Reads what happened on the platform in these days, and stores it."""
    streams = [stream for stream in STREAMS[source.platform] if stream not in NO_PAST]
    requests = [StreamRequest(stream, since=days.since, until=days.until) for stream in streams]
    pulled = Pulled(source.platform)
    waiting: Waiting = []

    def put_away() -> None:
        if waiting:
            with shift() as run:
                for page, admitted in waiting:
                    if page.stream not in pulled.failures:
                        _store(ledger, source.platform, page, admitted, settings, run, pulled, progress)
            waiting.clear()

    try:
        for answer in source.pull(requests, as_of):
            if isinstance(answer, StreamFailure):
                pulled.failures[answer.stream] = str(answer.error)
            elif admitted := _admitted(answer, pulled):
                waiting.append((answer, admitted))
                if sum(len(page.rows) for page, _ in waiting) >= AT_ONCE:
                    put_away()
    except PlatformError as error:
        ended = {page.stream for page, _ in waiting if page.is_last}
        ended |= {stream for stream, count in pulled.counts.items() if count["ended"]}
        for stream in streams:
            if stream not in ended:
                pulled.failures.setdefault(stream, str(error))
    put_away()
    return pulled


def _admitted(page: Page, pulled: Pulled) -> Admission | None:
    try:
        return admit(page.rows, MODELS[page.stream], natural_key(page.stream))
    except BatchRefused as error:
        pulled.failures[page.stream] = str(error)
        return None


def _store(
    ledger: Ledger,
    platform: Platform,
    page: Page,
    admitted: Admission,
    settings: Platforms,
    run: Run,
    pulled: Pulled,
    progress: Progress,
) -> None:
    counts = pulled.counts.setdefault(page.stream, Counter())
    try:
        with ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
            old, young = _parted(admitted.good, runs.last_committed_as_of(tx.connection))
            stored = store_page(
                tx,
                platform,
                page.stream,
                replace(admitted, good=old),
                page.unreadable,
                page.cursor,
                page.is_last,
                run,
                Origin.BACKFILL,
                settings,
            )
            live = Storing(platform, page.stream, page.is_last, run.as_of, Origin.LIVE, settings.native_sync)
            fresh = store(tx, young, live) if len(young) else 0
    except BadBatch as error:
        pulled.failures[page.stream] = str(error)
        return
    rows = len(page.rows) + len(page.unreadable)
    counts.update(
        pulled=rows,
        stored=stored.stored + fresh,
        quarantined=stored.quarantined,
        duplicates=stored.duplicates + len(young) - fresh,
        ended=int(page.is_last),
    )
    if stored.quarantined:
        pulled.reasons.update(reasons[0] for reasons in admitted.rejected["reasons"].to_list())
    progress.advance(f"pull {platform} {page.stream}", rows)


def _parted(rows: pl.DataFrame, committed: datetime | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What had happened by the last committed run, and what came after it.

    A row of a range of the past may be young: a person who was created then and changed a minute ago. Were that change
    stored as the past, the next live run would take it for known and nobody would ever act on it.
    """
    name = next((name for name in ("occurred_at", "changed_at") if name in rows.columns), None)
    if name is None or committed is None:
        return rows, rows.head(0)
    is_young = (pl.col(name) > pl.lit(committed, UTC)).fill_null(False)
    return rows.filter(~is_young), rows.filter(is_young)
