"""Midnights of the past at which scores may have changed by themselves."""

import polars as pl

from engine.calendar import day_number, midnights_between
from schemas.context import Window
from schemas.frames.base import UTC
from schemas.playbook.scoring import Scoring


def ageing_midnights(evidence: pl.DataFrame, rules: Scoring, window: Window) -> pl.DataFrame:
    """person_key, at: every local midnight in (`last_as_of`, `as_of`] at which evidence of the person ages or ends."""
    assert window.last_as_of is not None
    nights = pl.DataFrame(
        {"at": midnights_between(window.last_as_of, window.as_of, window.zone)}, schema={"at": UTC}
    ).with_columns(day_number("at", window.zone).alias("night"))
    reach = pl.DataFrame(
        {
            "signal": range(len(rules.engagement.signals)),
            "days": [signal.cap.within.days for signal in rules.engagement.signals],
        },
        schema={"signal": pl.Int16, "days": pl.Int32},
    )
    spans = (
        evidence.join(reach, on="signal")
        .group_by("person_key")
        .agg(pl.col("day").min().alias("first"), (pl.col("day") + pl.col("days")).max().alias("last"))
    )
    return (
        spans.join(nights, how="cross")
        .filter((pl.col("night") > pl.col("first")) & (pl.col("night") <= pl.col("last")))
        .select("person_key", "at")
        .sort("person_key", "at")
    )
