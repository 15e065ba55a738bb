"""How good a prediction was, on rows that it never saw."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from engine.learning.floats import Floats

RESAMPLES = 400
SEED = 20_240_229


@dataclass(frozen=True)
class Measures:
    """On one set of rows. `lift` is the rate in the best tenth over the rate of all."""

    rows: int
    outcomes: int
    auc: float
    auc_interval: tuple[float, float]
    pr_auc: float
    brier: float
    calibration_error: float
    lift: float
    lift_interval: tuple[float, float]


def measure(outcome: Floats, probability: Floats) -> Measures:
    """All measures, with 95 % bootstrap intervals. Both kinds of outcome must be there."""
    aucs, lifts = [], []
    generator = np.random.default_rng(SEED)
    for _ in range(RESAMPLES):
        drawn = generator.integers(0, len(outcome), len(outcome))
        if 0 < outcome[drawn].sum() < len(drawn):
            aucs.append(auc(outcome[drawn], probability[drawn]))
            lifts.append(lift(outcome[drawn], probability[drawn]))
    return Measures(
        rows=len(outcome),
        outcomes=int(outcome.sum()),
        auc=auc(outcome, probability),
        auc_interval=_middle(aucs),
        pr_auc=float(average_precision_score(outcome, probability)),
        brier=float(brier_score_loss(outcome, probability)),
        calibration_error=calibration_error(outcome, probability),
        lift=lift(outcome, probability),
        lift_interval=_middle(lifts),
    )


def auc(outcome: Floats, score: Floats) -> float:
    """Chance that a random row with the outcome scores above a random one without."""
    return float(roc_auc_score(outcome, score))


def auc_floor(outcome: Floats, score: Floats) -> float:
    """Lower end of the 95 % interval of the AUC (Hanley and McNeil 1982): few rows prove little."""
    area = auc(outcome, score)
    ones = outcome.sum()
    zeros = len(outcome) - ones
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (ones - 1) * (q1 - area**2) + (zeros - 1) * (q2 - area**2)
    return float(area - 1.96 * np.sqrt(max(spread, 0) / (ones * zeros)))


def calibration_error(outcome: Floats, probability: Floats, groups: int = 10) -> float:
    """Mean distance between predicted and seen rate over ten groups of like probability (ECE)."""
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(groups, len(order)))
    return float(sum(len(p) * abs(probability[p].mean() - outcome[p].mean()) for p in parts) / len(order))


def lift(outcome: Floats, score: Floats, share: float = 0.1) -> float:
    """Rate in the best tenth over the rate of all; rows tied at the limit count in part, so that order is no luck."""
    wanted = max(1.0, share * len(score))
    limit = np.sort(score)[::-1][int(np.ceil(wanted)) - 1]
    above, tied = score > limit, score == limit
    found = outcome[above].sum() + outcome[tied].mean() * (wanted - above.sum())
    return float(found / wanted / outcome.mean())


Z = 1.96  # standard errors of a 95 % interval


def wilson(ones: float, rows: float, z: float = Z) -> tuple[float, float]:
    """Interval of a rate, 95 % unless told otherwise."""
    if not rows:
        return 0.0, 1.0
    rate = ones / rows
    middle = (rate + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * np.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return float(middle - half), float(middle + half)


def _middle(values: list[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
