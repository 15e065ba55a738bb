"""Which facts are new to a person, and for which instant a late one is decided: as `engine.instants` has it."""

import polars as pl

from engine.instants import decided_at
from schemas.context import Window
from schemas.frames.base import UTC
from schemas.vocabulary import Origin


def bounds(moments: pl.DataFrame, people: pl.DataFrame, stages: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Per decided person: `after` (decided up to there), `is_known` (has a place on the path), `existed` (was there
    before the ledger last decided, so that its first sight is a baseline), `last_transition_at`, `first_at`.

    Decided are the people who have a row in `moments`.
    """
    committed = pl.lit(window.last_as_of, UTC)
    # A backfill and the live history don't see each other: each has a past of its own.
    placed = stages.filter((pl.col("origin") == Origin.BACKFILL) == (window.origin == Origin.BACKFILL))
    last = placed.group_by("person_key").agg(pl.col("since").max().alias("last_transition_at"))
    decided = moments.group_by("person_key").agg(pl.col("at").min().alias("first_at"))
    return (
        decided.join(people, on="person_key", how="left")
        .join(last, on="person_key", how="left")
        .select(
            "person_key",
            "first_at",
            "last_transition_at",
            pl.max_horizontal("decided_through", committed).alias("after"),
            pl.col("last_transition_at").is_not_null().alias("is_known"),
            # Without a committed run everybody was there before.
            (pl.col("created_at") <= committed).fill_null(True).alias("existed"),
            pl.coalesce("group_key", "person_key").alias("group_key"),
            pl.col("is_erased").fill_null(False),
        )
    )


def new_facts(facts: pl.DataFrame, bounds: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Facts (person_key, occurred_at, learned_at) to be decided now, with the instant `at` at which each is."""
    fresh = _judged(facts, bounds, window).filter("is_new")
    at = pl.col("occurred_at") if window.origin == Origin.BACKFILL else decided_at(window)
    return fresh.with_columns(at.alias("at")).drop(_JUDGED)


def old_facts(facts: pl.DataFrame, bounds: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Facts that were decided before, or belong to the past of somebody who is seen for the first time."""
    return _judged(facts, bounds, window).filter(~pl.col("is_new")).drop(_JUDGED)


_JUDGED = ["after", "is_known", "existed", "last_transition_at", "is_new"]


def _judged(facts: pl.DataFrame, bounds: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The facts that can be seen, with `is_new`.

    Of somebody seen for the first time who was there before, nothing is new: the state found says it all. Nor is, in a
    live run, what a backfill brought or what was there before us.
    """
    seen = facts.join(
        bounds.select("person_key", "after", "is_known", "existed", "last_transition_at"), on="person_key"
    ).filter((pl.col("occurred_at") <= pl.lit(window.as_of, UTC)) & (pl.col("learned_at") <= window.known_by))
    if window.origin == Origin.BACKFILL:
        is_new = pl.col("occurred_at") > pl.lit(window.last_as_of, UTC)
    else:
        is_new = (pl.col("occurred_at") > pl.col("after")) | (pl.col("learned_at") > pl.col("after"))
        is_new = is_new.fill_null(True) & (pl.col("is_known") | ~pl.col("existed"))
        if "origin" in facts.columns:
            is_new = is_new & (pl.col("origin") == Origin.LIVE)
    return seen.with_columns(is_new.fill_null(True).alias("is_new"))
