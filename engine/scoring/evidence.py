"""Which acts count for which signal, and until when a later act takes an earlier one's place."""

from zoneinfo import ZoneInfo

import polars as pl

from engine.calendar import day_number
from schemas.conditions import expression
from schemas.frames.base import UTC, columns
from schemas.playbook.scoring import Scoring, Signal

EVIDENCE = columns(
    person_key=pl.String,
    signal=pl.Int16,  # position among the playbook's signals
    activity_key=pl.String,
    occurred_at=UTC,
    learned_at=UTC,
    day=pl.Int32,
    superseded_at=UTC,
)
FOREIGN_TO_SCORES = ["value_change", "score_change"]
"""Kinds that never score, whatever a condition says: among them are the echoes of our own writes."""


def evidence(activities: pl.DataFrame, rules: Scoring, zone: ZoneInfo) -> pl.DataFrame:
    """Activities that a signal counts, once per signal: columns of `EVIDENCE`.

    `superseded_at` is set where `once` lets only the youngest act of a day or an asset count: at any instant exactly
    the youngest one that had happened by then is neither in the future nor superseded. What the platform marks as
    a bot's act is left out.
    """
    counted = activities.filter(~pl.col("is_bot") & ~pl.col("kind").is_in(FOREIGN_TO_SCORES)).with_columns(
        day_number("occurred_at", zone).alias("day")
    )
    parts = [_of_signal(counted, number, signal) for number, signal in enumerate(rules.engagement.signals)]
    if not parts:
        return pl.DataFrame(schema=EVIDENCE)
    return pl.concat(pl.collect_all(parts))


def _of_signal(activities: pl.DataFrame, number: int, signal: Signal) -> pl.LazyFrame:
    rows = activities.lazy().filter(expression(signal.when))
    if signal.once is None:
        superseded = pl.lit(None, UTC)
    else:
        key = pl.col("day") if signal.once == "day" else pl.coalesce("asset_name", "url", "native_kind")
        rows = rows.sort("occurred_at", "activity_key").with_columns(key.alias("once_key"))
        superseded = pl.col("occurred_at").shift(-1).over("person_key", "once_key")
    return rows.select(
        "person_key",
        pl.lit(number, pl.Int16).alias("signal"),
        "activity_key",
        "occurred_at",
        "learned_at",
        "day",
        superseded.alias("superseded_at"),
    )
