"""All tables of the first release."""

from alembic import op

from ledger.tables import complete_metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    complete_metadata().create_all(op.get_bind(), checkfirst=False)
