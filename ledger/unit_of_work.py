"""One write transaction of the ledger: who writes (lease), what may be written (silo), all of it or nothing.

    with ledger.begin(lease.token) as tx:
        with tx.silo(Silo.SCORING):
            decisions.write_scores(tx, scores)

Functions of the ledger that write take the transaction and write under the silo that their caller has opened.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.sql.dml import UpdateBase

from ledger import bulk
from ledger.bulk import OnConflict
from ledger.lease_token import LeaseToken, confirm
from ledger.refusals import without_values
from ledger.silo_guard import OPTION, SiloGuard
from schemas.vocabulary import Silo


class UnitOfWork:
    """Reads through `connection` are free; writes go through the methods, inside `with tx.silo(…)`."""

    def __init__(self, connection: sa.Connection, guard: SiloGuard, token: LeaseToken | None) -> None:
        self.connection = connection
        self.token = token
        self._guard = guard

    def silo(self, silo: Silo) -> AbstractContextManager[None]:
        """Opens the tables of a silo for writing; everything else stays closed."""
        return self._guard.opened(silo)

    def insert(self, table: sa.Table, frame: pl.DataFrame) -> int:
        """Adds rows whose keys are new; a key that is present fails the transaction."""
        return self._insert(table, frame, OnConflict.FAIL, None)

    def insert_new(self, table: sa.Table, frame: pl.DataFrame, *, key: Sequence[str] | None = None) -> int:
        """Adds the rows whose key (default: the primary key) isn't there yet; how many those were."""
        return self._insert(table, frame, OnConflict.LEAVE, key)

    def upsert(
        self,
        table: sa.Table,
        frame: pl.DataFrame,
        *,
        key: Sequence[str] | None = None,
        keep: Sequence[str] = (),
    ) -> int:
        """Adds or replaces rows by key; how many were added or changed. Columns `keep` are set at insert only."""
        return self._insert(table, frame, OnConflict.REPLACE, key, keep)

    def update(self, table: sa.Table, frame: pl.DataFrame, *, key: Sequence[str] | None = None) -> int:
        """Sets the frame's other columns on the rows with its keys; how many rows there were."""
        key = list(key or _primary_key(table))
        self._guard.check(table, frozenset(frame.columns) - frozenset(key))
        return bulk.update(self.connection, table, frame, key=key)

    def delete(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        """Removes the rows that meet all conditions; how many there were."""
        return self.execute(sa.delete(table).where(*where))

    def execute(self, statement: UpdateBase, parameters: Any = None) -> int:
        """One statement built with SQLAlchemy; the rows it touched."""
        return self.connection.execute(statement, parameters).rowcount

    def _insert(
        self,
        table: sa.Table,
        frame: pl.DataFrame,
        conflict: OnConflict,
        key: Sequence[str] | None,
        keep: Sequence[str] = (),
    ) -> int:
        self._guard.check(table)
        return bulk.insert(
            self.connection, table, frame, conflict=conflict, key=key or _primary_key(table), keep=keep
        )


SILENT_FOR = timedelta(seconds=60)
"""Of a host that vanished in the middle of a write, PostgreSQL would keep the locks for hours; so it gives them up
after this time without a statement. A write transaction takes under 30 s, all in all."""


@contextmanager
def unit_of_work(connection: sa.Connection, token: LeaseToken | None) -> Iterator[UnitOfWork]:
    """Runs a block as one write transaction; the lease is checked when it begins and again before it commits.

    `token` is None for tools that hold no lease: their writes are transactions, but nobody keeps others out.
    """
    guard = SiloGuard()
    connection.execution_options(**{OPTION: guard})
    with without_values(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            limit = SILENT_FOR // timedelta(milliseconds=1)
            bulk.driver(connection).execute(f"SET LOCAL idle_in_transaction_session_timeout = {limit}")
        if token is not None:
            with guard.opened(Silo.OPERATIONS):
                confirm(connection, token, hold=False)
        yield UnitOfWork(connection, guard, token)
        if token is not None:
            with guard.opened(Silo.OPERATIONS):
                confirm(connection, token, hold=True)


def _primary_key(table: sa.Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]
