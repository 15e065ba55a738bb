"""Refuses a statement that writes outside the open silo's tables, before any SQL is sent.

The guard rides on a connection and looks at every statement that SQLAlchemy is about to send. Statements built with
SQLAlchemy name their tables; textual SQL doesn't, so of that only plain reading passes.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import DDLCompiler, SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from ledger.errors import SiloViolation
from ledger.tables.base import columns_open_to, writers
from schemas.vocabulary import Silo

OPTION = "mqlflow_silo_guard"
_READS = re.compile(r"\s*(select|with|values|explain|show|begin)\b", re.IGNORECASE)
_WRITES = re.compile(
    r"\b(insert|update|delete|replace|merge|truncate|create|alter|drop|copy|attach|vacuum)\b", re.IGNORECASE
)


class SiloGuard:
    """What may be written on one connection at this moment. Without an open silo: nothing."""

    def __init__(self) -> None:
        self._silo: Silo | None = None

    @contextmanager
    def opened(self, silo: Silo) -> Iterator[None]:
        """Within this block the silo's tables may be written; blocks nest, the inner one counts."""
        before, self._silo = self._silo, silo
        try:
            yield
        finally:
            self._silo = before

    def check(self, table: sa.Table, columns: frozenset[str] | None = None) -> None:
        """Raises unless the open silo may write the table; given `columns`, only these are updated."""
        silo = self._silo
        if silo is None:
            raise SiloViolation(
                f"{table.name} was to be written with no silo open; write inside `with tx.silo(…)`."
            )
        allowed = writers(table)
        if silo in allowed or (columns and columns <= columns_open_to(table, silo)):
            return
        names = ", ".join(sorted(allowed)) or "nobody"
        raise SiloViolation(
            f"The {silo} silo was to write {table.name}; it is written by {names}. Decide it in that silo instead."
        )

    def check_statement(self, compiled: Any, text: str) -> None:
        """Judges one statement about to be sent. `compiled` is None for SQL handed to the driver as text."""
        if isinstance(compiled, DDLCompiler):
            raise SiloViolation("Tables were to be changed outside a migration; write a revision instead.")
        statement = compiled.statement if isinstance(compiled, SQLCompiler) else None
        if statement is None or isinstance(statement, sa.TextClause | sa.TextualSelect):
            if not _READS.match(text) or _WRITES.search(text):
                raise SiloViolation("Textual SQL that may write was refused; write through the unit of work.")
            return
        for element in visitors.iterate(statement):
            if isinstance(element, UpdateBase):
                table = element.table
                if not isinstance(table, sa.Table):
                    raise SiloViolation(
                        f"A write to {table} was refused; only the ledger's tables are written."
                    )
                self.check(table)


def install(engine: sa.Engine) -> None:
    """Makes the engine ask the guard of a connection, where it has one, before each statement."""

    @sa.event.listens_for(engine, "before_cursor_execute")
    def ask(
        connection: sa.Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        guard: SiloGuard | None = connection.get_execution_options().get(OPTION)
        if guard is not None:
            guard.check_statement(getattr(context, "compiled", None), statement)
