"""Platforms that show what a test tells them, with a clock of its own: the port `Source`, in memory.

For what a simulated company can't be made to do: facts that appear late, runs that end between two pages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from connectors.errors import Damaged
from connectors.ports import Finding, Page, StreamFailure, StreamRequest
from connectors.quota import Usage
from connectors.rows import to_frame
from flows import backfilling, chain
from flows.wiring import Wiring
from ledger.open import Ledger
from schemas.playbook.load import Playbook, load_playbook
from schemas.vocabulary import Platform, Stream
from tasks.data.retention import Retention
from tasks.progress import Progress, Silent
from tasks.summary import Summary
from tests.data.pages import PLAYBOOK, START, act, moment, person

LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
PAGE = 40
STAMP = {Stream.ACTIVITIES: "occurred_at", Stream.REMOVALS: "occurred_at", Stream.PEOPLE: "created_at"}
"""By what a range of the past is limited: as Marketo does it, people by their creation."""


@dataclass
class Told:
    """A platform. `appears`: when a row can be read; `reach`: how far back a first reading of activities looks."""

    platform: Platform
    now: datetime = START
    reach: timedelta = timedelta(days=3650)
    rows: dict[Stream, list[tuple[datetime, dict[str, Any]]]] = field(default_factory=dict)
    before_page: Callable[[StreamRequest], None] = lambda request: None
    broken: set[Stream] = field(default_factory=set)

    def tell(self, stream: Stream, row: dict[str, Any], appears: datetime | None = None) -> None:
        stamp = row.get("occurred_at") or row["changed_at"]
        self.rows.setdefault(stream, []).append((appears or stamp, row))

    def server_time(self) -> datetime:
        return self.now

    def binding(self) -> str:
        return f"the {self.platform} of this test"

    def usage(self) -> Usage | None:
        return None

    def examine(self) -> Sequence[Finding]:
        return []

    def pull(self, requests: Sequence[StreamRequest], through: datetime) -> Iterator[Page | StreamFailure]:
        for request in requests:
            if request.stream in self.broken:
                yield StreamFailure(request.stream, Damaged("test", "the file is torn"))
                continue
            rows = list(self._wanted(request, through))
            for start in range(0, max(1, len(rows)), PAGE):
                self.before_page(request)
                frame, unreadable = to_frame(request.stream, rows[start : start + PAGE])
                is_last = start + PAGE >= len(rows)
                yield Page(request.stream, frame, {"read": through.isoformat()}, is_last, unreadable)

    def _wanted(self, request: StreamRequest, through: datetime) -> Iterator[dict[str, Any]]:
        read = datetime.fromisoformat(request.cursor["read"]) if request.cursor else None
        for appears, row in self.rows.get(request.stream, []):
            stamp = row[STAMP.get(request.stream, "changed_at")]
            if appears > through:
                continue
            if request.until is not None:
                assert request.since is not None
                if request.since <= stamp <= request.until:
                    yield row
            elif appears > read if read else self._is_in_reach(request.stream, stamp, through):
                yield row

    def _is_in_reach(self, stream: Stream, stamp: datetime, through: datetime) -> bool:
        return stream is not Stream.ACTIVITIES or stamp >= through - self.reach


@cache
def _playbook() -> Playbook:
    return load_playbook(PLAYBOOK)


@dataclass
class Company:
    """A ledger, and Marketo with people who fit well unless told otherwise. Nothing can be pushed."""

    ledger: Ledger
    marketo: Told = field(default_factory=lambda: Told(Platform.MARKETO))
    others: Mapping[Platform, Told] = field(default_factory=dict)
    live_since: datetime | None = LONG_AGO

    @property
    def wiring(self) -> Wiring:
        return Wiring(
            self.ledger,
            _playbook(),
            {Platform.MARKETO: self.marketo, **self.others},
            {},
            {},
            self.live_since,
            Retention(quarantine_days=30, attribute_months=13),
        )

    def person(self, native_id: str, **values: Any) -> None:
        given: Mapping[str, Any] = {
            "created": -24 * 200,
            "changed": -24 * 200,
            "email": f"{native_id}@alder{native_id}.example",
            "last_name": "Berg",
            "company": "Alder Freight",
            "title": "Director of Operations",
            "industry": "Technology",
            "country": "Germany",
            "employees": 900,
        }
        self.marketo.tell(Stream.PEOPLE, person(native_id, **{**given, **values}))

    def act(
        self,
        key: str,
        who: str,
        at: float,
        kind: str = "page_visit",
        *,
        appears: float | None = None,
        **values: Any,
    ) -> None:
        """`at`, `appears`: hours from START."""
        row = act(key, who, at, kind, **values)
        self.marketo.tell(Stream.ACTIVITIES, row, None if appears is None else moment(appears))

    def raises_hand(self, key: str, who: str, at: float, **values: Any) -> None:
        self.act(key, who, at, "form_fill", asset_name="Contact Us", **values)

    def visits(self, key: str, who: str, at: float, page: str = "/pricing", **values: Any) -> None:
        self.act(key, who, at, "page_visit", url=f"www.northbeam.example{page}", **values)

    def does_something(self, chance: Random, key: str, who: str, at: float) -> None:
        """An act of some kind; a hand raise now and then."""
        match chance.randrange(6):
            case 0:
                self.raises_hand(key, who, at)
            case 1 | 2:
                self.act(key, who, at, "event_attended", asset_name="Fair")
            case 3:
                self.visits(key, who, at, "/pricing")
            case _:
                self.visits(key, who, at, chance.choice(["/blog/a", "/careers", "/compare/x-vs-y"]))

    def sync(self, hours: float | None = None) -> Summary:
        """A run, at `hours` from START if told."""
        if hours is not None:
            self.marketo.now = moment(hours)
        return chain.sync(self.wiring, Silent())

    def backfill(self, since: str, until: str, progress: Progress | None = None) -> Summary:
        """Days as in `2026-02-28`."""
        day = date.fromisoformat
        return backfilling.backfill(self.wiring, day(since), day(until), list(Platform), progress or Silent())
