"""Paging-token feeds: activities, lead changes, deletions.

The server walks through blocks of *all* activities and shows those that pass the filter. So a page may be short or
empty with `moreResult: true` any number of times, and the end is told by `moreResult: false` alone. The last page's
token is the next pull's beginning.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import Damaged, RequestRefused
from connectors.marketo.api import Api
from connectors.marketo.envelope import Envelope, results
from connectors.marketo.errors import MARKETO

log = logging.getLogger(__name__)

SYNC_TO_CRM, CONVERT_LEAD, CHANGE_OWNER, MERGE_LEADS = 19, 21, 23, 32
LINK_TYPES = (SYNC_TO_CRM, CONVERT_LEAD, CHANGE_OWNER, MERGE_LEADS)
"""Built-in types that change whom a record is linked to, without a change of value that a feed of fields would tell."""

_TRIES = 3
_REMEMBERED = 50


@dataclass(frozen=True)
class FeedPage:
    items: list[dict[str, Any]]
    token: str  # where the next page, or the next pull, begins
    more: bool


def follow(fetch: Callable[[str], Envelope], token: str) -> Iterator[FeedPage]:
    """All pages from `token` on. The same token twice while there is more would never end: `Damaged`."""
    seen = {token}
    while True:
        page = _page(fetch, token)
        if page.more and page.token in seen:
            raise Damaged(MARKETO, "a feed of activities offered the same page twice")
        yield page
        if not page.more:
            return
        seen.add(page.token)
        token = page.token


def follow_or_reseed(
    fetch: Callable[[str], Envelope], token: str, reseed: Callable[[], str]
) -> Iterator[FeedPage]:
    """As `follow`. A token that the platform refuses (nobody says how long one lives) is replaced, once."""
    pages = follow(fetch, token)
    try:
        first = next(pages)
    except RequestRefused as refused:
        log.warning(
            "a stored paging token was refused (%s); reading again from an earlier instant", refused.code
        )
        pages = follow(fetch, reseed())
        first = next(pages)
    yield first
    yield from pages


def _page(fetch: Callable[[str], Envelope], token: str) -> FeedPage:
    for _ in range(_TRIES):
        envelope = fetch(token)
        items = results(envelope)
        following = envelope.get("nextPageToken")
        more = envelope.get("moreResult")
        if following:
            # Without the member, a page that brought something may have a successor: one more look is cheap.
            unsaid = bool(items) and str(following) != token
            return FeedPage(items, str(following), unsaid if more is None else bool(more))
    if more:
        raise Damaged(MARKETO, "a feed of activities said that there is more, and not where")
    return FeedPage(items, token, False)  # read again from the same place next time: nothing is lost


class Feeds:
    """The feeds of one pull. What two streams ask for alike is asked once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._seeds: dict[datetime, str] = {}
        self._links: dict[str, Envelope] = {}

    def seed(self, since: datetime) -> str:
        """A token for everything from `since` on."""
        if since not in self._seeds:
            self._seeds[since] = self._api.paging_token(since)
        return self._seeds[since]

    def links(self, token: str) -> Envelope:
        """Synced, converted, reassigned and merged people: the people stream and the removals stream both read it."""
        if token in self._links:
            return self._links[token]
        page = self._api.activities(token, LINK_TYPES)
        if len(self._links) < _REMEMBERED:
            self._links[token] = page
        return page
