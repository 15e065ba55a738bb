"""From decisions to outbox entries, for some people, as of one moment."""

from dataclasses import dataclass

import polars as pl

from engine.changes import live
from engine.changes.arrivals import wanted_arrivals
from engine.changes.calls import wanted_tasks
from engine.changes.crm import free_owners, wanted_owner, wanted_stage_and_stamps
from engine.changes.differences import as_changes, as_conflicts, difference, unwanted
from engine.changes.handovers import wanted_records
from engine.changes.marketo import wanted_in_marketo
from engine.changes.status import wanted_status
from engine.changes.wanted import Wish
from engine.changes.writable import writable
from engine.target import crm_targets
from schemas.context import Window
from schemas.frames.base import empty
from schemas.frames.decisions import Changes, Conflicts, Drops
from schemas.playbook.assignment import Assignment
from schemas.playbook.lifecycle import Lifecycle
from schemas.playbook.platforms import Platforms
from schemas.vocabulary import CycleKind, Origin, OwnerKind


@dataclass(frozen=True)
class Decided:
    """What is known and decided about the people: frames of `schemas.frames`, all after this run's decisions.

    `records`: of people without a record in the CRM also one that a look-up by address found, under their key.
    `told`: cycle_key, summary, lead_source. `in_scope`: person_key of those within the playbook's write scope.
    """

    people: pl.DataFrame
    records: pl.DataFrame
    verdicts: pl.DataFrame
    mql_records: pl.DataFrame
    owners: pl.DataFrame
    cycles: pl.DataFrame
    stages: pl.DataFrame
    scores: pl.DataFrame
    assignments: pl.DataFrame
    last_writes: pl.DataFrame
    told: pl.DataFrame
    in_scope: pl.DataFrame


@dataclass(frozen=True)
class ChangeDecisions:
    """Frames of `schemas.frames.decisions`: what to write, what to write no more, what was left to a person."""

    changes: pl.DataFrame
    drops: pl.DataFrame
    conflicts: pl.DataFrame


def derive(
    decided: Decided, platforms: Platforms, lifecycle: Lifecycle, assignment: Assignment, window: Window
) -> ChangeDecisions:
    """What the platforms ought to show and don't. Trials, adopted and backfilled things are never written, and
    before we are live nothing is."""
    if window.live_since is None or window.as_of < window.live_since:
        return ChangeDecisions(empty(Changes), empty(Drops), empty(Conflicts))
    people = decided.people.filter(~pl.col("is_erased")).join(
        decided.in_scope.select("person_key"), on="person_key", how="semi"
    )
    records = decided.records.join(people, on="person_key", how="semi")
    targets = crm_targets(records, list(platforms.statuses))
    cycles = live.live_cycles(decided.cycles, decided.assignments, window).join(
        people.select("person_key"), on="person_key", how="semi"
    )
    wishes = [
        _in_crm(decided, targets, cycles, platforms, lifecycle, assignment),
        wanted_records(
            live.served(cycles),
            targets,
            decided.mql_records,
            decided.told,
            decided.verdicts,
            decided.last_writes,
            platforms.statuses,
        ),
        _elsewhere(decided, people, records, targets, cycles, platforms, lifecycle, assignment),
    ]
    wanted = writable(pl.concat([wish.wanted for wish in wishes]), platforms)
    left = writable(pl.concat([wish.left for wish in wishes]), platforms)
    found = difference(wanted, decided.last_writes, window.as_of)
    silent = decided.people.join(people, on="person_key", how="anti").select("person_key")
    return ChangeDecisions(
        as_changes(found.missing, window.as_of),
        unwanted(decided.last_writes, wanted, _gone(decided.records), silent),
        as_conflicts(pl.concat([left, found.theirs]), window.as_of),
    )


def _in_crm(
    decided: Decided,
    targets: pl.DataFrame,
    cycles: pl.DataFrame,
    platforms: Platforms,
    lifecycle: Lifecycle,
    assignment: Assignment,
) -> Wish:
    """Of leads and contacts. What was adopted keeps owner, status and dates, also where a hand was raised in it."""
    ours = live.served(cycles).filter(pl.col("origin") == Origin.LIVE)
    mqls = ours.filter(pl.col("kind") == CycleKind.MQL)
    places = live.places(decided.stages, mqls)
    leading = live.leading(mqls)
    before_mql = lifecycle.path[: lifecycle.path.index("mql")]
    spoken = targets.with_columns(target="native_id", is_creation=pl.lit(False)).join(
        leading.select("person_key", "cycle_key", "state", "opened_at", "closed_at"), on="person_key"
    )
    stages = places.select(
        "person_key",
        stage_now="stage",
        is_sent_back=pl.col("stage").is_in([*lifecycle.detours, *before_mql]),
    )
    status = wanted_status(
        spoken.join(stages, on="person_key", how="left"),
        decided.verdicts,
        decided.last_writes,
        platforms.statuses,
    )
    dated = wanted_stage_and_stamps(targets, leading, live.with_own_dates(places, mqls))
    owner = Wish.nothing()
    if assignment.mode == "decide_and_push":
        names = [*assignment.placeholder_owners, *filter(None, [platforms.handover.default_owner])]
        free = free_owners(decided.owners, names)
        owner = wanted_owner(targets, live.leading(ours), free, decided.last_writes)
    return Wish(pl.concat([status.wanted, dated, owner.wanted]), pl.concat([status.left, owner.left]))


def _elsewhere(
    decided: Decided,
    people: pl.DataFrame,
    records: pl.DataFrame,
    targets: pl.DataFrame,
    cycles: pl.DataFrame,
    platforms: Platforms,
    lifecycle: Lifecycle,
    assignment: Assignment,
) -> Wish:
    """Of Marketo's people, of tasks, and of who is not in the CRM yet."""
    mqls = cycles.filter((pl.col("kind") == CycleKind.MQL) & (pl.col("origin") == Origin.LIVE))
    places = live.places(decided.stages, mqls)
    users = decided.owners.filter(pl.col("kind") == OwnerKind.USER)["owner_id"]
    parts = [
        wanted_in_marketo(
            records,
            decided.scores,
            places,
            live.with_own_dates(places, mqls),
            live.moved_at(cycles),
            decided.last_writes,
            score_step=platforms.push.score_step,
            path_start=lifecycle.path[0],
        ),
        wanted_tasks(live.served(cycles), targets, decided.told, users, decided.last_writes),
        wanted_arrivals(
            people,
            records,
            targets,
            cycles,
            platforms.handover,
            platforms.statuses,
            owners=assignment.mode == "decide_and_push",
        ),
    ]
    return Wish(pl.concat(parts), Wish.nothing().left)


def _gone(records: pl.DataFrame) -> pl.DataFrame:
    """platform, object, target, why: records for which nothing may wait any more."""
    dead = records.filter(pl.col("is_deleted") | pl.col("is_converted"))
    return dead.select(
        "platform",
        "object",
        target="native_id",
        why=pl.when("is_deleted")
        .then(pl.lit("the record was deleted"))
        .otherwise(pl.lit("the lead was converted")),
    )
