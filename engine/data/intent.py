"""Intent seen off our own site, about companies: joined to people by the domain of their address at that instant."""

import polars as pl

from engine.data.timeline import as_of
from schemas.vocabulary import ActivityKind, Origin


def intent_acts(intents: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """A row of kind `third_party_intent` for each person whose business domain an observation names.

    `intents`: intent_key, domain, topic, strength, vendor, occurred_at, learned_at. `states`: the people's attributes
    from each change on. The topic stands as `asset_name`, the vendor as `native_kind`. These are evidence for scores
    and no acts of the person: they open nothing by themselves.
    """
    domains = states.select("person_key", "email_domain").drop_nulls().unique()
    met = intents.join(domains, left_on="domain", right_on="email_domain").sort("occurred_at")
    then = as_of(
        met,
        states.select("person_key", "email_domain", "is_personal_email", valid_from="at"),
        "occurred_at",
        "valid_from",
    )
    held = then.filter(
        (pl.col("email_domain") == pl.col("domain")) & ~pl.col("is_personal_email").fill_null(False)
    )
    return held.select(
        pl.format("intent:{}:{}", "intent_key", "person_key").alias("activity_key"),
        "person_key",
        "occurred_at",
        "learned_at",
        pl.lit(str(Origin.LIVE)).alias("origin"),
        pl.lit(str(ActivityKind.THIRD_PARTY_INTENT)).alias("kind"),
        pl.col("vendor").alias("native_kind"),
        pl.col("topic").alias("asset_name"),
        "strength",
        pl.lit(False).alias("is_bot"),
    )
