"""Pull: every stream of a platform, page by page, through `as_of`, each page stored together with its cursor.

A stream that can't be read keeps the pages it gave and is reported; the other streams go on. What then may not be
decided is `tasks.readiness`' question.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.errors import PlatformError
from connectors.ports import Page, Source, StreamFailure, StreamRequest
from ledger import cursors
from ledger.facts.strangers import strangers
from ledger.open import Ledger
from schemas.admission import BatchRefused, admit
from schemas.playbook.platforms import Freshness, Platforms
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Origin, Platform, Silo, Stream
from tasks.data.pages import BadBatch, Counts, store_page
from tasks.progress import Progress
from tasks.run import Run

STREAMS: dict[Platform, tuple[Stream, ...]] = {
    # Programs come before activities, whose kinds depend on a program's channel.
    Platform.MARKETO: (Stream.CAMPAIGNS, Stream.PEOPLE, Stream.ACTIVITIES, Stream.REMOVALS),
    Platform.SALESFORCE: (
        Stream.OWNERS,
        Stream.QUEUE_MEMBERS,
        Stream.ACCOUNTS,
        Stream.LEADS,
        Stream.CONTACTS,
        Stream.OPPORTUNITIES,
        Stream.CONTACT_ROLES,
        Stream.CAMPAIGNS,
        Stream.CAMPAIGN_MEMBERS,
        Stream.TASKS,
        Stream.MQL_RECORDS,
        Stream.FIELD_HISTORY,
    ),
}


@dataclass
class Pulled:
    """What came of one platform. Per stream: pulled = stored + quarantined + known duplicates."""

    platform: Platform
    counts: dict[Stream, Counter[str]] = field(default_factory=dict)
    failures: dict[Stream, str] = field(default_factory=dict)
    is_to_mend: bool = (
        False  # a failure stays until somebody changes settings, playbook or the platform's set-up
    )
    reasons: Counter[str] = field(default_factory=Counter)  # of quarantined rows

    @property
    def quarantined(self) -> int:
        return sum(count["quarantined"] for count in self.counts.values())

    def add(self, more: "Pulled") -> None:
        """What else came of the same platform."""
        for stream, counts in more.counts.items():
            self.counts.setdefault(stream, Counter()).update(counts)
        self.failures.update(more.failures)
        self.reasons.update(more.reasons)
        self.is_to_mend |= more.is_to_mend

    def fail(self, stream: Stream, error: PlatformError) -> None:
        """Writes down what ended the reading of a stream; what was said of it first stands."""
        self.failures.setdefault(stream, str(error))
        self.is_to_mend |= error.is_to_mend


def pull(
    ledger: Ledger,
    source: Source,
    settings: Platforms,
    run: Run,
    progress: Progress,
    accept_batches: Sequence[Stream] = (),
) -> Pulled:
    """Reads everything that changed since the last run, and stores it."""
    with ledger.read() as connection:
        known = cursors.load(connection, source.platform)
        read_through = cursors.read_through(connection)
    requests = [
        StreamRequest(stream, known.get(stream))
        for stream in STREAMS[source.platform]
        if not _is_fresh(stream, read_through.get((source.platform, stream)), settings.freshness, run.as_of)
    ]
    pulled = store_all(ledger, source, requests, settings, run, Origin.LIVE, progress, accept_batches)
    if source.platform is Platform.MARKETO and not pulled.failures:
        _introduce(ledger, source, settings, run, progress, accept_batches, pulled)
    return pulled


def _introduce(
    ledger: Ledger,
    source: Source,
    settings: Platforms,
    run: Run,
    progress: Progress,
    accept_batches: Sequence[Stream],
    pulled: Pulled,
) -> None:
    """Reads people who did something and are unknown: older than `people_since`, and not changed since then.

    Whoever is gone is not answered, and asked for again only when another act of theirs is told.
    """
    with ledger.read() as connection:
        unknown = strangers(connection, source.platform)
        cursor = cursors.load(connection, source.platform).get(Stream.PEOPLE)
    if unknown:
        request = StreamRequest(Stream.PEOPLE, cursor, ids=tuple(unknown))
        more = store_all(ledger, source, [request], settings, run, Origin.LIVE, progress, accept_batches)
        pulled.add(more)


def store_all(
    ledger: Ledger,
    source: Source,
    requests: Sequence[StreamRequest],
    settings: Platforms,
    run: Run,
    origin: Origin,
    progress: Progress,
    accept_batches: Sequence[Stream] = (),
) -> Pulled:
    """Reads the requested streams and stores each page in a transaction of its own."""
    pulled = Pulled(source.platform)
    try:
        for answer in source.pull(requests, run.as_of):
            if isinstance(answer, StreamFailure):
                pulled.fail(answer.stream, answer.error)
            elif answer.stream not in pulled.failures:
                _store(
                    ledger, source.platform, answer, settings, run, origin, pulled, progress, accept_batches
                )
    except PlatformError as error:
        # Nothing of the platform can be read: every stream that has not ended is unread.
        done = {stream for stream, count in pulled.counts.items() if count["ended"]}
        for request in requests:
            if request.stream not in done:
                pulled.fail(request.stream, error)
    return pulled


def _store(
    ledger: Ledger,
    platform: Platform,
    page: Page,
    settings: Platforms,
    run: Run,
    origin: Origin,
    pulled: Pulled,
    progress: Progress,
    accept_batches: Sequence[Stream],
) -> None:
    counts = pulled.counts.setdefault(page.stream, Counter())
    try:
        admitted = admit(page.rows, MODELS[page.stream], natural_key(page.stream))
        with ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
            stored = store_page(
                tx,
                platform,
                page.stream,
                admitted,
                page.unreadable,
                page.cursor,
                page.is_last,
                run,
                origin,
                settings,
                accept_batch=page.stream in accept_batches,
                so_far=Counts(counts["stored"], counts["duplicates"], counts["quarantined"]),
            )
    except (BadBatch, BatchRefused) as error:
        pulled.failures[page.stream] = str(error)
        return
    rows = len(page.rows) + len(page.unreadable)
    counts.update(
        pulled=rows,
        stored=stored.stored,
        quarantined=stored.quarantined,
        duplicates=stored.duplicates,
        ended=int(page.is_last),
    )
    if stored.quarantined:
        pulled.reasons.update(reasons[0] for reasons in admitted.rejected["reasons"].to_list())
    if rows:
        progress.advance(f"pull {platform} {page.stream}", rows)


def _is_fresh(stream: Stream, read_through: datetime | None, freshness: Freshness, as_of: datetime) -> bool:
    """Whether an earlier reading of a slow stream is still young enough to be left alone."""
    minutes: int = getattr(freshness, stream.value, 0)
    return bool(minutes) and read_through is not None and as_of - read_through < timedelta(minutes=minutes)
