"""What the database says when it refuses work, without the values of a row.

PostgreSQL's errors carry the whole failing row, which may hold an e-mail address.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ledger.errors import Unreachable, WriteFailed

REFUSED = ("42501", "25006", "25P03")
"""PostgreSQL's codes for a role without the right, a server that takes no writes, and a client that was silent."""


@contextmanager
def without_values(database: sa.Connection | sa.Engine) -> Iterator[None]:
    """Turns refusals of rows into WriteFailed; lost connections, locks, full disks, damaged or read-only files and
    missing rights into Unreachable."""
    driver: Any = database.dialect.loaded_dbapi
    try:
        yield
    except (sa.exc.IntegrityError, sa.exc.DataError) as error:
        raise _refusal(error.orig) from None
    except (driver.IntegrityError, driver.DataError) as error:
        raise _refusal(error) from None
    except sa.exc.DBAPIError as error:
        if not _cannot_be_used(driver, error.orig):
            raise
        raise unreachable(database.engine, error.orig) from None
    except driver.Error as error:
        if not _cannot_be_used(driver, error):
            raise
        raise unreachable(database.engine, error) from None


def _cannot_be_used(driver: Any, error: Any) -> bool:
    """Whether it is the database's state that refuses, and no fault of the statement."""
    is_damaged = type(error) is driver.DatabaseError  # what SQLite says of a file that is malformed
    is_refused = getattr(error, "sqlstate", None) in REFUSED
    return isinstance(error, driver.OperationalError) or is_damaged or is_refused


def unreachable(engine: sa.Engine, error: Any) -> Unreachable:
    """Names the database without its password, and says what it answered."""
    where = engine.url.render_as_string(hide_password=True)
    return Unreachable(
        f"The ledger {where} can't be used: {_first_sentence(error)}. Check that its server runs, that it may be "
        "written and has room, that no other program has locked it, and that MQLFLOW_DATABASE_URL names it."
    )


def _refusal(error: Any) -> WriteFailed:
    return WriteFailed(
        f"The database refused a write, nothing of this transaction is stored: {_first_sentence(error)}."
    )


def _first_sentence(error: Any) -> str:
    # It says what was refused, and by which constraint; PostgreSQL's second one is the row.
    told = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    return (told.splitlines() or [type(error).__name__])[0].rstrip(".")
