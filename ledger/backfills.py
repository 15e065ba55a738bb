"""What backfills have decided: which stretches of time, and whose past is left.

A stretch is a count of the run that decides it, named as an ISO 8601 interval: 0 once begun, 1 once everybody is
decided. So a backfill that was killed is known by what it had begun.
"""

from collections.abc import Iterable
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger import runs
from ledger.frames import fetch
from ledger.runs import Count
from ledger.tables.decisions import transitions
from ledger.tables.facts import people
from ledger.tables.operations import run_counts
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.stretch import Stretch
from schemas.vocabulary import Origin

STAGE = "past"


def begin(tx: UnitOfWork, run_id: str, stretches: Iterable[Stretch]) -> None:
    """The run is about to decide these stretches."""
    runs.count(tx, run_id, [Count(STAGE, _name(stretch), 0) for stretch in stretches])


def end(tx: UnitOfWork, run_id: str, stretch: Stretch) -> None:
    """The stretch is decided for everybody."""
    runs.count(tx, run_id, [Count(STAGE, _name(stretch), 1)])


def begun(connection: sa.Connection) -> dict[Stretch, bool]:
    """Every stretch that a backfill began to decide, and whether one has decided it for everybody."""
    chosen = (
        sa.select(run_counts.c.name, sa.func.max(run_counts.c.n))
        .where(run_counts.c.stage == STAGE)
        .group_by(run_counts.c.name)
    )
    return {_stretch(name): n > 0 for name, n in connection.execute(chosen)}


def candidates(connection: sa.Connection, through: datetime) -> pl.DataFrame:
    """Living people who were there by then: person_key, group_key, created_at, first_at.

    `first_at`: the instant of the first live decision, null: none.
    """
    own = sa.select(people.c.person_key, people.c.group_key, people.c.created_at).where(
        people.c.merged_into.is_(None), sa.not_(people.c.is_erased), people.c.created_at <= through
    )
    key = sa.func.coalesce(people.c.merged_into, people.c.person_key)
    lived = (
        sa.select(key.label("person_key"), sa.func.min(transitions.c.at).label("first_at"))
        .join_from(transitions, people, people.c.person_key == transitions.c.person_key)
        .where(transitions.c.origin != Origin.BACKFILL)
        .group_by(key)
    )
    found = fetch(connection, own, {"person_key": pl.String, "group_key": pl.String, "created_at": UTC})
    return found.join(
        fetch(connection, lived, {"person_key": pl.String, "first_at": UTC}), on="person_key", how="left"
    )


def _name(stretch: Stretch) -> str:
    return f"{stretch.after.isoformat()}/{stretch.through.isoformat()}"


def _stretch(name: str) -> Stretch:
    after, through = (datetime.fromisoformat(part) for part in name.split("/"))
    return Stretch(after, through)
