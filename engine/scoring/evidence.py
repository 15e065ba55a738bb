"""Which acts count for which signal, and until when a later act takes an earlier one's place."""

from zoneinfo import ZoneInfo

import polars as pl

from engine.calendar import day_number
from engine.scoring.rolling import distinct_within
from engine.scoring.visits import visits
from schemas.conditions import expression
from schemas.frames.base import UTC, columns
from schemas.playbook.scoring import Model
from schemas.playbook.signals import Signal

EVIDENCE = columns(
    person_key=pl.String,
    signal=pl.Int16,  # position among the model's signals
    activity_key=pl.String,
    occurred_at=UTC,
    learned_at=UTC,
    day=pl.Int32,
    superseded_at=UTC,
)
FOREIGN_TO_SCORES = ["value_change", "score_change"]
"""Kinds that never score, whatever a condition says: among them are the echoes of our own writes."""

_ROW = ["person_key", "activity_key", "occurred_at", "learned_at", "day"]


def evidence(activities: pl.DataFrame, states: pl.DataFrame, model: Model, zone: ZoneInfo) -> pl.DataFrame:
    """Acts that a signal counts, once per signal: columns of `EVIDENCE`.

    `states`: the person's attributes from each change on, sorted by `at`, for signals that ask who the person was.
    `superseded_at` is set where only the youngest act of a day, an asset or a visit counts: at any instant exactly
    the youngest one that had happened by then is neither in the future nor superseded. What is marked as a bot's act
    is left out.
    """
    counted = activities.filter(~pl.col("is_bot") & ~pl.col("kind").is_in(FOREIGN_TO_SCORES))
    # Of what was seen of a company before the person came, the age is not that of its counting.
    aged_from = (
        pl.coalesce("aged_from", "occurred_at") if "aged_from" in counted.columns else pl.col("occurred_at")
    )
    counted = counted.with_columns(day_number(aged_from, zone).alias("day"))
    ends = (
        counted.filter(pl.col("ends_at").is_not_null()) if "ends_at" in counted.columns else counted.head(0)
    )
    if model.only is not None:
        counted = counted.filter(expression(model.only))
    signals = list(enumerate(model.engagement.signals))
    has_visits = any(signal.visit is not None for _, signal in signals)
    seen = visits(counted) if has_visits else counted.head(0)
    lazy = counted.lazy()
    plain = [_acts(lazy, number, signal) for number, signal in signals if _is_plain(signal)]
    parts = dict(zip((n for n, s in signals if _is_plain(s)), pl.collect_all(plain), strict=True))
    for number, signal in signals:
        if number not in parts and signal.together is None:
            parts[number] = _special(counted, seen, states, number, signal)
    named = {signal.id: number for number, signal in signals}
    for number, signal in signals:
        if signal.together is not None:
            of = pl.concat([parts[named[name]] for name in signal.together.of])
            parts[number] = _combined(of, states, number, signal)
    found = pl.concat([parts[number] for number, _ in signals]) if parts else pl.DataFrame(schema=EVIDENCE)
    return found if ends.is_empty() else _ended(found, ends)


def _ended(found: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """The evidence, of which what ends by itself is superseded at that instant at the latest."""
    dated = found.join(
        ends.select("activity_key", "ends_at"), on="activity_key", how="left", maintain_order="left"
    )
    return dated.with_columns(pl.min_horizontal("superseded_at", "ends_at").alias("superseded_at")).drop(
        "ends_at"
    )


def _is_plain(signal: Signal) -> bool:
    return signal.when is not None and signal.count is None and signal.person is None


def _acts(activities: pl.LazyFrame, number: int, signal: Signal) -> pl.LazyFrame:
    """The acts that meet `when`."""
    assert signal.when is not None
    rows = activities.filter(expression(signal.when))
    if signal.once is None:
        return _shaped(rows, number, pl.lit(None, UTC))
    rows = rows.sort("occurred_at", "activity_key").with_columns(_once_key(signal).alias("once_key"))
    return _shaped(rows, number, pl.col("occurred_at").shift(-1).over("person_key", "once_key"))


def _special(
    activities: pl.DataFrame, seen: pl.DataFrame, states: pl.DataFrame, number: int, signal: Signal
) -> pl.DataFrame:
    """Signals that look further than one act: at a visit, at how often, at who the person was."""
    if signal.visit is not None:
        rows = seen.filter(expression(signal.visit)).with_columns(
            once_key=pl.col("visit"), superseded_at=pl.col("next_page_at")
        )
        if signal.count is not None:  # a visit is counted from its first page on that meets the condition
            rows = rows.sort("occurred_at", "activity_key").unique(["person_key", "visit"], keep="first")
            rows = rows.with_columns(pl.lit(None, UTC).alias("superseded_at"))
    else:
        assert signal.when is not None
        rows = activities.filter(expression(signal.when)).with_columns(_once_key(signal).alias("once_key"))
    rows = _of_people(rows, states, signal)
    if signal.count is not None:
        rows = distinct_within(rows, pl.col("once_key"), signal.count.within).filter(
            pl.col("within") >= signal.count.at_least
        )
    if signal.once is not None:
        rows = rows.sort("occurred_at", "activity_key").with_columns(
            superseded_at=pl.col("occurred_at").shift(-1).over("person_key", "once_key")
        )
    superseded = pl.col("superseded_at") if "superseded_at" in rows.columns else pl.lit(None, UTC)
    return _shaped(rows.lazy(), number, superseded).collect()


def _combined(of: pl.DataFrame, states: pl.DataFrame, number: int, signal: Signal) -> pl.DataFrame:
    """The acts at which evidence of every signal of a combination lies within its span."""
    assert signal.together is not None
    met = distinct_within(of, pl.col("signal"), signal.together.within)
    complete = met.filter(pl.col("within") == len(signal.together.of))
    rows = _of_people(complete.unique("activity_key").sort("occurred_at", "activity_key"), states, signal)
    superseded = pl.lit(None, UTC)
    if signal.once == "day":
        superseded = pl.col("occurred_at").shift(-1).over("person_key", "day")
    return _shaped(rows.lazy(), number, superseded).collect()


def _of_people(rows: pl.DataFrame, states: pl.DataFrame, signal: Signal) -> pl.DataFrame:
    """Only acts of people of whom `person` held at that instant."""
    if signal.person is None:
        return rows
    known = states.rename({"at": "state_at"}).select(
        pl.col("person_key", "state_at"), pl.exclude("person_key", "state_at").name.prefix("person ")
    )
    names = {f"person {name}": name for name in states.columns if name not in ("person_key", "at")}
    then = rows.sort("occurred_at").join_asof(
        known, left_on="occurred_at", right_on="state_at", by="person_key", check_sortedness=False
    )
    holds = then.select(pl.col(list(names)).name.map(lambda name: names[name])).select(
        expression(signal.person).alias("holds")
    )["holds"]
    return then.filter(holds).drop("state_at", *names)


def _once_key(signal: Signal) -> pl.Expr:
    if signal.once == "day":
        return pl.col("day")
    return (
        pl.coalesce("asset_name", "url", "native_kind") if signal.once == "asset" else pl.col("activity_key")
    )


def _shaped(rows: pl.LazyFrame, number: int, superseded: pl.Expr) -> pl.LazyFrame:
    return rows.select(
        *_ROW, superseded.alias("superseded_at"), pl.lit(number, pl.Int16).alias("signal")
    ).select(list(EVIDENCE))
