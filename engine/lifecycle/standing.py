"""Where the backfilled history had brought people by an instant, told by its own recorded decisions."""

from datetime import datetime

import polars as pl

from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import Stages
from schemas.vocabulary import CycleKind, Origin

PLACE = ["person_key", "line"]


def standing_at(transitions: pl.DataFrame, cycles: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Stages (frames.decisions.Stages) of the backfilled history at `at`; nobody whom it had not seen by then.

    The stored stages tell of the last instant alone, and of a live history where there is one.
    """
    steps = transitions.filter((pl.col("origin") == Origin.BACKFILL) & (pl.col("at") <= pl.lit(at, UTC)))
    last = steps.filter(pl.col("at") == pl.col("at").max().over(PLACE))
    # Of several steps at one instant the last is the one that no other starts from.
    follows = last.select(*PLACE, to_stage="from_stage", is_left=pl.lit(True))
    ends = (
        last.join(follows.unique(), on=[*PLACE, "to_stage"], how="left", maintain_order="left")
        .sort(pl.col("is_left").fill_null(False), "transition_key")
        .unique(PLACE, keep="first", maintain_order=True)
    )
    stamped = ends.join(_stamps(cycles, at), on=PLACE, how="left").with_columns(stage="to_stage", since="at")
    return stamped.select(pl.col(name).cast(dtype) for name, dtype in dtypes(Stages).items())


def _stamps(cycles: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """When people were handed over and accepted, and through which act they had spent theirs."""
    own = before(cycles, at).filter(pl.col("origin") == Origin.BACKFILL)
    moved = pl.when(pl.col("kind") != CycleKind.HAND_RAISE)
    return own.group_by(PLACE).agg(
        moved.then("opened_at").min().alias("first_mql_at"),
        moved.then("opened_at").max().alias("last_mql_at"),
        moved.then("accepted_at").min().alias("first_sal_at"),
        moved.then("accepted_at").max().alias("last_sal_at"),
        pl.col("opened_at").max().alias("spent_through"),
    )


def before(cycles: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Cycles without those that a backfill of a later time opened."""
    return cycles.filter((pl.col("origin") != Origin.BACKFILL) | (pl.col("opened_at") <= pl.lit(at, UTC)))
