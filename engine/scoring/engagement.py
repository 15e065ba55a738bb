"""Engagement at an instant: per signal the decayed points of its evidence in the cap's window, capped; then summed."""

import polars as pl

from engine.calendar import day_number
from engine.scoring.basis import Basis
from engine.scoring.resets import counted, kept
from schemas.context import Window
from schemas.frames.base import UTC
from schemas.playbook.scoring import Model

CONTRIBUTIONS = {
    "person_key": pl.String,
    "at": UTC,
    "signal": pl.Int16,
    "raw": pl.Int64,
    "decayed": pl.Int64,
    "points": pl.Int64,
}


STRETCH = 30
"""Days: about as long as most caps reach back."""


def live_evidence(instants: pl.DataFrame, basis: Basis, window: Window) -> pl.LazyFrame:
    """Every piece of evidence that counts at an instant, with its points after decay.

    `instants`: person_key, at. Columns: person_key, at, signal, activity_key, occurred_at, raw, decayed (hundredths),
    cap, window_days. Ages are whole local days, so a score changes at midnight or with a new fact, never in between.
    """
    model, resets = basis.model, basis.resets
    asked = instants.select("person_key", "at", day_number("at", window.zone).alias("today"))
    # Resets are counted on both sides before they are joined: afterwards there are a hundred times as many rows.
    asked = counted(asked, resets, "at", "now", including=True)
    dated = counted(basis.evidence, resets, "occurred_at", "then", including=False)
    dated = dated.join(signal_table(model), on="signal", maintain_order="left")
    joined = (
        _met(asked, dated, window)
        .filter(
            (pl.col("occurred_at") <= pl.col("at"))
            & (pl.col("learned_at") <= window.known_by)
            & (pl.col("superseded_at").is_null() | (pl.col("superseded_at") > pl.col("at")))
        )
        .with_columns((pl.col("today") - pl.col("day")).alias("age"))
        .filter(pl.col("age") < pl.col("window_days"))
    )
    aged = pl.col("raw") * (
        pl.when(pl.col("is_linear"))
        .then(1 - pl.col("age") / pl.col("window_days"))
        .when(pl.col("half_life").is_null())
        .then(1.0)
        .otherwise(0.5 ** (pl.col("age") / pl.col("half_life")))
    )
    share = kept(resets, model.resets)
    if share is not None:
        aged = aged * share
    return joined.with_columns((aged + 0.5).floor().cast(pl.Int64).alias("decayed"))


def _met(asked: pl.DataFrame, dated: pl.DataFrame, window: Window) -> pl.LazyFrame:
    """Each person's instants beside the person's evidence, as far as it may count there; other pairs may be among them.

    Somebody who is looked at on every day of a year would meet a year of evidence on each of them. So time is cut into
    stretches: a piece of evidence stands in those of its days, and an instant meets only what stands in its own.
    """
    days = asked["today"]
    if asked.is_empty() or days.max() - days.min() < STRETCH:  # type: ignore[operator]  # to Polars extremes may be of any type
        return asked.lazy().join(dated.lazy(), on="person_key")
    superseded = day_number("superseded_at", window.zone)
    last = pl.min_horizontal(pl.col("day") + pl.col("window_days"), superseded + 1)
    standing = dated.lazy().with_columns(
        # A day of room on either side: where clocks go back over midnight, a later instant may have an earlier day.
        stretch=pl.int_ranges((pl.col("day") - 1) // STRETCH, last // STRETCH + 1, dtype=pl.Int32)
    )
    placed = asked.lazy().with_columns(stretch=pl.col("today") // STRETCH)
    return placed.join(standing.explode("stretch").drop_nulls("stretch"), on=["person_key", "stretch"]).drop(
        "stretch"
    )


def contributions(instants: pl.DataFrame, basis: Basis, window: Window) -> pl.DataFrame:
    """Per person, instant and signal: raw points, points after decay, points after the cap. Columns `CONTRIBUTIONS`."""
    return (
        live_evidence(instants, basis, window)
        .group_by("person_key", "at", "signal")
        .agg(pl.col("raw").sum(), pl.col("decayed").sum(), pl.col("cap").first())
        .with_columns(pl.col("decayed").clip(-pl.col("cap"), pl.col("cap")).alias("points"))
        .select(list(CONTRIBUTIONS))
        .collect()
    )


def signal_table(model: Model) -> pl.DataFrame:
    """The signals' numbers: signal (position), rule_id, raw and cap (hundredths), window_days, half_life (days)."""
    general = model.engagement.half_life
    rows = []
    for number, signal in enumerate(model.engagement.signals):
        half_life = signal.decays_by(general)
        rows.append(
            {
                "signal": number,
                "rule_id": signal.id,
                "raw": model.hundredths(signal.points),
                "cap": 100 * signal.cap.points,
                "window_days": signal.cap.within.days,
                "half_life": half_life.days if half_life else None,
                "is_linear": signal.expiry == "linear",
            }
        )
    schema = {
        "signal": pl.Int16,
        "rule_id": pl.String,
        "raw": pl.Int64,
        "cap": pl.Int64,
        "window_days": pl.Int32,
        "half_life": pl.Int32,
        "is_linear": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema)
