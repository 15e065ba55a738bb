"""Loading what a decision needs: facts and past decisions of some people, as frames, and when to decide."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from engine.data.assets import with_tags
from engine.data.attributes import states_of
from engine.instants import Plan, plan
from engine.lifecycle import attributes_read
from ledger import outbox
from ledger.decisions import read as decisions
from ledger.facts import read, read_accounts, read_sales, schedule
from ledger.open import Ledger
from schemas.context import Window
from schemas.frames.base import UTC
from schemas.playbook.load import Playbook
from schemas.vocabulary import Origin, Platform
from tasks.attributes import attribute_rules

FACT = {
    "fact_key": pl.String(),
    "person_key": pl.String(),
    "occurred_at": UTC,
    "learned_at": UTC,
    "origin": pl.String(),
    "what": pl.String(),
}


@dataclass(frozen=True)
class Facts:
    """Frames of `schemas.frames` about one chunk of people, with the instants to decide and the new acts."""

    people: pl.DataFrame
    records: pl.DataFrame
    versions: pl.DataFrame
    activities: pl.DataFrame
    accounts: pl.DataFrame
    opportunities: pl.DataFrame
    verdicts: pl.DataFrame
    removals: pl.DataFrame
    touches: pl.DataFrame
    cycles: pl.DataFrame
    stages: pl.DataFrame
    group_cycles: pl.DataFrame
    pushed_scores: pl.DataFrame
    instants: pl.DataFrame
    acts: pl.DataFrame


def load(ledger: Ledger, keys: Sequence[str], playbook: Playbook, window: Window) -> Facts:
    """Everything about these living people that the ledger had learned by `window.known_by`."""
    known_by = window.known_by
    with ledger.read() as connection:
        people = read.people(connection, keys)
        records = read.records(connection, keys)
        versions = read.record_versions(connection, keys, known_by)
        activities = read.activities(connection, keys, known_by)
        accounts = read_accounts.account_versions(connection, keys, known_by)
        opportunities = read_accounts.opportunity_versions(connection, keys, known_by)
        verdicts = read.verdicts(connection, keys, known_by)
        removals = read.removals(connection, keys, known_by)
        touches = read_sales.touches(connection, keys, known_by)
        cycles = decisions.read_cycles(connection, keys)
        stages = decisions.read_stages(connection, keys)
        group_cycles = decisions.read_cycles_of_groups(connection, keys)
        transitions = decisions.read_transitions(connection, keys)
        ticks = schedule.instants(connection, keys)
        pushed = _pushed_scores(connection, records)
    dated = _facts(
        people, versions, activities, accounts, opportunities, verdicts, removals, touches, playbook
    )
    last = transitions.group_by("person_key").agg(pl.col("at").max())
    planned: Plan = plan(people, dated, ticks, last, window)
    return Facts(
        people=people,
        records=records,
        versions=versions,
        activities=with_tags(activities, playbook.assets),
        accounts=accounts,
        opportunities=opportunities,
        verdicts=verdicts,
        removals=removals,
        touches=touches,
        cycles=cycles,
        stages=stages,
        group_cycles=group_cycles,
        pushed_scores=pushed,
        instants=planned.instants,
        acts=planned.acts,
    )


def _facts(
    people: pl.DataFrame,
    versions: pl.DataFrame,
    activities: pl.DataFrame,
    accounts: pl.DataFrame,
    opportunities: pl.DataFrame,
    verdicts: pl.DataFrame,
    removals: pl.DataFrame,
    touches: pl.DataFrame,
    playbook: Playbook,
) -> pl.DataFrame:
    """Every dated fact in one frame (`FACT`); activities and foreign changes of attributes that rules read are acts."""
    live = pl.lit(Origin.LIVE.value)
    since = pl.max_horizontal("valid_from", "linked_at")
    return pl.concat(
        [
            _dated(activities, "activity_key", "occurred_at", "origin", "activity"),
            _changes(people, versions, accounts, opportunities, playbook),
            _dated(verdicts, "fact_key", "occurred_at", "origin", "verdict"),
            _dated(removals, "fact_key", "occurred_at", live, "removal"),
            _dated(touches, pl.lit(""), "occurred_at", live, "touch"),
            _dated(opportunities, "opportunity_id", since, live, "sale"),
        ]
    )


def _changes(
    people: pl.DataFrame,
    versions: pl.DataFrame,
    accounts: pl.DataFrame,
    opportunities: pl.DataFrame,
    playbook: Playbook,
) -> pl.DataFrame:
    """Changes of records; `attribute` where what a rule reads is different from what it was just before."""
    rules = attribute_rules(playbook)
    wanted = attributes_read(playbook.lifecycle, (rule.when for rule in playbook.scoring.fit))
    seen = versions.filter(~pl.col("assumed"))
    if seen.is_empty():
        return pl.DataFrame(schema=FACT)
    theirs = [frame.join(seen, on="person_key", how="semi") for frame in (people, versions, opportunities)]
    states = states_of(theirs[0], theirs[1], accounts, theirs[2], rules).sort("person_key", "at")
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift(1)) for name in sorted(wanted & set(states.columns))
    )
    is_first = pl.col("person_key") != pl.col("person_key").shift(1)
    moved = states.select("person_key", "at", (differs & ~is_first.fill_null(True)).alias("differs"))
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


def _pushed_scores(connection: sa.Connection, records: pl.DataFrame) -> pl.DataFrame:
    """person_key, pushed_score: the score that Marketo was last given, in hundredths; absent: never."""
    ids = records.filter(pl.col("platform") == Platform.MARKETO).select("person_key", "native_id")
    given = outbox.last_applied(connection, Platform.MARKETO, "person", ids["native_id"], ["score"])
    latest = (
        given.join(ids, left_on="target", right_on="native_id").sort("at").unique("person_key", keep="last")
    )
    return latest.select("person_key", pushed_score=pl.col("value").cast(pl.Int64, strict=False) * 100)
