"""Engagement at an instant: per signal the decayed points of its evidence in the cap's window, capped; then summed."""

import polars as pl

from engine.calendar import day_number
from schemas.context import Window
from schemas.frames.base import UTC
from schemas.playbook.scoring import Scoring

CONTRIBUTIONS = {
    "person_key": pl.String,
    "at": UTC,
    "signal": pl.Int16,
    "raw": pl.Int64,
    "decayed": pl.Int64,
    "points": pl.Int64,
}


def live_evidence(
    instants: pl.DataFrame, evidence: pl.DataFrame, recycles: pl.DataFrame, rules: Scoring, window: Window
) -> pl.LazyFrame:
    """Every piece of evidence that counts at an instant, with its points after decay.

    `instants`: person_key, at. `recycles`: person_key, at (one per recycle that sales gave). Columns: person_key, at,
    signal, activity_key, occurred_at, raw, decayed (hundredths). Ages are whole local days, so a score changes at
    midnight or with a new fact, never in between.
    """
    table = _signal_table(rules)
    joined = (
        instants.lazy()
        .select("person_key", "at", day_number("at", window.zone).alias("today"))
        .join(evidence.lazy(), on="person_key")
        .filter(
            (pl.col("occurred_at") <= pl.col("at"))
            & (pl.col("learned_at") <= window.known_by)
            & (pl.col("superseded_at").is_null() | (pl.col("superseded_at") > pl.col("at")))
        )
        .join(table.lazy(), on="signal")
        .with_columns((pl.col("today") - pl.col("day")).alias("age"))
        .filter(pl.col("age") < pl.col("window_days"))
    )
    aged = pl.col("raw") * pl.when(pl.col("half_life").is_null()).then(1.0).otherwise(
        0.5 ** (pl.col("age") / pl.col("half_life"))
    )
    if recycles.is_empty():
        return joined.with_columns((aged + 0.5).floor().cast(pl.Int64).alias("decayed"))
    return _recycled(joined, recycles, rules.recycle_factor).with_columns(
        (aged * pl.col("kept") + 0.5).floor().cast(pl.Int64).alias("decayed")
    )


def contributions(
    instants: pl.DataFrame, evidence: pl.DataFrame, recycles: pl.DataFrame, rules: Scoring, window: Window
) -> pl.DataFrame:
    """Per person, instant and signal: raw points, points after decay, points after the cap. Columns `CONTRIBUTIONS`."""
    return (
        live_evidence(instants, evidence, recycles, rules, window)
        .group_by("person_key", "at", "signal")
        .agg(pl.col("raw").sum(), pl.col("decayed").sum(), pl.col("cap").first())
        .with_columns(pl.col("decayed").clip(-pl.col("cap"), pl.col("cap")).alias("points"))
        .select(list(CONTRIBUTIONS))
        .collect()
    )


def _signal_table(rules: Scoring) -> pl.DataFrame:
    general = rules.engagement.half_life
    rows = []
    for number, signal in enumerate(rules.engagement.signals):
        half_life = signal.half_life or general
        rows.append(
            {
                "signal": number,
                "raw": rules.hundredths(signal.points),
                "cap": 100 * signal.cap.points,
                "window_days": signal.cap.within.days,
                "half_life": half_life.days if half_life else None,
            }
        )
    schema = {
        "signal": pl.Int16,
        "raw": pl.Int64,
        "cap": pl.Int64,
        "window_days": pl.Int32,
        "half_life": pl.Int32,
    }
    return pl.DataFrame(rows, schema=schema)


def _recycled(joined: pl.LazyFrame, recycles: pl.DataFrame, factor: float) -> pl.LazyFrame:
    """Adds `kept`: the factor once for each recycle that came at or after the evidence and up to the instant."""
    counted = (
        recycles.lazy()
        .select("person_key", pl.col("at").alias("recycled_at"))
        .sort("recycled_at")
        .with_columns(pl.int_range(1, pl.len() + 1).over("person_key").alias("n"))
    )
    by_now = joined.sort("at").join_asof(
        counted.rename({"n": "n_now"}),
        left_on="at",
        right_on="recycled_at",
        by="person_key",
        strategy="backward",
        check_sortedness=False,
    )
    before = by_now.sort("occurred_at").join_asof(
        counted.rename({"n": "n_before"}),
        left_on="occurred_at",
        right_on="recycled_at",
        by="person_key",
        strategy="backward",
        check_sortedness=False,
        allow_exact_matches=False,
        suffix="_before",
    )
    times = pl.col("n_now").fill_null(0) - pl.col("n_before").fill_null(0)
    return before.with_columns((pl.lit(factor) ** times).alias("kept"))
