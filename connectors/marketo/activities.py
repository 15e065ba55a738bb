"""The activities stream: bulk files for history and backlogs, paging tokens for increments, a daily second reading."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.marketo.activity_rows import activity_row, csv_activity
from connectors.marketo.api import TYPES_A_CALL, Api
from connectors.marketo.bulk import MakeExports, activities_of
from connectors.marketo.bulk_file import Record
from connectors.marketo.cursors import (
    BACKLOG_PAGES,
    LOST_MARGIN,
    PAGE_ROWS,
    SEED_MARGIN,
    State,
    after,
    in_batches,
    range_of,
    state_of,
    windows_of,
)
from connectors.marketo.dates import read
from connectors.marketo.describe import Describe
from connectors.marketo.feed import Feeds, follow_or_reseed
from connectors.marketo.kinds import Kinds
from connectors.marketo.overlap import Overlap
from connectors.marketo.programs import Programs
from connectors.ports import Page, StreamRequest, Unreadable
from connectors.rows import ascii_safe, instant_text, to_frame
from schemas.vocabulary import Stream

log = logging.getLogger(__name__)

TYPES_FRESH = timedelta(minutes=60)


class ActivityStream:
    """Only the types that the playbook's rules name are asked for."""

    def __init__(
        self,
        api: Api,
        kinds: Kinds,
        describe: Describe,
        programs: Programs,
        exports: MakeExports,
        feeds: Feeds,
        days: int,
    ) -> None:
        self._api = api
        self._kinds = kinds
        self._describe = describe
        self._programs = programs
        self._exports = exports
        self._feeds = feeds
        self._days = days
        self._overlap = Overlap(api)

    def read(self, request: StreamRequest, through: datetime) -> Iterator[Page]:
        since = request.since or through - timedelta(days=self._days)
        if request.until is not None:
            yield from self._between(request, since, request.until)
            return
        state = state_of(request.cursor) if request.cursor else self._beginning(since, through)
        if "first" not in state:
            yield from self._chores(state, through)
        self._regroup(state)
        if "first" in state:
            yield from self._first(state)
        if request.cursor:
            yield from self._increment(state, through)
        state["safe"] = instant_text(through)
        yield self._page([], {}, state, is_last=True)

    def _beginning(self, since: datetime, through: datetime) -> State:
        return {
            "types": self._types(),
            "types_at": instant_text(through),
            "groups": [],
            "safe": instant_text(through),
            "overlap": {"to": instant_text(through - LOST_MARGIN)},
            "first": range_of(since, through),
        }

    def _between(self, request: StreamRequest, since: datetime, until: datetime) -> Iterator[Page]:
        """A backfill: what happened in the range. The ids of the types stand in its cursor, as in any other."""
        state = state_of(request.cursor or {"types": self._types(), "range": range_of(since, until)})
        yield from self._bulk(state, state["range"])
        yield self._page([], state["types"], state, is_last=True)

    def _types(self) -> dict[str, int]:
        """Ids of the mapped types by name. A type that this subscription does not have is `doctor`'s to tell."""
        listed = {
            str(kind.get("name")): int(kind["id"]) for kind in self._api.activity_types() if "id" in kind
        }
        return {name: listed[name] for name in self._kinds.natives if name in listed}

    def _chores(self, state: State, through: datetime) -> Iterator[Page]:
        """What can wait, one call a pull: the types once an hour, a step of the second reading; each in its turn."""
        due = [chore for chore in ("types", "overlap") if self._is_due(chore, state, through)]
        if not due:
            return
        chore = next((chore for chore in due if chore != state.get("chore")), due[0])
        state["chore"] = chore
        if chore == "types":
            state["types"], state["types_at"] = self._types(), instant_text(through)
            return
        types = state["types"]
        for batch, _ in in_batches(self._overlap.step(state["overlap"], sorted(types.values()), through)):
            if batch:
                yield self._file_page(batch, types, state)

    def _is_due(self, chore: str, state: State, through: datetime) -> bool:
        if chore == "types":
            return through - read(state["types_at"]) >= TYPES_FRESH
        return bool(state["types"]) and self._overlap.is_due(state["overlap"], through)

    def _regroup(self, state: State) -> None:
        """At most ten types a call. A group that is new, or has other types than before, begins at `safe`."""
        ids = sorted(state["types"].values())
        wanted = [ids[start : start + TYPES_A_CALL] for start in range(0, len(ids), TYPES_A_CALL)]
        known = {tuple(group["types"]): group["token"] for group in state["groups"]}
        state["groups"] = [
            {
                "types": group,
                "token": known.get(tuple(group)) or self._feeds.seed(read(state["safe"]) - SEED_MARGIN),
            }
            for group in wanted
        ]

    def _first(self, state: State) -> Iterator[Page]:
        yield from self._bulk(state, state["first"])
        del state["first"]

    def _bulk(self, state: State, progress: State) -> Iterator[Page]:
        types = state["types"]
        if not types:
            return

        for window, records in self._exports("activities", activities_of(sorted(types.values()))).read(
            windows_of(progress)
        ):
            for batch, is_last in in_batches(records):
                if is_last:
                    progress["next"] = after(window)
                if batch:
                    yield self._file_page(batch, types, state)

    def _increment(self, state: State, through: datetime) -> Iterator[Page]:
        rows: list[dict[str, Any]] = []
        pages = 0
        for group in state["groups"]:
            feed = follow_or_reseed(
                partial(self._api.activities, types=group["types"]),
                group["token"],
                lambda: self._feeds.seed(read(state["safe"]) - LOST_MARGIN),
            )
            for page in feed:
                group["token"] = page.token
                rows += page.items
                if len(rows) >= PAGE_ROWS:
                    yield self._page(rows, state["types"], state)
                    rows = []
                pages += 1
                if pages >= BACKLOG_PAGES and page.more and through - read(state["safe"]) > LOST_MARGIN:
                    if rows:
                        yield self._page(rows, state["types"], state)
                        rows = []
                    yield from self._catch_up(state, through)
                    pages = 0
                    break
        if rows:
            yield self._page(rows, state["types"], state)

    def _catch_up(self, state: State, through: datetime) -> Iterator[Page]:
        """A long backlog from bulk files. All groups go on from a token that is older than the files."""
        log.info("a long backlog of activities: reading it from bulk files")
        token = self._feeds.seed(through - SEED_MARGIN)
        for group in state["groups"]:
            group["token"] = token
        state["first"] = range_of(read(state["safe"]) - SEED_MARGIN, through)
        state["safe"] = instant_text(through)
        yield from self._first(state)

    def _file_page(
        self, batch: Sequence[Record | Unreadable], types: Mapping[str, int], state: State
    ) -> Page:
        unreadable = tuple(record for record in batch if isinstance(record, Unreadable))
        records = [csv_activity(record) for record in batch if not isinstance(record, Unreadable)]
        return self._page(records, types, state, unreadable)

    def _page(
        self,
        activities: Iterable[Mapping[str, Any]],
        types: Mapping[str, int],
        state: State,
        unreadable: tuple[Unreadable, ...] = (),
        is_last: bool = False,
    ) -> Page:
        names = {number: name for name, number in types.items()}
        rows, broken = [], list(unreadable)
        for activity in activities:
            try:
                rows.append(activity_row(activity, names, self._describe.rest_name))
            except ValueError as fault:
                broken.append(_unreadable(activity, fault))
        frame, lost = to_frame(Stream.ACTIVITIES, rows)
        named = self._kinds.name(frame, self._programs.channels)
        return Page(Stream.ACTIVITIES, named, state_of(state), is_last, (*broken, *lost))


def _unreadable(activity: Mapping[str, Any], fault: ValueError) -> Unreadable:
    key = ascii_safe(str(activity.get("marketoGUID") or "?"))
    return Unreadable(key, f"attributes can't be read: {fault}", json.dumps(activity, default=str))
