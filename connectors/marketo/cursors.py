"""What all of Marketo's cursors share: JSON, instants as text, a resumable range of windows, and margins.

Shapes (all values JSON):
people      {"changes": token, "links": token, "safe": instant, "doubtful": [ids]?, "first": range?}
activities  {"groups": [{"types": [ids], "token": token}], "types": {name: id}, "types_at": instant, "safe": instant,
             "overlap": {"to": instant, "job": {…}?}, "chore": word, "first": range?}
removals    {"deleted": token, "links": token, "safe": instant, "first": range?}
campaigns   {"read_at": instant}
a backfill  {"range": range}
range       {"next": instant, "until": instant}: windows before `next` are stored

`safe`: everything up to then was read through, so a rejected token is replaced by one from then, less a margin.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connectors.marketo.dates import SECOND, Window, read, windows
from connectors.rows import instant_text

SEED_MARGIN = timedelta(minutes=10)
"""How much earlier than `through` a new token begins: what was dated before and committed after the files were made."""

LOST_MARGIN = timedelta(hours=24)
"""How much earlier than `safe` a token begins that replaces a rejected one: late commits may have been missed."""

PAGE_ROWS = 5_000
BACKLOG_PAGES = 100
"""Pages of 300 after which a bulk file is cheaper than reading on."""

State = dict[str, Any]
T = TypeVar("T")


def state_of(cursor: Mapping[str, Any]) -> State:
    return copy.deepcopy(dict(cursor))


def range_of(since: datetime, until: datetime) -> State:
    return {"next": instant_text(since), "until": instant_text(until)}


def windows_of(span: Mapping[str, Any]) -> Iterator[Window]:
    return windows(read(span["next"]), read(span["until"]))


def after(window: Window) -> str:
    return instant_text(window.end + SECOND)


def in_batches(items: Iterable[T], size: int = PAGE_ROWS) -> Iterator[tuple[list[T], bool]]:
    """Lists of at most `size`, each with whether it is the last. Nothing gives one empty last list."""
    batch: list[T] = []
    for item in items:
        if len(batch) == size:
            yield batch, False
            batch = []
        batch.append(item)
    yield batch, True
