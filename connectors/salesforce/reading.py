"""How one stamped query is read through: by pages, by key where a locator expired, by a bulk job where it
is large.

Every step tells a mark: what the stream's cursor must hold so that a later run goes on from there. A mark
never lies behind rows that were not handed out. `at` is the stamp up to which all rows were; a next run
looks back from it, because a long transaction may commit rows with an earlier stamp.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.errors import PlatformError
from connectors.rows import normalised
from connectors.salesforce.api import Api, QueryPage, Record
from connectors.salesforce.bulk import Bulk, is_gone
from connectors.salesforce.errors import LocatorExpired
from connectors.salesforce.soql import after, literal, select
from connectors.salesforce.streams import Stamped
from connectors.salesforce.words import value

Mark = Mapping[str, Any]


class Step(NamedTuple):
    """Rows to hand out, the mark to keep with them, and whether the query was read through."""

    records: Sequence[Record]
    mark: Mark
    ends: bool


@dataclass(frozen=True)
class Window:
    """Both ends belong to it. `reached` is what a finished reading writes into the mark."""

    query: Stamped
    lower: datetime | None
    upper: datetime

    def soql(self, last: Record | None = None, *, ordered: bool = True) -> str:
        """The rows of the window; with `last`, those that come after that row."""
        stamp = self.query.stamp
        where = [f"{stamp} >= {literal(self.lower)}"] if self.lower else []
        where.append(f"{stamp} <= {literal(self.upper)}")
        if last is not None:
            where.append(after(stamp, _stamp_of(last, stamp), str(last["Id"])))
        where += self.query.where
        # A bulk job must not sort: sorting keeps Salesforce from reading a large table in chunks.
        return select(self.query.fields, self.query.sobject, where, f"{stamp}, Id" if ordered else "")

    @property
    def reached(self) -> Mark:
        return {"at": literal(self.upper)}


def by_pages(api: Api, window: Window, first: QueryPage) -> Iterator[Step]:
    """All rows in the order of their stamps, from the first page on."""
    page, seen = first, set[str]()
    last: Record | None = None
    restarted_at: Record | None = None
    while True:
        if page.records:
            last = page.records[-1]
        if page.more is None:
            yield Step(page.records, window.reached, True)
            return
        if last is not None:
            yield Step(page.records, {"at": _stamp_of(last, window.query.stamp)}, False)
        try:
            if page.more in seen:
                raise LocatorExpired("salesforce", "a query's pages lead round in a circle")
            seen.add(page.more)
            page = api.next_page(page.more)
        except LocatorExpired:
            if last is None or last is restarted_at:
                raise
            restarted_at, seen = last, set()
            page = api.query(window.soql(last))


def by_job(api: Api, bulk: Bulk, window: Window, before: Mark) -> Iterator[Step]:
    """All rows through a bulk job, in no order: until the last page the cursor stays where it was (`before`) and
    remembers the job. If the platform gives the job up, the window is read by pages."""
    job = bulk.start_query(window.soql(ordered=False))
    yield Step((), _with_job(before, job, None, window), False)
    try:
        yield from resumed(bulk, window, before, job, None)
    except PlatformError as error:
        if not is_gone(error):
            raise
        yield from by_pages(api, window, api.query(window.soql()))


def resumed(bulk: Bulk, window: Window, before: Mark, job: str, locator: str | None) -> Iterator[Step]:
    """The rest of a job that this or an earlier run began."""
    for rows, following in bulk.query_rows(job, locator):
        mark = _with_job(before, job, following, window) if following else window.reached
        yield Step(rows, mark, following is None)


def lower_end(mark: Mark, since: datetime | None, lookback: timedelta) -> datetime | None:
    at = mark.get("at")
    return datetime.fromisoformat(at) - lookback if at else since


def _with_job(before: Mark, job: str, locator: str | None, window: Window) -> Mark:
    start = {"at": before["at"]} if "at" in before else {}
    return {**start, "job": {"id": job, "locator": locator, "upper": literal(window.upper)}}


def _stamp_of(record: Record, stamp: str) -> str:
    return str(normalised(value(record, stamp)))
