"""The proof of holding the lease, checked and renewed inside the transactions that it covers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ledger.errors import LeaseLost
from ledger.tables.operations import lease

WallClock = Callable[[], datetime]

WRITER = "writer"  # the one row: one writer per ledger
LIFETIME = timedelta(seconds=60)
RENEWED_WITHIN_WRITES = timedelta(seconds=10)


def wall_clock() -> datetime:
    """The machine's time. Only the lease asks for it: decisions know `as_of` and nothing else."""
    return datetime.now(UTC)


@dataclass
class LeaseToken:
    """What a writer shows at each write. `renewed_at` is known here so that renewing costs no reading."""

    value: str
    renewed_at: datetime
    clock: WallClock = field(default=wall_clock, repr=False)


def confirm(connection: sa.Connection, token: LeaseToken, *, hold: bool) -> None:
    """Raises LeaseLost unless the token still is the ledger's; renews it when its last renewal is over 10 s old.

    A token that has expired but that nobody took is as good as before. With `hold`, PostgreSQL keeps the row locked
    to the end of the transaction, so that nobody can take the lease between this check and the commit; SQLite has
    no second writer anyway.
    """
    statement = sa.select(lease.c.token).where(lease.c.name == WRITER)
    present = connection.scalar(statement.with_for_update() if hold else statement)
    if present != token.value:
        raise LeaseLost(
            "This run no longer holds the ledger's lease: another run replaced it. Nothing of this transaction "
            "was written; start the run again."
        )
    if token.clock() - token.renewed_at >= RENEWED_WITHIN_WRITES:
        renew(connection, token)


def renew(connection: sa.Connection, token: LeaseToken) -> bool:
    """Moves the expiry on; False when the token isn't the ledger's any more."""
    now = token.clock()
    mine = (lease.c.name == WRITER) & (lease.c.token == token.value)
    done = connection.execute(sa.update(lease).where(mine).values(expires_at=now + LIFETIME)).rowcount == 1
    if done:
        token.renewed_at = now
    return done
