"""When to decide, and on which new evidence.

A person's decision instants in a run are the instants of the facts, clock ends and stored ticks in (last committed
`as_of`, `as_of`]. Deciding at each of them in order makes the schedule irrelevant: one run a day decides what a run
every five minutes would have decided.

Three exceptions. A person who was there before the ledger looked for the first time is decided at one instant, `as_of`:
the state found is a baseline, and only a backfill decides its past. A *late* fact (it happened before the last
committed `as_of`, but was learned after) is decided at its own instant if it is younger than the late limit and no
transition of that person lies after it; otherwise at `as_of`, keeping when it happened. A fact that a backfill brought
is no evidence for a live run.

A backfill decides what no live run has: the past of each person up to the first live decision, every fact at its own
instant, whoever brought it.
"""

from dataclasses import dataclass

import polars as pl

from schemas.context import Window
from schemas.frames.base import UTC, columns
from schemas.vocabulary import Origin

INSTANTS = columns(person_key=pl.String, at=UTC)
ACTS = columns(
    fact_key=pl.String,
    person_key=pl.String,
    at=UTC,
    acted_at=UTC,
    what=pl.String,
    is_late=pl.Boolean,
)


@dataclass(frozen=True)
class Plan:
    """`instants`: person_key, at (unique, sorted). `acts`: the new evidence, see `ACTS`."""

    instants: pl.DataFrame
    acts: pl.DataFrame


def plan(
    people: pl.DataFrame,
    facts: pl.DataFrame,
    ticks: pl.DataFrame,
    last_transitions: pl.DataFrame,
    window: Window,
) -> Plan:
    """Decision instants and new acts.

    `people`: frames.facts.People. `facts`: fact_key, person_key, occurred_at, learned_at, origin, what (activity,
    attribute, or anything else for facts that are no acts: verdict, opportunity, removal). `ticks`: person_key, at,
    stored ticks and clock ends. `last_transitions`: person_key, at of each person's last transition.
    """
    bounds = _bounds(people, window)
    dated = _dated(facts, bounds, last_transitions, window)
    of_facts = dated.select("person_key", "at")
    of_ticks = ticks.join(bounds, on="person_key").filter(
        (pl.col("at") > pl.col("after")) & (pl.col("at") <= window.as_of) & ~pl.col("is_baseline")
    )
    everyone = people.select("person_key", pl.lit(window.as_of, UTC).alias("at"))
    instants = (
        pl.concat([of_facts, of_ticks.select("person_key", "at"), everyone]).unique().sort("person_key", "at")
    )
    acts = dated.filter(pl.col("what").is_in(["activity", "attribute"])).select(
        "fact_key",
        "person_key",
        "at",
        pl.col("occurred_at").alias("acted_at"),
        "what",
        "is_late",
    )
    return Plan(instants.cast(INSTANTS), acts.cast(ACTS))


def plan_past(facts: pl.DataFrame, first_decided: pl.DataFrame, window: Window) -> Plan:
    """Decision instants and acts of a backfill of (`last_as_of`, `as_of`].

    `facts`: as for `plan`. `first_decided`: person_key, at of each person's first live decision; who is absent was
    never decided. What the live history learned after it about the time before it is late evidence, and decided there.
    """
    undecided = pl.col("first_at").is_null() | (pl.col("occurred_at") < pl.col("first_at"))
    past = (
        facts.join(
            first_decided.select("person_key", first_at="at"),
            on="person_key",
            how="left",
            maintain_order="left",
        )
        .filter(
            (pl.col("occurred_at") > pl.lit(window.last_as_of, UTC))
            & (pl.col("occurred_at") <= pl.lit(window.as_of, UTC))
            & (pl.col("learned_at") <= window.known_by)
            & undecided
        )
        .with_columns(at="occurred_at", acted_at="occurred_at", is_late=pl.lit(False))
    )
    was_evidence = (pl.col("origin") == Origin.LIVE) & (pl.col("learned_at") > pl.col("first_at"))
    acts = past.filter(pl.col("what").is_in(["activity", "attribute"]) & ~was_evidence.fill_null(False))
    instants = past.select("person_key", "at").unique().sort("person_key", "at")
    return Plan(instants.cast(INSTANTS), acts.select(list(ACTS)).cast(ACTS))


def _bounds(people: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Per person: from when on instants are undecided, and whether this is the one baseline instant."""
    last = window.last_as_of
    if last is None:
        return people.select(
            "person_key",
            pl.lit(window.as_of, UTC).alias("after"),
            pl.col("decided_through").is_null().alias("is_baseline"),
        )
    committed = pl.lit(last, UTC)
    was_there = pl.col("decided_through").is_null() & (pl.col("created_at") <= committed)
    return people.select(
        "person_key",
        pl.max_horizontal(pl.col("decided_through").fill_null(committed), committed).alias("after"),
        was_there.alias("is_baseline"),
    )


def _dated(
    facts: pl.DataFrame, bounds: pl.DataFrame, last_transitions: pl.DataFrame, window: Window
) -> pl.DataFrame:
    """The new facts with the instant at which each is decided."""
    if window.last_as_of is None:
        return facts.head(0).with_columns(pl.lit(None, UTC).alias("at"), pl.lit(False).alias("is_late"))
    seen = facts.join(bounds, on="person_key").filter(
        (pl.col("occurred_at") <= pl.lit(window.as_of, UTC))
        & (pl.col("learned_at") <= window.known_by)
        & (pl.col("origin") == Origin.LIVE)
        & ((pl.col("occurred_at") > pl.col("after")) | (pl.col("learned_at") > pl.col("after")))
    )
    last = last_transitions.select("person_key", pl.col("at").alias("last_transition_at"))
    of_baseline = pl.when("is_baseline").then(pl.lit(window.as_of, UTC))
    return seen.join(last, on="person_key", how="left").with_columns(
        at=of_baseline.otherwise(decided_at(window)), is_late=pl.col("occurred_at") <= pl.col("after")
    )


def decided_at(window: Window) -> pl.Expr:
    """The instant at which a fact is decided: its own, or `as_of` when it is late and old, or a step lies after it.

    Reads occurred_at, after (up to where its person is decided, null: not at all) and last_transition_at.
    """
    as_of = pl.lit(window.as_of, UTC)
    in_time = (pl.col("occurred_at") > pl.col("after")).fill_null(True)
    young = pl.col("occurred_at") > as_of - pl.lit(window.late_limit)
    undisturbed = (pl.col("last_transition_at") <= pl.col("occurred_at")).fill_null(True)
    return pl.when(in_time | (young & undisturbed)).then(pl.col("occurred_at")).otherwise(as_of)
