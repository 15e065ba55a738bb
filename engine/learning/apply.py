"""Scoring with a card, edited by hand or not: points by lookup, added up. No scikit-learn here."""

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.learning.floats import Floats
from engine.learning.values import numbers, words
from schemas.playbook.scorecard import Attribute, NumberAttribute, Scorecard

REASONS = 3
ADDED = ("score", "probability", "reasons")


class ColumnsMissing(Exception):
    """The table lacks columns that the card reads."""


def points(frame: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    """One Int64 column of points per attribute of the card, in the order of the frame's rows.

    The sum of a row's points and the card's base is its score, exactly. A column that the frame lacks is an error: a
    renamed column would otherwise silently count as missing on every row.
    """
    if absent := [a.column for a in card.attributes if a.column not in frame.columns]:
        raise ColumnsMissing(f"the scorecard reads columns that the table lacks: {', '.join(absent)}")
    return frame.select([_points(a, card.missing_words).alias(a.column) for a in card.attributes])


def scores(frame: pl.DataFrame, card: Scorecard) -> Floats:
    """Base and points of each row, added up: whole numbers, as floats for the arithmetic of chances."""
    return _totals(points(frame, card), card.base, frame.height).astype(float)


def scored(frame: pl.DataFrame, card: Scorecard, prefix: str = "") -> pl.DataFrame:
    """The frame with `score`, `probability` and `reasons`: what weighed most, strongest first, as text."""
    given = points(frame, card)
    total = _totals(given, card.base, frame.height)
    chance = [round(card.calibration.probability(score), 6) for score in total.tolist()]
    return frame.with_columns(
        pl.Series(f"{prefix}score", total, dtype=pl.Int64),
        pl.Series(f"{prefix}probability", chance, dtype=pl.Float64),
        pl.Series(f"{prefix}reasons", _reasons(frame, given), dtype=pl.String),
    )


def _totals(given: pl.DataFrame, base: int, rows: int) -> npt.NDArray[np.int64]:
    total = np.full(rows, base, dtype=np.int64)
    for column in given.iter_columns():
        total += column.to_numpy()
    return total


def _points(attribute: Attribute, missing_words: list[str]) -> pl.Expr:
    column = pl.col(attribute.column)
    missing = pl.lit(attribute.missing.points, pl.Int64)
    if isinstance(attribute, NumberAttribute):
        number = numbers(column, missing_words)
        edges = [bin.below for bin in attribute.bins[:-1]]
        result = pl.lit(attribute.bins[-1].points, pl.Int64)
        for edge, bin in reversed(list(zip(edges, attribute.bins, strict=False))):
            result = pl.when(number < edge).then(pl.lit(bin.points, pl.Int64)).otherwise(result)
        return pl.when(number.is_null()).then(missing).otherwise(result)
    word = words(column, missing_words)
    table = {text.strip().lower(): group.points for group in attribute.bins for text in group.words}
    other = pl.lit(attribute.other.points, pl.Int64)
    found = word.replace_strict(table, default=other, return_dtype=pl.Int64) if table else other
    return pl.when(word.is_null()).then(missing).otherwise(found)


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
