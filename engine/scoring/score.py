"""The score at an instant: engagement and fit, each clipped to 0–100, weighted; and the grade."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from engine.scoring import engagement
from engine.scoring.fit import confidence, fit_total
from schemas.context import Window
from schemas.playbook.scoring import Scoring

CEILING = 10_000


def score_at(
    people: pl.DataFrame,
    evidence: pl.DataFrame,
    recycles: pl.DataFrame,
    rules: Scoring,
    known: list[str],
    window: Window,
) -> pl.DataFrame:
    """`people` (person_key, at, attributes) with engagement, fit, score in hundredths, grade and confidence added.

    `known`: the attributes that fit rules read. Everybody gets a score: no activity is 0 engagement, not null.
    """
    sums = engagement.contributions(people.select("person_key", "at"), evidence, recycles, rules, window)
    totals = sums.group_by("person_key", "at").agg(pl.col("points").sum().alias("engagement"))
    return (
        people.join(totals, on=["person_key", "at"], how="left", maintain_order="left")
        .with_columns(
            pl.col("engagement").fill_null(0).clip(0, CEILING),
            fit_total(rules).clip(0, CEILING).alias("fit"),
            confidence(known).alias("confidence"),
        )
        .with_columns(weighted(rules).alias("score"), grade(rules).alias("grade"))
    )


def in_points(scored: pl.DataFrame) -> pl.DataFrame:
    """The frame with engagement, fit and score as points (Float64): what conditions of the playbook speak of."""
    return scored.with_columns(pl.col("engagement", "fit", "score").cast(pl.Float64) / 100)


def weighted(rules: Scoring) -> pl.Expr:
    """Weighted mean of the columns engagement and fit in hundredths, half up."""
    total = pl.col("engagement") * rules.weights.engagement + pl.col("fit") * rules.weights.fit
    return (total + 50) // 100


def grade(rules: Scoring) -> pl.Expr:
    """Letter of the fit and digit of the engagement, e.g. B2."""
    return _step("fit", rules.grade.fit, "D") + _step("engagement", rules.grade.engagement, "4")


def _step(column: str, bounds: Mapping[Any, int], last: str) -> pl.Expr:
    result: pl.Expr = pl.lit(last)
    for name, bound in sorted(bounds.items(), key=lambda item: item[1]):
        result = pl.when(pl.col(column) >= 100 * bound).then(pl.lit(str(name))).otherwise(result)
    return result
