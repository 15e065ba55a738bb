"""Rate, concurrency and daily quota of the subscription, in wall time; and what the usage page says of
them.

Error replies count against none of them. The quota's day is the wall clock's day in US Central time; the
usage page counts by the simulated day, because that is the date it prints.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from simulator.marketo.errors import MarketoError

CENTRAL = ZoneInfo("America/Chicago")


@dataclass
class Limits:
    calls_per_window: int = 100
    window_seconds: int = 20
    concurrent: int = 10
    calls_per_day: int = 50_000
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _recent: deque[float] = field(default_factory=deque)
    _executing: int = 0
    _day: date | None = None
    _today: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> bool:
        """False when as many calls are executing as are allowed."""
        with self._lock:
            if self._executing >= self.concurrent:
                return False
            self._executing += 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._executing -= 1

    def too_many_at_once(self) -> MarketoError:
        return MarketoError("615", f"Concurrent access limit '{self.concurrent}' reached")

    def check(self) -> None:
        moment = self.monotonic()
        with self._lock:
            while self._recent and self._recent[0] <= moment - self.window_seconds:
                self._recent.popleft()
            if len(self._recent) >= self.calls_per_window:
                raise MarketoError(
                    "606",
                    f"Max rate limit '{self.calls_per_window}' exceeded with in '{self.window_seconds}' secs",
                )
            self._turn_day()
            if self._today >= self.calls_per_day:
                raise MarketoError("607", f"Daily API quota of '{self.calls_per_day}' reached")

    def count(self) -> None:
        with self._lock:
            self._recent.append(self.monotonic())
            self._turn_day()
            self._today += 1

    def _turn_day(self) -> None:
        day = central_day(datetime.fromtimestamp(self.wall(), UTC))
        if day != self._day:
            self._day, self._today = day, 0


@dataclass
class Usage:
    """Calls by user and errors by code, per simulated day in US Central time."""

    calls: dict[date, Counter[str]] = field(default_factory=dict)
    errors: dict[date, Counter[str]] = field(default_factory=dict)

    def call(self, now: datetime, user: str) -> None:
        self.calls.setdefault(central_day(now), Counter())[user] += 1

    def error(self, now: datetime, code: str) -> None:
        self.errors.setdefault(central_day(now), Counter())[code] += 1


def central_day(moment: datetime) -> date:
    return moment.astimezone(CENTRAL).date()
