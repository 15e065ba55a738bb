"""A table made ready to learn from: outcome known, in order of time, one typed column per attribute."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from engine.learning.floats import Floats
from engine.learning.values import is_numeric, moments
from engine.scoring.cells import numbers, words

YES = ("1", "1.0", "yes", "y", "true", "t", "won", "accepted", "converted", "closed won", "working")
NO = ("0", "0.0", "no", "n", "false", "f", "lost", "rejected", "not converted", "closed lost", "recycled")


IDENTIFIER = re.compile(r"(^|[\W_])(id|key|no|nr)$|number$", re.IGNORECASE)


class Unusable(Exception):
    """The table can't be learned from as it was asked for; the message says what to change."""


@dataclass(frozen=True)
class Column:
    """One attribute. `values` are numbers (Float64) or lower-case words (String), null where missing."""

    name: str
    kind: Literal["number", "word"]
    values: pl.Series


@dataclass(frozen=True)
class Table:
    """Rows in order of time. `outcome` holds 0 and 1; equal times are ties that a split never tears apart."""

    label: str
    time: str
    order: pl.Series
    outcome: Floats
    columns: list[Column]
    dates: dict[str, pl.Series]
    dropped: dict[str, str]  # column → why it is none that one can learn from
    undecided: int  # rows without an outcome, left aside
    spellings: dict[str, str]  # lower-case word → the commonest way it is written
    positive: list[str]
    raw: pl.DataFrame  # the rows as written, every cell a text

    @property
    def outcomes(self) -> int:
        """Rows of the rarer kind: what bounds how much can be learned."""
        ones = int(self.outcome.sum())
        return min(ones, len(self.outcome) - ones)

    def rows(self, start: int, end: int) -> "Table":
        """Rows from `start` up to `end`, in order of time."""
        return Table(
            self.label,
            self.time,
            self.order[start:end],
            self.outcome[start:end],
            [Column(c.name, c.kind, c.values[start:end]) for c in self.columns],
            {name: values[start:end] for name, values in self.dates.items()},
            self.dropped,
            self.undecided,
            self.spellings,
            self.positive,
            self.raw[start:end],
        )

    def split(self, later: float) -> int:
        """Index of the first later row: about the given share, moved back so that equal times stay together."""
        cut = min(max(int(len(self.order) * (1 - later)), 0), len(self.order) - 1)
        return int((self.order < self.order[cut]).sum())


def read_table(frame: pl.DataFrame, label: str, time: str, positive: list[str] | None = None) -> Table:
    """The frame as a table; raises `Unusable` for a label or time that can't be read."""
    for name, option in ((label, "--label"), (time, "--time")):
        if name not in frame.columns:
            raise Unusable(f"{option}: no column {name!r}; there are: {', '.join(frame.columns)}")
    outcome, meant = _outcome(frame[label], label, positive)
    moment = _order(frame[time], time)
    known = pl.Series("known", outcome).is_not_null() & moment.is_not_null()
    undecided = int((~known).sum())
    sortable = frame.select(pl.all().cast(pl.String)).with_columns(
        moment.alias("\0time"), outcome.alias("\0outcome")
    )
    # All columns order ties, so that the same rows in another order make the same table.
    ordered = sortable.filter(known).sort(["\0time", *frame.columns], nulls_last=True)
    columns, dates, dropped = [], {}, {}
    for name in frame.columns:
        if name in (label, time):
            continue
        if (as_dates := moments(ordered[name])) is not None:
            dates[name] = as_dates
            dropped[name] = "a date: only the leak guard reads it"
            continue
        column = _column(ordered[name], is_typed=frame.schema[name].is_float())
        if why := _useless(column):
            dropped[name] = why
        else:
            columns.append(column)
    return Table(
        label=label,
        time=time,
        order=ordered["\0time"],
        outcome=ordered["\0outcome"].cast(pl.Float64).to_numpy(),
        columns=columns,
        dates=dates,
        dropped=dropped,
        undecided=undecided,
        spellings=_spellings(ordered, [column.name for column in columns if column.kind == "word"]),
        positive=meant,
        raw=ordered.select(frame.columns),
    )


def _outcome(series: pl.Series, label: str, positive: list[str] | None) -> tuple[pl.Series, list[str]]:
    word = pl.DataFrame({"x": series}).select(words(pl.col("x"), ("", "null", "nan", "na", "n/a")))["x"]
    seen = sorted(word.drop_nulls().unique().to_list())
    yes = [value.strip().lower() for value in positive] if positive else [v for v in seen if v in YES]
    if absent := [value for value in yes if value not in seen]:
        raise Unusable(
            f"--positive: {label!r} never says {', '.join(absent)}; it says: {', '.join(seen[:12])}"
        )
    unclear = [] if positive else [value for value in seen if value not in YES and value not in NO]
    if unclear:
        shown = ", ".join(unclear[:8])
        raise Unusable(
            f"--label: {label!r} has values that are neither yes nor no ({shown}); name with --positive"
        )
    return word.is_in(yes).cast(pl.Int8).set(word.is_null(), None), yes


def _order(series: pl.Series, time: str) -> pl.Series:
    read = pl.DataFrame({"x": series}).select(numbers(pl.col("x")))["x"]
    filled = len(series) - series.null_count()
    if filled and read.count() >= 0.98 * filled:
        return read
    if (dated := moments(series)) is not None:
        return dated.dt.epoch("s").cast(pl.Float64)
    raise Unusable(
        f"--time: {time!r} holds neither numbers nor ISO dates (2026-03-31), so the rows have no order of time"
    )


def is_by(moment: str, limit: str) -> bool:
    """Whether a moment is not after another, both as a table writes them; False where they can't be compared."""
    try:
        first, last = _order(pl.Series([moment, limit]), "")
    except Unusable:
        return False
    return first is not None and last is not None and bool(first <= last)


def _column(series: pl.Series, *, is_typed: bool) -> Column:
    """One column of the table. One that came typed as fractions is of numbers, however few values it has: points of a
    signal stay so where few people have any."""
    read = numbers if is_typed or is_numeric(series) else words
    values = pl.DataFrame({"x": series}).select(read(pl.col("x")))["x"]
    return Column(series.name, "number" if read is numbers else "word", values)


def _useless(column: Column) -> str:
    filled, distinct = column.values.count(), column.values.drop_nulls().n_unique()
    if distinct == 0:
        return "empty"
    if distinct == 1 and filled == len(column.values):
        return "says the same on every row"
    if column.kind == "word" and distinct > 20 and distinct > 0.5 * filled:
        return "an identifier or free text: nearly every row says something else"
    if column.kind == "number" and distinct > 20 and distinct == filled == len(column.values):
        rises = np.corrcoef(np.arange(filled), column.values.rank().to_numpy())[0, 1]
        if abs(rises) > 0.98 or IDENTIFIER.search(column.name):
            return "an identifier: a number that never repeats"
    return ""


def _spellings(frame: pl.DataFrame, names: list[str]) -> dict[str, str]:
    """The commonest way each word is written; of equally common ones the first in the alphabet."""
    found: dict[str, str] = {}
    for name in names:
        counts = (
            frame.select(text=pl.col(name).str.strip_chars(), word=words(pl.col(name)))
            .drop_nulls()
            .group_by("word", "text")
            .len()
            .sort("len", "text", descending=[True, False])
            .unique("word", keep="first", maintain_order=True)
        )
        found.update((f"{name}\0{word}", text) for word, text in counts.select("word", "text").iter_rows())
    return found
