"""What all listings of the asset API share: pages by offset, a window over the last change, and no folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from simulator.marketo.call import Call
from simulator.marketo.errors import invalid, wrong_type
from simulator.marketo.moments import parse, to_text

LARGEST_PAGE = 200
Row = TypeVar("Row", bound=Mapping[str, Any])


def page(call: Call, rows: Sequence[Row]) -> list[Row]:
    """The rows from ``offset`` on, 20 unless ``maxReturn`` says otherwise."""
    size, start = call.number("maxReturn", 20), call.number("offset", 0)
    if not 1 <= size <= LARGEST_PAGE:
        raise invalid(f"maxReturn must be between 1 and {LARGEST_PAGE}")
    if start < 0:
        raise invalid("offset must not be negative")
    return list(rows[start : start + size])


def changed_within(call: Call, rows: Sequence[Row]) -> list[Row]:
    """Those whose ``updated_at`` lies between ``earliestUpdatedAt`` and ``latestUpdatedAt``, both included."""
    call.refuse("folder")
    since, until = _moment(call, "earliestUpdatedAt", ""), _moment(call, "latestUpdatedAt", "9")
    return [row for row in rows if since <= row["updated_at"] <= until]


def _moment(call: Call, name: str, default: str) -> str:
    text = call.text(name)
    if text is None:
        return default
    moment = parse(text)
    if moment is None:
        raise wrong_type(text, "datetime")
    return to_text(moment)
