"""What a job title says: how senior, which department, and whether it is nobody whom sales should call."""

from collections.abc import Sequence

import polars as pl

from schemas.playbook.data import TitleRule, Titles
from schemas.playbook.patterns import any_of_words

OTHER = "other"


def from_titles(titles: pl.Series, rules: Titles) -> pl.DataFrame:
    """title, seniority, department, is_student, is_job_seeker: one row per distinct title that isn't null."""
    distinct = pl.DataFrame({"title": titles.drop_nulls().unique()}, schema={"title": pl.String})
    return distinct.select(
        "title",
        _first(rules.seniority).alias("seniority"),
        _first(rules.department).alias("department"),
        _finds(_without(pl.col("title"), rules.no_student), rules.student).alias("is_student"),
        _finds(pl.col("title"), rules.job_seeker).alias("is_job_seeker"),
    )


def _first(rules: Sequence[TitleRule]) -> pl.Expr:
    """The name of the first rule of which a word is in the title."""
    found: pl.Expr = pl.lit(OTHER)
    for rule in reversed(rules):
        found = pl.when(_finds(pl.col("title"), rule.words)).then(pl.lit(rule.name)).otherwise(found)
    return found


def _finds(text: pl.Expr, words: list[str]) -> pl.Expr:
    pattern = any_of_words(words)
    return text.str.contains(pattern) if pattern else pl.lit(False)


def _without(text: pl.Expr, words: list[str]) -> pl.Expr:
    pattern = any_of_words(words)
    return text.str.replace_all(pattern, " ") if pattern else text
