"""Conditions evaluated for everybody at once, reduced to the few rows that the machine has to look at one by one."""

from dataclasses import dataclass
from functools import reduce

import polars as pl

from engine.lifecycle.events import Here
from engine.lifecycle.rulebook import Rulebook
from schemas.conditions import expression
from schemas.frames.base import UTC, columns
from schemas.vocabulary import ActivityKind

AT = ["person_key", "at"]
TRIES = columns(person_key=pl.String, at=UTC, acted_at=UTC, fact_key=pl.String, trigger=pl.Int16)
NOT_THE_PERSONS_DOING = (
    ActivityKind.EMAIL_SENT,
    ActivityKind.EMAIL_DELIVERED,
    ActivityKind.EMAIL_BOUNCE,
    ActivityKind.EMAIL_OPEN,  # privacy proxies and gateways open more mail than people do
    ActivityKind.UNSUBSCRIBE,
    ActivityKind.PERSON_CREATED,
    ActivityKind.LIST_ADD,
    ActivityKind.VALUE_CHANGE,
    ActivityKind.SCORE_CHANGE,
)
"""Kinds that tell nothing new of a person's interest. A trigger that names one with `activity` may still use it."""


@dataclass(frozen=True)
class Truths:
    """`at_instants`: person_key, at, `person_<n>` (trigger n's condition), `below` (step of the stage below MQL).

    `below_changes`: the rows of a person where `below` differs from the row before, the first row included.
    `last`: the last row of each person.
    """

    at_instants: pl.DataFrame
    below_changes: pl.DataFrame
    last: pl.DataFrame


def truths(moments: pl.DataFrame, book: Rulebook) -> Truths:
    """What holds at every instant, as far as triggers and stages below MQL ask."""
    persons = [
        expression(trigger.person).alias(f"person_{number}")
        for number, trigger in enumerate(book.triggers)
        if trigger.person
    ]
    found = moments.lazy().select(*AT, *persons, _below(book).alias("below")).sort(AT).collect()
    is_first = pl.col("person_key") != pl.col("person_key").shift(1)
    changed = is_first.fill_null(True) | (pl.col("below") != pl.col("below").shift(1))
    is_last = (pl.col("person_key") != pl.col("person_key").shift(-1)).fill_null(True)
    return Truths(
        found,
        found.filter(changed).select(*AT, "below"),
        found.filter(is_last),
    )


def _below(book: Rulebook) -> pl.Expr:
    """Step of the furthest stage whose condition holds, else the first of the path."""
    rules = sorted(book.rules.stages, key=lambda rule: book.steps[rule.stage])
    return reduce(
        lambda rest, rule: (
            pl.when(expression(rule.when)).then(pl.lit(book.steps[rule.stage], pl.Int16)).otherwise(rest)
        ),
        rules,
        pl.lit(0, pl.Int16),
    )


def tries(acts: pl.DataFrame, activities: pl.DataFrame, held: Truths, book: Rulebook) -> pl.DataFrame:
    """Acts that meet a trigger: person_key, at, acted_at, fact_key, trigger (its position).

    Of a trigger without `activity` only the last act of an instant is kept: it is the one that crossed. What the
    platform marks as a bot's doing is no act.
    """
    done = _described(acts, activities, book)
    parts = []
    for number, trigger in enumerate(book.triggers):
        rows = done.filter(pl.col(f"activity_{number}" if trigger.activity else "is_own"))
        if trigger.person:
            met = held.at_instants.filter(pl.col(f"person_{number}")).select(AT)
            rows = rows.join(met, on=AT, how="semi")
        if not trigger.activity:
            rows = rows.sort("acted_at", "fact_key").unique(AT, keep="last", maintain_order=True)
        parts.append(rows.select(*AT, "acted_at", "fact_key", pl.lit(number, pl.Int16).alias("trigger")))
    return pl.concat(parts) if parts else pl.DataFrame(schema=TRIES)


def _described(acts: pl.DataFrame, activities: pl.DataFrame, book: Rulebook) -> pl.DataFrame:
    """`acts` with `activity_<n>` per trigger and `is_own`: the person's own doing, or a change of an attribute."""
    named = [n for n, trigger in enumerate(book.triggers) if trigger.activity]
    of_activities = acts.filter(pl.col("what") == "activity")
    known = (
        activities.join(
            of_activities.select("fact_key"), left_on="activity_key", right_on="fact_key", how="semi"
        )
        .filter(~pl.col("is_bot"))
        .select(
            pl.col("activity_key").alias("fact_key"),
            *(expression(book.triggers[n].activity or "").alias(f"activity_{n}") for n in named),
            (~pl.col("kind").is_in(NOT_THE_PERSONS_DOING)).alias("is_own"),
        )
    )
    no = [pl.lit(False).alias(f"activity_{n}") for n in named]
    return pl.concat(
        [
            of_activities.join(known, on="fact_key"),
            acts.filter(pl.col("what") == "attribute").with_columns(*no, pl.lit(True).alias("is_own")),
        ]
    )


def surroundings(
    moments: pl.DataFrame, wanted: pl.DataFrame, book: Rulebook
) -> dict[tuple[str, object], Here]:
    """What exclusions and the write scope say at the wanted (person_key, at)."""
    rows = moments.join(wanted.select(AT).unique(), on=AT, how="semi")
    conditions = [
        expression(exclusion.when).alias(f"held_{number}")
        for number, exclusion in enumerate(book.exclusions)
        if exclusion.when
    ]
    numbers = [number for number, exclusion in enumerate(book.exclusions) if exclusion.when]
    closed = (
        pl.col("last_opportunity_closed_at")
        if "last_opportunity_closed_at" in moments.columns
        else pl.lit(None, UTC).alias("last_opportunity_closed_at")
    )
    found = rows.select(*AT, writable(book), _is_worked(moments, book), closed, *conditions)
    return {
        (row[0], row[1]): Here(
            frozenset(number for number, held in zip(numbers, row[5:], strict=True) if held), *row[2:5]
        )
        for row in found.iter_rows()
    }


def writable(book: Rulebook) -> pl.Expr:
    """Whether the person is inside the organisation's write scope."""
    scope = book.organisation.write_scope
    return (expression(scope) if scope else pl.lit(True)).alias("is_writable")


def _is_worked(moments: pl.DataFrame, book: Rulebook) -> pl.Expr:
    if "status" not in moments.columns:
        return pl.lit(False).alias("is_worked")
    status = pl.col("status").str.strip_chars().str.to_lowercase()
    return status.is_in(book.working_statuses).fill_null(False).alias("is_worked")
