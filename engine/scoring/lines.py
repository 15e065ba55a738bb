"""Why a score is what it is: one line per rule that counts, and lines for floor, ceiling and weight.

The contributions of a person's lines at an instant add up to the score exactly: engagement, fit and adjustment lines
contribute their points, the floor and ceiling lines what clipping took or gave, the weight lines what weighting takes
away. A learned scorecard has a line for its base and one per attribute.
"""

import polars as pl

from engine.scoring import engagement
from engine.scoring.adjustments import in_force
from engine.scoring.basis import Basis
from engine.scoring.card import PREFIX
from engine.scoring.fit import fit_columns
from engine.scoring.score import CEILING, KEY, card_parts, weighted
from schemas.context import Window
from schemas.frames.base import dtypes
from schemas.frames.decisions import ScoreLines

LISTED = 20
_PARTS = ("engagement", "fit")


def score_lines(people: pl.DataFrame, basis: Basis, window: Window, *, listed: int = LISTED) -> pl.DataFrame:
    """Lines (frames.decisions.ScoreLines) of one model for each row of `people` (person_key, at, attributes).

    `listed`: how many of the youngest pieces of evidence a line names; 0 names none and is cheaper.
    """
    if basis.model.card:
        return _card_lines(people, basis, window)
    lines = [
        _engagement_lines(people.select(KEY), basis, window, listed),
        _fit_lines(people, basis),
        _adjustment_lines(people.select(KEY), basis),
    ]
    sums = people.select(KEY)
    totals = pl.concat([line.select(*KEY, "part", "rule_id", "points", "raw") for line in lines])
    for part in _PARTS:
        # An adjustment's line says which part it adjusts in front of its key.
        is_part = (pl.col("part") == part) | pl.col("rule_id").str.starts_with(f"{part}:")
        total = totals.filter(is_part).group_by(KEY).agg(pl.col("points").sum().alias(f"{part}_sum"))
        sums = sums.join(total, on=KEY, how="left").with_columns(
            pl.col(f"{part}_sum").fill_null(0),
            pl.col(f"{part}_sum").fill_null(0).clip(0, CEILING).alias(part),
        )
    sums = sums.with_columns(weighted(basis.model).alias("score"))
    engagement_share = (pl.col("engagement") * basis.model.weights.engagement + 50) // 100
    balance = [
        *(_clipped(sums, part) for part in _PARTS),
        _balance(sums, "weight", "engagement", engagement_share - pl.col("engagement")),
        # The rounding of the weighted mean is settled here, so that the sum is exact.
        _balance(sums, "weight", "fit", pl.col("score") - engagement_share - pl.col("fit")),
    ]
    return _of_model(pl.concat([*lines, *balance]), basis)


def _engagement_lines(instants: pl.DataFrame, basis: Basis, window: Window, listed: int) -> pl.DataFrame:
    live = engagement.live_evidence(instants, basis, window)
    names = []
    if listed:
        live = live.sort("occurred_at", "activity_key", descending=True)
        names = [pl.col("activity_key").head(listed).alias("evidence")]
    lines = (
        live.group_by(*KEY, "signal", maintain_order=bool(listed))
        .agg(
            pl.col("raw").sum(),
            pl.col("decayed").sum(),
            pl.col("cap", "rule_id", "window_days").first(),
            *names,
            pl.len().cast(pl.Int64).alias("evidence_count"),
            pl.col("occurred_at").min().alias("since"),
            pl.col("occurred_at").max().alias("youngest"),
        )
        .with_columns(
            pl.col("decayed").clip(-pl.col("cap"), pl.col("cap")).alias("points"),
            (pl.col("youngest") + pl.duration(days=pl.col("window_days"))).alias("until"),
            pl.lit("engagement").alias("part"),
        )
        .collect()
    )
    return _shaped(lines)


def _fit_lines(people: pl.DataFrame, basis: Basis) -> pl.DataFrame:
    return _unpivoted(people.select(*KEY, *fit_columns(basis.model)), "fit", "fit:")


def _adjustment_lines(instants: pl.DataFrame, basis: Basis) -> pl.DataFrame:
    return _shaped(
        in_force(instants, basis.adjustments).select(
            *KEY,
            "points",
            "until",
            pl.col("points").alias("raw"),
            pl.col("given_at").alias("since"),
            pl.lit("adjustment").alias("part"),
            pl.format("{}:{}", "part", "adjustment_key").alias("rule_id"),
        )
    )


def _card_lines(people: pl.DataFrame, basis: Basis, window: Window) -> pl.DataFrame:
    parts = card_parts(people, basis, window)
    keyed = pl.concat([people.select(KEY), parts], how="horizontal")
    sums = keyed.select(*KEY, pl.sum_horizontal(parts.columns).alias("score_sum"))
    lines = [
        _unpivoted(keyed.select(*KEY, "base"), "base", ""),
        _unpivoted(keyed.drop("base"), "card", PREFIX),
        _clipped(sums, "score"),
    ]
    return _of_model(pl.concat(lines), basis)


def _unpivoted(wide: pl.DataFrame, part: str, prefix: str) -> pl.DataFrame:
    """A line for each column that gives points."""
    long = wide.unpivot(index=KEY, variable_name="rule_id", value_name="points").filter(pl.col("points") != 0)
    return _shaped(
        long.with_columns(
            pl.col("rule_id").cast(pl.String).str.strip_prefix(prefix),
            pl.col("points").alias("raw"),
            pl.lit(part).alias("part"),
        )
    )


def _clipped(sums: pl.DataFrame, part: str) -> pl.DataFrame:
    """What floor and ceiling gave and took of `<part>_sum`."""
    total = pl.col(f"{part}_sum")
    return pl.concat(
        [
            _balance(sums, "floor", part, pl.max_horizontal(0 - total, 0)),
            _balance(sums, "ceiling", part, pl.min_horizontal(CEILING - total, 0)),
        ]
    )


def _balance(sums: pl.DataFrame, part: str, of: str, points: pl.Expr) -> pl.DataFrame:
    rows = sums.select(*KEY, points.cast(pl.Int64).alias("points")).filter(pl.col("points") != 0)
    return _shaped(
        rows.with_columns(
            pl.lit(part).alias("part"), pl.lit(of).alias("rule_id"), pl.col("points").alias("raw")
        )
    )


def _shaped(lines: pl.DataFrame) -> pl.DataFrame:
    """The model's columns in its order; what a line does not have is null, or 0 evidence."""
    complete = lines.with_columns(pl.lit("").alias("model"), pl.col("points").alias("contribution"))
    wanted = dtypes(ScoreLines)
    missing = [
        pl.lit(None, dtype).alias(name) for name, dtype in wanted.items() if name not in complete.columns
    ]
    return (
        complete.with_columns(missing)
        .with_columns(pl.col("evidence_count").fill_null(0))
        .select(pl.col(name).cast(dtype) for name, dtype in wanted.items())
    )


def _of_model(lines: pl.DataFrame, basis: Basis) -> pl.DataFrame:
    return lines.with_columns(pl.lit(basis.model.id).alias("model")).sort(*KEY, "part", "rule_id")
