"""What Marketo ought to show of a person: scores when they moved enough, stage, and MQL and SAL dates."""

import polars as pl

from engine.changes.stamps import STAMPS, stamps
from engine.changes.wanted import SCORE, STAMP, WANTED, unpivoted
from schemas.vocabulary import Origin, OutboxState, Platform

NUMBERS = ("score", "fit", "engagement")


def wanted_in_marketo(
    records: pl.DataFrame,
    scores: pl.DataFrame,
    places: pl.DataFrame,
    of_mql: pl.DataFrame,
    moved_at: pl.DataFrame,
    last_writes: pl.DataFrame,
    *,
    score_step: int,
    path_start: str,
) -> pl.DataFrame:
    """WANTED for every Marketo record. `places`: one row per person; `of_mql`: those of people we made MQLs.

    `moved_at`: when something last happened to a cycle of each person.
    """
    people = records.filter((pl.col("platform") == Platform.MARKETO) & ~pl.col("is_deleted")).with_columns(
        target="native_id", is_creation=pl.lit(False), cycle_key=pl.lit(None, pl.String)
    )
    if people.is_empty():
        return pl.DataFrame(schema=WANTED)
    known = _with_given(people, last_writes)
    return pl.concat(
        [
            _scores(known, scores, places, moved_at, score_step, path_start),
            _stage(known, places, path_start),
            _stamps(people, of_mql),
        ]
    )


def _with_given(people: pl.DataFrame, last_writes: pl.DataFrame) -> pl.DataFrame:
    """`given_score`, `given_grade`, `given_stage`: what was last given and not refused. `given_at`: of the score."""
    given = last_writes.filter(
        (pl.col("platform") == Platform.MARKETO)
        & (pl.col("object") == "person")
        & ~pl.col("is_creation")
        & ~pl.col("state").is_in([OutboxState.REJECTED, OutboxState.CONFLICT])
    )
    text = pl.col("value").str.json_decode(pl.String)
    for name in ("score", "grade", "stage"):
        value = pl.col("value").cast(pl.Int64, strict=False) if name == "score" else text
        part = given.filter(pl.col("field") == name).select(
            "target", value.alias(f"given_{name}"), pl.col("at").alias("given_at")
        )
        part = part if name == "score" else part.drop("given_at")
        people = people.join(part, on="target", how="left")
    return people


def _scores(
    people: pl.DataFrame,
    scores: pl.DataFrame,
    places: pl.DataFrame,
    moved_at: pl.DataFrame,
    step: int,
    path_start: str,
) -> pl.DataFrame:
    """Scores move all day; they are written when grade, stage or cycle changed since, or the score by a whole step."""
    now = scores.select(
        "person_key",
        *((pl.col(name) / 100).round().cast(pl.Int64).alias(f"now_{name}") for name in NUMBERS),
        now_grade="grade",
    )
    rows = (
        people.join(now, on="person_key")
        .join(
            places.select("person_key", stage_now="stage", stage_origin="origin"), on="person_key", how="left"
        )
        .join(moved_at, on="person_key", how="left")
    )
    score_known = pl.coalesce("given_score", "score")
    grade_known = pl.coalesce("given_grade", "grade")
    stage_known = pl.coalesce("given_stage", "stage", pl.lit(path_start))
    moved = (pl.col("now_score") - score_known).abs() >= step
    stage_moved = (pl.col("stage_origin") == Origin.LIVE) & (pl.col("stage_now") != stage_known)
    cycle_moved = pl.col("moved_at") > pl.col("given_at")
    due = rows.filter(
        score_known.is_null()
        | moved
        | pl.col("now_grade").ne_missing(grade_known)
        | stage_moved.fill_null(False)
        | cycle_moved.fill_null(False)
    )
    names = (*NUMBERS, "grade")
    shown = due.rename({name: f"shown_{name}" for name in names}).rename(
        {f"now_{name}": name for name in names}
    )
    return unpivoted(shown.with_columns(why=pl.lit("score")), dict.fromkeys(names, SCORE), shown="shown_")


def _stage(people: pl.DataFrame, places: pl.DataFrame, path_start: str) -> pl.DataFrame:
    """The stage that a live run gave; what was adopted stays as it is shown. Nobody is told of a path's first stage
    unless another one stands there."""
    given = places.filter(pl.col("origin") == Origin.LIVE).select("person_key", stage_now="stage")
    rows = (
        people.rename({"stage": "shown_stage"})
        .join(given, on="person_key")
        .filter(
            (pl.col("stage_now") != path_start)
            | pl.any_horizontal(pl.col("shown_stage", "given_stage").is_not_null())
        )
        .with_columns(stage="stage_now", why=pl.lit("stage"))
    )
    return unpivoted(rows, {"stage": STAMP}, shown="shown_")


def _stamps(people: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    shown = people.rename({name: f"shown_{name}" for name in STAMPS})
    rows = shown.join(places.select("person_key", *STAMPS), on="person_key")
    return stamps(rows.with_columns(why=pl.lit("stamp")))
