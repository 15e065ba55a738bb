"""Owners who were deactivated between the decision and the write: their cycles need another one, as if sent back."""

import polars as pl
import sqlalchemy as sa

from engine.guards import OWNER_INACTIVE
from engine.keys import key
from ledger.decisions.read import SENT_BACK
from ledger.frames import fetch, table_columns
from ledger.tables.decisions import cycles
from ledger.tables.operations import outbox
from schemas.frames.base import dtypes
from schemas.frames.decisions import CycleEvents, Cycles
from schemas.vocabulary import CycleState

UNSEEN = sa.func.coalesce(outbox.c.settled_at, outbox.c.claimed_at, outbox.c.decided_at)


def refused_owners(connection: sa.Connection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Open cycles whose owner could not be written because of that, and the events that send them back.

    frames.decisions.Cycles and CycleEvents; the events stand in no table, and are the same however often they are read.
    """
    theirs = sa.and_(
        outbox.c.cycle_key == cycles.c.cycle_key,
        outbox.c.field == "owner_id",
        outbox.c.code == OWNER_INACTIVE.code,
        # A JSON text is its owner's id in quotation marks.
        outbox.c.value == sa.literal('"') + cycles.c.owner_id + sa.literal('"'),
    )
    is_open = cycles.c.state.in_([state for state in CycleState if state.is_open])
    chosen = (
        sa.select(*table_columns(cycles, Cycles), sa.func.min(UNSEEN).label("at"))
        .select_from(cycles.join(outbox, theirs))
        .where(is_open)
        .group_by(*table_columns(cycles, Cycles))
    )
    found = fetch(connection, chosen, {**dtypes(Cycles), "at": dtypes(CycleEvents)["at"]})
    keys = [
        key("event", cycle, OWNER_INACTIVE.code, owner)
        for cycle, owner in found.select("cycle_key", "owner_id").iter_rows()
    ]
    events = found.with_columns(
        pl.Series("event_key", keys, dtype=pl.String),
        kind=pl.lit(SENT_BACK),
        acted_at="at",
        fact_key=pl.lit(None, pl.String),
        reason=pl.lit(OWNER_INACTIVE.code),
        said_by="owner_id",
    )
    return found.drop("at"), events.select(list(dtypes(CycleEvents)))
