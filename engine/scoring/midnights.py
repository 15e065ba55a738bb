"""Midnights of the past at which scores may have changed by themselves."""

from collections.abc import Sequence

import polars as pl

from engine.calendar import day_number, midnights_between
from engine.scoring.basis import Basis
from engine.scoring.engagement import signal_table
from schemas.context import Window
from schemas.frames.base import UTC


def ageing_midnights(bases: Sequence[Basis], window: Window) -> pl.DataFrame:
    """person_key, at: every local midnight in (`last_as_of`, `as_of`] at which evidence of the person ages or ends,
    or an adjustment does."""
    assert window.last_as_of is not None
    nights = pl.DataFrame(
        {"at": midnights_between(window.last_as_of, window.as_of, window.zone)}, schema={"at": UTC}
    ).with_columns(day_number("at", window.zone).alias("night"))
    parts = [_ageing(basis, nights) for basis in bases]
    parts += [
        basis.adjustments.select("person_key", at="until").join(nights, on="at", how="semi")
        for basis in bases
    ]
    return pl.concat(parts).unique().sort("person_key", "at")


def _ageing(basis: Basis, nights: pl.DataFrame) -> pl.DataFrame:
    spans = (
        basis.evidence.join(signal_table(basis.model).select("signal", "window_days"), on="signal")
        .group_by("person_key")
        .agg(pl.col("day").min().alias("first"), (pl.col("day") + pl.col("window_days")).max().alias("last"))
    )
    return (
        spans.join(nights, how="cross")
        .filter((pl.col("night") > pl.col("first")) & (pl.col("night") <= pl.col("last")))
        .select("person_key", "at")
    )
