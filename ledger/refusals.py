"""What the database says when it refuses work, without the values of a row.

PostgreSQL's errors carry the whole failing row, which may hold an e-mail address.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ledger.errors import Unreachable, WriteFailed


@contextmanager
def without_values(connection: sa.Connection) -> Iterator[None]:
    """Turns refusals of rows into WriteFailed, and lost connections and locks into Unreachable."""
    driver: Any = connection.dialect.loaded_dbapi
    try:
        yield
    except (sa.exc.IntegrityError, sa.exc.DataError) as error:
        raise _refusal(error.orig) from None
    except (driver.IntegrityError, driver.DataError) as error:
        raise _refusal(error) from None
    except sa.exc.OperationalError as error:
        raise unreachable(connection.engine, error.orig) from None
    except driver.OperationalError as error:
        raise unreachable(connection.engine, error) from None


def unreachable(engine: sa.Engine, error: Any) -> Unreachable:
    """Names the database without its password, and says what it answered."""
    where = engine.url.render_as_string(hide_password=True)
    return Unreachable(
        f"The ledger {where} can't be used: {_first_sentence(error)}. Check that its server runs, that no other "
        "program has locked it, and that MQLFLOW_DATABASE_URL names it."
    )


def _refusal(error: Any) -> WriteFailed:
    return WriteFailed(
        f"The database refused a write, nothing of this transaction is stored: {_first_sentence(error)}."
    )


def _first_sentence(error: Any) -> str:
    # It says what was refused, and by which constraint; PostgreSQL's second one is the row.
    told = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    return (told.splitlines() or [type(error).__name__])[0].rstrip(".")
