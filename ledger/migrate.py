"""Alembic, driven from here: the connection is ours, no ini file is needed, two processes don't collide."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ledger import views
from ledger.sqlite_files import WRITES

SCRIPTS = Path(__file__).parent / "migrations"
UPGRADING = (
    6_710_371  # any number, the same for every mqlflow: PostgreSQL's lock while a database is upgraded
)


def config() -> Config:
    """Alembic's configuration, as `alembic -c` would read it from a file."""
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.set_main_option("path_separator", "os")
    return made


def revision(engine: sa.Engine) -> str | None:
    """The revision that the database has; None where it holds no ledger."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(number: str) -> bool:
    """Whether this code knows a revision; one that it doesn't was made by a newer version."""
    return any(script.revision == number for script in ScriptDirectory.from_config(config()).walk_revisions())


@cache
def head() -> str:
    """The newest revision."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    if newest is None:
        raise RuntimeError(f"no migration stands in {SCRIPTS}")
    return newest


def upgrade(engine: sa.Engine, to: str = "head") -> None:
    """Runs what is missing, in one transaction under a lock; a second process waits and then finds nothing to do."""
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADING)))
            made = config()
            made.attributes["connection"] = connection
            views.drop(connection)
            command.upgrade(made, to)
            views.create(connection)
