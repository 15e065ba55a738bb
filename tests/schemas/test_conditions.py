"""Conditions: what compiles, and what is refused with a message that helps."""

import polars as pl
import pytest

from schemas.conditions import Columns, ConditionFault, check, expression

COLUMNS = Columns.of(
    "activity",
    {
        "kind": pl.String(),
        "url": pl.String(),
        "tags": pl.List(pl.String()),
        "title": pl.String(),
        "score": pl.Float64(),
        "is_bot": pl.Boolean(),
    },
)


@pytest.mark.parametrize(
    ("condition", "reads"),
    [
        ("kind = 'page_visit' AND url LIKE '%/pricing%'", {"kind", "url"}),
        ("array_contains(tags, 'hand_raise')", {"tags"}),
        (r"title ~* '\b(student|intern)\b'", {"title"}),
        ("NOT is_bot AND score BETWEEN 10 AND 20", {"is_bot", "score"}),
        ("kind IN ('a', 'b') OR coalesce(score, 0) > 3", {"kind", "score"}),
        ("lower(title) = 'x' AND title IS NOT NULL", {"title"}),
        ("true", set()),
    ],
)
def test_a_condition_over_one_row_compiles_and_tells_what_it_reads(condition: str, reads: set[str]) -> None:
    assert check(condition, COLUMNS) == reads


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("pages > 3", "unknown column pages"),
        ("score = 'many'", "compare"),
        ("kind", "not true or false"),
        ("COUNT(score) > 3", "one row"),
        ("score > AVG(score)", "one row"),
        ("ROW_NUMBER() OVER (ORDER BY score) = 1", "one row"),
        ("NOW() > url", "no clock"),
        ("CURRENT_DATE = url", "no clock"),
        ("score > (SELECT 1)", "no subqueries"),
        ("true; DROP TABLE people", "exactly one"),
        ("random() > 0.5", "not allowed"),
        ("kind = 'a' OR", "not a SQL condition"),
        ("title ~* '('", "regex"),
        ("", "exactly one condition"),
        # Polars would take the word after a column for the column's new name, and ask for the column itself.
        ("is_bot ISNULL", "unable to parse"),
        ("is_bot NOTNULL", "unable to parse"),
        ("(" * 300 + "is_bot" + ")" * 300, "nested too deeply"),
        ("NOT " * 2000 + "is_bot", "nested too deeply"),
    ],
)
def test_anything_else_is_refused_with_its_reason(condition: str, says: str) -> None:
    with pytest.raises(ConditionFault, match="(?i)" + says.replace("(", r"\(")):
        check(condition, COLUMNS)


def test_an_unknown_column_names_the_valid_ones() -> None:
    with pytest.raises(ConditionFault, match="is_bot, kind, score, tags, title, url"):
        check("pages > 3", COLUMNS)


def test_a_null_condition_is_false() -> None:
    frame = pl.DataFrame({"score": [None, 10.0]}, schema={"score": pl.Float64})
    assert frame.select(expression("score > 5").alias("met"))["met"].to_list() == [False, True]
    assert frame.select(expression("NOT score > 5").alias("met"))["met"].to_list() == [False, False]


def test_an_intern_is_found_by_whole_words_only() -> None:
    titles = pl.DataFrame({"title": ["Marketing Intern", "International Sales", "Internal Audit"]})
    condition = r"title ~* '\b(student|intern|internship)\b'"
    assert titles.select(expression(condition).alias("met"))["met"].to_list() == [True, False, False]
