"""What we would have written and left alone, because a person's work stands there."""

from collections.abc import Iterable

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch, table_columns
from ledger.tables.operations import conflicts
from ledger.unit_of_work import UnitOfWork
from schemas.frames.decisions import Conflicts


def write_conflicts(tx: UnitOfWork, found: pl.DataFrame) -> int:
    """Keeps disagreements (`Conflicts`); how many are new. One that was seen before stays as it was first seen."""
    return tx.insert_new(conflicts, found)


def read_conflicts(connection: sa.Connection, person_keys: Iterable[str] | None = None) -> pl.DataFrame:
    """Disagreements about these people, or all of them, youngest first."""
    chosen = sa.select(*table_columns(conflicts, Conflicts))
    if person_keys is not None:
        chosen = chosen.where(among(conflicts.c.person_key, person_keys))
    found = fetch(connection, chosen, Conflicts)
    return found.sort("at", "object", "target", "field", descending=[True, False, False, False])
