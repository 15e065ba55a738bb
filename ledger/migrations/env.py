"""What Alembic asks at each run. The connection comes from the caller (`ledger.migrate`), never from a file."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from ledger.tables import complete_metadata
from ledger.tables.base import Instant, Text


def written(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """How a column type stands in a revision: in SQLAlchemy's words, so that revisions don't change with our code."""
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "sa.BigInteger()"
    return "TEXT" if item is Text else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=complete_metadata(),
    render_item=written,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
