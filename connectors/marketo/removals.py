"""The removals stream: deleted people, and the losers of merges with their winners.

Deletions older than fourteen days may be gone from the feed, and no bulk file has them; merges are kept for two years
and the older ones come from bulk files.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.marketo.activity_rows import attributes_of, csv_activity
from connectors.marketo.api import Api
from connectors.marketo.bulk import MakeExports, activities_of
from connectors.marketo.cursors import (
    LOST_MARGIN,
    SEED_MARGIN,
    State,
    after,
    in_batches,
    range_of,
    state_of,
    windows_of,
)
from connectors.marketo.dates import moment, read
from connectors.marketo.feed import MERGE_LEADS, Feeds, follow_or_reseed
from connectors.ports import Page, StreamRequest, Unreadable
from connectors.rows import instant_text, to_frame
from schemas.vocabulary import Stream

DELETIONS_KEPT = timedelta(days=14)

Row = dict[str, Any]


class RemovalStream:
    """Who is gone, and into whom."""

    def __init__(self, api: Api, exports: MakeExports, feeds: Feeds, days: int) -> None:
        self._api = api
        self._exports = exports
        self._feeds = feeds
        self._days = days

    def read(self, request: StreamRequest, through: datetime) -> Iterator[Page]:
        since = request.since or through - timedelta(days=self._days)
        if request.until is not None:
            yield from self._between(request, since, request.until, through)
            return
        state = state_of(request.cursor) if request.cursor else self._beginning(since, through)
        if "first" in state:
            yield from self._merges(state, state["first"])
            del state["first"]
        yield from self._increment(state, through)

    def _beginning(self, since: datetime, through: datetime) -> State:
        """Earlier merges tell whose older activities are whose; who was deleted before is in no file of people."""
        token = self._feeds.seed(through - SEED_MARGIN)
        return {
            "deleted": token,
            "links": token,
            "safe": instant_text(through),
            "first": range_of(since, through),
        }

    def _between(
        self, request: StreamRequest, since: datetime, until: datetime, through: datetime
    ) -> Iterator[Page]:
        state = state_of(request.cursor or {"range": range_of(since, until)})
        yield from self._merges(state, state["range"])
        rows: list[Row] = []
        if until > through - DELETIONS_KEPT:
            token = self._feeds.seed(max(since, through - DELETIONS_KEPT))
            for page in follow_or_reseed(self._api.deleted_leads, token, lambda: token):
                rows += [row for row in map(_deletion, page.items) if _is_within(row, since, until)]
        yield self._page(rows, state, is_last=True)

    def _merges(self, state: State, progress: State) -> Iterator[Page]:
        for window, records in self._exports("activities", activities_of([MERGE_LEADS])).read(
            windows_of(progress)
        ):
            for batch, is_last in in_batches(records):
                if is_last:
                    progress["next"] = after(window)
                if batch:
                    unreadable = tuple(record for record in batch if isinstance(record, Unreadable))
                    merges = [csv_activity(record) for record in batch if not isinstance(record, Unreadable)]
                    yield self._page(_losers(merges), state, unreadable)

    def _increment(self, state: State, through: datetime) -> Iterator[Page]:
        def earlier() -> str:
            return self._feeds.seed(read(state["safe"]) - LOST_MARGIN)

        rows: list[Row] = []
        for page in follow_or_reseed(self._api.deleted_leads, state["deleted"], earlier):
            state["deleted"] = page.token
            rows += map(_deletion, page.items)
        for page in follow_or_reseed(self._feeds.links, state["links"], earlier):
            state["links"] = page.token
            rows += _losers(item for item in page.items if item.get("activityTypeId") == MERGE_LEADS)
        state["safe"] = instant_text(through)
        for batch, is_last in in_batches(rows):
            yield self._page(batch, state, is_last=is_last)

    @staticmethod
    def _page(
        rows: Iterable[Row], state: State, unreadable: tuple[Unreadable, ...] = (), is_last: bool = False
    ) -> Page:
        frame, broken = to_frame(Stream.REMOVALS, rows)
        return Page(Stream.REMOVALS, frame, state_of(state), is_last, unreadable + broken)


def _deletion(item: Mapping[str, Any]) -> Row:
    return {
        "native_id": item.get("marketoGUID"),
        "object": "person",
        "removed_id": item.get("leadId"),
        "occurred_at": item.get("activityDate"),
    }


def _losers(merges: Iterable[Mapping[str, Any]]) -> list[Row]:
    """One row for each loser of a merge. The winner is the activity's asset, else its person."""
    rows = []
    for merge in merges:
        winner = merge.get("primaryAttributeValueId") or merge.get("leadId")
        for loser in _merged_ids(merge):
            row = {
                "native_id": f"{merge.get('marketoGUID')}:{loser}",
                "object": "person",
                "removed_id": loser,
                "into_id": winner,
                "occurred_at": merge.get("activityDate"),
            }
            rows.append(row)
    return rows


def _merged_ids(merge: Mapping[str, Any]) -> list[str]:
    """`[887]`, `"[887, 888]"` or `"887,888"`. An unreadable list names nobody: then nothing is told to have merged."""
    try:
        given = attributes_of(merge).get("Merge IDs")
        if isinstance(given, str):
            given = json.loads(given if given.strip().startswith("[") else f"[{given}]")
    except ValueError:
        return []
    listed = given if isinstance(given, list) else [given]
    return [str(loser) for loser in listed if loser is not None]


def _is_within(row: Row, since: datetime, until: datetime) -> bool:
    at = moment(row["occurred_at"])
    return at is None or since <= at <= until
