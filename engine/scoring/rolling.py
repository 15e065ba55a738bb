"""How many different things there were within a span that ends at an act: counters and combinations."""

from datetime import timedelta

import polars as pl


def distinct_within(rows: pl.DataFrame, key: pl.Expr, span: timedelta) -> pl.DataFrame:
    """`rows` with `within`: how many different `key` the person has in (occurred_at - span, occurred_at].

    `learned_at` becomes the latest of the acts that are counted: before that nobody knew the number. Acts of the same
    instant count for each other, so their order doesn't matter. Sorted by person and instant.
    """
    keyed = rows.with_columns(key.alias("counted")).sort("person_key", "occurred_at", "activity_key")
    counts = (
        keyed.rolling("occurred_at", period=span, closed="right", group_by="person_key")
        .agg(pl.col("counted").n_unique().alias("within"), pl.col("learned_at").max())
        .unique(["person_key", "occurred_at"])
    )
    return keyed.drop("learned_at", "counted").join(
        counts, on=["person_key", "occurred_at"], how="left", maintain_order="left"
    )
