"""What people adjusted by hand, as far as it holds at an instant."""

import polars as pl

KEY = ["person_key", "at"]


def in_force(instants: pl.DataFrame, adjustments: pl.DataFrame) -> pl.DataFrame:
    """The adjustments (frames.facts.Adjustments) of each instant (person_key, at): given by then and not yet ended."""
    given = adjustments.rename({"at": "given_at"})
    return (
        instants.select(KEY)
        .join(given, on="person_key")
        .filter(
            (pl.col("given_at") <= pl.col("at"))
            & (pl.col("until").is_null() | (pl.col("at") < pl.col("until")))
        )
    )


def totals(instants: pl.DataFrame, adjustments: pl.DataFrame) -> pl.DataFrame:
    """person_key, at, engagement_adjusted, fit_adjusted (hundredths); who has none is absent."""
    of = {part: pl.col("points").filter(pl.col("part") == part).sum() for part in ("engagement", "fit")}
    return (
        in_force(instants, adjustments)
        .group_by(KEY)
        .agg(points.alias(f"{part}_adjusted") for part, points in of.items())
    )
