"""One stream while it is read: what is left, the cursor that grows with every page, and the pages themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import PlatformError
from connectors.ports import Page, StreamRequest
from connectors.rows import to_frame
from connectors.salesforce.api import Record
from connectors.salesforce.mapping import Row
from connectors.salesforce.reading import Mark, Step, Window, lower_end
from connectors.salesforce.soql import literal
from connectors.salesforce.streams import Plan, Stamped, Whole
from schemas.vocabulary import Stream


@dataclass
class Reader:
    """`marks`: by object, how far it was read. `memory`: what else the stream remembers between readings.

    The cursor is `{"objects": {object: {"at": instant, "job"?: …}}, "window"?: [since, until], …memory}`.
    """

    plan: Plan
    upper: datetime
    since: datetime | None
    lookback: timedelta
    is_closed_range: bool
    marks: dict[str, Mark] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    failed: PlatformError | None = None
    gathered: dict[str, Sequence[Record]] = field(default_factory=dict)
    finished: int = 0

    @property
    def stream(self) -> Stream:
        return self.plan.stream

    @property
    def is_done(self) -> bool:
        return self.finished == len(self.plan.stamped) + len(self.plan.whole)

    def window(self, query: Stamped) -> Window:
        lower = lower_end(self.marks.get(query.sobject, {}), self.since, self.lookback)
        if self.is_closed_range and self.since:
            lower = max(lower or self.since, self.since)
        return Window(query, lower, self.upper)

    def stepped(self, query: Stamped, step: Step) -> Iterator[Page]:
        """The page of one step. A step without rows makes a page only where the cursor must be kept or ends."""
        moved = step.mark != self.marks.get(query.sobject)
        self.marks[query.sobject] = step.mark
        self.finished += step.ends
        if step.records or self.is_done or (moved and not step.ends):
            rows = [row for record in step.records if (row := query.to_row(record)) is not None]
            yield self._page(rows)

    def gather(self, query: Whole, records: Sequence[Record]) -> Iterator[Page]:
        """Keeps the rows; with the last whole query of the plan comes the page of them all."""
        self.gathered[query.sobject] = records
        self.finished += 1
        if len(self.gathered) == len(self.plan.whole):
            results = [self.gathered[whole.sobject] for whole in self.plan.whole]
            rows, memory = self.plan.assemble(results, self.memory)
            self.memory = {**self.memory, **memory}
            yield self._page(rows)

    def _page(self, rows: list[Row]) -> Page:
        frame, unreadable = to_frame(self.stream, rows)
        return Page(self.stream, frame, self._cursor(), self.is_done, unreadable)

    def _cursor(self) -> dict[str, Any]:
        window = {"window": _range(self.since, self.upper)} if self.is_closed_range else {}
        return {"objects": dict(self.marks), **window, **self.memory}


def reader_of(
    plan: Plan, request: StreamRequest, since: datetime | None, through: datetime, lookback: timedelta
) -> Reader:
    """Goes on from the request's cursor. The cursor of another closed range is not taken: its marks mean nothing."""
    closed = request.until is not None
    reader = Reader(plan, request.until or through, since, lookback, closed)
    cursor = dict(request.cursor or {})
    expected = _range(since, reader.upper) if closed else None
    if cursor.pop("window", None) == expected:
        reader.marks = dict(cursor.pop("objects", {}))
        reader.memory = cursor
    return reader


def _range(since: datetime | None, until: datetime) -> list[str | None]:
    return [literal(since) if since else None, literal(until)]
