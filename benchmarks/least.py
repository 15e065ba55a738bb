"""The fewest requests with which a sync could have done its work: what its calls are held against.

Counted from what the platforms allow in one call and from what was really there to read and write:

Marketo. The clock: one (the usage call tells the day's calls too). A first pull: the ids of the activity types, a token
at which the increments begin, and for every window of thirty days of people, activities and merges one bulk job
(create, enqueue; its file where it has rows) and one question whether the jobs are done, by stream. A later pull: one
page of each feed (changes of fields, deletions, activities and links in groups of ten types), 300 rows a page;
programs and types when their hour is over; 300 people a call by id, for those who changed by somebody else's hand.
Writing: one description of the fields, and 300 people a call. Token calls and empty pages with `moreResult` don't
count.

Salesforce. The clock: one (it tells the limits). Five queries to a composite. More than 2,000 rows of an object: its
further pages, or a bulk query (create, one question, one file of 10,000 rows each), whichever is less. Writing: one
description of the objects, one reading of 2,000 records right before they are written, 200 records a call or a bulk
job (six calls), whichever is less.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from math import ceil

from benchmarks.sinks import TimedSink
from connectors.marketo.dates import windows
from connectors.salesforce.streams import plan_of
from connectors.salesforce.words import Words
from ledger import cursors
from ledger.open import Ledger
from schemas.playbook.platforms import Platforms
from schemas.vocabulary import Platform, Stream
from tasks.summary import Summary

LEADS, PROGRAMS, TYPES = 300, 200, 10
QUERIES, ROWS, FILE_ROWS, RECORDS, JOB = 5, 2_000, 10_000, 200, 6
LINK_TYPES = 4
BULK = (Stream.PEOPLE, Stream.ACTIVITIES, Stream.REMOVALS)


@dataclass
class Count:
    """Requests by what they are for."""

    parts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, requests: int) -> None:
        if requests:
            self.parts[what] = self.parts.get(what, 0) + requests

    @property
    def total(self) -> int:
        return sum(self.parts.values())

    @property
    def reasons(self) -> str:
        return "least: " + ", ".join(f"{n} {what}" for what, n in self.parts.items())


@dataclass(frozen=True)
class Work:
    """What a sync had to do. `counted`: requests by endpoint, for how many files there were to fetch.

    `is_first`: nothing was read before. `only_echoes`: whoever changed, changed by our own last push.
    """

    ledger: Ledger
    platforms: Platforms
    summary: Summary
    sinks: Mapping[Platform, TimedSink]
    counted: Mapping[Platform, Mapping[str, int]]
    is_first: bool = False
    only_echoes: bool = False

    def rows(self, platform: Platform) -> dict[Stream, int]:
        """Rows of every stream that was asked for."""
        pulled = {pulled.platform: pulled for pulled in self.summary.pulled}
        counts = pulled[platform].counts if platform in pulled else {}
        return {stream: count["pulled"] for stream, count in counts.items()}


def least(platform: Platform, work: Work) -> Count:
    """The fewest requests to a platform that this work takes."""
    return marketo(work) if platform is Platform.MARKETO else salesforce(work)


def marketo(work: Work) -> Count:
    count, rows = Count(), work.rows(Platform.MARKETO)
    count.add("clock", 1)
    if Stream.CAMPAIGNS in rows:
        count.add("programs", max(1, ceil(rows[Stream.CAMPAIGNS] / PROGRAMS)))
        count.add("types", 1)
    if work.is_first:
        count.add("token", 1)
        for stream, jobs in _jobs(work):
            count.add(f"for {jobs} jobs of {stream}", 2 * jobs + 1)
        files = {name: n for name, n in work.counted[Platform.MARKETO].items() if name.endswith("file.json")}
        count.add("files", sum(files.values()))
    else:
        groups = ceil((_types(work) + LINK_TYPES) / TYPES)
        people = 0 if work.only_echoes else rows.get(Stream.PEOPLE, 0)
        count.add("pages of activities", max(groups, ceil(rows.get(Stream.ACTIVITIES, 0) / LEADS)))
        count.add("pages of changes", max(1, ceil(people / LEADS)))
        count.add("pages of deletions", max(1, ceil(rows.get(Stream.REMOVALS, 0) / LEADS)))
        count.add("people by id", ceil(people / LEADS))
    for written in _written(work, Platform.MARKETO):
        count.add("description of fields", 1)
        count.add("writes", ceil(written / LEADS))
    return count


def salesforce(work: Work) -> Count:
    count, rows = Count(), work.rows(Platform.SALESFORCE)
    words = Words(work.platforms.salesforce, work.platforms.extra)
    plans = [plan for stream in rows if (plan := plan_of(stream, words))]
    count.add("clock", 1)
    count.add("composites", ceil(sum(len(plan.stamped) + len(plan.whole) for plan in plans) / QUERIES))
    for stream, found in rows.items():
        pages = max(0, ceil(found / ROWS) - 1)
        count.add(f"more of {stream}", min(pages, 2 + ceil(found / FILE_ROWS)))
    written = list(_written(work, Platform.SALESFORCE))
    if written:
        count.add("description of objects", 1)
    for records in written:
        count.add("last looks", ceil(records / ROWS))
        count.add("writes", min(ceil(records / RECORDS), JOB))
    return count


def _written(work: Work, platform: Platform) -> Iterator[int]:
    sink = work.sinks.get(platform)
    return (records for records in sink.written.values() if records) if sink else iter(())


def _jobs(work: Work) -> Iterator[tuple[Stream, int]]:
    """Windows that a first pull's bulk jobs have to cover, by stream."""
    settings, until = work.platforms.marketo, work.summary.as_of
    for stream in BULK:
        since = until - timedelta(days=settings.activities_days)
        if stream is Stream.PEOPLE:
            since = datetime.combine(settings.people_since, time(), UTC)
        yield stream, sum(1 for _ in windows(since, until))


def _types(work: Work) -> int:
    """How many activity types are asked for."""
    with work.ledger.read() as connection:
        cursor = cursors.load(connection, Platform.MARKETO).get(Stream.ACTIVITIES, {})
    return len(cursor.get("types", ()))
