"""Acts of machines among those of people: security gateways that click every link, and opens that nobody saw.

The platform's own mark (`is_bot`) stands as it is; what it misses is derived from the acts themselves. A burst is known
as one from its first click on, as soon as the ledger knows the clicks.
"""

from datetime import timedelta

import polars as pl

from schemas.vocabulary import ActivityKind

LINKS = 3
WITHIN = timedelta(seconds=10)
"""So many different links of one mail, clicked by one person within this span, are no person's clicks."""

BURST = "many_links"
UNSEEN = "opened_by_click"
_MAIL = ["person_key", "asset_name"]


def with_bots_marked(activities: pl.DataFrame) -> pl.DataFrame:
    """The activities, in their order, with derived marks in `is_bot`, and in `bot_why` the reason.

    `bot_why`: `platform`, `many_links` (a burst of clicks, and opens of the mail in it), `opened_by_click` (an open of
    the very second of a click on the mail: the platform infers it, no image was loaded), else null.
    """
    why = pl.when(pl.col("is_bot")).then(pl.lit("platform")).otherwise(None)
    mails = activities.filter(pl.col("kind").is_in([ActivityKind.EMAIL_CLICK, ActivityKind.EMAIL_OPEN]))
    clicks = mails.filter(pl.col("kind") == ActivityKind.EMAIL_CLICK, pl.col("asset_name").is_not_null())
    if clicks.is_empty():
        return activities.with_columns(why.alias("bot_why"))
    bursts = _bursts(clicks)
    marked = pl.concat([_in_bursts(mails, bursts), _opened_by_click(mails, clicks)]).unique(
        "activity_key", keep="first", maintain_order=True
    )
    return (
        activities.join(marked, on="activity_key", how="left", maintain_order="left")
        .with_columns(pl.coalesce(why, "derived").alias("bot_why"))
        .with_columns(
            is_bot=pl.col("bot_why").is_not_null() & (pl.col("is_bot") | (pl.col("derived").is_not_null()))
        )
        .drop("derived")
    )


def _bursts(clicks: pl.DataFrame) -> pl.DataFrame:
    """person_key, asset_name, since, until: spans in which too many links of a mail were clicked."""
    return (
        clicks.sort("occurred_at")
        .rolling("occurred_at", period=WITHIN, closed="both", group_by=_MAIL)
        .agg(pl.col("link").drop_nulls().n_unique().alias("links"))
        .filter(pl.col("links") >= LINKS)
        .select(*_MAIL, since=pl.col("occurred_at") - WITHIN, until="occurred_at")
        .unique()
    )


def _in_bursts(mails: pl.DataFrame, bursts: pl.DataFrame) -> pl.DataFrame:
    return (
        mails.join(bursts, on=_MAIL)
        .filter((pl.col("occurred_at") >= pl.col("since")) & (pl.col("occurred_at") <= pl.col("until")))
        .select("activity_key", derived=pl.lit(BURST))
        .unique("activity_key", maintain_order=True)
    )


def _opened_by_click(mails: pl.DataFrame, clicks: pl.DataFrame) -> pl.DataFrame:
    opens = mails.filter(pl.col("kind") == ActivityKind.EMAIL_OPEN)
    return opens.join(clicks, on=[*_MAIL, "occurred_at"], how="semi").select(
        "activity_key", derived=pl.lit(UNSEEN)
    )
