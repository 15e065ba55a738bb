"""The leak guard: columns that were filled after the verdict know it already, and are empty when it is wanted.

Each suspicion carries its numbers. Strong is not suspicious: time on site may part outcomes well, but it does so by
degrees. A leak does what no honest column can: it nearly decides the outcome by itself, is there only for one kind of
outcome, carries a time later than the verdict, is there on old rows only, overwrites what another column still
shows, or holds opinions about the lead instead of facts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.learning.binning import bin_column
from engine.learning.floats import Floats
from engine.learning.judgements import NAMED, judged_share
from engine.learning.metrics import auc, auc_floor, wilson
from engine.learning.table import Column, Table
from engine.learning.woe import weights

DECIDES = 0.87  # AUC floor of one column of words
DECIDES_BY_DEGREES = 0.95  # of one column of numbers: an honest one can be very strong
PRESENCE = 0.80
PURE = 0.95
PURE_OF_FEW = 0.88  # 30 rows and no exception
GONE = 0.5  # the young eighth is filled at most this much of the old eighth
JUDGED = 0.25
JUDGED_SAYS = 0.55  # AUC floor at which opinions matter


@dataclass(frozen=True)
class Suspicion:
    """A column that the guard flags, and why."""

    column: str
    evidence: list[str]


def suspicions(table: Table, verdict_times: pl.Series | None = None) -> list[Suspicion]:
    """Flagged columns in the order of the table, each with all the evidence found."""
    found = []
    # Of each column once: wide tables have a hundred thousand pairs.
    vocabularies = {c.name: set(c.values.drop_nulls().unique()) for c in table.columns if c.kind == "word"}
    for column in table.columns:
        evidence = [
            *_power(column, table.outcome),
            *_presence(column, table.outcome),
            *_gone(column),
            *_opinion(column, table.outcome),
            *_later(column.name, table, verdict_times),
            *[
                text
                for other in table.columns
                for text in _overwritten(column, other, vocabularies, table.outcome)
            ],
        ]
        if evidence:
            found.append(Suspicion(column.name, evidence))
    return found


def single_power(column: Column, outcome: Floats) -> tuple[float, float]:
    """AUC of one column alone and its floor: bins of every second row judge the others, so that chance adds none."""
    areas = []
    for half in (0, 1):
        learn, judge = np.arange(len(outcome)) % 2 == half, np.arange(len(outcome)) % 2 != half
        if not 0 < outcome[learn].sum() < learn.sum() or not 0 < outcome[judge].sum() < judge.sum():
            return 0.5, 0.0
        part = Column(column.name, column.kind, column.values.filter(pl.Series(learn)))
        binning = bin_column(part, outcome[learn])
        woe = weights(binning.codes(part.values), outcome[learn], binning.size)
        score = woe[binning.codes(column.values.filter(pl.Series(judge)))]
        areas.append((auc(outcome[judge], score), auc_floor(outcome[judge], score)))
    return float(np.mean([a for a, _ in areas])), float(np.mean([f for _, f in areas]))


def _power(column: Column, outcome: Floats) -> list[str]:
    area, floor = single_power(column, outcome)
    if floor >= (DECIDES if column.kind == "word" else DECIDES_BY_DEGREES):
        return [f"nearly decides the outcome alone: AUC {area:.3f} (at least {floor:.3f})"]
    return []


def _presence(column: Column, outcome: Floats) -> list[str]:
    there = column.values.is_not_null().to_numpy()
    n, ones, base = int(there.sum()), float(outcome[there].sum()), float(outcome.mean())
    if not 0 < n < len(outcome):
        return []
    area, floor = auc(outcome, there.astype(float)), auc_floor(outcome, there.astype(float))
    if area < 0.5:
        area, floor = 1 - area, auc_floor(outcome, 1.0 - there)
    low, high = wilson(ones, n)
    shown = f"filled on {n} rows with {100 * ones / n:.0f} % outcomes, against {100 * base:.0f} % of all"
    if floor >= PRESENCE:
        return [f"being filled is the outcome: {shown}, AUC {area:.3f} (at least {floor:.3f})"]
    without_exception = ones == n and low >= PURE_OF_FEW and base <= 0.6
    if (
        without_exception
        or (low >= PURE and base <= 0.8)
        or (n * base >= 30 and high <= min(1 - PURE, base / 10))
    ):
        return [f"filled for one kind of outcome only: {shown}"]
    return []


def _gone(column: Column) -> list[str]:
    size = len(column.values) // 8
    if size < 25:
        return []
    old, young = column.values[:size], column.values[-size:]
    before, after = old.count() / size, young.count() / size
    if (
        before >= 0.2
        and after <= GONE * before
        and wilson(after * size, size)[1] < wilson(before * size, size)[0]
    ):
        shown = f"{100 * before:.0f} % of the oldest eighth of rows, {100 * after:.0f} % of the youngest"
        return [f"filled with time, not there on young rows: {shown}"]
    return []


def _opinion(column: Column, outcome: Floats) -> list[str]:
    if column.kind != "word":
        return []
    share, example = judged_share(column.values)
    named = NAMED.search(column.name.lower())
    if share < JUDGED and not named:
        return []
    area, floor = single_power(column, outcome)
    if floor < JUDGED_SAYS:
        return []
    if share < JUDGED:
        return [
            f"named as a judgement of the lead, and it says much alone: AUC {area:.3f} (at least {floor:.3f})"
        ]
    return [
        f"holds judgements, not facts: {100 * share:.0f} % of its values, such as {example!r}; AUC {area:.3f}"
    ]


def _later(name: str, table: Table, verdict_times: pl.Series | None) -> list[str]:
    """Timing where it is known: a date column named after this one, compared with the verdict's."""
    if verdict_times is None:
        return []
    stem = re.escape(name.strip().lower())
    named = re.compile(
        rf"^{stem}[ _]?((last[ _])?(changed|set|filled|modified|updated)[ _]?)?(at|on|date|time)$"
    )
    for other, times in table.dates.items():
        if not named.match(other.strip().lower()):
            continue
        both = times.is_not_null() & verdict_times.is_not_null()
        known, later = int(both.sum()), int((times.filter(both) >= verdict_times.filter(both)).sum())
        if known >= 20 and later >= 0.2 * known:
            return [f"filled after the verdict: {other!r} is not before it on {later} of {known} rows"]
    return []


def _overwritten(
    column: Column, other: Column, vocabularies: Mapping[str, set[str]], outcome: Floats
) -> list[str]:
    """The same field read later: it repeats the other column, except where something has replaced it.

    `vocabularies`: what each column of words says, by its name.
    """
    if column.name == other.name or "number" in (column.kind, other.kind):
        return []
    vocabulary = vocabularies[other.name]
    if len(vocabulary & vocabularies[column.name]) < 4:
        return []
    pair = pl.DataFrame({"late": column.values, "early": other.values, "y": outcome}).drop_nulls()
    differ = pair.filter(pl.col("late") != pl.col("early"))
    new = differ.filter(~pl.col("late").is_in(list(vocabulary)))
    if pair.height < 100 or differ.height > 0.5 * pair.height or new.height < max(20, 0.05 * pair.height):
        return []
    if new.height < 0.6 * differ.height:
        return []
    word, times = new["late"].value_counts(name="n").sort("n", "late", descending=[True, False]).row(0)
    was, kept = (
        float(np.mean(new["y"].to_numpy())),
        pair.filter(pl.col("late") == pl.col("early"))["y"].to_numpy(),
    )
    low, high = wilson(was * new.height, new.height)
    rate = float(kept.mean()) if len(kept) else was
    if times < 0.6 * new.height or low <= rate <= high:
        return []
    text = (
        f"{other.name!r} read later: equal on {len(kept)} of {pair.height} rows, overwritten by {word!r} on {times}, "
        f"where {100 * was:.0f} % have the outcome instead of {100 * rate:.0f} %"
    )
    return [text]
