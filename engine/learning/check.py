"""A card in force against newer rows: does it still foresee, and what would set its probabilities right?"""

from dataclasses import dataclass

import polars as pl

from engine.learning.apply import scores
from engine.learning.drift import WINDOW, Window, windows
from engine.learning.fit import calibrate, sigmoid
from engine.learning.learn import FEWEST, TooFew, span
from engine.learning.metrics import auc
from engine.learning.table import is_by, read_table
from schemas.playbook.scorecard import Calibration, Scorecard

FEWEST_CHECKED = 60


@dataclass(frozen=True)
class Checked:
    """Windows in order of time, and the AUC on all rows (None where only one kind of outcome is there).

    `learned_auc`: the AUC with which the card was judged when it was learned, to compare. `not_newer`: there are rows
    from before the end of those that the card was calibrated on, of which it foresees nothing.
    """

    rows: int
    outcomes: int
    auc: float | None
    learned_auc: float | None
    not_newer: bool
    windows: list[Window]
    starts: list[str]  # the time of each window's first row, as the table writes it
    ends: list[str]

    @property
    def drifted(self) -> bool:
        return any(window.alarms for window in self.windows)


def check(frame: pl.DataFrame, card: Scorecard, size: int = WINDOW) -> Checked:
    """Predicted against seen rates of the rows whose outcome is known, in sliding windows of `size` rows."""
    table = read_table(frame, card.label, card.time, card.positive)
    if len(table.outcome) < FEWEST_CHECKED:
        raise TooFew(
            f"{len(table.outcome)} rows have an outcome; a check needs {FEWEST_CHECKED} to mean anything."
        )
    score = scores(table.raw, card)
    chance = sigmoid(card.calibration.intercept + card.calibration.slope * score)
    found = windows(chance, table.outcome, size)
    times = table.raw[card.time].to_list()
    return Checked(
        rows=len(table.outcome),
        outcomes=int(table.outcome.sum()),
        auc=auc(table.outcome, score) if table.outcomes else None,
        learned_auc=card.judged.auc if card.judged else None,
        not_newer=is_by(str(times[0]), card.calibration.until),
        windows=found,
        starts=[str(times[window.start]) for window in found],
        ends=[str(times[window.end - 1]) for window in found],
    )


def recalibrated(frame: pl.DataFrame, card: Scorecard) -> Calibration:
    """The calibration that fits these rows; no point changes. Below 100 of the rarer kind only the level moves."""
    table = read_table(frame, card.label, card.time, card.positive)
    if table.outcomes < FEWEST:
        raise TooFew(
            f"{table.outcomes} rows of the rarer outcome; a recalibration needs {FEWEST}. The scorecard is unchanged."
        )
    since, until = span(table)
    score = scores(table.raw, card)
    intercept, slope = calibrate(score, table.outcome, card.calibration.slope)
    return Calibration(
        intercept=intercept,
        slope=slope,
        rows=len(table.outcome),
        outcomes=int(table.outcome.sum()),
        since=since,
        until=until,
    )
