"""Why a score is what it is: one line per rule that counts, and lines for floor, ceiling and weight.

The contributions of a person's lines at an instant add up to the score exactly: engagement and fit lines contribute
their points, the floor and ceiling lines what clipping took or gave, the weight lines what weighting takes away.
"""

import polars as pl

from engine.scoring import engagement
from engine.scoring.fit import CEILING, fit_columns
from engine.scoring.score import weighted
from schemas.context import Window
from schemas.frames.base import dtypes
from schemas.frames.decisions import ScoreLines
from schemas.playbook.scoring import Scoring

MODEL = "default"
KEY = ["person_key", "at"]
LISTED = 20


def score_lines(
    people: pl.DataFrame, evidence: pl.DataFrame, recycles: pl.DataFrame, rules: Scoring, window: Window
) -> pl.DataFrame:
    """Lines (frames.decisions.ScoreLines) for each row of `people` (person_key, at, attributes)."""
    of_engagement = _engagement_lines(people.select(KEY), evidence, recycles, rules, window)
    of_fit = _fit_lines(people, rules)
    sums = people.select(KEY)
    for part, lines in (("engagement", of_engagement), ("fit", of_fit)):
        total = lines.group_by(KEY).agg(pl.col("points").sum().alias(f"{part}_sum"))
        sums = sums.join(total, on=KEY, how="left").with_columns(
            pl.col(f"{part}_sum").fill_null(0),
            pl.col(f"{part}_sum").fill_null(0).clip(0, CEILING).alias(part),
        )
    sums = sums.with_columns(weighted(rules).alias("score"))
    engagement_share = (pl.col("engagement") * rules.weights.engagement + 50) // 100
    balance = [
        _balance(sums, "floor", "engagement", pl.max_horizontal(0 - pl.col("engagement_sum"), 0)),
        _balance(sums, "floor", "fit", pl.max_horizontal(0 - pl.col("fit_sum"), 0)),
        _balance(sums, "ceiling", "engagement", pl.min_horizontal(CEILING - pl.col("engagement_sum"), 0)),
        _balance(sums, "ceiling", "fit", pl.min_horizontal(CEILING - pl.col("fit_sum"), 0)),
        _balance(sums, "weight", "engagement", engagement_share - pl.col("engagement")),
        # The rounding of the weighted mean is settled here, so that the sum is exact.
        _balance(sums, "weight", "fit", pl.col("score") - engagement_share - pl.col("fit")),
    ]
    return pl.concat([of_engagement, of_fit, *balance]).sort(*KEY, "part", "rule_id")


def _engagement_lines(
    instants: pl.DataFrame, evidence: pl.DataFrame, recycles: pl.DataFrame, rules: Scoring, window: Window
) -> pl.DataFrame:
    names = pl.DataFrame(
        {
            "signal": range(len(rules.engagement.signals)),
            "rule_id": [signal.id for signal in rules.engagement.signals],
            "window_days": [signal.cap.within.days for signal in rules.engagement.signals],
        },
        schema={"signal": pl.Int16, "rule_id": pl.String, "window_days": pl.Int32},
    )
    lines = (
        engagement.live_evidence(instants, evidence, recycles, rules, window)
        .sort("occurred_at", "activity_key", descending=True)
        .group_by(*KEY, "signal", maintain_order=True)
        .agg(
            pl.col("raw").sum(),
            pl.col("decayed").sum(),
            pl.col("cap").first(),
            pl.col("activity_key").head(LISTED).alias("evidence"),
            pl.len().cast(pl.Int64).alias("evidence_count"),
            pl.col("occurred_at").min().alias("since"),
            pl.col("occurred_at").max().alias("youngest"),
        )
        .join(names.lazy(), on="signal")
        .with_columns(
            pl.col("decayed").clip(-pl.col("cap"), pl.col("cap")).alias("points"),
            (pl.col("youngest") + pl.duration(days=pl.col("window_days"))).alias("until"),
            pl.lit("engagement").alias("part"),
        )
        .collect()
    )
    return _shaped(lines)


def _fit_lines(people: pl.DataFrame, rules: Scoring) -> pl.DataFrame:
    wide = people.select(*KEY, *fit_columns(rules))
    long = wide.unpivot(index=KEY, variable_name="rule_id", value_name="points").filter(pl.col("points") != 0)
    return _shaped(
        long.with_columns(
            pl.col("rule_id").str.strip_prefix("fit:"),
            pl.col("points").cast(pl.Int64),
            pl.col("points").cast(pl.Int64).alias("raw"),
            pl.lit("fit").alias("part"),
        )
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
    complete = lines.with_columns(pl.lit(MODEL).alias("model"), pl.col("points").alias("contribution"))
    wanted = dtypes(ScoreLines)
    missing = [
        pl.lit(None, dtype).alias(name) for name, dtype in wanted.items() if name not in complete.columns
    ]
    return (
        complete.with_columns(missing)
        .with_columns(pl.col("evidence_count").fill_null(0))
        .select(pl.col(name).cast(dtype) for name, dtype in wanted.items())
    )
