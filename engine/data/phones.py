"""Whether somebody could be called under what stands in the phone field."""

from functools import lru_cache

import phonenumbers
import polars as pl

ANY_REGION = "US"
"""Numbers without a country code: lengths of one plan stand for all; only what can't be a number is refused."""
EXTENSION = r"(?i)\s*(x|ext\.?|#|durchwahl)\s*\d{1,6}\s*$"
ONE_DIGIT = r"^\+?(0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$"


def callable_numbers(numbers: pl.Series) -> pl.DataFrame:
    """raw, has_phone: one row per distinct text.

    Whether a number is possible goes by its country code and its length. So numbers that differ in later digits only
    are looked at once: a year of people has some hundred shapes.
    """
    distinct = pl.DataFrame({"raw": numbers.drop_nulls().unique()}, schema={"raw": pl.String})
    number = pl.col("raw").str.replace(EXTENSION, "").str.replace_all(r"[^0-9+]", "")
    shaped = distinct.select(
        "raw",
        shape=pl.concat_str(number.str.slice(0, 5), number.str.slice(5).str.replace_all(r"[0-9]", "2")),
        is_one_digit=number.str.contains(ONE_DIGIT),
    )
    shapes = shaped["shape"].unique().to_list()
    possible = pl.DataFrame(
        {"shape": shapes, "possible": [_is_possible(shape) for shape in shapes]},
        schema={"shape": pl.String, "possible": pl.Boolean},
    )
    return shaped.join(possible, on="shape").select(
        "raw", has_phone=pl.col("possible") & ~pl.col("is_one_digit")
    )


@lru_cache(maxsize=50_000)
def _is_possible(shape: str) -> bool:
    try:
        number = phonenumbers.parse(shape, None if shape.startswith("+") else ANY_REGION)
    except phonenumbers.NumberParseException:
        return False
    if not shape.startswith("+"):
        return 7 <= sum(letter.isdigit() for letter in shape) <= 15
    return phonenumbers.is_possible_number(number)
