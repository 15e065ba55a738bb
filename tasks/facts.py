"""Loading what a decision needs: facts and past decisions of some people, as frames, and when to decide."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from engine.data.assets import with_tags
from engine.data.attributes import states_of
from engine.dated import dated_facts
from engine.instants import plan, plan_past
from engine.lifecycle import attributes_read
from ledger import outbox
from ledger.decisions import read as decisions
from ledger.facts import read, read_accounts, read_sales, schedule
from ledger.open import Ledger
from schemas.context import Window
from schemas.playbook.load import Playbook
from schemas.vocabulary import Origin, Platform
from tasks.attributes import attribute_rules


@dataclass(frozen=True)
class Facts:
    """Frames of `schemas.frames` about one chunk of people, with the instants to decide and the new acts.

    `states`: what was known about them from when on (`engine.data.attributes.states_of`).
    """

    people: pl.DataFrame
    records: pl.DataFrame
    versions: pl.DataFrame
    activities: pl.DataFrame
    opportunities: pl.DataFrame
    states: pl.DataFrame
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
    states = states_of(people, versions, accounts, opportunities, attribute_rules(playbook))
    wanted = attributes_read(playbook.lifecycle, (rule.when for rule in playbook.scoring.fit))
    dated = dated_facts(activities, versions, states, opportunities, verdicts, removals, touches, wanted)
    by_person = transitions.filter(pl.col("origin") != Origin.BACKFILL).group_by("person_key")
    if window.origin == Origin.BACKFILL:
        planned = plan_past(dated, by_person.agg(pl.col("at").min()), window)
    else:
        planned = plan(people, dated, ticks, by_person.agg(pl.col("at").max()), window)
    return Facts(
        people=people,
        records=records,
        versions=versions,
        activities=with_tags(activities, playbook.assets),
        opportunities=opportunities,
        states=states,
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


def _pushed_scores(connection: sa.Connection, records: pl.DataFrame) -> pl.DataFrame:
    """person_key, pushed_score: the score that Marketo was last given, in hundredths; absent: never."""
    ids = records.filter(pl.col("platform") == Platform.MARKETO).select("person_key", "native_id")
    given = outbox.last_applied(connection, Platform.MARKETO, "person", ids["native_id"], ["score"])
    latest = (
        given.join(ids, left_on="target", right_on="native_id").sort("at").unique("person_key", keep="last")
    )
    return latest.select("person_key", pushed_score=pl.col("value").cast(pl.Int64, strict=False) * 100)
