"""One writer per ledger, tried with real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.errors import LeaseHeld, LeaseLost, Unreachable
from ledger.lease import acquire
from ledger.open import Ledger
from ledger.processes import Life, life_of, start_of
from ledger.tables.operations import lease
from schemas.vocabulary import Silo

REPOSITORY = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from ledger.errors import LeaseHeld
from ledger.lease import acquire
from ledger.open import Ledger
ledger = Ledger.open(sys.argv[1])
sys.stdin.readline()
try:
    held = acquire(ledger, sys.argv[2])
except LeaseHeld as error:
    print("refused", error.flow, flush=True)
else:
    print("held", flush=True)
    sys.stdin.readline()
    held.release()
"""


class HolderProcess:
    """A process that takes the lease when told to go, and gives it back when told again."""

    def __init__(self, url: str, flow: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", HOLDER, url, flow],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def go(self) -> None:
        assert self.popen.stdin
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()

    def said(self) -> str:
        assert self.popen.stdout
        return self.popen.stdout.readline().strip()

    def end(self) -> None:
        self.popen.kill()
        self.popen.wait()
        assert self.popen.stdin
        assert self.popen.stdout
        self.popen.stdin.close()
        self.popen.stdout.close()


class Clock:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_of_two_processes_at_once_exactly_one_gets_the_lease(ledger: Ledger) -> None:
    url = ledger.engine.url.render_as_string(hide_password=False)
    processes = [HolderProcess(url, "sync") for _ in range(2)]
    try:
        for process in processes:
            process.go()
        assert sorted(process.said() for process in processes) == ["held", "refused sync"]
    finally:
        for process in processes:
            process.end()


def test_a_killed_holder_is_followed_at_once(ledger: Ledger) -> None:
    process = HolderProcess(ledger.engine.url.render_as_string(hide_password=False), "sync")
    try:
        process.go()
        assert process.said() == "held"
        with pytest.raises(LeaseHeld, match=rf"sync run \(process {process.popen.pid} on "):
            acquire(ledger, "sync")
        os.kill(process.popen.pid, signal.SIGKILL)
        _until(lambda: start_of(process.popen.pid) is None)  # not reaped yet: a zombie is dead too
        with acquire(ledger, "sync"):
            pass
    finally:
        process.end()


def test_a_waiting_sync_gets_the_lease_when_the_backfill_lets_go(ledger: Ledger) -> None:
    process = HolderProcess(ledger.engine.url.render_as_string(hide_password=False), "backfill")
    try:
        process.go()
        assert process.said() == "held"
        with pytest.raises(LeaseHeld, match=r"after waiting"):
            acquire(ledger, "sync", wait_for={"backfill": 0.3})
        process.go()
        with acquire(ledger, "sync", wait_for={"backfill": 30}):
            pass
    finally:
        process.end()


def test_a_living_holder_on_this_host_is_never_replaced_even_when_its_lease_expired(ledger: Ledger) -> None:
    clock = Clock()
    with acquire(ledger, "sync", clock=clock):
        clock.now += timedelta(days=1)
        with pytest.raises(LeaseHeld):
            acquire(ledger, "sync", clock=clock)


def test_who_comes_second_is_told_so_at_once_also_during_a_write(ledger: Ledger) -> None:
    """The holder may be in a write transaction of half a minute, or be stopped in one."""
    with (
        acquire(ledger, "sync") as held,
        ledger.begin(held.token) as tx,
        Ledger.open(ledger.engine.url.render_as_string(hide_password=False)) as other,
    ):
        tx.connection.execute(sa.select(lease).with_for_update())
        began = time.monotonic()
        with pytest.raises(LeaseHeld):
            acquire(other, "sync")
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_holder_that_vanished_during_a_write_keeps_no_lock(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a host without power the server hears nothing, not even that the connection is gone."""
    monkeypatch.setattr("ledger.unit_of_work.SILENT_FOR", timedelta(seconds=0.5))
    clock = Clock()
    lost = acquire(ledger, "sync", host="elsewhere", pid=1, process_start="x", clock=clock)
    clock.now += timedelta(seconds=59)
    url = ledger.engine.url.render_as_string(hide_password=False)
    with Ledger.open(url) as other, ExitStack() as write:
        write.enter_context(ledger.begin(lost.token))  # renews, so the row is locked
        clock.now += timedelta(seconds=3600)
        with acquire(other, "sync", clock=clock):
            pass
        with pytest.raises(Unreachable):
            write.close()
    lost.release()


def test_a_holder_on_another_host_is_replaced_after_expiry_only(ledger: Ledger) -> None:
    clock = Clock()
    lost = acquire(ledger, "sync", host="elsewhere", pid=1, process_start="x", clock=clock)
    clock.now += timedelta(seconds=59)
    with pytest.raises(LeaseHeld, match="elsewhere"):
        acquire(ledger, "sync", clock=clock)
    clock.now += timedelta(seconds=1)
    with acquire(ledger, "sync", clock=clock) as taken:
        with pytest.raises(LeaseLost), ledger.begin(lost.token):
            pass
        lost.release()  # gives nothing away
        with ledger.begin(taken.token):
            pass


def test_a_number_used_again_by_another_process_is_a_dead_holder(ledger: Ledger) -> None:
    clock = Clock()
    lost = acquire(ledger, "sync", pid=os.getpid(), process_start="another start", clock=clock)
    with acquire(ledger, "sync", clock=clock):
        pass
    lost.release()


def test_who_loses_the_lease_during_a_transaction_writes_nothing(ledger: Ledger) -> None:
    clock = Clock()
    with acquire(ledger, "sync", clock=clock) as held:
        # Only PostgreSQL lets another write at all meanwhile; the check before the commit is the same.
        with pytest.raises(LeaseLost), ledger.begin(held.token) as tx, tx.silo(Silo.OPERATIONS):
            tx.execute(sa.update(lease).values(token="another's"))
        with ledger.begin(held.token):
            pass


def test_a_write_renews_a_lease_that_is_over_ten_seconds_old(ledger: Ledger) -> None:
    clock = Clock()
    with acquire(ledger, "sync", clock=clock) as held:
        for passed, renewed in ((9, 0), (1, 10)):
            clock.now += timedelta(seconds=passed)
            with ledger.begin(held.token):
                pass
            with ledger.read() as connection:
                expires = connection.scalar(sa.select(lease.c.expires_at))
            assert expires == datetime(2026, 3, 1, 0, 1, tzinfo=UTC) + timedelta(seconds=renewed)


def test_the_thread_renews_between_writes_and_steps_back_during_one(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.lease.RENEWED_EVERY", timedelta(seconds=0.05))
    monkeypatch.setattr("ledger.lease.RENEWAL_PATIENCE_MS", 20)
    clock = Clock()
    with acquire(ledger, "sync", clock=clock) as held:
        clock.now += timedelta(seconds=5)
        _until(lambda: held.token.renewed_at == clock.now)
        with ledger.begin(held.token) as tx:
            tx.connection.execute(sa.select(lease).with_for_update())
            clock.now += timedelta(seconds=1)
            time.sleep(0.3)
            assert held.token.renewed_at < clock.now
        _until(lambda: held.token.renewed_at == clock.now)
        assert not held.is_lost


def test_the_thread_notices_that_the_lease_was_taken(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.lease.RENEWED_EVERY", timedelta(seconds=0.05))
    with acquire(ledger, "sync") as held:
        with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
            tx.execute(sa.update(lease).values(token="another's"))
        _until(lambda: held.is_lost)


def test_a_process_is_known_by_its_number_and_start() -> None:
    start = start_of(os.getpid())
    assert start
    assert life_of(os.getpid(), start) is Life.ALIVE
    assert life_of(os.getpid(), "another start") is Life.DEAD
    assert life_of(2**22 + 1, start) is Life.DEAD


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
