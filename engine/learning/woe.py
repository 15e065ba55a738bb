"""Weight of evidence: how much a bin's rate says, in logits against the whole, shrunk where rows are few.

woe(bin) = ln( odds in the bin / odds of all ), with `PRIOR` rows of the common rate added to each bin. A bin without
rows therefore weighs exactly nothing, and one of five rows little.
"""

import numpy as np

from engine.learning.binning import Codes
from engine.learning.floats import Floats

PRIOR = 4.0


def weights(codes: Codes, outcome: Floats, size: int) -> Floats:
    """The weight of each bin, in logits."""
    rate = np.clip(outcome.mean(), 1e-6, 1 - 1e-6)
    rows = np.bincount(codes, minlength=size).astype(float)
    ones = np.bincount(codes, weights=outcome, minlength=size)
    shrunk = (ones + PRIOR * rate) / (rows + PRIOR)
    return np.asarray(np.log(shrunk / (1 - shrunk)) - np.log(rate / (1 - rate)))


def information(codes: Codes, outcome: Floats, size: int) -> float:
    """Information value: how far the bins part the two outcomes; below 0.02 a column says next to nothing."""
    ones = np.bincount(codes, weights=outcome, minlength=size)
    zeros = np.bincount(codes, weights=1 - outcome, minlength=size)
    woe = weights(codes, outcome, size)
    return float(((ones / max(ones.sum(), 1) - zeros / max(zeros.sum(), 1)) * woe).sum())
