"""What we write about: handovers of our own since we are live, and where their people stand."""

import polars as pl

from engine.changes.stamps import STAMPS
from schemas.context import Window
from schemas.frames.base import UTC
from schemas.vocabulary import CycleState, Origin

IS_OPEN = pl.col("state").is_in([state.value for state in CycleState if state.is_open])


def live_cycles(cycles: pl.DataFrame, assignments: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Live cycles, and adopted ones in which somebody raised a hand since we are live; with the `how` and `rule_id`
    of their last assignment. Trials and backfilled cycles are never written."""
    since = pl.lit(window.live_since, UTC)
    raised = (pl.col("origin") == Origin.ADOPTED) & (pl.col("hand_raised_at") > since)
    written = cycles.filter(
        ~pl.col("is_trial") & ((pl.col("origin") == Origin.LIVE) | raised.fill_null(False))
    )
    # An answer without an owner does not undo an earlier one: the cycle keeps whom it had.
    last = (
        assignments.with_columns(has_owner=pl.col("owner_id").is_not_null())
        .sort("has_owner", "at", "assignment_key")
        .unique("cycle_key", keep="last", maintain_order=True)
    )
    return written.join(last.select("cycle_key", "how", "rule_id"), on="cycle_key", how="left")


def leading(cycles: pl.DataFrame) -> pl.DataFrame:
    """One cycle per person, for what a person's record has only once: the one that is worked on, else the open one
    that came first, else the one that was closed last."""
    order = pl.when(pl.col("state") == CycleState.WORKING).then(0).when(IS_OPEN).then(1).otherwise(2)
    return (
        cycles.with_columns(
            _order=order,
            _first=pl.when(IS_OPEN).then(pl.col("opened_at").dt.epoch("us")),
            _last=-pl.coalesce("closed_at", "opened_at").dt.epoch("us"),
        )
        .sort("person_key", "_order", "_first", "_last", "cycle_key", nulls_last=True)
        .unique("person_key", keep="first", maintain_order=True)
        .drop("_order", "_first", "_last")
    )


def moved_at(cycles: pl.DataFrame) -> pl.DataFrame:
    """person_key, moved_at: when anything last happened to a cycle of theirs."""
    moments = pl.max_horizontal("opened_at", "accepted_at", "closed_at", "hand_raised_at")
    return cycles.group_by("person_key").agg(moved_at=moments.max())


def served(cycles: pl.DataFrame) -> pl.DataFrame:
    """Cycles of which there is something to show: assignment has answered, if only by "nobody", or they are over."""
    return cycles.filter(pl.col("how").is_not_null() | (pl.col("origin") == Origin.ADOPTED) | ~IS_OPEN)


def places(stages: pl.DataFrame, cycles: pl.DataFrame) -> pl.DataFrame:
    """One row of `stages` per person: the stage on the line of the leading one of `cycles`, else where something
    happened last; of first dates the earliest of all lines, of last ones the latest."""
    of_cycle = leading(cycles).select("person_key", "line", pl.lit(True).alias("of_cycle"))
    ordered = stages.join(of_cycle, on=["person_key", "line"], how="left").sort(
        pl.col("of_cycle").fill_null(False), "since", "line"
    )
    shown = ordered.unique("person_key", keep="last", maintain_order=True).drop("of_cycle", *STAMPS)
    stamps = stages.group_by("person_key").agg(
        pl.col(name).min() if name.startswith("first") else pl.col(name).max() for name in STAMPS
    )
    return shown.join(stamps, on="person_key", how="left")


def with_own_dates(places: pl.DataFrame, mqls: pl.DataFrame) -> pl.DataFrame:
    """Places of people whom we made MQLs, with the dates that come from those MQLs. A first date that was adopted, or
    that a backfill found, is earlier than ours: then ours is not the first."""
    dates = mqls.group_by("person_key").agg(
        first_mql=pl.col("opened_at").min(),
        last_mql=pl.col("opened_at").max(),
        first_sal=pl.col("accepted_at").min(),
        last_sal=pl.col("accepted_at").max(),
    )
    firsts = [
        pl.when((pl.col(f"first_{name}_at") >= pl.col(f"first_{name}")).fill_null(True))
        .then(f"first_{name}")
        .alias(f"first_{name}_at")
        for name in ("mql", "sal")
    ]
    lasts = [pl.col(f"last_{name}").alias(f"last_{name}_at") for name in ("mql", "sal")]
    return places.join(dates, on="person_key").with_columns(*firsts, *lasts).select(places.columns)
