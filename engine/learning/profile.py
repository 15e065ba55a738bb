"""The ideal client profile: what is over-represented among won customers, held against everybody who is known.

Companies are counted, not people: a company has one vote, shared among its people, or a large buying committee would
look like ten customers. A better customer's vote weighs more. Shares are of those whose value is known on either side,
because what is known of customers is more than what is known of others.

    lift = share of the customers / share of the base

The interval of a lift runs from the low end of the one share over the high end of the other to the reverse (Wilson,
95 % each), which is wider than need be. Many values are looked at, and one in twenty would stand out by chance: called
clear, and proposed, is only what stays clear of 1 when the intervals are widened to hold all at once (Bonferroni).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import NormalDist
from typing import Literal

import numpy as np
import polars as pl

from engine.learning.floats import Floats
from engine.learning.metrics import Z, wilson

FEWEST = 30
"""Won companies below which nothing is said."""
FEW = 5
"""Companies, seen or to be expected, below which a value is not looked at by itself."""
GROUPS = 6  # intervals of a number, with about the same share of the base each
MOST_POINTS = 25
DOUBLING = 10  # points for twice as many as in the base


class TooFewWon(Exception):
    """Not enough won customers to say what they have in common."""


@dataclass(frozen=True)
class Share:
    """Of weighted companies. `size`: as how many equal ones they count (Kish); `companies`: how many have it."""

    share: float
    size: float
    companies: int

    def interval(self, z: float) -> tuple[float, float]:
        return wilson(self.share * self.size, self.size, z)


@dataclass(frozen=True)
class Cell:
    """One value of one attribute, among the won and among all. `condition` is SQL for a fit rule.

    `looks`: how many values were looked at beside this one, itself included.
    """

    attribute: str
    value: str
    condition: str
    won: Share
    base: Share
    looks: int = 1

    @property
    def lift(self) -> float:
        return self.won.share / self.base.share

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, of this cell by itself."""
        return self._interval(Z)

    @property
    def verdict(self) -> Literal["more", "fewer", ""]:
        """Whether it is clear that there are more or fewer among the won, with all the looks that were taken."""
        low, high = self._interval(NormalDist().inv_cdf(1 - 0.025 / self.looks))
        if low > 1 and self.won.companies >= FEW:
            return "more"
        return "fewer" if high < 1 else ""

    @property
    def points(self) -> int:
        """What is proposed for a fit rule; 0: nothing."""
        return min(round(DOUBLING * math.log2(self.lift)), MOST_POINTS) if self.verdict == "more" else 0

    def _interval(self, z: float) -> tuple[float, float]:
        (won_low, won_high), (base_low, base_high) = self.won.interval(z), self.base.interval(z)
        return won_low / base_high, won_high / base_low


@dataclass(frozen=True)
class Profile:
    """`known`: attribute → share of won companies, and of all, about which it is known."""

    companies: int
    base: int
    weighted: bool
    known: dict[str, tuple[float, float]]
    cells: list[Cell]

    @property
    def proposed(self) -> list[Cell]:
        """Cells with points. A region says again what its countries say: it is left out where they say it."""
        given = [cell for cell in self.cells if cell.points]
        by_country = any(cell.attribute == "country" for cell in given)
        return [cell for cell in given if not (by_country and cell.attribute == "region")]


def profile(won: pl.DataFrame, base: pl.DataFrame, attributes: Sequence[str]) -> Profile:
    """What the companies of `won` have more of than those of `base`, strongest first; raises `TooFewWon`.

    Both frames: one row per person, with `company` (a key), `weight` of the company, and the attributes. Attributes of
    `won` are those from before the win; nothing that a win changes may be among them.
    """
    companies = won["company"].n_unique()
    if companies < FEWEST:
        raise TooFewWon(
            f"{companies} companies were won; at least {FEWEST} are needed to say what they have in common. "
            "Nothing is proposed, the present fit rules stay."
        )
    known = {name: (_coverage(won, name), _coverage(base, name)) for name in attributes}
    found = [cell for name in attributes for cell in _cells(won, base, name)]
    cells = [replace(cell, looks=len(found)) for cell in found]
    cells.sort(key=lambda cell: (-cell.points, -cell.interval[0], cell.attribute, cell.value))
    return Profile(companies, base["company"].n_unique(), won["weight"].n_unique() > 1, known, cells)


def _coverage(frame: pl.DataFrame, name: str) -> float:
    by_company = frame.group_by("company").agg(pl.col(name).is_not_null().any().alias("known"))
    return float(by_company["known"].cast(pl.Float64).sum()) / max(len(by_company), 1)


def _cells(won: pl.DataFrame, base: pl.DataFrame, name: str) -> list[Cell]:
    values = _values(base, name)
    if len(values) < 2:
        return []
    found = []
    for value, condition, holds in values:
        one, other = _share(won, name, holds), _share(base, name, holds)
        if other.companies and max(one.companies, other.share * one.size) >= FEW:
            found.append(Cell(name, value, condition, one, other))
    return found


def _share(frame: pl.DataFrame, name: str, holds: pl.Expr) -> Share:
    by_company = (
        frame.filter(pl.col(name).is_not_null())
        .group_by("company")
        .agg(pl.col("weight").first(), holds.cast(pl.Float64).mean().alias("share"))
        .sort("company")
    )
    weight, share = by_company["weight"].to_numpy(), by_company["share"].to_numpy()
    total = float(weight.sum())
    if not total:
        return Share(0.0, 0.0, 0)
    size = total**2 / float((weight**2).sum())
    return Share(float((weight * share).sum()) / total, size, int((share > 0).sum()))


def _values(base: pl.DataFrame, name: str) -> list[tuple[str, str, pl.Expr]]:
    """Each value or interval of the attribute: how it reads, its condition, and the same as an expression."""
    column, dtype = pl.col(name), base.schema[name]
    if dtype == pl.Boolean:
        return [("yes", name, column), ("no", f"NOT {name}", ~column)]
    if dtype.is_numeric():
        return _intervals(base[name], name)
    bare = column.str.to_lowercase()
    spelled = (
        base.select(text=column, bare=bare)
        .drop_nulls()
        .filter(pl.col("text").str.strip_chars() != "")
        .group_by("bare", "text")
        .len()
        .sort("len", "text", descending=[True, False])
        .group_by("bare", maintain_order=True)
        .agg(pl.col("text").first(), pl.len().alias("spellings"))
        .sort("bare")
    )
    return [
        (text, f"{name} = {_quoted(text)}" if n == 1 else f"lower({name}) = {_quoted(word)}", bare == word)
        for word, text, n in spelled.iter_rows()
    ]


def _intervals(values: pl.Series, name: str) -> list[tuple[str, str, pl.Expr]]:
    known = np.unique(values.drop_nulls().to_numpy())
    filled = values.drop_nulls().to_numpy()
    if len(known) < 2:
        return []
    steps = np.linspace(0, 1, GROUPS + 1)[1:-1]
    edges = sorted(
        {_short(known, edge) for edge in np.quantile(filled, steps, method="higher") if edge > known[0]}
    )
    ends: list[float | None] = [None, *edges, None]
    found, column = [], pl.col(name)
    for low, high in pairwise(ends):
        texts = [f"{name} >= {low:.12g}"] if low is not None else []
        texts += [f"{name} < {high:.12g}"] if high is not None else []
        holds = (column >= low) if low is not None else pl.lit(True)
        holds = holds & (column < high) if high is not None else holds
        reads = " ".join(
            part
            for part in (
                f"from {low:,.12g}" if low is not None else "",
                f"below {high:,.12g}" if high is not None else "",
            )
            if part
        )
        found.append((reads, " AND ".join(texts), holds))
    return found


def _short(known: Floats, edge: float) -> float:
    """The shortest number that parts the values as `edge` does."""
    before = known[int(np.searchsorted(known, edge)) - 1]
    for digits in range(-9, 7):
        short = float(round(float(edge), digits))
        if before < short <= edge:
            return short
    return float(edge)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
