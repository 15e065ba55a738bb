"""Whole frames into a table, at the speed of the driver: executemany on SQLite, COPY on PostgreSQL.

SQLAlchemy makes the SQL; the rows go to the driver as tuples, for binding them one by one costs more than writing
them. Guarding is the caller's: `ledger.unit_of_work` checks the silo before it calls here.
"""

from collections.abc import Sequence
from enum import Enum
from itertools import count
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ledger.frames import rows_of

WRITE_CHUNK = 20_000
COPY_FROM = 200  # rows; below, a staging table costs more than it saves
_staging = count(1)


class OnConflict(Enum):
    """What happens to a row whose key is in the table."""

    FAIL = "fail"
    LEAVE = "leave"
    REPLACE = "replace"


def insert(
    connection: sa.Connection,
    table: sa.Table,
    frame: pl.DataFrame,
    *,
    conflict: OnConflict,
    key: Sequence[str],
    keep: Sequence[str] = (),
) -> int:
    """Inserts the frame's rows; the number of rows that were added or changed.

    A key that stands twice in the frame: LEAVE takes its first row, REPLACE its last. REPLACE leaves the columns
    `keep` of a present row alone, and doesn't touch a row that is the same already.
    """
    if frame.is_empty():
        return 0
    if conflict is not OnConflict.FAIL:
        which: Literal["first", "last"] = "first" if conflict is OnConflict.LEAVE else "last"
        frame = frame.unique(subset=list(key), keep=which, maintain_order=True)
    columns = frame.columns
    if _copies(connection, frame):
        staged = _stage(connection, table, frame)
        rows = sa.select(*(staged.c[name] for name in columns))
        statement = _insert(connection, table).from_select(columns, rows)
        return _from_staged(connection, _on_conflict(statement, table, columns, conflict, key, keep), staged)
    statement = _on_conflict(_insert(connection, table), table, columns, conflict, key, keep)
    return _many(connection, statement, columns, frame)


def update(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame, *, key: Sequence[str]) -> int:
    """Sets the frame's other columns on the rows with these keys; the number of rows found."""
    if frame.is_empty():
        return 0
    columns = [name for name in frame.columns if name not in key]
    if _copies(connection, frame):
        staged = _stage(connection, table, frame)
        statement = (
            sa.update(table)
            .values({name: staged.c[name] for name in columns})
            .where(*(table.c[name] == staged.c[name] for name in key))
        )
        return _from_staged(connection, statement, staged)
    # A bind parameter may not have the name of a column that the statement sets.
    binds = {name: sa.bindparam(f"b_{name}", type_=table.c[name].type) for name in frame.columns}
    statement = (
        sa.update(table)
        .values({name: binds[name] for name in columns})
        .where(*(table.c[name] == binds[name] for name in key))
    )
    return _many(connection, statement, frame.columns, frame, prefix="b_")


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _on_conflict(
    statement: Any,
    table: sa.Table,
    columns: Sequence[str],
    conflict: OnConflict,
    key: Sequence[str],
    keep: Sequence[str],
) -> Any:
    if conflict is OnConflict.FAIL:
        return statement
    index = [table.c[name] for name in key]
    replaced = [name for name in columns if name not in {*key, *keep}]
    if conflict is OnConflict.LEAVE or not replaced:
        return statement.on_conflict_do_nothing(index_elements=index)
    differs = sa.or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in replaced))
    return statement.on_conflict_do_update(
        index_elements=index, set_={name: statement.excluded[name] for name in replaced}, where=differs
    )


def _many(
    connection: sa.Connection, statement: Any, columns: Sequence[str], frame: pl.DataFrame, prefix: str = ""
) -> int:
    keys = None if prefix else list(columns)
    compiled = statement.compile(dialect=connection.dialect, column_keys=keys)
    sql, rows = str(compiled), rows_of(frame)
    if compiled.positional:
        place = {f"{prefix}{name}": number for number, name in enumerate(columns)}
        order = [place[name] for name in compiled.positiontup]
        if order != list(range(len(columns))):
            rows = [tuple(row[number] for number in order) for row in rows]
        parameters: list[Any] = rows
    else:
        names = [f"{prefix}{name}" for name in columns]
        parameters = [dict(zip(names, row, strict=True)) for row in rows]
    changed = 0
    for start in range(0, len(parameters), WRITE_CHUNK):
        cursor = driver(connection).cursor()
        cursor.executemany(sql, parameters[start : start + WRITE_CHUNK])
        changed += cursor.rowcount
        cursor.close()
    return changed


def _copies(connection: sa.Connection, frame: pl.DataFrame) -> bool:
    return connection.dialect.name == "postgresql" and len(frame) >= COPY_FROM


def _stage(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> sa.Table:
    """A temporary table with the frame's rows, gone at the end of the transaction at the latest."""
    staged = sa.Table(
        f"staged_{next(_staging)}",
        sa.MetaData(),
        *(sa.Column(name, table.c[name].type) for name in frame.columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    cursor = driver(connection).cursor()
    cursor.execute(str(sa.schema.CreateTable(staged).compile(dialect=connection.dialect)))
    names = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in frame.columns)
    with cursor.copy(f"COPY {staged.name} ({names}) FROM STDIN") as copy:
        for row in rows_of(frame):
            copy.write_row(row)
    cursor.close()
    return staged


def _from_staged(connection: sa.Connection, statement: Any, staged: sa.Table) -> int:
    here = driver(connection)
    changed: int = here.execute(str(statement.compile(dialect=connection.dialect))).rowcount
    here.execute(f"DROP TABLE {staged.name}")
    return changed


def driver(connection: sa.Connection) -> Any:
    """The driver's own connection, in the same transaction."""
    return connection.connection.driver_connection
