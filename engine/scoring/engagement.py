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
    asked = instants.select("person_key", "at", day_number("at", window.zone).alias("today"))
    # Recycles are counted on both sides before they are joined: afterwards there are a hundred times as many rows.
    asked = _counted(asked, recycles, "at", "recycles_by_now", including=True)
    counted = _counted(evidence, recycles, "occurred_at", "recycles_before", including=False)
    joined = (
        asked.lazy()
        .join(counted.lazy(), on="person_key")
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
    if not recycles.is_empty():
        # The factor once for each recycle that came at or after the evidence and up to the instant.
        aged = aged * pl.lit(rules.recycle_factor) ** (pl.col("recycles_by_now") - pl.col("recycles_before"))
    return joined.with_columns((aged + 0.5).floor().cast(pl.Int64).alias("decayed"))


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


def _counted(
    rows: pl.DataFrame, recycles: pl.DataFrame, at: str, name: str, *, including: bool
) -> pl.DataFrame:
    """Adds how many of the person's recycles came before the instant in `at`, or, `including`, at it too."""
    if recycles.is_empty():
        return rows
    numbered = (
        recycles.select("person_key", pl.col("at").alias("recycled_at"))
        .sort("recycled_at")
        .with_columns(pl.int_range(1, pl.len() + 1).over("person_key").alias(name))
    )
    found = rows.sort(at).join_asof(
        numbered,
        left_on=at,
        right_on="recycled_at",
        by="person_key",
        strategy="backward",
        check_sortedness=False,  # sorted above; Polars cannot check it by group
        allow_exact_matches=including,
    )
    return found.drop("recycled_at").with_columns(pl.col(name).fill_null(0))
