"""What a cell says: missing or not, a number or a word. The same reading when learning and when scoring.

Tables from forms are full of words that mean "nothing chosen" ("Select"); read as values they become attributes of
their own and hide how much is really known.
"""

import polars as pl

MISSING_WORDS = (
    "", "-", "--", "--none--", "?", "choose", "choose one", "n/a", "na", "nan", "none", "not provided",
    "not specified", "null", "please choose", "please select", "select", "select one", "undefined", "unknown",
)  # fmt: skip
"""Lower case, without surrounding space."""

NUMBERS_FROM = 0.98
"""Share of filled cells that must read as numbers for a column to be one of numbers; the rest is missing."""


def words(column: pl.Expr, missing: tuple[str, ...] | list[str] = MISSING_WORDS) -> pl.Expr:
    """Cells as lower-case words without surrounding space; null where missing."""
    text = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    return pl.when(~text.is_in(list(missing))).then(text)


def numbers(column: pl.Expr, missing: tuple[str, ...] | list[str] = MISSING_WORDS) -> pl.Expr:
    """Cells as finite numbers; null where missing or not a number. Thousands may be set off by commas."""
    text = words(column, missing).str.replace_all(r"(\d),(\d{3})", "${1}${2}")
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


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
