"""Randomness by name: each thing draws from a generator of its own.

A generator that all share would make every draw depend on the order of all earlier ones, so that living a day in
288 steps would differ from living it in one, and a change in one module would change every other. Here the draws
of, say, the rep's verdict on one lead depend on the seed and on that lead only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def dice(seed: int, *names: object) -> Random:
    """The generator of one named thing; equal names give equal draws."""
    return Random(":".join(str(part) for part in (seed, *names)))


class Weighted(Generic[T]):
    """Draws items in proportion to their weights; the sums are made once."""

    def __init__(self, weights: Sequence[tuple[T, float]]) -> None:
        self.items = [item for item, _ in weights]
        self._sums = list(accumulate(weight for _, weight in weights))

    def draw(self, rng: Random) -> T:
        return rng.choices(self.items, cum_weights=self._sums)[0]


def count(rng: Random, mean: float) -> int:
    """A whole number around a mean that may be below one: 0.3 gives 1 in three of ten draws, 7.3 gives 4 to 10.

    Spread is that of a Poisson draw for small means and its normal approximation for large ones.
    """
    if mean <= 0:
        return 0
    if mean > 40:
        return max(0, round(rng.gauss(mean, mean**0.5)))
    limit, product, drawn = 2.718281828459045**-mean, rng.random(), 0
    while product > limit:
        product *= rng.random()
        drawn += 1
    return drawn
