"""What Alembic asks at each run. The connection comes from the caller (`ledger.migrate`), never from a file."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateTableOp

from ledger.tables import complete_metadata
from ledger.tables.base import Instant, Text


def written(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """How a column type stands in a revision: in SQLAlchemy's words, so that revisions don't change with our code."""
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "sa.BigInteger()"
    return "TEXT" if item is Text else False


def without_info(migration: Any, revision: Any, directives: list[Any]) -> None:
    """Who may write a table is a matter of the code, not of the database."""
    for step in (step for directive in directives for step in directive.upgrade_ops.ops):
        if isinstance(step, CreateTableOp):
            step.info = {}


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=complete_metadata(),
    render_item=written,
    compare_type=True,
    process_revision_directives=without_info,
)
with context.begin_transaction():
    context.run_migrations()
