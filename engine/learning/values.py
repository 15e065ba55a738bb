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


OFFSET = r"(:\d{2}(?:\.\d+)?) ?(?:Z|([+-]\d{2}(?::?\d{2})?))$"
"""Behind a time: how far the clock that it was read from is ahead of UTC."""


def moments(series: pl.Series) -> pl.Series | None:
    """The column as UTC instants when it is one of dates, else None. ISO 8601, with or without a time and offset."""
    words_of = words(pl.col("x")).str.to_uppercase().str.replace("T", " ")
    text = pl.DataFrame({"x": series}).select(text=words_of)
    filled = text["text"].count()
    if not filled:
        return None
    plain = pl.col("text").str.replace(OFFSET, "${1}").str.replace(r"\.\d+$", "")
    local = pl.coalesce(
        plain.str.to_datetime(form, strict=False)
        for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
    )
    digits = pl.col("text").str.extract(OFFSET, 2).str.replace(":", "").str.pad_end(5, "0")
    minutes = digits.str.slice(1, 2).cast(pl.Int32) * 60 + digits.str.slice(3, 2).cast(pl.Int32)
    ahead = pl.when(digits.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0)
    read = text.select(local - pl.duration(minutes=ahead)).to_series()
    return read if read.count() >= NUMBERS_FROM * filled else None
