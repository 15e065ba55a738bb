"""What learning and reports ask of all handovers at once: who had one, which runs decided, what became of deals."""

from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.frames import fetch
from ledger.tables.decisions import cycles
from ledger.tables.facts import opportunities, people
from ledger.tables.operations import runs
from schemas.frames.base import UTC
from schemas.vocabulary import Mode

DEALS = {
    "opportunity_id": pl.String,
    "account_id": pl.String,
    "created_at": UTC,
    "closed_at": UTC,
    "is_closed": pl.Boolean,
    "is_won": pl.Boolean,
    "is_deleted": pl.Boolean,
    "type": pl.String,
    "stage": pl.String,
    "owner_id": pl.String,
    "business_line": pl.String,
    "amount": pl.Float64,
    "currency": pl.String,
}


def people_with_cycles(connection: sa.Connection) -> list[str]:
    """Keys of the living whose cycles there are, those of people merged into them included; nobody who was erased."""
    living = sa.func.coalesce(people.c.merged_into, people.c.person_key)
    chosen = (
        sa.select(living)
        .join_from(cycles, people, people.c.person_key == cycles.c.person_key)
        .where(sa.not_(people.c.is_erased))
        .distinct()
    )
    return sorted(connection.scalars(chosen))


def everybody(connection: sa.Connection) -> list[str]:
    """Keys of all living people who were not erased."""
    chosen = sa.select(people.c.person_key).where(people.c.merged_into.is_(None), sa.not_(people.c.is_erased))
    return sorted(connection.scalars(chosen))


def deciding_moments(connection: sa.Connection) -> list[datetime]:
    """The `as_of` of every live run that decided: what was known to each decision between two of them."""
    chosen = sa.select(runs.c.as_of).where(runs.c.is_decided, runs.c.mode == Mode.LIVE).distinct()
    return sorted(connection.scalars(chosen))


def deals(connection: sa.Connection) -> pl.DataFrame:
    """Every opportunity as it stands now: columns `DEALS`."""
    names = [name for name in DEALS if name != "opportunity_id"]
    chosen = sa.select(
        opportunities.c.native_id.label("opportunity_id"), *(opportunities.c[name] for name in names)
    )
    return fetch(connection, chosen, DEALS).sort("opportunity_id")
