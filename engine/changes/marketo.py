"""What Marketo ought to show of a person: scores when they moved enough, stage, and MQL and SAL dates."""

import polars as pl

from engine.changes.stamps import STAMPS, stamps
from engine.changes.wanted import SCORE, STAMP, WANTED, unpivoted
from schemas.vocabulary import Origin, OutboxState, Platform

NUMBERS = ("score", "fit", "engagement")


def wanted_in_marketo(
    records: pl.DataFrame,
    scores: pl.DataFrame,
    stages: pl.DataFrame,
    of_mql: pl.DataFrame,
    cycles: pl.DataFrame,
    last_writes: pl.DataFrame,
    score_step: int,
    path_start: str,
) -> pl.DataFrame:
    """WANTED for every Marketo record. `stages`: one row per person; `of_mql`: those of people we made MQLs."""
    people = records.filter((pl.col("platform") == Platform.MARKETO) & ~pl.col("is_deleted")).with_columns(
        target="native_id", is_creation=pl.lit(False), cycle_key=pl.lit(None, pl.String)
    )
    if people.is_empty():
        return pl.DataFrame(schema=WANTED)
    return pl.concat(
        [
            _scores(people, scores, stages, cycles, last_writes, score_step),
            _stage(people, stages, path_start),
            _stamps(people, of_mql),
        ]
    )


def _scores(
    people: pl.DataFrame,
    scores: pl.DataFrame,
    stages: pl.DataFrame,
    cycles: pl.DataFrame,
    last_writes: pl.DataFrame,
    step: int,
) -> pl.DataFrame:
    """Scores move all day; they are written when grade, stage or cycle changed, or the score by a whole step."""
    now = scores.select(
        "person_key", *((pl.col(name) / 100).round().cast(pl.Int64) for name in NUMBERS), "grade"
    )
    given = last_writes.filter(
        (pl.col("object") == "person") & ~pl.col("state").is_in([OutboxState.REJECTED, OutboxState.CONFLICT])
    )
    last = {
        name: given.filter(pl.col("field") == name).select("target", pl.col("value").alias(f"given_{name}"))
        for name in ("score", "grade", "stage")
    }
    rows = people.rename({name: f"shown_{name}" for name in (*NUMBERS, "grade")}).join(now, on="person_key")
    for part in last.values():
        rows = rows.join(part, on="target", how="left")
    rows = rows.join(
        stages.select("person_key", stage_now="stage", stage_origin="origin"), on="person_key", how="left"
    )
    turned = cycles.group_by("person_key").agg(
        cycle_turned_at=pl.max_horizontal("opened_at", "accepted_at", "closed_at").max()
    )
    given_at = given.filter(pl.col("field") == "score").select("target", given_at="at")
    rows = rows.join(turned, on="person_key", how="left").join(given_at, on="target", how="left")
    cycle_moved = (pl.col("cycle_turned_at") > pl.col("given_at")).fill_null(False)
    score_known = pl.coalesce(pl.col("given_score").cast(pl.Int64, strict=False), "shown_score")
    grade_known = pl.coalesce(pl.col("given_grade").str.json_decode(pl.String), "shown_grade")
    stage_known = pl.coalesce(pl.col("given_stage").str.json_decode(pl.String), "stage")
    moved = (pl.col("score") - score_known).abs() >= step
    stage_moved = (pl.col("stage_origin") == Origin.LIVE) & pl.col("stage_now").ne_missing(stage_known)
    graded = pl.col("grade").ne_missing(grade_known)
    due = rows.filter(score_known.is_null() | moved | graded | stage_moved | cycle_moved)
    return unpivoted(
        due.with_columns(why=pl.lit("score")), dict.fromkeys((*NUMBERS, "grade"), SCORE), shown="shown_"
    )


def _stage(people: pl.DataFrame, stages: pl.DataFrame, path_start: str) -> pl.DataFrame:
    """The stage that a live run gave; what was adopted stays as it is shown."""
    given = stages.filter((pl.col("origin") == Origin.LIVE) & (pl.col("stage") != path_start))
    rows = people.rename({"stage": "shown_stage"}).join(given.select("person_key", "stage"), on="person_key")
    return unpivoted(rows.with_columns(why=pl.lit("stage")), {"stage": STAMP}, shown="shown_")


def _stamps(people: pl.DataFrame, stages: pl.DataFrame) -> pl.DataFrame:
    shown = people.rename({name: f"shown_{name}" for name in STAMPS})
    rows = shown.join(stages.select("person_key", *STAMPS), on="person_key")
    return stamps(rows.with_columns(why=pl.lit("stamp")))
