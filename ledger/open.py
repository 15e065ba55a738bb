"""Opening a ledger: engine, revision, binding, and the two kinds of transaction, reading and writing.

SQLite files are opened by the standard `sqlite3` module only: a second SQLite library in the process would break the
file's locks and lose data silently.
"""

import secrets as random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

import polars as pl
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

from ledger import migrate, silo_guard, sqlite_files
from ledger.errors import LedgerError, NotMigrated, WrongBinding
from ledger.lease_token import LeaseToken
from ledger.refusals import unreachable, without_values
from ledger.silo_guard import OPTION, SiloGuard
from ledger.tables.operations import binding, secrets
from ledger.unit_of_work import UnitOfWork, unit_of_work
from schemas.vocabulary import Platform, Silo


class Ledger:
    """A ledger in one database. Use `Ledger.open`; close it when done, or use it as a context manager."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._is_current = False

    @classmethod
    def open(cls, url: str) -> Self:
        """Opens the ledger at this SQLAlchemy URL. A SQLite file that doesn't exist is made, at the newest revision.

        A database of another revision opens too, but its first transaction raises NotMigrated: `upgrade` it before.
        """
        ledger = cls(_engine(url))
        try:
            if ledger.revision() is None and ledger.engine.dialect.name == "sqlite":
                ledger.upgrade()
        except LedgerError:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def revision(self) -> str | None:
        """The revision that the database has; None: it holds no ledger yet."""
        with without_values(self.engine):
            return migrate.revision(self.engine)

    def head(self) -> str:
        """The revision that this code is written for."""
        return migrate.head()

    def upgrade(self) -> None:
        """Brings the database to the newest revision; safe to be called by two processes at once.

        Raises NotMigrated if it was made by a newer version.
        """
        present = self.revision()
        if present is not None and not migrate.is_known(present):
            raise self._newer(present)
        with without_values(self.engine):
            migrate.upgrade(self.engine)
        self._is_current = False

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading: the ledger stands still on it, and writes are refused."""
        self.check_revision()
        with self._connect() as plain:
            connection = _for_reading(plain)
            with without_values(connection), connection.begin():
                yield connection

    def begin(self, token: LeaseToken | None, *, on_disk: bool = False) -> AbstractContextManager[UnitOfWork]:
        """One write transaction: all of the block is written, or nothing.

        What a machine that loses its power may lose on SQLite are the last transactions; after one `on_disk` it and
        all before it stay. PostgreSQL keeps every transaction.
        """
        return self._begin(token, on_disk)

    @contextmanager
    def _begin(self, token: LeaseToken | None, on_disk: bool) -> Iterator[UnitOfWork]:
        self.check_revision()
        with self._connect() as plain:
            connection = plain.execution_options(**{sqlite_files.WRITES: True, sqlite_files.ON_DISK: on_disk})
            with unit_of_work(connection, token) as tx:
                yield tx

    def try_writing(self) -> None:
        """Raises Unreachable where nothing can be written: no right, no room, a lock that stays. Changes nothing."""
        with self.begin(None) as tx, tx.silo(Silo.OPERATIONS):
            tx.execute(sa.update(binding).where(sa.false()).values(identity=""))

    def bind(self, platform: Platform, identity: str) -> None:
        """Ties this ledger to one org of a platform, at the first call; later ones must name the same."""
        row = pl.DataFrame({"platform": [str(platform)], "identity": [identity]})
        if self.bound_to(platform) is None:
            with self.begin(None) as tx, tx.silo(Silo.OPERATIONS):
                tx.insert_new(binding, row)
        bound = self.bound_to(platform)
        if bound != identity:
            raise WrongBinding(
                f"This ledger belongs to {platform} {bound}, but the credentials lead to {identity}; "
                "use that org's credentials, or another ledger (MQLFLOW_DATABASE_URL)."
            )

    def bound_to(self, platform: Platform) -> str | None:
        """The org that this ledger is tied to; None before the first `bind`."""
        with self.read() as connection:
            found: str | None = connection.scalar(
                sa.select(binding.c.identity).where(binding.c.platform == platform)
            )
        return found

    def secret(self, name: str) -> bytes:
        """A key of this ledger's own, made at first use; it never leaves the ledger."""
        chosen = sa.select(secrets.c.value).where(secrets.c.name == name)
        with self.read() as connection:
            value = connection.scalar(chosen)
        if value is None:
            with self.begin(None) as tx, tx.silo(Silo.OPERATIONS):
                value = tx.connection.scalar(chosen)
                if value is None:
                    value = random.token_hex(32)
                    tx.execute(sa.insert(secrets).values(name=name, value=value))
        return bytes.fromhex(value)

    def optimize(self) -> None:
        """Lets SQLite look at how its tables have grown, so that it chooses its indexes well; milliseconds.

        Worth a call at the end of a run: SQLite never looks by itself. PostgreSQL does, and would read samples of
        every table of its database each time.
        """
        if self.engine.dialect.name != "sqlite":
            return
        with self._connect() as plain:
            connection = plain.execution_options(**{sqlite_files.WRITES: True})
            with without_values(connection), connection.begin():
                connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
                connection.exec_driver_sql("ANALYZE")

    def scrub(self) -> None:
        """To be called after forgetting somebody: SQLite's log still holds the pages as they were."""
        sqlite_files.empty_log(self.engine)

    def _connect(self) -> sa.Connection:
        try:
            return self.engine.connect()
        except DBAPIError as error:
            raise unreachable(self.engine, error.orig) from None

    def check_revision(self) -> None:
        """Raises NotMigrated, which says what to do, unless the database is at this version's revision."""
        if self._is_current:
            return
        present, wanted = self.revision(), self.head()
        if present == wanted:
            self._is_current = True
            return
        where = self.engine.url.render_as_string(hide_password=True)
        if present is None:
            raise NotMigrated(
                f"The database {where} holds no ledger yet; run `mqlflow upgrade`, which makes one."
            )
        if migrate.is_known(present):
            raise NotMigrated(
                f"The ledger {where} is at revision {present}; run `mqlflow upgrade` to bring it to {wanted}."
            )
        raise self._newer(present)

    def _newer(self, present: str) -> NotMigrated:
        where = self.engine.url.render_as_string(hide_password=True)
        return NotMigrated(
            f"The ledger {where} is at revision {present}, which this version doesn't know: a newer mqlflow "
            "made it. Install that version, or use another ledger."
        )


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise LedgerError(
            "MQLFLOW_DATABASE_URL is no database URL; write sqlite:///mqlflow.db or postgresql://host/name."
        ) from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return _sqlite(parsed)
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        server = parsed.set(drivername="postgresql+psycopg")
        return _watched(sa.create_engine(server, hide_parameters=True, pool_pre_ping=True))
    raise LedgerError(
        f"MQLFLOW_DATABASE_URL names a {parsed.drivername} database; a ledger is kept in SQLite or PostgreSQL."
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise LedgerError("A SQLite ledger is a file: write sqlite:///mqlflow.db as MQLFLOW_DATABASE_URL.")
    folder = Path(url.database).resolve().parent
    if not folder.is_dir():
        raise LedgerError(f"The ledger's folder {folder} does not exist; make it, or name another file.")
    engine = sa.create_engine(url.set(drivername="sqlite"), hide_parameters=True)
    sqlite_files.prepare(engine)
    return _watched(engine)


def _watched(engine: sa.Engine) -> sa.Engine:
    silo_guard.install(engine)
    return engine


def _for_reading(connection: sa.Connection) -> sa.Connection:
    connection = connection.execution_options(**{OPTION: SiloGuard()})
    if connection.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection
