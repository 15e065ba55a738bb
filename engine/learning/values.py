"""What a whole column says: numbers, words or dates. What a single cell says is `engine.scoring.cells`' to tell."""

import polars as pl

from engine.scoring.cells import numbers, words

NUMBERS_FROM = 0.98
"""Share of filled cells that must read as numbers for a column to be one of numbers; the rest is missing."""


def is_numeric(series: pl.Series) -> bool:
    """A column of numbers with more than two values; yes/no flags written 0 and 1 are words."""
    read = pl.DataFrame({"x": series}).select(word=words(pl.col("x")), number=numbers(pl.col("x")))
    filled = read["word"].count()
    if not filled or read["number"].count() < NUMBERS_FROM * filled:
        return False
    return read["number"].drop_nulls().n_unique() > 2


def moments(series: pl.Series) -> pl.Series | None:
    """The column as UTC instants when it is one of dates, else None. ISO 8601, with or without a time."""
    text = pl.DataFrame({"x": series}).select(words(pl.col("x")).str.to_uppercase())["x"]
    filled = text.count()
    if not filled:
        return None
    plain = text.str.replace(r"(Z|[+-]00:?00)$", "").str.replace("T", " ").str.replace(r"\.\d+$", "")
    read = pl.select(
        pl.coalesce(
            pl.lit(plain).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False),
            pl.lit(plain).str.to_datetime("%Y-%m-%d %H:%M", strict=False),
            pl.lit(plain).str.to_datetime("%Y-%m-%d", strict=False),
        )
    ).to_series()
    return read if read.count() >= NUMBERS_FROM * filled else None
