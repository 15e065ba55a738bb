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
    # A visit's pages stand one after the other: its first row tells all, which is cheaper than to group by it.
    placed = views.with_columns(is_new.alias("is_new"), pl.int_range(pl.len(), dtype=pl.Int64).alias("row"))
    numbered = placed.with_columns(
        visit=pl.col("is_new").cast(pl.Int64).cum_sum(), first=pl.when("is_new").then("row").forward_fill()
    )
    since_first = pl.col("occurred_at") - pl.col("occurred_at").gather("first")
    of_visit = numbered.with_columns(
        pages=pl.col("row") - pl.col("first") + 1,
        minutes=since_first.dt.total_seconds() / 60,
        first_url=pl.col("url").gather("first"),
        next_page_at=pl.when(~pl.col("is_new").shift(-1)).then(pl.col("occurred_at").shift(-1)),
    )
    return pl.concat([of_visit.drop("tags"), _tags(of_visit)], how="horizontal").select(list(VISITS))


def _tags(views: pl.DataFrame) -> pl.DataFrame:
    """tags, tags_of_all of each row of `views` (visit, pages, tags; in order): those of the visit's pages up to it.

    A tag is of any page from the first page that has it on; it is of all pages as long as no page lacked it, which is
    as long as it comes for the n-th time on the n-th page.
    """
    placed = views.select("visit", "pages", "tags").with_row_index("row")
    times = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("visit", "tag")
    spans = (
        placed.select("visit", "pages", tag="tags")
        .explode("tag")
        .drop_nulls("tag")
        .with_columns(times.alias("times"))
        .group_by("visit", "tag")
        .agg(
            first=pl.col("pages").min(),
            of_all_through=pl.col("pages").filter(pl.col("pages") == pl.col("times")).max().fill_null(0),
        )
        .sort("tag")
    )
    met = (
        placed.select("row", "visit", "pages")
        .join(spans, on="visit", maintain_order="left_right")
        .filter(pl.col("first") <= pl.col("pages"))
    )
    lists = met.group_by("row", maintain_order=True).agg(
        tags=pl.col("tag"), tags_of_all=pl.col("tag").filter(pl.col("of_all_through") >= pl.col("pages"))
    )
    nothing = pl.lit([], pl.List(pl.String))
    return (
        placed.select("row")
        .join(lists, on="row", how="left", maintain_order="left")
        .select(pl.col("tags", "tags_of_all").fill_null(nothing))
    )
