"""A rolling-window rate limit with a gate for calls in flight.

The window is exact, not a token bucket: a bucket of 50 that refills 50 in 20 s lets 100 calls through within
one window, and a platform that counts the last 20 s would refuse them.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Limiter:
    """At most `calls` starts in any `per` seconds and `concurrent` calls at once."""

    def __init__(
        self,
        *,
        calls: int,
        per: float,
        concurrent: int,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._calls = calls
        self._per = per
        self._gate = threading.BoundedSemaphore(concurrent)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._starts: deque[float] = deque()
        self._closed_until = 0.0
        self.waited = 0.0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Waits for its turn; the call counts as running until the block ends."""
        with self._gate:
            wait = self._book()
            if wait > 0:
                self._sleep(wait)
            yield

    def pause(self, seconds: float) -> None:
        """Nobody starts within the next `seconds`: the platform said that the rate is exceeded."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + seconds)

    def _book(self) -> float:
        """Reserves the next free start, which may lie in the future, and tells how long it is until then."""
        with self._lock:
            now = self._clock()
            start = max(now, self._closed_until)
            if len(self._starts) >= self._calls:
                start = max(start, self._starts[-self._calls] + self._per)
            self._starts.append(start)
            while len(self._starts) > self._calls:
                self._starts.popleft()
            self.waited += start - now
            return start - now
