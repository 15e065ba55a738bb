"""When a score will change by itself: the first coming midnight at which, with no new fact, something may happen.

Evidence ages at midnight, so nothing can change earlier. Looking ahead is bounded: where nothing changes within
`LOOK_AHEAD` days the stored tick is the last of them, at which the person is looked at again. Deciding at a tick where
nothing changes does no harm, so this is only ever early, never late.
"""

from collections.abc import Sequence

import polars as pl

from engine.calendar import day_number, midnight
from engine.scoring.score import in_points, score_at
from schemas.conditions import expression
from schemas.context import Window
from schemas.playbook.scoring import Scoring

LOOK_AHEAD = 8


def next_ticks(
    people: pl.DataFrame,
    evidence: pl.DataFrame,
    recycles: pl.DataFrame,
    rules: Scoring,
    known: list[str],
    watched: Sequence[str],
    score_step: int,
    window: Window,
) -> pl.DataFrame:
    """person_key, next_tick_at for people with evidence that still ages; others are absent: nothing ahead.

    `people`: one row per person, scored at its last instant, with `pushed_score` (hundredths, null: never pushed).
    `watched`: conditions over attributes and scores whose truth matters (lifecycle, write scope).
    """
    ageing = evidence.join(people.select("person_key"), on="person_key", how="semi")
    now = people.join(ageing.select("person_key").unique(), on="person_key", how="semi")
    ahead = (
        now.drop("engagement", "fit", "score", "grade", "confidence")
        .with_columns(pl.lit(list(range(1, LOOK_AHEAD + 1)), pl.List(pl.Int32)).alias("ahead"))
        .explode("ahead")
        .with_columns(midnight(day_number("at", window.zone) + pl.col("ahead"), window.zone).alias("at"))
    )
    scored = score_at(ahead, ageing, recycles, rules, known, window)
    before = _state(now, watched, score_step, "now").drop("at")
    after = _state(scored, watched, score_step, "then").with_columns(scored["ahead"])
    both = after.join(before, on="person_key")
    changed = pl.any_horizontal(
        pl.col(f"then_{n}").ne_missing(pl.col(f"now_{n}")) for n in range(len(watched) + 2)
    )
    first = both.filter(changed).group_by("person_key").agg(pl.col("at").min().alias("next_tick_at"))
    horizon = (
        both.filter(pl.col("ahead") == LOOK_AHEAD)
        .join(_still_ageing(ageing, rules, window, now), on="person_key", how="semi")
        .select("person_key", pl.col("at").alias("horizon"))
    )
    return (
        horizon.join(first, on="person_key", how="full", coalesce=True)
        .select("person_key", pl.coalesce("next_tick_at", "horizon").alias("next_tick_at"))
        .sort("person_key")
    )


def _state(scored: pl.DataFrame, watched: Sequence[str], score_step: int, prefix: str) -> pl.DataFrame:
    """Grade, whether the score moved by a push step, and the truth of each watched condition."""
    moved = (pl.col("score") - pl.col("pushed_score")).abs() >= 100 * score_step
    own = scored.select("person_key", "at", pl.col("grade").alias(f"{prefix}_0"), moved.alias(f"{prefix}_1"))
    truths = in_points(scored).select(
        expression(condition).alias(f"{prefix}_{number + 2}") for number, condition in enumerate(watched)
    )
    return pl.concat([own, truths], how="horizontal")


def _still_ageing(evidence: pl.DataFrame, rules: Scoring, window: Window, now: pl.DataFrame) -> pl.DataFrame:
    """People with evidence inside its signal's window at their present instant."""
    windows = pl.DataFrame(
        {
            "signal": range(len(rules.engagement.signals)),
            "days": [s.cap.within.days for s in rules.engagement.signals],
        },
        schema={"signal": pl.Int16, "days": pl.Int32},
    )
    return (
        evidence.join(windows, on="signal")
        .join(now.select("person_key", day_number("at", window.zone).alias("today")), on="person_key")
        .filter(pl.col("today") - pl.col("day") < pl.col("days"))
        .select("person_key")
        .unique()
    )
