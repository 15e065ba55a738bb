"""The people stream: a bulk file of everybody first, then those whose values or links changed, read by id.

A bulk file writes a missing value as `null`. Where a name reads so, the person is read again by id, since somebody's
surname may be that; in other columns it means a missing value.
"""

import logging
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.marketo.api import LEADS_A_CALL, Api
from connectors.marketo.bulk import MakeExports
from connectors.marketo.bulk_file import Record
from connectors.marketo.cursors import (
    BACKLOG_PAGES,
    LOST_MARGIN,
    SEED_MARGIN,
    State,
    after,
    in_batches,
    range_of,
    state_of,
    windows_of,
)
from connectors.marketo.dates import Window, moment, read, windows
from connectors.marketo.envelope import Envelope
from connectors.marketo.errors import FilterUnsupported
from connectors.marketo.feed import MERGE_LEADS, Feeds, follow_or_reseed
from connectors.marketo.mapping import PersonMapping
from connectors.ports import Page, StreamRequest, Unreadable
from connectors.rows import instant_text, to_frame
from schemas.vocabulary import Stream

log = logging.getLogger(__name__)

FLUSH = 10 * LEADS_A_CALL
"""Changed people that are read and yielded together."""

Changed = dict[str, str | None]
"""Person id → the latest instant at which a change of theirs is told."""


class PeopleStream:
    """Marketo's people. Everybody since `people_since` first; afterwards only who changed."""

    def __init__(
        self, api: Api, mapping: PersonMapping, exports: MakeExports, feeds: Feeds, people_since: datetime
    ) -> None:
        self._api = api
        self._mapping = mapping
        self._exports = exports
        self._feeds = feeds
        self._people_since = people_since

    def read(self, request: StreamRequest, through: datetime) -> Iterator[Page]:
        since = request.since or self._people_since
        if request.ids:
            for batch, _ in in_batches(self._by_id(dict.fromkeys(request.ids))):
                if batch:
                    yield self._page(batch, state=state_of(request.cursor or {}))
            return
        if request.until is not None:
            yield from self._created_between(request, since, request.until)
            return
        state = state_of(request.cursor) if request.cursor else self._beginning(since, through)
        if "first" in state:
            yield from self._bulk(windows_of(state["first"]), "createdAt", state, state["first"])
            del state["first"]
        if request.cursor:
            yield from self._changes(state, through)
        else:
            yield self._page([], state=state, is_last=True)

    def _beginning(self, since: datetime, through: datetime) -> State:
        """The tokens come before the files, so that a change made while they are written is seen afterwards."""
        token = self._feeds.seed(through - SEED_MARGIN)
        safe = instant_text(through)
        return {"changes": token, "links": token, "safe": safe, "first": range_of(since, through)}

    def _created_between(self, request: StreamRequest, since: datetime, until: datetime) -> Iterator[Page]:
        """A backfill: people who were created in the range, as they are now. Marketo keeps no earlier values."""
        state = state_of(request.cursor or {"range": range_of(since, until)})
        yield from self._bulk(windows_of(state["range"]), "createdAt", state, state["range"])
        yield self._page([], state=state, is_last=True)

    def _bulk(
        self, spans: Iterator[Window], stamp: str, state: State, progress: State | None
    ) -> Iterator[Page]:
        """Pages of bulk files. `progress` moves to the next window with a window's last page, never before."""

        def body(window: Window) -> Mapping[str, Any]:
            return {"fields": self._mapping.wanted, "format": "CSV", "filter": {stamp: window.filter()}}

        for window, records in self._exports("leads", body).read(spans):
            for batch, is_last in in_batches(records):
                if is_last and progress is not None:
                    progress["next"] = after(window)
                if batch:
                    yield self._certain(batch, state)
                if len(state.get("doubtful", ())) >= FLUSH:
                    yield self._exact(state)
        if "doubtful" in state:
            yield self._exact(state)

    def _certain(self, batch: list[Record | Unreadable], state: State) -> Page:
        """The batch's rows, but those of people who may be called null: their ids wait in the cursor."""
        rows, doubtful, unreadable = [], [], []
        for record in batch:
            if isinstance(record, Unreadable):
                unreadable.append(record)
                continue
            row, is_doubtful = self._mapping.csv_row(record)
            if is_doubtful and str(row["native_id"]).isdigit():
                doubtful.append(str(row["native_id"]))
            else:
                rows.append(row)
        if doubtful:
            state["doubtful"] = [*state.get("doubtful", ()), *doubtful]
        return self._page(rows, tuple(unreadable), state=state)

    def _exact(self, state: State) -> Page:
        people: Changed = dict.fromkeys(state.pop("doubtful"))
        return self._page(self._by_id(people), state=state)

    def _changes(self, state: State, through: datetime) -> Iterator[Page]:
        changed: Changed = {}
        for feed, fetch in (("changes", self._changed_fields), ("links", self._feeds.links)):
            pages = follow_or_reseed(fetch, state[feed], lambda: self._earlier(state))
            for number, page in enumerate(pages, 1):
                state[feed] = page.token
                _collect(page.items, changed)
                if len(changed) >= FLUSH:
                    yield self._page(self._by_id(changed), state=state)
                    changed = {}
                if feed == "changes" and number == BACKLOG_PAGES and page.more:
                    token = self._feeds.seed(through - SEED_MARGIN)
                    if (yield from self._caught_up(state, through)):
                        state[feed] = token
                        break
        state["safe"] = instant_text(through)
        for batch, is_last in in_batches(self._by_id(changed)):
            yield self._page(batch, state=state, is_last=is_last)

    def _caught_up(self, state: State, through: datetime) -> Generator[Page, None, bool]:
        """A long backlog from bulk files, where the subscription can filter them by change. Answers whether it can."""
        try:
            yield from self._bulk(
                windows(read(state["safe"]) - SEED_MARGIN, through), "updatedAt", state, None
            )
        except FilterUnsupported:
            log.info("bulk files can't be filtered by updatedAt here; the backlog is read page by page")
            return False
        return True

    def _changed_fields(self, token: str) -> Envelope:
        return self._api.lead_changes(token, self._mapping.tracked)

    def _earlier(self, state: State) -> str:
        return self._feeds.seed(read(state["safe"]) - LOST_MARGIN)

    def _by_id(self, changed: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
        """Present rows. Who isn't answered was deleted or merged: the removals stream tells of that."""
        for ids, _ in in_batches(changed, LEADS_A_CALL):
            if ids:
                for lead in self._api.leads(ids, self._mapping.wanted):
                    yield self._mapping.row(lead, changed.get(str(lead.get("id"))))

    def _page(
        self,
        rows: Iterator[dict[str, Any]] | list[dict[str, Any]],
        unreadable: tuple[Unreadable, ...] = (),
        *,
        state: State,
        is_last: bool = False,
    ) -> Page:
        frame, broken = to_frame(Stream.PEOPLE, rows)
        return Page(Stream.PEOPLE, frame, state_of(state), is_last, unreadable + broken)


def _collect(items: list[dict[str, Any]], changed: Changed) -> None:
    """Who is named by a change; of a merge, the winner too."""
    for item in items:
        named = [item.get("leadId")]
        if item.get("activityTypeId") == MERGE_LEADS:
            named.append(item.get("primaryAttributeValueId"))
        at = item.get("activityDate")
        for person in named:
            if person is not None:
                key = str(person)
                changed[key] = _latest(changed.get(key), at)


def _latest(known: str | None, told: Any) -> str | None:
    first, second = moment(known), moment(told)
    if second is None or (first is not None and first >= second):
        return known
    return str(told)
