"""Why a score is what it is: one line per rule that counts, and lines for floor, ceiling and weight.

The contributions of a person's lines at an instant add up to the score exactly: engagement, fit and adjustment lines
contribute their points, the floor and ceiling lines what clipping took or gave, the weight lines what weighting takes
away. A learned scorecard has a line for its base and one per attribute.
"""

from collections.abc import Sequence

import polars as pl

from engine.calendar import midnight
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
_ROW = "row"
"""The number of a person and instant, in order. Lines are made under it and get their keys last: to sort and to join
millions of lines by the text of a key takes longer than to score the people."""

_SHAPE = {_ROW: pl.UInt32(), **{n: t for n, t in dtypes(ScoreLines).items() if n not in (*KEY, "model")}}


def score_lines(people: pl.DataFrame, basis: Basis, window: Window, *, listed: int = LISTED) -> pl.DataFrame:
    """Lines (frames.decisions.ScoreLines) of one model for each row of `people` (person_key, at, attributes).

    `listed`: how many of the youngest pieces of evidence a line names; 0 names none and is cheaper.
    """
    rows = people.sort(KEY).with_row_index(_ROW)
    if basis.model.card:
        return _finished(_card_lines(rows, basis, window), rows, basis)
    lines = pl.concat(
        [
            _engagement_lines(rows.select(_ROW, *KEY), basis, window, listed),
            _fit_lines(rows, basis),
            _adjustment_lines(rows.select(_ROW, *KEY), basis),
        ]
    )
    return _finished([lines, *_balance_lines(lines, rows, basis)], rows, basis)


def _balance_lines(lines: pl.DataFrame, rows: pl.DataFrame, basis: Basis) -> list[pl.DataFrame]:
    """What floor, ceiling and weight make of the lines' sums."""
    # An adjustment's line says which part it adjusts in front of its key.
    of_part = {
        part: (pl.col("part") == part) | pl.col("rule_id").str.starts_with(f"{part}:") for part in _PARTS
    }
    totals = lines.group_by(_ROW).agg(
        pl.col("points").filter(is_part).sum().alias(f"{part}_sum") for part, is_part in of_part.items()
    )
    sums = (
        rows.select(_ROW)
        .join(totals, on=_ROW, how="left")
        .with_columns(pl.col(f"{part}_sum").fill_null(0) for part in _PARTS)
        .with_columns(pl.col(f"{part}_sum").clip(0, CEILING).alias(part) for part in _PARTS)
        .with_columns(weighted(basis.model).alias("score"))
    )
    engagement_share = (pl.col("engagement") * basis.model.weights.engagement + 50) // 100
    return [
        *(_clipped(sums, part) for part in _PARTS),
        _balance(sums, "weight", "engagement", engagement_share - pl.col("engagement")),
        # The rounding of the weighted mean is settled here, so that the sum is exact.
        _balance(sums, "weight", "fit", pl.col("score") - engagement_share - pl.col("fit")),
    ]


def _engagement_lines(rows: pl.DataFrame, basis: Basis, window: Window, listed: int) -> pl.DataFrame:
    live = engagement.live_evidence(rows.select(KEY), basis, window)
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
            pl.col("day").max().alias("last_day"),
        )
        .with_columns(
            pl.col("decayed").clip(-pl.col("cap"), pl.col("cap")).alias("points"),
            (pl.col("last_day") + pl.col("window_days")).alias("ends"),
            pl.lit("engagement").alias("part"),
        )
        .collect()
    )
    # A day begins once, however many lines end with it.
    ends = lines.select("ends").unique().with_columns(until=midnight("ends", window.zone))
    return _shaped(lines.join(rows, on=KEY).join(ends, on="ends"))


def _fit_lines(rows: pl.DataFrame, basis: Basis) -> pl.DataFrame:
    return _unpivoted(rows.select(_ROW, *fit_columns(basis.model)), "fit", "fit:")


def _adjustment_lines(rows: pl.DataFrame, basis: Basis) -> pl.DataFrame:
    given = in_force(rows.select(KEY), basis.adjustments).join(rows, on=KEY)
    return _shaped(
        given.select(
            _ROW,
            "points",
            "until",
            pl.col("points").alias("raw"),
            pl.col("given_at").alias("since"),
            pl.lit("adjustment").alias("part"),
            pl.format("{}:{}", "part", "adjustment_key").alias("rule_id"),
        )
    )


def _card_lines(rows: pl.DataFrame, basis: Basis, window: Window) -> list[pl.DataFrame]:
    parts = card_parts(rows, basis, window)
    numbered = pl.concat([rows.select(_ROW), parts], how="horizontal")
    sums = numbered.select(_ROW, pl.sum_horizontal(parts.columns).alias("score_sum"))
    return [
        _unpivoted(numbered.select(_ROW, "base"), "base", ""),
        _unpivoted(numbered.drop("base"), "card", PREFIX),
        _clipped(sums, "score"),
    ]


def _unpivoted(wide: pl.DataFrame, part: str, prefix: str) -> pl.DataFrame:
    """A line for each column that gives points."""
    long = wide.unpivot(index=_ROW, variable_name="rule_id", value_name="points").filter(
        pl.col("points") != 0
    )
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
    rows = sums.select(_ROW, points.cast(pl.Int64).alias("points")).filter(pl.col("points") != 0)
    return _shaped(
        rows.with_columns(
            pl.lit(part).alias("part"), pl.lit(of).alias("rule_id"), pl.col("points").alias("raw")
        )
    )


def _shaped(lines: pl.DataFrame) -> pl.DataFrame:
    """The columns of `_SHAPE` in its order; what a line does not have is null, or 0 evidence."""
    complete = lines.with_columns(pl.col("points").alias("contribution"))
    missing = [
        pl.lit(None, dtype).alias(name) for name, dtype in _SHAPE.items() if name not in complete.columns
    ]
    return (
        complete.with_columns(missing)
        .with_columns(pl.col("evidence_count").fill_null(0))
        .select(pl.col(name).cast(dtype) for name, dtype in _SHAPE.items())
    )


def _finished(parts: Sequence[pl.DataFrame], rows: pl.DataFrame, basis: Basis) -> pl.DataFrame:
    """All lines in order of person, instant, part and rule, with their keys and the model's name."""
    lines = pl.concat(parts)
    # As categories in the order of their texts they sort as these do, and fast.
    texts = {name: lines[name].unique().sort() for name in ("part", "rule_id")}
    ranked = lines.with_columns(pl.col(name).cast(pl.Enum(known)) for name, known in texts.items())
    found = ranked.sort(_ROW, *texts)
    keys = rows.select(pl.col(KEY).gather(found[_ROW]))
    named = pl.concat([keys, found.drop(_ROW)], how="horizontal")
    return named.with_columns(pl.lit(basis.model.id).alias("model")).select(
        pl.col(name).cast(dtype) for name, dtype in dtypes(ScoreLines).items()
    )
