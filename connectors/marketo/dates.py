"""Marketo's many ways to write an instant, and windows of time for its bulk jobs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.rows import instant_text

LONGEST_WINDOW = timedelta(days=30, hours=12)  # 31 are allowed; some hours are kept for clocks that change
SECOND = timedelta(seconds=1)

_INSTANT = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)(Z|[+-]\d{2}:?\d{2})?$")


def moment(value: Any) -> datetime | None:
    """`2026-01-01T10:00:00Z`, `…+0000`, `…Z+0000`, `…-08:00`, or without a zone (UTC); None for anything else."""
    if not isinstance(value, str):
        return None
    match = _INSTANT.match(value.strip().removesuffix("+0000") if value.endswith("Z+0000") else value.strip())
    if not match:
        return None
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or 'Z'}").astimezone(UTC)
    except ValueError:
        return None


def read(value: Any) -> datetime:
    """An instant of our own cursor."""
    return datetime.fromisoformat(str(value)).astimezone(UTC)


@dataclass(frozen=True)
class Window:
    """Both ends belong to it, whole seconds: a job's filter includes both."""

    start: datetime
    end: datetime

    def filter(self) -> dict[str, str]:
        return {"startAt": instant_text(self.start), "endAt": instant_text(self.end)}


def windows(start: datetime, end: datetime) -> Iterator[Window]:
    """`start` … `end` in windows that a bulk job accepts. Each ends one second before the next begins."""
    start, end = start.replace(microsecond=0), end.replace(microsecond=0)
    while start <= end:
        last = min(start + LONGEST_WINDOW - SECOND, end)
        yield Window(start, last)
        start = last + SECOND
