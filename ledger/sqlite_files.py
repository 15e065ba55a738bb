"""How a SQLite file is opened: WAL, so that readers never wait for the writer, and explicit transactions.

Python's module begins transactions by guessing from the statement; we begin them ourselves. A write takes the write
lock at its first step (BEGIN IMMEDIATE): one that began as a reader could find, at its first write, that another
wrote in between, and would have to fail.
"""

import sqlite3
import time
from typing import Any

import sqlalchemy as sa

WRITES = "mqlflow_writes"
ON_DISK = "mqlflow_on_disk"
PATIENCE_MS = 40_000  # for the write lock; a write transaction takes under 30 s


def prepare(engine: sa.Engine) -> None:
    """Makes the engine open its SQLite file as above."""

    @sa.event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        _use_wal(connection)
        connection.execute("PRAGMA cache_size = -131072")  # KiB: large first pulls store a third faster

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        # FULL waits for the disk at the commit: 5 ms or more, so it is for those who need it.
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA synchronous = {'FULL' if options.get(ON_DISK) else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")


def overwrite_freed_space(connection: sa.Connection) -> None:
    """From here on what this connection deletes is overwritten with zeros, not just left; nothing on PostgreSQL."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA secure_delete = ON")


def empty_log(engine: sa.Engine) -> None:
    """Moves the write-ahead log into the file and cuts it off: pages as they were before are gone with it."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _use_wal(connection: sqlite3.Connection) -> None:
    # Changing the mode fails at once, whatever the busy timeout, while another process is opening the new file too.
    for again in range(100, -1, -1):
        try:
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                return
        except sqlite3.OperationalError:
            if not again:
                raise
        time.sleep(0.05)
    raise sqlite3.OperationalError("the file can't be switched to write-ahead logging")
