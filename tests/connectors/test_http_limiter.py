"""The rate limit: no window of the platform's length ever holds more calls than allowed."""

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from connectors.limiter import Limiter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(
    gaps=st.lists(st.floats(0, 3), max_size=120),
    calls=st.integers(1, 10),
    per=st.floats(0.5, 20),
)
def test_no_window_ever_holds_more_calls_than_allowed(gaps: list[float], calls: int, per: float) -> None:
    clock = Clock()
    limiter = Limiter(calls=calls, per=per, concurrent=1, clock=lambda: clock.now, sleep=clock.sleep)
    starts = []
    for gap in gaps:
        clock.sleep(gap)
        with limiter.slot():
            starts.append(clock.now)
    for earlier, later in zip(starts, starts[calls:], strict=False):
        assert later - earlier >= per * (1 - 1e-9)


def test_a_burst_within_the_limit_waits_for_nothing() -> None:
    clock = Clock()
    limiter = Limiter(calls=50, per=20, concurrent=5, clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(50):
        with limiter.slot():
            pass
    assert limiter.waited == 0
    with limiter.slot():
        pass
    assert limiter.waited == 20


def test_after_a_pause_nobody_starts_early() -> None:
    clock = Clock()
    limiter = Limiter(calls=50, per=20, concurrent=5, clock=lambda: clock.now, sleep=clock.sleep)
    limiter.pause(7)
    with limiter.slot():
        assert clock.now == 107


def test_calls_in_flight_stay_within_the_gate() -> None:
    limiter = Limiter(calls=1000, per=1, concurrent=3, clock=time.monotonic, sleep=time.sleep)
    running, most, lock = 0, 0, threading.Lock()
    three = threading.Barrier(3)

    def call() -> None:
        nonlocal running, most
        with limiter.slot():
            with lock:
                running += 1
                most = max(most, running)
            three.wait(60)  # three must be there at once for anybody to go on
            with lock:
                running -= 1

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3
