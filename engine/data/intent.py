"""Intent seen off our own site, about companies: joined to people by the domain that they have at an instant."""

import polars as pl

from schemas.vocabulary import ActivityKind, Origin


def intent_acts(intents: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """A row of kind `third_party_intent` for each person and stretch of time with a business domain that is named.

    `intents`: intent_key, domain, topic, strength, vendor, occurred_at, learned_at. `states`: the people's attributes
    from each change on. The topic stands as `asset_name`, the vendor as `native_kind`. What was seen before somebody
    came counts for them from their coming on (`occurred_at`), as old as it is (`aged_from`), and until they have
    another domain (`ends_at`). These are evidence for scores and no acts of the person: they open nothing.
    """
    held = _held_domains(states).join(intents, on="domain")
    in_time = pl.col("ends_at").is_null() | (pl.col("ends_at") > pl.col("occurred_at"))
    return held.filter(in_time).select(
        pl.format("intent:{}:{}:{}", "intent_key", "person_key", pl.col("since").dt.epoch("us")).alias(
            "activity_key"
        ),
        "person_key",
        pl.max_horizontal("occurred_at", "since").alias("occurred_at"),
        pl.max_horizontal("learned_at", "since").alias("learned_at"),
        pl.col("occurred_at").alias("aged_from"),
        "ends_at",
        pl.lit(str(Origin.LIVE)).alias("origin"),
        pl.lit(str(ActivityKind.THIRD_PARTY_INTENT)).alias("kind"),
        pl.col("vendor").alias("native_kind"),
        pl.col("topic").alias("asset_name"),
        *(pl.lit(None, pl.String).alias(name) for name in ("url", "campaign_name", "campaign_type")),
        "strength",
        pl.lit(False).alias("is_bot"),
    )


def _held_domains(states: pl.DataFrame) -> pl.DataFrame:
    """person_key, domain, since, ends_at: the stretches in which people had a business domain; null: to this day."""
    business = pl.when(~pl.col("is_personal_email").fill_null(False)).then(pl.col("email_domain"))
    dated = states.select("person_key", "at", domain=business).sort("person_key", "at")
    is_new = (pl.col("person_key") != pl.col("person_key").shift(1)) | pl.col("domain").ne_missing(
        pl.col("domain").shift(1)
    )
    changes = dated.filter(is_new.fill_null(True))
    stretches = changes.with_columns(pl.col("at").shift(-1).over("person_key").alias("ends_at"))
    return stretches.drop_nulls("domain").rename({"at": "since"})
