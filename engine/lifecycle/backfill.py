"""The end of a backfill: what it leaves open did not happen to us and must block nobody."""

from datetime import datetime

import polars as pl

from engine.keys import key
from engine.lifecycle.loading import OPEN_STATES
from schemas.frames import decisions as frames
from schemas.frames.base import UTC, dtypes
from schemas.vocabulary import CycleState, Origin

BACKFILL_ENDED = "backfill_ended"


def end_backfill(cycles: pl.DataFrame, at: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The open cycles of a backfill closed `expired` at its end `at`, and the events that say so."""
    left = cycles.filter((pl.col("origin") == Origin.BACKFILL) & pl.col("state").is_in(OPEN_STATES))
    end = pl.max_horizontal(pl.lit(at, UTC), "opened_at", "accepted_at")
    closed = left.with_columns(
        pl.lit(CycleState.EXPIRED.value).alias("state"),
        pl.lit(CycleState.EXPIRED.value).alias("closed_as"),
        end.alias("closed_at"),
        pl.lit(BACKFILL_ENDED).alias("close_reason"),
    )
    events = [
        (
            key("event", row["cycle_key"], CycleState.EXPIRED, None, row["closed_at"]),
            row["cycle_key"],
            row["person_key"],
            CycleState.EXPIRED.value,
            row["closed_at"],
            row["closed_at"],
            None,
            BACKFILL_ENDED,
            None,
        )
        for row in closed.iter_rows(named=True)
    ]
    return closed, pl.DataFrame(events, schema=dtypes(frames.CycleEvents), orient="row")
