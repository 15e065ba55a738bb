"""A person's opportunities over time: is one open, whose is it, when was the last one won or lost."""

import polars as pl

from schemas.conditions import expression

ONE = ["person_key", "link", "opportunity_id"]
STATE = ["open_opportunity", "opportunity_owner_id", "last_opportunity_closed_at", "has_won"]


def opportunity_states(versions: pl.DataFrame, counted: str) -> pl.DataFrame:
    """person_key, at, `STATE`, from each instant on at which something of it changes. Sorted by `at`.

    `versions`: frames.facts.OpportunityVersions. `counted`: the condition that says which of them count at all; a
    won one means a customer whether it counts or not.
    """
    spans = _spans(versions, counted)
    points = (
        pl.concat([spans.select("person_key", at="from"), spans.select("person_key", at="to")])
        .filter(pl.col("at").is_not_null())
        .unique()
    )
    at_points = points.join(spans, on="person_key").filter(pl.col("from") <= pl.col("at"))
    holds = pl.col("to").is_null() | (pl.col("at") < pl.col("to"))
    is_open = holds & pl.col("is_open")
    return (
        at_points.sort("created_at", "opportunity_id")
        .group_by("person_key", "at")
        .agg(
            is_open.any().alias("open_opportunity"),
            pl.col("owner_id").filter(is_open).last().alias("opportunity_owner_id"),
            pl.col("closed_at").max().alias("last_opportunity_closed_at"),
            (pl.col("is_won") & ~pl.col("is_deleted")).any().alias("has_won"),
        )
        .sort("at")
    )


def _spans(versions: pl.DataFrame, counted: str) -> pl.DataFrame:
    """What each version says, from when until when; `closed_at` where it is the one that closed the opportunity."""
    current = (
        versions.with_columns(pl.max_horizontal("valid_from", "linked_at", "created_at").alias("from"))
        .sort("valid_from", "learned_at")
        # Versions from before the link all begin with it: the last of them is what held then.
        .unique([*ONE, "from"], keep="last", maintain_order=True)
    )
    counts = expression(counted) & ~pl.col("is_deleted")
    is_closed = counts & pl.col("is_closed")
    return current.with_columns(
        pl.col("from").shift(-1).over(ONE).alias("to"),
        is_open=counts & ~pl.col("is_closed"),
        closed_at=pl.when(is_closed & ~is_closed.shift(1).over(ONE).fill_null(False)).then("from"),
    )
