"""Does a card still foresee what happens? Predicted against seen rates, window by window, in order of time."""

from dataclasses import dataclass

import numpy as np

from engine.learning.floats import Floats

WINDOW = 400
LEAST_WINDOW = 60
STEPS = 4  # windows overlap: each begins a quarter of a window after the one before
ALARM = 3.9  # standard errors; windows are many, and one in a thousand must not wake anybody
TELLING = 0.05  # a difference of rates smaller than this changes no decision


@dataclass(frozen=True)
class Window:
    """Rows from `start` up to `end` in order of time; rates are shares; `errors` are standard errors apart."""

    start: int
    end: int
    predicted: float
    seen: float
    errors: float

    @property
    def alarms(self) -> bool:
        return abs(self.errors) >= ALARM and abs(self.seen - self.predicted) >= TELLING


def windows(probability: Floats, outcome: Floats, size: int = WINDOW) -> list[Window]:
    """All windows; fewer rows than one window make one of all rows, and fewer than 60 none: they prove nothing."""
    rows = len(outcome)
    size = min(max(size, LEAST_WINDOW), rows)
    if rows < LEAST_WINDOW:
        return []
    starts = sorted({*range(0, rows - size + 1, max(size // STEPS, 1)), rows - size})
    found = []
    for start in starts:
        p, y = probability[start : start + size], outcome[start : start + size]
        spread = np.sqrt(max(float((p * (1 - p)).sum()), 1e-9))
        apart = float((y.sum() - p.sum()) / spread)
        found.append(Window(start, start + size, float(p.mean()), float(y.mean()), apart))
    return found
