"""Bins: few, readable, each with enough rows to mean something, "missing" always one of its own.

Numbers: quantiles, then neighbours are merged until the rate rises or falls steadily from bin to bin. The smallest
value gets a bin outside that order when many rows share it: "0 visits" often means "not seen", not "seen little".
Words: each value with enough rows stands alone, the rest is `other`.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.learning.floats import Floats
from engine.learning.table import Column

Codes = npt.NDArray[np.int64]

FINE = 24  # quantiles before merging
MOST = 7  # intervals after merging, the one of the smallest value included
FEWEST_ROWS = 10
SMALLEST_SHARE = 0.005  # of words
SMALLEST_INTERVAL = 0.04
SPIKE = 0.05  # share of rows at the smallest value that makes it a bin of its own
MOST_WORDS = 40


@dataclass(frozen=True)
class Binning:
    """How a column's values fall into bins. Codes: 0 = missing, 1 = other (words only), 2… = bins in order."""

    column: str
    kind: str
    edges: list[float] = field(default_factory=list)  # numbers: bin i holds edges[i-1] ≤ x < edges[i]
    words: list[str] = field(default_factory=list)  # words: one bin each

    @property
    def size(self) -> int:
        return 2 + (len(self.edges) + 1 if self.kind == "number" else len(self.words))

    def codes(self, values: pl.Series) -> Codes:
        """The bin of each value."""
        if self.kind == "number":
            numbers = values.to_numpy()
            bins = np.searchsorted(np.array(self.edges), np.nan_to_num(numbers), side="right") + 2
            return np.where(values.is_null().to_numpy(), 0, bins).astype(np.int64)
        known = {word: index + 2 for index, word in enumerate(self.words)}
        return np.array([0 if v is None else known.get(v, 1) for v in values.to_list()], dtype=np.int64)


def bin_column(column: Column, outcome: Floats) -> Binning:
    """Bins of a column, learned from rows with a known outcome."""
    if column.kind == "word":
        return Binning(column.name, "word", words=_common(column.values))
    filled = column.values.is_not_null().to_numpy()
    numbers, known = column.values.to_numpy()[filled], outcome[filled]
    return Binning(column.name, "number", edges=_edges(numbers, known, len(outcome)))


def _common(values: pl.Series) -> list[str]:
    least = max(FEWEST_ROWS, SMALLEST_SHARE * len(values))
    counts = Counter(values.drop_nulls().to_list())
    often = sorted(
        ((n, word) for word, n in counts.items() if n >= least), key=lambda pair: (-pair[0], pair[1])
    )
    return [word for _, word in often[:MOST_WORDS]]


def _edges(numbers: Floats, outcome: Floats, rows: int) -> list[float]:
    if len(numbers) < 2 * FEWEST_ROWS:
        return []
    distinct = np.unique(numbers)
    fine = np.unique(np.quantile(numbers, np.linspace(0, 1, FINE + 1)[1:-1], method="higher"))
    spike = (numbers == distinct[0]).mean() >= SPIKE and len(distinct) > 2
    first = [_between(distinct, distinct[1])] if spike else []
    candidates = [_between(distinct, edge) for edge in fine if edge > distinct[0]]
    rest = sorted({edge for edge in candidates if not first or edge > first[0]})
    above = numbers >= first[0] if first else np.ones(len(numbers), dtype=bool)
    merged = _merged(numbers[above], outcome[above], rest, rows, MOST - len(first))
    return first + merged


def _between(distinct: Floats, edge: float) -> float:
    """A short number between the value before `edge` and `edge` itself, so that a person can read the limit."""
    index = int(np.searchsorted(distinct, edge))
    before = distinct[index - 1]
    for digits in range(-6, 7):
        short = float(round(edge, digits))
        if before < short <= edge:
            return short
    return float(edge)


def _merged(numbers: Floats, outcome: Floats, edges: list[float], rows: int, most: int) -> list[float]:
    """Edges left when neighbours are merged until rates are monotone, bins are large enough and differ clearly."""
    codes = np.searchsorted(np.array(edges), numbers, side="right")
    size = np.bincount(codes, minlength=len(edges) + 1).astype(float)
    ones = np.bincount(codes, weights=outcome, minlength=len(edges) + 1)
    rising = np.corrcoef(codes, outcome)[0, 1] >= 0 if np.ptp(codes) and np.ptp(outcome) else True
    bins = [[n, k] for n, k in zip(size.tolist(), ones.tolist(), strict=True)]
    left = list(edges)
    least = max(FEWEST_ROWS, SMALLEST_INTERVAL * rows)
    while left:
        index = _next_merge(bins, rising, least, most)
        if index is None:
            break
        bins[index] = [bins[index][0] + bins[index + 1][0], bins[index][1] + bins[index + 1][1]]
        del bins[index + 1], left[index]
    return left


def _next_merge(bins: list[list[float]], rising: bool, least: float, most: int) -> int | None:
    """Which bin to join with its right neighbour next: order first, then size, then the least difference."""
    sign = 1 if rising else -1
    for index in range(len(bins) - 1):
        (n, k), (m, j) = bins[index], bins[index + 1]
        if not n or not m or sign * (j / m - k / n) < 0:
            return index
    gaps = [_difference(bins[i], bins[i + 1]) for i in range(len(bins) - 1)]
    small = [i for i, (n, _) in enumerate(bins) if n < least]
    if small:
        beside = [i for i in (small[0] - 1, small[0]) if 0 <= i < len(gaps)]
        return min(beside, key=lambda i: gaps[i])
    closest = min(range(len(gaps)), key=lambda i: gaps[i])
    return closest if gaps[closest] < 1.3 or len(bins) > most else None


def _difference(left: list[float], right: list[float]) -> float:
    """How many standard errors lie between two bins' rates, each with one row of the joint rate added."""
    (n, k), (m, j) = left, right
    rate = (k + j + 0.5) / (n + m + 1)
    return float(abs(k / n - j / m) / np.sqrt(rate * (1 - rate) * (1 / n + 1 / m)))
