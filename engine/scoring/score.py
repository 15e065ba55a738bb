"""Scores at an instant, one result per model: engagement and fit, each clipped to 0–100, weighted; and the grade.

A model that is a learned scorecard has a score and its probability instead.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from engine.scoring import adjustments, engagement
from engine.scoring.basis import Basis
from engine.scoring.card import card_base, card_columns, probability
from engine.scoring.fit import confidence, fit_total
from schemas.context import Window
from schemas.playbook.cards import SIGNAL
from schemas.playbook.scoring import Model

CEILING = 10_000
KEY = ["person_key", "at"]
POINTS = ("engagement", "fit", "score")
RESULTS = ("engagement", "fit", "score", "grade", "is_mql_grade", "confidence", "probability")


def score_at(people: pl.DataFrame, bases: Sequence[Basis], window: Window) -> pl.DataFrame:
    """`people` (person_key, at, attributes) with every model's results added; points are hundredths.

    The default model's columns have plain names, another's its id before them (`expansion_score`). Everybody gets a
    score: no activity is 0 engagement, not null.
    """
    parts = [people]
    for basis in bases:
        scored = score_model(people, basis, window)
        prefix = basis.model.prefix
        names = [name for name in RESULTS if name in scored.columns]
        parts.append(scored.select(pl.col(name).alias(f"{prefix}{name}") for name in names))
    return pl.concat(parts, how="horizontal")


def score_model(people: pl.DataFrame, basis: Basis, window: Window) -> pl.DataFrame:
    """`people`, in their order, with one model's results under their plain names."""
    model = basis.model
    if model.card:
        sums = people.with_columns(card_sum(people, basis, window))
        return sums.with_columns(pl.col("card").clip(0, CEILING).alias("score")).with_columns(
            probability(model.card, pl.col("card")).alias("probability"),
            confidence(model.measured).alias("confidence"),
        )
    return (
        part_sums(people, basis, window)
        .with_columns(
            pl.col("engagement_sum").clip(0, CEILING).alias("engagement"),
            pl.col("fit_sum").clip(0, CEILING).alias("fit"),
            confidence(model.measured).alias("confidence"),
        )
        .with_columns(weighted(model).alias("score"), grade(model).alias("grade"))
        .with_columns(pl.col("grade").is_in(model.grade.mql).alias("is_mql_grade"))
    )


def part_sums(people: pl.DataFrame, basis: Basis, window: Window) -> pl.DataFrame:
    """`people` with `engagement_sum` and `fit_sum`: everything that counts, before floor and ceiling."""
    sums = engagement.contributions(people.select(KEY), basis, window)
    found = people.with_columns(fit_total(basis.model).alias("fit_sum")).join(
        sums.group_by(KEY).agg(pl.col("points").sum().alias("engagement_sum")),
        on=KEY,
        how="left",
        maintain_order="left",
    )
    given = adjustments.totals(people, basis.adjustments)
    if not given.is_empty():
        found = found.join(given, on=KEY, how="left", maintain_order="left").with_columns(
            pl.col("engagement_sum").fill_null(0) + pl.col("engagement_adjusted").fill_null(0),
            pl.col("fit_sum") + pl.col("fit_adjusted").fill_null(0),
        )
    return found.with_columns(pl.col("engagement_sum").fill_null(0))


def card_sum(people: pl.DataFrame, basis: Basis, window: Window) -> pl.Series:
    """`card`: base and the bins' points of each row of `people`, before floor and ceiling."""
    columns = card_parts(people, basis, window)
    return columns.select(pl.sum_horizontal(pl.all()).alias("card"))["card"]


def card_parts(people: pl.DataFrame, basis: Basis, window: Window) -> pl.DataFrame:
    """`base` and `card:<column>` of each row of `people`, in their order; hundredths."""
    card = basis.model.card
    assert card is not None
    asked = [each.column for each in card.attributes if each.column.startswith(SIGNAL)]
    known = people.join(
        _signal_points(people, asked, basis, window), on=KEY, how="left", maintain_order="left"
    )
    known = known.with_columns(pl.col(asked).fill_null(0.0)) if asked else known
    return known.select(pl.lit(card_base(card), pl.Int64).alias("base"), *card_columns(card, known.schema))


def _signal_points(people: pl.DataFrame, asked: list[str], basis: Basis, window: Window) -> pl.DataFrame:
    """person_key, at, and the points of each signal that a card asks for, as `signal:<id>`."""
    places = {f"{SIGNAL}{signal.id}": number for number, signal in enumerate(basis.model.engagement.signals)}
    sums = engagement.contributions(people.select(KEY), basis, window)
    return sums.group_by(KEY).agg(
        (pl.col("points").filter(pl.col("signal") == places[name]).sum() / 100).alias(name) for name in asked
    )


def in_points(scored: pl.DataFrame, prefixes: Iterable[str] = ("",)) -> pl.DataFrame:
    """The frame with engagement, fit and score as points (Float64): what conditions of the playbook speak of.

    `prefixes`: those of the models whose columns the frame has.
    """
    names = [f"{prefix}{part}" for prefix in prefixes for part in POINTS]
    return scored.with_columns(
        pl.col(name).cast(pl.Float64) / 100 for name in names if name in scored.columns
    )


def weighted(model: Model) -> pl.Expr:
    """Weighted mean of the columns engagement and fit in hundredths, half up."""
    total = pl.col("engagement") * model.weights.engagement + pl.col("fit") * model.weights.fit
    return (total + 50) // 100


def grade(model: Model) -> pl.Expr:
    """Letter of the fit and digit of the engagement, e.g. B2."""
    return _step("fit", model.grade.fit, "D") + _step("engagement", model.grade.engagement, "4")


def _step(column: str, bounds: Mapping[Any, int], last: str) -> pl.Expr:
    result: pl.Expr = pl.lit(last)
    for name, bound in sorted(bounds.items(), key=lambda item: item[1]):
        result = pl.when(pl.col(column) >= 100 * bound).then(pl.lit(str(name))).otherwise(result)
    return result
