"""Which acts count for which signal, and until when a later act takes an earlier one's place."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from engine.calendar import day_number
from engine.data.attributes import FALSE_BY_DEFAULT
from engine.scoring.reach import Reach, is_plain
from engine.scoring.rolling import distinct_within
from engine.scoring.visits import VISITS, visits
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


def evidence(
    activities: pl.DataFrame | pl.LazyFrame,
    states: pl.DataFrame,
    model: Model,
    zone: ZoneInfo,
    since: datetime | None = None,
) -> pl.DataFrame:
    """Acts that a signal counts, once per signal: columns of `EVIDENCE`.

    `states`: the person's attributes from each change on, sorted by `at`, for signals that ask who the person was.
    `superseded_at` is set where only the youngest act of a day, an asset or a visit counts: at any instant exactly
    the youngest one that had happened by then is neither in the future nor superseded. What is marked as a bot's act
    is left out.

    `since`: no earlier instant will be asked for. What counts at none from then on is left out, which of a year's acts
    is nearly everything; lazy activities are then read no further than that.
    """
    reach = Reach(model, zone, since)
    acts = _looked_at(activities, reach)
    seen = _whole_visits(acts, model)
    while reach.cuts(seen):  # somebody, most likely a machine, has walked about for days
        reach = replace(reach, visits_back=4 * reach.visits_back)
        acts = _looked_at(activities, reach)
        seen = _whole_visits(acts, model)
    signals = list(enumerate(model.engagement.signals))
    plain = [_acts(acts.lazy().filter(reach.of(n)), n, signal) for n, signal in signals if is_plain(signal)]
    parts = dict(zip((n for n, s in signals if is_plain(s)), pl.collect_all(plain), strict=True))
    for number, signal in signals:
        if number not in parts and signal.together is None:
            parts[number] = _special(acts.filter(reach.of(number)), seen, states, number, signal)
    named = {signal.id: number for number, signal in signals}
    for number, signal in signals:
        if signal.together is not None:
            of = pl.concat([parts[named[name]] for name in signal.together.of])
            parts[number] = _combined(of, states, number, signal)
    if not parts:
        return pl.DataFrame(schema=EVIDENCE)
    ends = acts.filter(pl.col("ends_at").is_not_null()) if "ends_at" in acts.columns else acts.head(0)
    return pl.concat(
        [_ended(parts[number], ends).filter(reach.still_counts(number)) for number, _ in signals]
    )


def _looked_at(activities: pl.DataFrame | pl.LazyFrame, reach: Reach) -> pl.DataFrame:
    """The acts that some signal may have to look at, with the local `day` that they count from.

    All signals ask at once, in one pass; what is left for each to look through is small.
    """
    names = activities.lazy().collect_schema().names()
    counted = activities.lazy().filter(~pl.col("is_bot") & ~pl.col("kind").is_in(FOREIGN_TO_SCORES))
    if reach.model.only is not None:
        counted = counted.filter(expression(reach.model.only))
    # Of what was seen of a company before the person came, the age is not that of its counting.
    aged_from = pl.coalesce("aged_from", "occurred_at") if "aged_from" in names else pl.col("occurred_at")
    read = _read_by(reach.model)
    return (
        counted.filter(reach.of_any())
        .select(
            *(name for name in names if name in read),
            day_number(aged_from, reach.zone).alias("day"),
        )
        .collect()
    )


def _whole_visits(acts: pl.DataFrame, model: Model) -> pl.DataFrame:
    has_visits = any(signal.visit is not None for signal in model.engagement.signals)
    return visits(acts) if has_visits else pl.DataFrame(schema=VISITS)


def _ended(found: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """The evidence, of which what ends by itself is superseded at that instant at the latest."""
    if ends.is_empty():
        return found
    act = ["person_key", "activity_key"]
    dated = found.join(ends.select(*act, "ends_at"), on=act, how="left", maintain_order="left")
    return dated.with_columns(pl.min_horizontal("superseded_at", "ends_at").alias("superseded_at")).drop(
        "ends_at"
    )


def _read_by(model: Model) -> set[str]:
    """The columns of activities that the model's signals look at."""
    signals = model.engagement.signals
    read = {"person_key", "activity_key", "occurred_at", "learned_at", "ends_at"}
    read |= {name for signal in signals if signal.when for name in expression(signal.when).meta.root_names()}
    if any(signal.once == "asset" for signal in signals):
        read |= {"asset_name", "url", "native_kind"}
    if any(signal.visit for signal in signals):
        read |= {"kind", "url", "tags"}
    return read


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
    else:
        assert signal.when is not None
        rows = activities.filter(expression(signal.when)).with_columns(_once_key(signal).alias("once_key"))
    rows = _of_people(rows, states, signal)
    if signal.visit is not None and signal.count is not None:
        # A visit is counted from its first page on that meets the conditions.
        rows = rows.sort("occurred_at", "activity_key").unique(["person_key", "visit"], keep="first")
        rows = rows.with_columns(pl.lit(None, UTC).alias("superseded_at"))
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
    rows = _of_people(
        complete.unique(["person_key", "activity_key"]).sort("occurred_at", "activity_key"), states, signal
    )
    superseded = pl.lit(None, UTC)
    if signal.once == "day":
        superseded = pl.col("occurred_at").shift(-1).over("person_key", "day")
    return _shaped(rows.lazy(), number, superseded).collect()


def _of_people(rows: pl.DataFrame, states: pl.DataFrame, signal: Signal) -> pl.DataFrame:
    """Only acts of people of whom `person` held at that instant."""
    if signal.person is None:
        return rows
    read = expression(signal.person).meta.root_names()
    names = {f"person {name}": name for name in dict.fromkeys(read)}
    known = states.select(
        "person_key", pl.col("at").alias("state_at"), *(pl.col(n).alias(p) for p, n in names.items())
    )
    then = rows.sort("occurred_at").join_asof(
        known, left_on="occurred_at", right_on="state_at", by="person_key", check_sortedness=False
    )
    defaults = [name for name in names.values() if name in FALSE_BY_DEFAULT]
    holds = (
        then.select(pl.col(place).alias(name) for place, name in names.items())
        .with_columns(pl.col(defaults).fill_null(False))
        .select(expression(signal.person).alias("holds"))["holds"]
    )
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
