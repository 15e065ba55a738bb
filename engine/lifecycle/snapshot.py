"""What was true when a cycle was opened: score, campaign, account. It stays as it was."""

from datetime import timedelta

import polars as pl

from schemas.frames.base import UTC

CAMPAIGN_REACH = timedelta(days=90)
"""An act outside any campaign is credited to the person's last campaign before it, unless that is older than this."""

_SCORES = ["score", "fit", "engagement"]


def snapshots(openings: pl.DataFrame, moments: pl.DataFrame, activities: pl.DataFrame) -> pl.DataFrame:
    """`openings` (cycle_key, person_key, opened_at, acted_at, trigger_fact) with the columns of `Cycles` that tell what
    was true then. Scores are hundredths, as everywhere in the ledger."""
    kept = [name for name in ("grade", "account_id", "is_target_account") if name in moments.columns]
    then = moments.select(
        "person_key",
        pl.col("at").alias("opened_at"),
        *((pl.col(name) * 100).round().cast(pl.Int64).alias(name) for name in _SCORES),
        *kept,
    ).join(openings.select("person_key", "opened_at"), on=["person_key", "opened_at"], how="semi")
    rows = openings.join(then, on=["person_key", "opened_at"], how="left")
    missing = {"grade": pl.String, "account_id": pl.String, "is_target_account": pl.Boolean}
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in missing.items() if name not in rows.columns
    )
    return rows.join(_campaigns(openings, activities), on="cycle_key", how="left")


def _campaigns(openings: pl.DataFrame, activities: pl.DataFrame) -> pl.DataFrame:
    """cycle_key and the campaign of the triggering act, else of the last act that belonged to one."""
    names = ["campaign_id", "campaign_name", "campaign_type"]
    of_campaigns = (
        activities.join(openings, on="person_key", how="semi")
        .filter(pl.col("campaign_id").is_not_null() | pl.col("campaign_name").is_not_null())
        .select("person_key", "activity_key", pl.col("occurred_at").cast(UTC), *names)
    )
    return (
        openings.select("cycle_key", "person_key", "acted_at", "trigger_fact")
        .join(of_campaigns, on="person_key")
        .filter(
            (pl.col("occurred_at") <= pl.col("acted_at"))
            & (pl.col("occurred_at") > pl.col("acted_at") - pl.lit(CAMPAIGN_REACH))
        )
        .with_columns((pl.col("activity_key") == pl.col("trigger_fact")).fill_null(False).alias("is_trigger"))
        .sort("is_trigger", "occurred_at", "activity_key")
        .unique("cycle_key", keep="last", maintain_order=True)
        .select("cycle_key", *names)
    )
