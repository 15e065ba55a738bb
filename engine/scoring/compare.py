"""What a changed playbook would move: the same people at the same instant, scored by both."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

RESULT = ["person_key", "score", "grade"]
BIGGEST = 10


@dataclass(frozen=True)
class Moves:
    """Of one model. Scores are points.

    `moved`: people whose score is another at all. `pushed`: whose score would be pushed (moved by a step, or another
    grade). `by_grade`: grade before, grade after, people. `shift`: quartiles and ends of the differences of those who
    move. `biggest`: person_key, before, after, of those who move most.
    """

    model: str
    people: int
    moved: int
    pushed: int
    by_grade: list[tuple[str, str, int]]
    shift: list[float]
    biggest: list[tuple[str, float, float]]


def moves(before: pl.DataFrame, after: pl.DataFrame, model: str, score_step: int) -> Moves:
    """`before`, `after`: columns `RESULT` of the same people."""
    both = before.select(RESULT).join(after.select(RESULT), on="person_key", suffix="_after")
    both = both.with_columns(shift=pl.col("score_after") - pl.col("score"))
    moved = both.filter(pl.col("shift") != 0)
    regraded = pl.col("grade").ne_missing(pl.col("grade_after"))
    grades = (
        both.filter(regraded)
        .group_by("grade", "grade_after")
        .len()
        .sort("len", "grade", "grade_after", descending=[True, False, False])
    )
    biggest = moved.sort(pl.col("shift").abs(), "person_key", descending=[True, False]).head(BIGGEST)
    return Moves(
        model=model,
        people=len(both),
        moved=len(moved),
        pushed=len(both.filter((pl.col("shift").abs() >= score_step) | regraded)),
        by_grade=[(str(old), str(new), n) for old, new, n in grades.iter_rows()],
        shift=_quantiles(moved["shift"]),
        biggest=list(biggest.select("person_key", "score", "score_after").iter_rows()),
    )


def _quantiles(shift: pl.Series, at: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)) -> list[float]:
    return [round(float(shift.quantile(q, "nearest") or 0), 2) for q in at] if len(shift) else []
