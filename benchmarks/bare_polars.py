"""The same totals without an engine, in Polars: see `bare_duckdb`. Visits and counters are the engine's functions."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from engine.scoring.engagement import signal_table
from engine.scoring.evidence import FOREIGN_TO_SCORES
from engine.scoring.rolling import distinct_within
from engine.scoring.visits import visits
from schemas.playbook.scoring import Model
from schemas.playbook.signals import Signal

READ = [
    "person_key",
    "activity_key",
    "kind",
    "tags",
    "occurred_at",
    "learned_at",
    "asset_name",
    "url",
    "native_kind",
]


def scores(folder: Path, model: Model, at: datetime) -> pl.DataFrame:
    """person_key, score (hundredths) of everybody in the folder."""
    rows = list(zip(model.engagement.signals, signal_table(model).iter_rows(named=True), strict=True))
    day = pl.col("occurred_at").dt.date()
    today = at.date()
    wanted = pl.any_horizontal(
        pl.sql_expr(signal.when or "kind = 'page_visit'")
        & (day > today - _looked_back(signal, number["window_days"]))
        for signal, number in rows
    )
    acts = (
        pl.scan_parquet(folder / "activities-*.parquet")
        .filter(~pl.col("is_bot"), ~pl.col("kind").is_in(FOREIGN_TO_SCORES))
        .filter(pl.col("occurred_at") <= at, pl.col("learned_at") <= at)
        .filter(wanted)
        .select(*READ, day.cast(pl.Int32).alias("day"))
        .collect(engine="streaming")
    )
    people = pl.read_parquet(folder / "people-*.parquet")
    seen = visits(acts)
    parts = [
        _rows(signal, acts, seen, people)
        .lazy()
        .filter(day > today - timedelta(days=number["window_days"]))
        .select("person_key", "occurred_at", signal=pl.lit(number["signal"], pl.Int16))
        for signal, number in rows
    ]
    returned = (
        pl.scan_parquet(folder / "verdicts-*.parquet")
        .filter(pl.col("kind") == "recycled", pl.col("occurred_at") <= at)
        .select("person_key", returned_at="occurred_at")
    )
    age = (pl.lit(today) - day).dt.total_days()
    decay = (
        pl.when("is_linear")
        .then(1 - age / pl.col("window_days"))
        .when(pl.col("half_life").is_null())
        .then(1.0)
        .otherwise(0.5 ** (age / pl.col("half_life")))
    )
    lowered = (pl.col("returned_at") >= pl.col("occurred_at")).fill_null(False).cast(pl.Int64)
    kept = pl.lit(model.resets[0].keep) ** lowered
    engaged = (
        pl.concat(parts)
        .join(signal_table(model).lazy(), on="signal")
        .join(returned, on="person_key", how="left")
        .with_columns(decayed=(pl.col("raw") * decay * kept + 0.5).floor().cast(pl.Int64))
        .group_by("person_key", "signal")
        .agg(pl.col("decayed").sum(), pl.col("cap").first())
        .group_by("person_key")
        .agg(engagement=pl.col("decayed").clip(-pl.col("cap"), pl.col("cap")).sum())
    )
    fit = pl.sum_horizontal(
        pl.when(pl.sql_expr(rule.when)).then(model.hundredths(rule.points)).otherwise(0) for rule in model.fit
    )
    engagement = pl.col("engagement").fill_null(0).clip(0, 10_000)
    weighted = engagement * model.weights.engagement + fit.clip(0, 10_000) * model.weights.fit
    return (
        people.lazy()
        .join(engaged, on="person_key", how="left")
        .select("person_key", score=((weighted + 50) // 100).cast(pl.Int64))
        .collect(engine="streaming")
    )


def _looked_back(signal: Signal, window_days: int) -> timedelta:
    return timedelta(days=window_days + (1 if signal.visit else 0)) + (
        signal.count.within if signal.count else timedelta()
    )


def _rows(signal: Signal, acts: pl.DataFrame, seen: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """person_key, occurred_at of each piece of evidence."""
    if signal.together:
        raise NotImplementedError(f"signal {signal.id}: combinations are not written out here")
    if signal.visit:
        rows, key = seen.filter(pl.sql_expr(signal.visit)), pl.col("visit")
        if not signal.count:
            rows = rows.filter(pl.col("next_page_at").is_null())
    else:
        rows, key = acts.filter(pl.sql_expr(signal.when or "")), pl.col("activity_key")
    if signal.once:
        key = pl.col("day") if signal.once == "day" else pl.coalesce("asset_name", "url", "native_kind")
    if signal.person:
        rows = rows.join(people.filter(pl.sql_expr(signal.person)), on="person_key", how="semi")
    if signal.visit and signal.count:
        rows = rows.sort("occurred_at").unique(["person_key", "visit"], keep="first")
    if signal.count:
        counted = distinct_within(rows, key, signal.count.within)
        rows = counted.filter(pl.col("within") >= signal.count.at_least)
    if signal.once:
        rows = rows.group_by("person_key", key.alias("key")).agg(pl.col("occurred_at").max())
    return rows
