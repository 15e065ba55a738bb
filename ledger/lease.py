"""One writer per ledger, across processes and hosts.

The holder is known by host, process number and process start, and proves itself by a token. It renews every 15 s for
60 s. A holder that lives on this host is never replaced, however late it is (a stopped debugger, a long pause); one
that died here is replaced at once; one on another host once its lease has expired, since nobody can look there.
"""

import math
import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Self

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger.errors import LeaseHeld, Unreachable
from ledger.lease_token import LIFETIME, WRITER, LeaseToken, WallClock, renew, wall_clock
from ledger.open import Ledger
from ledger.processes import Life, life_of, this_process
from ledger.sqlite_files import PATIENCE_MS, WRITES
from ledger.tables.operations import lease
from ledger.unit_of_work import UnitOfWork
from schemas.vocabulary import Silo

RENEWED_EVERY = timedelta(seconds=15)
LOOKS_EVERY = 0.25  # s, while waiting for another holder
RENEWAL_PATIENCE_MS = 1_000  # of the thread: while a write transaction is open, that one renews


class Lease:
    """A held lease; released at the end of its `with` block."""

    def __init__(self, ledger: Ledger, token: LeaseToken) -> None:
        self.token = token
        self.is_lost = False  # another run has it now; the next write transaction will say so
        self._ledger = ledger
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="ledger-lease", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Frees the ledger for the next run; harmless when the lease was lost."""
        self._stop.set()
        self._thread.join()
        mine = (lease.c.name == WRITER) & (lease.c.token == self.token.value)
        with self._ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
            tx.execute(sa.update(lease).where(mine).values(token=None, expires_at=None))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A database that is gone must not hide why the block ended; an unreleased lease ends with its process.
        with suppress(DBAPIError, Unreachable):
            self.release()

    def _keep(self) -> None:
        while not self._stop.wait(RENEWED_EVERY.total_seconds()):
            # A busy or unreachable database now: the next round tries again, a lost lease shows at the next write.
            with suppress(DBAPIError):
                if not _renew_alone(self._ledger.engine, self.token):
                    self.is_lost = True
                    return


def acquire(
    ledger: Ledger,
    flow: str,
    *,
    host: str | None = None,
    pid: int | None = None,
    process_start: str | None = None,
    wait_for: float | Mapping[str, float] = 0.0,
    clock: WallClock = wall_clock,
) -> Lease:
    """Takes the lease, or raises LeaseHeld once it has waited long enough.

    `wait_for`: seconds, or seconds by the flow that holds it, `{"backfill": 60}`; a flow not named isn't waited for.
    `math.inf` waits as long as it takes. Host, pid and process_start are this process's unless told.
    """
    here = this_process()
    host, pid = host or here[0], pid or here[1]
    process_start = here[2] if process_start is None else process_start
    began = time.monotonic()
    while True:
        try:
            _look(ledger, host, clock())
            return Lease(ledger, _take(ledger, flow, host, pid, process_start, clock))
        except LeaseHeld as held:
            patience = wait_for.get(held.flow, 0.0) if isinstance(wait_for, Mapping) else wait_for
            waited = time.monotonic() - began
            if waited >= patience:
                raise LeaseHeld(held.holder, held.flow, waited=waited if patience else 0.0) from None
            time.sleep(min(LOOKS_EVERY, patience - waited) if patience < math.inf else LOOKS_EVERY)


def _look(ledger: Ledger, host: str, now: datetime) -> None:
    """Raises LeaseHeld without waiting for the holder: it may be in a long write transaction, or stopped in one."""
    with ledger.read() as connection:
        holder = connection.execute(sa.select(lease).where(lease.c.name == WRITER)).one_or_none()
    if holder is not None:
        _refuse_if_held(holder, host, now)


def _refuse_if_held(holder: sa.Row[Any], host: str, now: datetime) -> None:
    if holder.token is not None and not _may_replace(holder, host, now):
        raise LeaseHeld(f"process {holder.pid} on {holder.host}", holder.flow)


def _take(ledger: Ledger, flow: str, host: str, pid: int, start: str, clock: WallClock) -> LeaseToken:
    with ledger.begin(None) as tx, tx.silo(Silo.OPERATIONS):
        holder = _locked_row(tx)
        now = clock()
        _refuse_if_held(holder, host, now)
        token = LeaseToken(secrets.token_hex(16), now, clock)
        tx.execute(
            sa.update(lease)
            .where(lease.c.name == WRITER)
            .values(
                token=token.value,
                flow=flow,
                host=host,
                pid=pid,
                process_start=start,
                expires_at=now + LIFETIME,
            )
        )
    return token


def _locked_row(tx: UnitOfWork) -> sa.Row[Any]:
    """The one row, which nobody else can change until this transaction ends."""
    chosen = sa.select(lease).where(lease.c.name == WRITER).with_for_update()
    row = tx.connection.execute(chosen).one_or_none()
    if row is not None:
        return row
    # Two may make it at once: the second waits here for the first, then finds the row made.
    tx.insert_new(lease, pl.DataFrame({"name": [WRITER]}))
    return tx.connection.execute(chosen).one()


def _may_replace(holder: sa.Row[Any], host: str, now: datetime) -> bool:
    has_expired: bool = holder.expires_at <= now
    if holder.host != host:
        return has_expired
    life = life_of(holder.pid, holder.process_start)
    return life is Life.DEAD or (life is Life.UNKNOWN and has_expired)


def _renew_alone(engine: sa.Engine, token: LeaseToken) -> bool:
    """Renews on a connection of its own, and gives up soon if a write transaction is open."""
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as plain:
        driver: Any = plain.connection.driver_connection
        if is_sqlite:
            driver.execute(f"PRAGMA busy_timeout = {RENEWAL_PATIENCE_MS}")
        try:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                if not is_sqlite:
                    connection.execute(sa.text(f"SET LOCAL lock_timeout = {RENEWAL_PATIENCE_MS}"))
                return renew(connection, token)
        finally:
            if is_sqlite:
                driver.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
