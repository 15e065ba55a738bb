"""Visits: page views of a person with gaps of at most half an hour, each as it stood after every page."""

from datetime import timedelta

import polars as pl

from schemas.frames.base import UTC, columns
from schemas.vocabulary import ActivityKind

GAP = timedelta(minutes=30)
VISITS = columns(
    person_key=pl.String,
    activity_key=pl.String,  # of the page that brought the visit to this state
    occurred_at=UTC,
    learned_at=UTC,
    day=pl.Int32,
    visit=pl.Int64,  # number of the visit among the person's
    pages=pl.Int64,
    minutes=pl.Float64,
    first_url=pl.String,
    tags=pl.List(pl.String),
    tags_of_all=pl.List(pl.String),
    next_page_at=UTC,  # from when on the visit has a later state; null for its last page
)


def visits(activities: pl.DataFrame) -> pl.DataFrame:
    """One row per page view (`VISITS`): the visit as it stood then. `activities` have tags and local `day`."""
    views = activities.filter(pl.col("kind") == ActivityKind.PAGE_VISIT).sort(
        "person_key", "occurred_at", "activity_key"
    )
    if views.is_empty():
        return pl.DataFrame(schema=VISITS)
    is_new = (
        (pl.col("person_key") != pl.col("person_key").shift(1))
        | (pl.col("occurred_at") - pl.col("occurred_at").shift(1) > GAP)
    ).fill_null(True)
    # Two people of a frame may be the same human at two times, with the same acts: keys alone don't tell pages apart.
    numbered = views.with_columns(is_new.cast(pl.Int64).cum_sum().alias("visit")).with_row_index("page row")
    of_visit = numbered.with_columns(
        pages=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("visit"),
        minutes=(pl.col("occurred_at") - pl.col("occurred_at").first().over("visit")).dt.total_seconds() / 60,
        first_url=pl.col("url").first().over("visit"),
        next_page_at=pl.col("occurred_at").shift(-1).over("visit"),
    )
    return of_visit.join(_tags(numbered), on="page row", how="left", maintain_order="left").select(
        list(VISITS)
    )


def _tags(views: pl.DataFrame) -> pl.DataFrame:
    """page row, tags, tags_of_all: per page, the tags of the visit's pages up to it.

    A tag is of any page from the first page that has it on; it is of all pages as long as no page lacked it.
    """
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("visit")
    placed = views.select("page row", "visit", "tags", place.alias("place"))
    seen = (
        placed.explode("tags")
        .drop_nulls("tags")
        .with_columns(had=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("visit", "tags"))
        .select("visit", "place", "had", tag="tags")
    )
    # A visit has few pages and a page has few tags, so every page meets every earlier one's tags.
    met = (
        placed.select("page row", "visit", at="place")
        .join(seen, on="visit")
        .filter(pl.col("place") <= pl.col("at"))
    )
    found = met.group_by("page row", "at", "tag").agg(pl.col("had").max()).sort("page row", "tag")
    lists = found.group_by("page row").agg(
        tags=pl.col("tag").sort(),
        tags_of_all=pl.col("tag").filter(pl.col("had") == pl.col("at")).sort(),
    )
    nothing = pl.lit([], pl.List(pl.String))
    return (
        placed.select("page row")
        .join(lists, on="page row", how="left")
        .with_columns(pl.col("tags", "tags_of_all").fill_null(nothing))
    )
