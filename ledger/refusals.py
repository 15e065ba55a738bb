"""What the database says when it refuses a write, without the values of the row.

PostgreSQL's errors carry the whole failing row, which may hold an e-mail address.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ledger.errors import WriteFailed


@contextmanager
def without_values(connection: sa.Connection) -> Iterator[None]:
    """Turns refusals of rows into WriteFailed. Lost connections and locks stay what they are."""
    driver: Any = connection.dialect.loaded_dbapi
    try:
        yield
    except (sa.exc.IntegrityError, sa.exc.DataError) as error:
        raise _refusal(error.orig) from None
    except (driver.IntegrityError, driver.DataError) as error:
        raise _refusal(error) from None


def _refusal(error: Any) -> WriteFailed:
    # The first sentence says what was refused, and by which constraint; PostgreSQL's second one is the row.
    diagnosis = getattr(error, "diag", None)
    told = str(error) if diagnosis is None else diagnosis.message_primary
    return WriteFailed(f"The database refused a write, nothing of this transaction is stored: {told}.")
