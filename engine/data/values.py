"""Raw values of records as values that mean something: blanks off, words for "nothing" taken as nothing."""

from collections.abc import Mapping, Sequence

import polars as pl

from schemas.playbook.platforms import ExtraField

EXTRA_TYPES = {"text": pl.String(), "number": pl.Float64(), "boolean": pl.Boolean()}
_TRUE, _FALSE = ["true", "1", "yes"], ["false", "0", "no"]


def meaningful(column: pl.Expr, missing: Sequence[str]) -> pl.Expr:
    """The text without outer blanks; null where it is empty or one of the words for "nothing", in any case."""
    text = column.str.strip_chars()
    return pl.when(~text.str.to_lowercase().is_in(["", *(word.strip().lower() for word in missing)])).then(
        text
    )


def extras(frame: pl.DataFrame, fields: Mapping[str, ExtraField], missing: Sequence[str]) -> pl.DataFrame:
    """The frame with a typed column for each of the organisation's own fields, out of the JSON column `extra`."""
    if not fields:
        return frame
    distinct = frame.select("extra").unique()
    distinct = distinct.with_columns(
        _typed(meaningful(pl.col("extra").str.json_path_match(f"$['{name}']"), missing), field.type).alias(
            name
        )
        for name, field in fields.items()
    )
    return frame.join(distinct, on="extra", how="left", nulls_equal=True, maintain_order="left")


def _typed(text: pl.Expr, kind: str) -> pl.Expr:
    if kind == "number":
        return text.cast(pl.Float64, strict=False)
    if kind == "boolean":
        word = text.str.to_lowercase()
        return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
    return text
