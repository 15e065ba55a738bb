"""Scoring with a card, edited by hand or not: points by lookup, added up. No scikit-learn here."""

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.learning.floats import Floats
from engine.scoring.card import HUNDREDTHS, PREFIX, card_columns, probability, unknown_columns
from schemas.playbook.scorecard import Scorecard

REASONS = 3
ADDED = ("score", "probability", "reasons")


class ColumnsMissing(Exception):
    """The table lacks columns that the card reads."""


def points(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """One Int64 column of points per attribute of the card, in the order of the frame's rows.

    The sum of a row's points and the card's base is its score, exactly. A column that the frame lacks is an error: a
    renamed column would otherwise silently count as missing on every row.
    """
    if absent := unknown_columns(card, frame.columns):
        raise ColumnsMissing(f"the scorecard reads columns that the table lacks: {', '.join(absent)}")
    given = frame.select(card_columns(card, frame.schema))
    return given.select((pl.all() // HUNDREDTHS).name.map(lambda name: name.removeprefix(PREFIX)))


def scores(frame: pl.DataFrame, card: Scorecard) -> Floats:
    """Base and points of each row, added up: whole numbers, as floats for the arithmetic of chances."""
    return _totals(points(frame, card), card.base, frame.height).astype(float)


def scored(frame: pl.DataFrame, card: Scorecard, prefix: str = "") -> pl.DataFrame:
    """The frame with `score`, `probability` and `reasons`: what weighed most, strongest first, as text."""
    given = points(frame, card)
    total = _totals(given, card.base, frame.height)
    chance = pl.DataFrame({"score": total * HUNDREDTHS}).select(probability(card, pl.col("score")).round(6))
    return frame.with_columns(
        pl.Series(f"{prefix}score", total, dtype=pl.Int64),
        chance.to_series().alias(f"{prefix}probability"),
        pl.Series(f"{prefix}reasons", _reasons(frame, given), dtype=pl.String),
    )


def _totals(given: pl.DataFrame, base: int, rows: int) -> npt.NDArray[np.int64]:
    total = np.full(rows, base, dtype=np.int64)
    for column in given.iter_columns():
        total += column.to_numpy()
    return total


def _reasons(frame: pl.DataFrame, given: pl.DataFrame) -> list[str]:
    """Per row the strongest contributions; of equal ones the card's order decides."""
    if not given.width:
        return [""] * frame.height
    matrix = given.to_numpy()
    order = np.argsort(-np.abs(matrix), axis=1, kind="stable")[:, :REASONS]
    texts = [frame[name].cast(pl.String).to_list() for name in given.columns]
    lines = []
    for row, best in enumerate(order.tolist()):
        parts = []
        for index in best:
            if amount := int(matrix[row, index]):
                value = (texts[index][row] or "").strip() or "missing"
                parts.append(f"{given.columns[index]} = {value} {amount:+d}")
        lines.append("; ".join(parts))
    return lines
