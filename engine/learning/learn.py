"""From a table to a judged card: guard, fit on the earlier rows, judge on the later, then fit on all."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.learning.binning import bin_column
from engine.learning.card import card
from engine.learning.fit import BASE, FACTOR, calibrate, fit, sigmoid
from engine.learning.floats import Floats
from engine.learning.leaks import Suspicion, suspicions
from engine.learning.metrics import Measures, measure
from engine.learning.table import Column, Table, Unusable, read_table
from engine.learning.values import is_numeric
from engine.learning.woe import weights
from engine.scoring.cells import numbers, words
from schemas.playbook.scorecard import Scorecard

FEWEST = 30
SHAKY = 100
LATER = 0.3


class TooFew(Exception):
    """Not enough outcomes to learn from; the present rules stay."""


@dataclass(frozen=True)
class Learned:
    """The card, the measures of each contender on the later rows, and what the guard found."""

    card: Scorecard
    measures: dict[str, Measures]
    flagged: list[Suspicion]
    kept: list[str]  # flagged, and read all the same because the caller said so
    earlier: int
    later: int
    undecided: int
    rarer: int

    @property
    def shaky(self) -> bool:
        """So few outcomes that the interval matters more than the number."""
        return self.rarer < SHAKY

    @property
    def is_no_better_than_chance(self) -> bool:
        """The later rows don't tell the card from a coin."""
        return self.measures["scorecard"].auc_interval[0] <= 0.5


def learn(
    frame: pl.DataFrame,
    label: str,
    time: str,
    *,
    positive: list[str] | None = None,
    keep: list[str] | None = None,
    leave_out: list[str] | None = None,
    rules: str | None = None,
    decided: str | None = None,
    later: float = LATER,
    in_bounds: bool = False,
) -> Learned:
    """Learns from the rows whose outcome is known; raises `Unusable` or `TooFew`.

    `in_bounds`: the card is meant for a sync, whose scores end at 0 and 100.

    The guard looks at the earlier rows only, as the fit does, so that the later ones judge both. The card that comes
    back is fitted on all rows with the columns chosen before: the youngest rows are the likest to those to come.
    """
    for option, names in (
        ("--keep", keep),
        ("--leave-out", leave_out),
        ("--rules", [rules]),
        ("--decided", [decided]),
    ):
        if absent := [name for name in names or [] if name and name not in frame.columns]:
            raise Unusable(f"{option}: no column {', '.join(absent)}; there are: {', '.join(frame.columns)}")
    aside = {*(leave_out or []), *([rules] if rules else []), *([decided] if decided else [])} - {label, time}
    table = read_table(frame, label, time, positive)
    if table.outcomes < FEWEST:
        ones = int(table.outcome.sum())
        raise TooFew(
            f"{ones} rows have the outcome and {len(table.outcome) - ones} do not; "
            f"at least {FEWEST} of each are needed. Nothing was learned, the present rules stay."
        )
    cut = table.split(later)
    early, late = table.rows(0, cut), table.rows(cut, len(table.outcome))
    if min(early.outcomes, late.outcomes) < 5:
        raise TooFew(
            f"in order of {time!r} one part has fewer than 5 of one kind of outcome "
            f"(earlier {early.outcomes}, later {late.outcomes}): nothing could be judged. The present rules stay."
        )
    flagged = [s for s in suspicions(early, early.dates.get(decided or "")) if s.column not in aside]
    kept = [s.column for s in flagged if s.column in (keep or [])]
    left = [s for s in flagged if s.column not in kept]
    out = {s.column for s in left} | aside
    judged = fit(early, out, in_bounds=in_bounds)
    measures = {
        "scorecard": measure(late.outcome, judged.probabilities(late)),
        "naive Bayes": measure(late.outcome, judged.naive_bayes(late)),
    }
    if rules:
        measures["present rules"] = measure(late.outcome, _chance_by_rules(early, late, rules))
    final = card(table, fit(table, out, in_bounds=in_bounds), left, measures["scorecard"], span(table))
    return Learned(
        card=final,
        measures=measures,
        flagged=flagged,
        kept=kept,
        earlier=cut,
        later=len(late.outcome),
        undecided=table.undecided,
        rarer=table.outcomes,
    )


def span(table: Table) -> tuple[str, str]:
    """First and last value of the time column, as the table writes them."""
    times = table.raw[table.time]
    return str(times[0]), str(times[-1])


def _chance_by_rules(early: Table, late: Table, rules: str) -> Floats:
    """The present score or grade, turned into a chance on the earlier rows; the order of the rows is its own."""

    if is_numeric(early.raw[rules]):
        known = early.raw.select(numbers(pl.col(rules))).to_series().drop_nulls().to_numpy()
        middle, spread = float(np.mean(known)), float(np.std(known)) or 1.0

        def level(table: Table) -> Floats:
            score = table.raw.select(numbers(pl.col(rules))).to_series().fill_null(middle).to_numpy()
            return np.asarray(BASE + FACTOR * (score - middle) / spread)

        intercept, slope = calibrate(level(early), early.outcome)
        # A score that went the wrong way gets no slope; its order is judged all the same.
        return sigmoid(intercept + max(slope, 1e-6) * level(late))
    grades = [
        Column(rules, "word", part.raw.select(words(pl.col(rules))).to_series()) for part in (early, late)
    ]
    binning = bin_column(grades[0], early.outcome)
    woe = weights(binning.codes(grades[0].values), early.outcome, binning.size)
    rate = float(early.outcome.mean())
    return sigmoid(np.log(rate / (1 - rate)) + woe[binning.codes(grades[1].values)])
