"""Loading what a decision needs: facts and past decisions of some people, as frames, and when to decide."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from engine.data.answers import with_answers
from engine.data.assets import with_tags
from engine.data.attributes import states_of
from engine.data.bots import with_bots_marked
from engine.data.intent import intent_acts
from engine.dated import dated_facts
from engine.instants import plan, plan_past
from engine.lifecycle import attributes_read
from ledger import outbox
from ledger.decisions import read as decisions
from ledger.facts import handed_in, read, read_accounts, read_sales, schedule
from ledger.open import Ledger
from schemas.context import Window
from schemas.frames.base import empty
from schemas.frames.decisions import AccountScores
from schemas.playbook.load import Playbook
from schemas.vocabulary import Origin, Platform
from tasks.attributes import attribute_rules


@dataclass(frozen=True)
class Facts:
    """Frames of `schemas.frames` about one chunk of people, with the instants to decide and the new acts.

    `states`: what was known about them from when on (`engine.data.attributes.states_of`). `intents`: what is known of
    their companies' interest (`engine.data.intent.intent_acts`); evidence for scores, and no acts of theirs.
    """

    people: pl.DataFrame
    records: pl.DataFrame
    versions: pl.DataFrame
    activities: pl.DataFrame
    intents: pl.DataFrame
    adjustments: pl.DataFrame
    account_scores: pl.DataFrame
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

    @property
    def scoring_activities(self) -> pl.DataFrame:
        """Everything that signals look at."""
        return pl.concat([self.activities, self.intents], how="diagonal_relaxed")


def load(ledger: Ledger, keys: Sequence[str], playbook: Playbook, window: Window) -> Facts:
    """Everything about these living people that the ledger had learned by `window.known_by`."""
    known_by, with_attributes = window.known_by, bool(playbook.platforms.answers)
    with ledger.read() as connection:
        people = read.people(connection, keys)
        records = read.records(connection, keys)
        versions = read.record_versions(connection, keys, known_by)
        activities = read.activities(connection, keys, known_by, with_attributes=with_attributes)
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
        adjustments = handed_in.read_adjustments(connection, keys, known_by)
        states = states_of(people, versions, accounts, opportunities, attribute_rules(playbook))
        domains = states["email_domain"].drop_nulls().unique()
        intents = intent_acts(handed_in.read_intents(connection, domains, known_by), states)
        account_scores = _account_scores(connection, states, playbook, window)
    wanted = {*attributes_read(playbook.lifecycle, ()), *playbook.scored_attributes}
    dated = dated_facts(
        activities, versions, states, opportunities, verdicts, removals, touches, adjustments, intents, wanted
    )
    by_person = transitions.filter(pl.col("origin") != Origin.BACKFILL).group_by("person_key")
    if window.origin == Origin.BACKFILL:
        planned = plan_past(dated, by_person.agg(pl.col("at").min()), window)
    else:
        planned = plan(people, dated, ticks, by_person.agg(pl.col("at").max()), window)
    return Facts(
        people=people,
        records=records,
        versions=versions,
        activities=described(activities, playbook),
        intents=with_tags(intents, playbook.assets) if len(intents) else intents,
        adjustments=adjustments,
        account_scores=account_scores,
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


def described(activities: pl.DataFrame, playbook: Playbook) -> pl.DataFrame:
    """Activities with what conditions read of them: tags, product line, answers; and the marks of machines."""
    return with_bots_marked(with_answers(with_tags(activities, playbook.assets), playbook.platforms.answers))


def _pushed_scores(connection: sa.Connection, records: pl.DataFrame) -> pl.DataFrame:
    """person_key, pushed_score: the score that Marketo was last given, in hundredths; absent: never."""
    ids = records.filter(pl.col("platform") == Platform.MARKETO).select("person_key", "native_id")
    given = outbox.last_applied(connection, Platform.MARKETO, "person", ids["native_id"], ["score"])
    latest = (
        given.join(ids, left_on="target", right_on="native_id").sort("at").unique("person_key", keep="last")
    )
    return latest.select("person_key", pushed_score=pl.col("value").cast(pl.Int64, strict=False) * 100)


def _account_scores(
    connection: sa.Connection, states: pl.DataFrame, playbook: Playbook, window: Window
) -> pl.DataFrame:
    """frames.decisions.AccountScores of the people's accounts, as runs before this one stored them."""
    if playbook.scoring.account is None or window.last_as_of is None:
        return empty(AccountScores)
    accounts = states["account_id"].drop_nulls().unique()
    return decisions.read_account_scores(connection, accounts, window.last_as_of)
