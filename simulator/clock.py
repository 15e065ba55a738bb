"""The simulated time of both platforms and of the company between them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that stands still until it is moved, and never goes back.

    Data and the HTTP `Date` header follow it; tokens and rate limits do not (they use wall time).
    """

    def __init__(self, start: datetime) -> None:
        self._now = _utc(start)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> datetime:
        if seconds < 0:
            raise ValueError(f"the clock cannot go back ({seconds} seconds)")
        with self._lock:
            self._now += timedelta(seconds=seconds)
            return self._now

    def move_to(self, moment: datetime) -> datetime:
        """Moves to a moment; one that has passed already changes nothing."""
        with self._lock:
            self._now = max(self._now, _utc(moment))
            return self._now


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC)
