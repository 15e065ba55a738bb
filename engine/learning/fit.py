"""The fit: bins → weight of evidence → regularised logistic regression → integer points and their calibration."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from engine.learning.binning import Binning, Codes, bin_column
from engine.learning.floats import Floats
from engine.learning.metrics import auc
from engine.learning.table import Table
from engine.learning.woe import information, weights

BASE = 50
"""The score of a row about which nothing is known: the average chance."""
DOUBLINGS = (10, 8, 7, 6, 5, 4, 3)
"""Points that double the odds: the first; or, for a card that a sync shall use, the first with which scores stay
within 0–100, where the sync cuts them off."""
CUT_OFF = 0.005  # share of the learned rows that may lie outside
FACTOR = float(DOUBLINGS[0] / np.log(2))
LEAST = 0.02  # information value below which a column says next to nothing
FEW = 100  # outcomes of the rarer kind
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Inverse regularisation to choose from, by how well the last third of the learned rows is foreseen."""


@dataclass(frozen=True)
class Fitted:
    """Integer points per column and bin code; scores and probabilities of tables with the same columns."""

    bins: list[Binning]
    points: list[npt.NDArray[np.int64]]
    all_bins: list[Binning]
    evidence: list[Floats]  # weights of all bins, for the naive-Bayes baseline
    prior: float  # logit of the common rate
    doubling: int
    intercept: float
    slope: float
    calibrated_from: int = 0  # first row that intercept and slope were told from

    def scores(self, table: Table) -> Floats:
        """Base and points, added up."""
        total = np.full(len(table.outcome), BASE, dtype=np.int64)
        for codes, points in zip(_codes(table, self.bins), self.points, strict=True):
            total += points[codes]
        return total.astype(float)

    def probabilities(self, table: Table) -> Floats:
        return sigmoid(self.intercept + self.slope * self.scores(table))

    def naive_bayes(self, table: Table) -> Floats:
        """What the same bins say when each is believed in full, as if columns knew nothing of each other."""
        pairs = zip(_codes(table, self.all_bins), self.evidence, strict=True)
        return sigmoid(self.prior + sum((woe[codes] for codes, woe in pairs), np.zeros(len(table.outcome))))


def fit(table: Table, left_out: set[str], *, in_bounds: bool = False) -> Fitted:
    """Points from all rows of the table, `in_bounds` of 0–100 for nearly all of them.

    One thread, no randomness: the same rows give the same points.
    """
    with threadpool_limits(limits=1):
        cut = table.split(1 / 3)
        early, late = table.rows(0, cut), table.rows(cut, len(table.outcome))
        if min(early.outcomes, late.outcomes) < FEW:
            return _fit(table, left_out, 1.0, in_bounds)
        tried = [_fit(early, left_out, strength, in_bounds) for strength in STRENGTHS]
        best = max(range(len(tried)), key=lambda n: auc(late.outcome, tried[n].scores(late)))
        return _calibrated(_fit(table, left_out, STRENGTHS[best], in_bounds), tried[best], late, cut)


def _calibrated(fitted: Fitted, before: Fitted, late: Table, cut: int) -> Fitted:
    """The fit with the steepness that `before`, which never saw the late rows, shows on them, and their level.

    The rows that taught the points can't tell how sure they are; and the youngest rows know today's level.
    """
    _, steepness = calibrate(before.scores(late), late.outcome)
    slope = round(steepness * before.doubling / fitted.doubling, 6)
    level = level_that_fits(slope * (fitted.scores(late) - BASE), float(late.outcome.mean()))
    return replace(fitted, intercept=round(level - BASE * slope, 6), slope=slope, calibrated_from=cut)


def _fit(table: Table, left_out: set[str], strength: float, in_bounds: bool) -> Fitted:
    outcome = table.outcome
    bins = [bin_column(column, outcome) for column in table.columns if column.name not in left_out]
    coded = _codes(table, bins)
    woes = [weights(codes, outcome, b.size) for codes, b in zip(coded, bins, strict=True)]
    said = [information(codes, outcome, b.size) for codes, b in zip(coded, bins, strict=True)]
    factors = _factors(
        coded, woes, [i for i, amount in enumerate(said) if amount >= LEAST], outcome, strength
    )
    doubling, points = _points([f * woe for f, woe in zip(factors, woes, strict=True)], coded, in_bounds)
    kept = [i for i, given in enumerate(points) if given[coded[i]].any()]
    rate = outcome.mean()
    uncalibrated = Fitted(
        bins=[bins[i] for i in kept],
        points=[points[i] for i in kept],
        evidence=woes,
        all_bins=bins,
        prior=float(np.log(rate / (1 - rate))),
        doubling=doubling,
        intercept=0.0,
        slope=0.0,
    )
    intercept, slope = calibrate(uncalibrated.scores(table), outcome, float(np.log(2) / doubling))
    return replace(uncalibrated, intercept=intercept, slope=slope)


def _points(
    logits: list[Floats], coded: list[Codes], in_bounds: bool
) -> tuple[int, list[npt.NDArray[np.int64]]]:
    """Whole points for each bin's logits, and how many double the odds.

    A finer scale keeps more of what the fit found: it is left only where the bounds ask for it.
    """
    for doubling in DOUBLINGS:
        points = [np.rint(doubling / np.log(2) * logit).astype(np.int64) for logit in logits]
        if not in_bounds or not coded:
            break
        total = BASE + np.sum([given[codes] for codes, given in zip(coded, points, strict=True)], axis=0)
        if np.mean((total < 0) | (total > 100)) <= CUT_OFF:
            break
    return doubling, points


def _factors(
    coded: list[Codes], woes: list[Floats], chosen: list[int], outcome: Floats, strength: float
) -> Floats:
    """How far each column's weights count when the others speak too; 0 for those left out."""
    factors = np.zeros(len(coded))
    while chosen:
        matrix = np.column_stack([woes[i][coded[i]] for i in chosen])
        model = LogisticRegression(C=strength, max_iter=1000, tol=1e-8).fit(matrix, outcome)
        against = {i for i, factor in zip(chosen, model.coef_[0], strict=True) if factor <= 0}
        if not against:
            factors[chosen] = model.coef_[0]
            break
        # A column whose points would say the opposite of its own rates only corrects others: nobody could read it.
        chosen = [i for i in chosen if i not in against]
    return factors


def calibrate(score: Floats, outcome: Floats, known: float = 1 / FACTOR) -> tuple[float, float]:
    """Intercept and slope of the logit of a score, by logistic regression on it alone (Platt 1999).

    Below `FEW` of the rarer kind only the intercept moves: so few rows tell a new level, not a new steepness,
    which stays the `known` one (per point).
    Both are rounded to what stands in the file, so that the file gives the same probabilities.
    """
    logit = (score - BASE) / FACTOR
    rarer = min(outcome.sum(), len(outcome) - outcome.sum())
    slope = known * FACTOR
    if rarer >= FEW and np.ptp(score):
        with threadpool_limits(limits=1):
            model = LogisticRegression(C=1e4, max_iter=1000, tol=1e-10).fit(logit.reshape(-1, 1), outcome)
        slope = max(float(model.coef_[0, 0]), 0.0)
    level = level_that_fits(slope * logit, float(outcome.mean()))
    per_point = round(slope / FACTOR, 6)
    return round(level - BASE * slope / FACTOR, 6), per_point


def level_that_fits(logit: Floats, rate: float) -> float:
    """The intercept at which the mean probability is the seen rate, by halving."""
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(logit + middle).mean() < rate else (low, middle)
    return (low + high) / 2


def sigmoid(logit: Floats) -> Floats:
    """Chance of a logit, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(np.asarray(logit, dtype=float) / 2)))


def _codes(table: Table, bins: list[Binning]) -> list[Codes]:
    columns = {column.name: column.values for column in table.columns}
    return [binning.codes(columns[binning.column]) for binning in bins]
