"""When a score changes by itself: the first coming midnight at which, with no new fact, something may happen.

Evidence ages at midnight, so nothing can change earlier. Looking ahead is bounded: where nothing changes within
`LOOK_AHEAD` days the stored tick is the last of them, at which the person is looked at again. Deciding at a tick where
nothing changes does no harm, so this is only ever early, never late.
"""

from collections.abc import Sequence

import polars as pl

from engine.calendar import day_number, midnight
from engine.scoring.basis import Basis
from engine.scoring.engagement import signal_table
from engine.scoring.score import RESULTS, in_points, score_at
from schemas.conditions import expression
from schemas.context import Window
from schemas.playbook.scoring import Model

LOOK_AHEAD = 8


def next_ticks(
    people: pl.DataFrame, bases: Sequence[Basis], watched: Sequence[str], score_step: int, window: Window
) -> pl.DataFrame:
    """person_key, next_tick_at for people with evidence that still ages; others are absent: nothing ahead.

    `people`: one row per person, scored at its last instant, with `pushed_score` (hundredths, null: never pushed).
    `watched`: conditions over attributes and scores whose truth matters (lifecycle, write scope).
    """
    ageing = pl.concat([_ageing(basis, people, window) for basis in bases]).unique()
    now = people.join(ageing, on="person_key", how="semi")
    some = [basis.of(now) for basis in bases]
    results = [f"{basis.model.prefix}{name}" for basis in bases for name in RESULTS]
    ahead = (
        now.drop(results, strict=False)
        .with_columns(pl.lit(list(range(1, LOOK_AHEAD + 1)), pl.List(pl.Int32)).alias("ahead"))
        .explode("ahead")
        .with_columns(midnight(day_number("at", window.zone) + pl.col("ahead"), window.zone).alias("at"))
    )
    scored = score_at(ahead, some, window)
    models = [basis.model for basis in bases]
    before = _state(now, models, watched, score_step, "now").drop("at")
    after = _state(scored, models, watched, score_step, "then").with_columns(scored["ahead"])
    both = after.join(before, on="person_key")
    changed = pl.any_horizontal(
        pl.col(f"then_{n}").ne_missing(pl.col(f"now_{n}")) for n in range(len(before.columns) - 1)
    )
    first = both.filter(changed).group_by("person_key").agg(pl.col("at").min().alias("next_tick_at"))
    horizon = both.filter(pl.col("ahead") == LOOK_AHEAD).select("person_key", pl.col("at").alias("horizon"))
    return (
        horizon.join(first, on="person_key", how="full", coalesce=True)
        .select("person_key", pl.coalesce("next_tick_at", "horizon").alias("next_tick_at"))
        .sort("person_key")
    )


def _state(
    scored: pl.DataFrame, models: Sequence[Model], watched: Sequence[str], score_step: int, prefix: str
) -> pl.DataFrame:
    """Whether the score moved by a push step, the grades, and the truth of each watched condition."""
    moved = (pl.col("score") - pl.col("pushed_score")).abs() >= 100 * score_step
    shown = [moved, *(pl.col(f"{model.prefix}grade") for model in models if not model.card)]
    own = scored.select("person_key", "at", *(each.alias(f"{prefix}_{n}") for n, each in enumerate(shown)))
    truths = in_points(scored, [model.prefix for model in models]).select(
        expression(condition).alias(f"{prefix}_{number}")
        for number, condition in enumerate(watched, len(shown))
    )
    return pl.concat([own, truths], how="horizontal")


def _ageing(basis: Basis, people: pl.DataFrame, window: Window) -> pl.DataFrame:
    """person_key of people with evidence inside its signal's window, or an adjustment that ends, at their instant."""
    today = people.select("person_key", "at", day_number("at", window.zone).alias("today"))
    evidence = (
        basis.evidence.join(signal_table(basis.model).select("signal", "window_days"), on="signal")
        .join(today, on="person_key")
        .filter(pl.col("today") - pl.col("day") < pl.col("window_days"))
    )
    ending = basis.adjustments.join(today, on="person_key", suffix="_now").filter(
        pl.col("until") > pl.col("at_now")
    )
    return pl.concat([evidence.select("person_key"), ending.select("person_key")])
