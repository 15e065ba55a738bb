"""Every fact about some people with its instant: what `engine.instants` makes decision instants and new acts of."""

from collections.abc import Iterable

import polars as pl

from schemas.frames.base import UTC
from schemas.vocabulary import Origin

FACT = {
    "fact_key": pl.String(),
    "person_key": pl.String(),
    "occurred_at": UTC,
    "learned_at": UTC,
    "origin": pl.String(),
    "what": pl.String(),
}


def dated_facts(
    activities: pl.DataFrame,
    versions: pl.DataFrame,
    states: pl.DataFrame,
    opportunities: pl.DataFrame,
    verdicts: pl.DataFrame,
    removals: pl.DataFrame,
    touches: pl.DataFrame,
    adjustments: pl.DataFrame,
    intents: pl.DataFrame,
    attributes_read: Iterable[str],
) -> pl.DataFrame:
    """All dated facts in one frame (`FACT`). `what` is `activity` or `attribute` for acts; everything else is no act.

    `states`: engine.data.attributes.states_of the people. `attributes_read`: what triggers, exclusions and fit rules
    read; only a foreign change of one of these is evidence of anything. `intents`: engine.data.intent.intent_acts.
    """
    live = pl.lit(Origin.LIVE.value)
    since = pl.max_horizontal("valid_from", "linked_at")
    return pl.concat(
        [
            _dated(activities, "activity_key", "occurred_at", "origin", "activity"),
            _changes(versions, states, attributes_read),
            _dated(verdicts, "fact_key", "occurred_at", "origin", "verdict"),
            _dated(removals, "fact_key", "occurred_at", live, "removal"),
            _dated(touches, pl.lit(""), "occurred_at", live, "touch"),
            _dated(opportunities, "opportunity_id", since, live, "sale"),
            _dated(adjustments.with_columns(learned_at="at"), "adjustment_key", "at", live, "adjustment"),
            _dated(intents, "activity_key", "occurred_at", "origin", "intent"),
            # What an account or an ended window changes about a person has its instant too, but nobody acted.
            _dated(states.with_columns(learned_at="at"), pl.lit(""), "at", live, "state"),
        ]
    )


def _changes(versions: pl.DataFrame, states: pl.DataFrame, attributes_read: Iterable[str]) -> pl.DataFrame:
    """Changes of records; `attribute` where what a rule reads is different from what it was just before."""
    seen = versions.filter(~pl.col("assumed"))
    if seen.is_empty():
        return pl.DataFrame(schema=FACT)
    read = sorted(set(attributes_read) & set(states.columns))
    theirs = states.join(seen, on="person_key", how="semi").sort("person_key", "at")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in read)
    is_first = (pl.col("person_key") != pl.col("person_key").shift(1)).fill_null(True)
    moved = theirs.select("person_key", "at", (differs & ~is_first).alias("differs"))
    named = seen.with_columns(
        pl.format(
            "{}:{}:{}@{}", "platform", "object", "native_id", pl.col("valid_from").dt.epoch("us")
        ).alias("fact_key")
    )
    found = named.join(moved, left_on=["person_key", "valid_from"], right_on=["person_key", "at"], how="left")
    what = pl.when(pl.col("differs").fill_null(False)).then(pl.lit("attribute")).otherwise(pl.lit("version"))
    return _dated(found, "fact_key", "valid_from", "origin", what)


def _dated(
    rows: pl.DataFrame, key: str | pl.Expr, at: str | pl.Expr, origin: str | pl.Expr, what: str | pl.Expr
) -> pl.DataFrame:
    """Rows as dated facts: the columns of `FACT`."""
    values = {
        "fact_key": pl.col(key) if isinstance(key, str) else key,
        "person_key": pl.col("person_key"),
        "occurred_at": pl.col(at) if isinstance(at, str) else at,
        "learned_at": pl.col("learned_at"),
        "origin": pl.col(origin) if isinstance(origin, str) else origin,
        "what": pl.lit(what) if isinstance(what, str) else what,
    }
    return rows.select(value.cast(FACT[name]).alias(name) for name, value in values.items())
