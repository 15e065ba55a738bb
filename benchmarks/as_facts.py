"""A generated history as the frames that a decision takes, as if a ledger had been read: for the pure stages alone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from benchmarks.history import History, share_of
from engine.data.assets import with_tags
from engine.data.attributes import states_of
from engine.data.intent import intent_acts
from engine.dated import dated_facts
from engine.instants import plan
from engine.lifecycle import attributes_read
from ledger.facts.handed_in import INTENT
from schemas.context import Window
from schemas.frames import decisions, facts
from schemas.frames.base import UTC, Frame, dtypes, empty
from schemas.playbook.load import Playbook
from schemas.vocabulary import ActivityKind, Origin, VerdictKind
from tasks.attributes import attribute_rules
from tasks.facts import Facts

ANSWERED = 0.6
"""The share of hand raises that a rep answers with a verdict, one to four days later."""


@dataclass(frozen=True)
class Base:
    """Facts about everybody, in order of people; `chunk` cuts some out."""

    people: pl.DataFrame
    versions: pl.DataFrame
    activities: pl.DataFrame
    verdicts: pl.DataFrame
    stages: pl.DataFrame

    def chunk(self, start: int, end: int, playbook: Playbook, window: Window) -> Facts:
        """The facts of some people, tagged, with their instants and acts: what `tasks.facts.load` makes of a ledger."""
        wanted = self.people[start:end].select("person_key")
        people, versions, activities, verdicts, stages = (
            frame.join(wanted, on="person_key", how="semi")
            for frame in (self.people, self.versions, self.activities, self.verdicts, self.stages)
        )
        accounts, opportunities = empty(facts.AccountVersions), empty(facts.OpportunityVersions)
        removals, never = empty(facts.Removals), pl.DataFrame(schema={"person_key": pl.String, "at": UTC})
        touches = pl.DataFrame(schema={"person_key": pl.String, "occurred_at": UTC, "learned_at": UTC})
        states = states_of(people, versions, accounts, opportunities, attribute_rules(playbook))
        adjustments, intents = empty(facts.Adjustments), intent_acts(pl.DataFrame(schema=INTENT), states)
        read = {*attributes_read(playbook.lifecycle, ()), *playbook.scored_attributes}
        dated = dated_facts(
            activities,
            versions,
            states,
            opportunities,
            verdicts,
            removals,
            touches,
            adjustments,
            intents,
            read,
        )
        planned = plan(people, dated, never, never, window)
        return Facts(
            people=people,
            records=empty(facts.Records),
            versions=versions,
            activities=with_tags(activities, playbook.assets),
            intents=intents,
            adjustments=adjustments,
            account_scores=empty(decisions.AccountScores),
            opportunities=opportunities,
            states=states,
            verdicts=verdicts,
            removals=removals,
            touches=touches,
            cycles=empty(decisions.Cycles),
            stages=stages,
            group_cycles=pl.DataFrame(schema={**dtypes(decisions.Cycles), "group_key": pl.String}),
            pushed_scores=pl.DataFrame(schema={"person_key": pl.String, "pushed_score": pl.Int64}),
            instants=planned.instants,
            acts=planned.acts,
        )


def base(history: History) -> Base:
    """The history as it was learned when it happened; everybody stands on the path, decided through its start."""
    named = history.people.with_columns(person_key=_key("number"))
    start = pl.lit(history.start, UTC)
    people = named.select(
        "person_key",
        "created_at",
        first_learned_at="created_at",
        decided_through=start,
        group_key="person_key",
        is_erased=pl.lit(False),
    )
    activities = history.acts.select(
        activity_key=pl.lit("marketo:") + _key("act"),
        person_key=_key("number"),
        occurred_at="occurred_at",
        learned_at="occurred_at",
        kind="kind",
        native_kind="native_kind",
        asset_name="asset_name",
        url="url",
        origin=pl.lit(Origin.LIVE.value),
        is_bot=pl.lit(False),
    )
    stages = named.select(
        "person_key",
        line=pl.lit("default"),
        stage=pl.lit("known"),
        since=start,
        origin=pl.lit(Origin.LIVE.value),
    )
    return Base(
        people,
        _shaped(_versions(named, history), facts.RecordVersions),
        _shaped(activities, facts.Activities),
        _shaped(_verdicts(activities), facts.Verdicts),
        _shaped(stages, decisions.Stages),
    )


def _versions(named: pl.DataFrame, history: History) -> pl.DataFrame:
    """What was found at first, and for three in ten a new title within the time."""
    seconds = int((history.end - history.start).total_seconds())
    moved = named.filter(share_of("number", 31) < 0.3)
    when = pl.lit(history.start, UTC) + pl.duration(seconds=(share_of("number", 32) * seconds).cast(pl.Int64))
    later = moved.with_columns(valid_from=when, title=pl.lit("VP Operations"), assumed=pl.lit(False))
    found = named.with_columns(valid_from="created_at", assumed=pl.lit(True))
    return pl.concat([found, later]).with_columns(
        learned_at="valid_from",
        platform=pl.lit("marketo"),
        object=pl.lit("person"),
        origin=pl.lit(Origin.LIVE.value),
        is_deleted=pl.lit(False),
    )


def _verdicts(activities: pl.DataFrame) -> pl.DataFrame:
    raised = activities.filter(
        (pl.col("kind") == ActivityKind.FORM_FILL)
        & pl.col("asset_name").is_in(["Contact Us", "Request a Demo"])
    ).filter(share_of("activity_key", 41) < ANSWERED)
    said = pl.when(share_of("activity_key", 42) < 0.5).then(pl.lit(VerdictKind.ACCEPTED.value))
    when = (
        pl.col("occurred_at")
        + timedelta(days=1)
        + pl.duration(seconds=(share_of("activity_key", 43) * 3 * 86_400).cast(pl.Int64))
    )
    return raised.select(
        "person_key",
        fact_key=pl.lit("verdict:") + pl.col("activity_key"),
        kind=said.otherwise(pl.lit(VerdictKind.RECYCLED.value)),
        reason=pl.lit("No budget this year"),
        occurred_at=when,
        learned_at=when,
        origin=pl.lit(Origin.LIVE.value),
        source=pl.lit("lead"),
        said_by=pl.lit("005000000000001AAA"),
    )


def _key(column: str) -> pl.Expr:
    """As long as a real key: what is compared and joined millions of times should weigh what it weighs."""
    parts = [pl.col(column).hash(seed).cast(pl.String).str.zfill(20).str.slice(2, 18) for seed in (21, 22)]
    return pl.concat_str(parts)


def _shaped(rows: pl.DataFrame, model: type[Frame]) -> pl.DataFrame:
    columns: dict[str, Any] = dtypes(model)
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in columns.items()
    )
