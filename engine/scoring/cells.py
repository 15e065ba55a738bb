"""What a cell says: missing or not, a number or a word. The same reading when a card is learned and when it scores.

Tables from forms are full of words that mean "nothing chosen" ("Select"); read as values they become attributes of
their own and hide how much is really known.
"""

from collections.abc import Sequence

import polars as pl

MISSING_WORDS = (
    "", "-", "--", "--none--", "?", "choose", "choose one", "n/a", "na", "nan", "none", "not provided",
    "not specified", "null", "please choose", "please select", "select", "select one", "undefined", "unknown",
)  # fmt: skip
"""Lower case, without surrounding space."""


def bare(text: pl.Expr) -> pl.Expr:
    """Lower case, without surrounding space: how words are compared."""
    return text.str.strip_chars().str.to_lowercase()


def words(column: pl.Expr, missing: Sequence[str] = MISSING_WORDS) -> pl.Expr:
    """Cells as bare words; null where missing."""
    text = bare(column.cast(pl.String))
    return pl.when(~text.is_in([word.strip().lower() for word in missing])).then(text)


def numbers(
    column: pl.Expr, missing: Sequence[str] = MISSING_WORDS, dtype: pl.DataType | None = None
) -> pl.Expr:
    """Cells as finite numbers; null where missing or not a number. Thousands may be set off by commas.

    `dtype`: the column's, where it is known. Numbers are then not written out and read again, which for a million
    rows takes most of the time; the answer is the same.
    """
    if dtype is not None and dtype.is_numeric() and not any(map(_reads_as_number, missing)):
        number = column.cast(pl.Float64)
    else:
        text = words(column, missing).str.replace_all(r"(\d),(\d{3})", "${1}${2}")
        number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _reads_as_number(word: str) -> bool:
    """Whether a missing-word could be a number written out ("0"): then only its text tells."""
    try:
        float(word)
    except ValueError:
        return False
    return True
