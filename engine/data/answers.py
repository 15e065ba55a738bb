"""Answers that activities carry: of surveys, self-assessments and forms, as columns that conditions can read."""

from collections.abc import Mapping

import polars as pl

from schemas.playbook.columns import TYPES
from schemas.playbook.platforms import Answer

FORM_FIELDS = "Form Fields"
"""Under this name the attributes of a form fill hold what was entered, by field."""


def with_answers(activities: pl.DataFrame, answers: Mapping[str, Answer]) -> pl.DataFrame:
    """The activities with a typed column per answer, null where an act has none; `attributes` (JSON) is dropped.

    An answer that is not of its type is null: a number that isn't one, a boolean beside true/false/yes/no/1/0.
    """
    texts = [_text(answer).alias(name) for name, answer in answers.items()]
    typed = [_typed(pl.col(name), answer).alias(name) for name, answer in answers.items()]
    found = activities.with_columns(texts).with_columns(typed).drop("attributes", strict=False)
    return (
        found
        if "strength" in found.columns
        else found.with_columns(pl.lit(None, pl.Float64).alias("strength"))
    )


def _text(answer: Answer) -> pl.Expr:
    path = (
        f"$[{_quoted(answer.attribute)}]"
        if answer.attribute
        else f"$[{_quoted(FORM_FIELDS)}][{_quoted(answer.form_field)}]"
    )
    return pl.col("attributes").str.json_path_match(path).str.strip_chars()


def _quoted(name: str | None) -> str:
    text = (name or "").replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _typed(text: pl.Expr, answer: Answer) -> pl.Expr:
    if answer.type == "number":
        # Three digits after every comma are thousands; any other comma is a decimal one.
        is_grouped = text.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
        comma = pl.when(is_grouped).then(pl.lit("")).otherwise(pl.lit("."))
        plain = text.str.replace_all(",", comma, literal=True)
        number = plain.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number)
    if answer.type == "boolean":
        word = text.str.to_lowercase()
        return (
            pl.when(word.is_in(["true", "yes", "1"]))
            .then(True)
            .when(word.is_in(["false", "no", "0"]))
            .then(False)
        )
    return pl.when(text.str.len_chars() > 0).then(text).cast(TYPES["text"])
