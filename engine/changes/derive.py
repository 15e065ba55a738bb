"""From decisions to outbox entries, for some people, as of one moment."""

from dataclasses import dataclass

import polars as pl

from engine.changes.arrivals import wanted_arrivals
from engine.changes.crm import wanted_in_crm
from engine.changes.differences import PLACE, as_changes, missing, unwanted
from engine.changes.handovers import wanted_records, wanted_tasks
from engine.changes.mapped import ours
from engine.changes.marketo import wanted_in_marketo
from engine.changes.wanted import WANTED
from engine.target import crm_targets
from schemas.context import Window
from schemas.frames.base import UTC, dtypes, empty
from schemas.frames.decisions import Changes, Conflicts, Drops
from schemas.playbook.assignment import Assignment
from schemas.playbook.lifecycle import Lifecycle
from schemas.playbook.platforms import Platforms
from schemas.vocabulary import CycleKind, Origin, OutboxState, OwnerKind, Platform

FOLLOWS_CYCLE = ["status", "owner_id"]
"""Fields that people change as well: written once per cycle, then theirs."""


@dataclass(frozen=True)
class Decided:
    """What is known and decided about the people: frames of `schemas.frames`, all after this run's decisions.

    `told`: cycle_key, summary, lead_source. `in_scope`: person_key of those within the playbook's write scope.
    """

    people: pl.DataFrame
    records: pl.DataFrame
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
    """What the platforms ought to show and don't. Trials, adopted and backfilled things are never written, and before
    we are live nothing is."""
    if window.live_since is None or window.as_of < window.live_since:
        return ChangeDecisions(empty(Changes), empty(Drops), empty(Conflicts))
    scope = decided.in_scope.select("person_key")
    people = decided.people.filter(~pl.col("is_erased")).join(scope, on="person_key", how="semi")
    records = decided.records.join(people, on="person_key", how="semi")
    targets = crm_targets(records, list(platforms.statuses))
    cycles = _with_assignments(_written(decided.cycles, window), decided.assignments).join(
        people.select("person_key"), on="person_key", how="semi"
    )
    of_kind = cycles.filter((pl.col("kind") == CycleKind.MQL) & (pl.col("origin") == Origin.LIVE))
    handed = _served(cycles)
    stages = _one_stage(decided.stages, of_kind)
    of_mql = _with_own_stamps(stages, of_kind)
    users = decided.owners.filter(pl.col("kind") == OwnerKind.USER)["owner_id"]
    parts = [
        wanted_in_marketo(
            records,
            decided.scores,
            stages,
            of_mql,
            cycles,
            decided.last_writes,
            platforms.push.score_step,
            lifecycle.path[0],
        ),
        wanted_in_crm(
            targets, handed, of_mql, platforms.statuses, owners=assignment.mode == "decide_and_push"
        ),
        wanted_records(handed, targets, records, decided.mql_records, decided.told, platforms.statuses),
        wanted_tasks(handed, targets, decided.told, users),
        wanted_arrivals(people, records, targets, cycles, platforms.handover),
    ]
    wanted = ours(pl.concat(parts), platforms)
    lost = missing(wanted, decided.last_writes)
    theirs = _changed_by_people(lost, decided.last_writes)
    changes = lost.join(theirs, on=PLACE, how="anti")
    return ChangeDecisions(
        as_changes(changes, pl.lit(window.as_of, UTC)),
        unwanted(
            decided.last_writes,
            wanted,
            _gone(decided.records, targets, platforms.handover.create),
            FOLLOWS_CYCLE,
        ),
        _conflicts(theirs, window),
    )


def _written(cycles: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Live cycles; and adopted ones in which somebody raised a hand after we went live."""
    since = pl.lit(window.live_since, UTC)
    raised = (pl.col("origin") == Origin.ADOPTED) & (pl.col("hand_raised_at") > since)
    return cycles.filter(~pl.col("is_trial") & ((pl.col("origin") == Origin.LIVE) | raised.fill_null(False)))


def _with_assignments(cycles: pl.DataFrame, assignments: pl.DataFrame) -> pl.DataFrame:
    last = assignments.sort("at").unique("cycle_key", keep="last", maintain_order=True)
    return cycles.join(last.select("cycle_key", "how", "rule_id"), on="cycle_key", how="left")


def _served(cycles: pl.DataFrame) -> pl.DataFrame:
    """Cycles that assignment has answered, if only by "nobody": before that a handover has nothing to show."""
    return cycles.filter(pl.col("how").is_not_null() | (pl.col("origin") == Origin.ADOPTED))


def _one_stage(stages: pl.DataFrame, cycles: pl.DataFrame) -> pl.DataFrame:
    """One row per person: of the line of the last MQL, else of the line where something happened last."""
    of_cycle = cycles.sort("opened_at").unique("person_key", keep="last", maintain_order=True)
    marked = stages.join(
        of_cycle.select("person_key", "line", pl.lit(True).alias("of_cycle")),
        on=["person_key", "line"],
        how="left",
    )
    return (
        marked.sort(pl.col("of_cycle").fill_null(False), "since", "line")
        .unique("person_key", keep="last", maintain_order=True)
        .drop("of_cycle")
    )


def _with_own_stamps(stages: pl.DataFrame, cycles: pl.DataFrame) -> pl.DataFrame:
    """Stages of people whom we made MQLs, with the dates that come from those MQLs: adopted ones are known there."""
    dates = cycles.group_by("person_key").agg(
        first_mql=pl.col("opened_at").min(),
        last_mql=pl.col("opened_at").max(),
        first_sal=pl.col("accepted_at").min(),
        last_sal=pl.col("accepted_at").max(),
    )
    firsts = [
        pl.when(pl.col(f"first_{name}_at") >= pl.col(f"first_{name}"))
        .then(f"first_{name}")
        .alias(f"first_{name}_at")
        for name in ("mql", "sal")
    ]
    lasts = [pl.col(f"last_{name}").alias(f"last_{name}_at") for name in ("mql", "sal")]
    return stages.join(dates, on="person_key").with_columns(*firsts, *lasts).select(stages.columns)


def _changed_by_people(lost: pl.DataFrame, last_writes: pl.DataFrame) -> pl.DataFrame:
    """Wanted fields that we wrote for this very cycle and that show something else now: a person changed them."""
    done = last_writes.filter(
        pl.col("field").is_in(FOLLOWS_CYCLE)
        & pl.col("object").is_in(["lead", "contact"])
        & pl.col("state").is_in([OutboxState.APPLIED, OutboxState.UNCHANGED])
    )
    written = done.select(*PLACE, "cycle_key", written="value", written_at="at")
    again = lost.join(written, on=[*PLACE, "cycle_key"])
    return again.filter(
        (pl.col("written") == pl.col("value"))
        & (pl.col("written_at") < pl.col("learned_at"))
        & (pl.col("shown") != pl.col("value"))
    ).select(WANTED.names())


def _gone(records: pl.DataFrame, targets: pl.DataFrame, create: str) -> pl.DataFrame:
    """platform, object, target, why: records for which nothing may wait any more; creations of who has arrived."""
    dead = records.filter(pl.col("is_deleted") | pl.col("is_converted")).select(
        "platform",
        "object",
        target="native_id",
        why=pl.when("is_converted")
        .then(pl.lit("the lead was converted"))
        .otherwise(pl.lit("the record was deleted")),
    )
    platform, name = (Platform.MARKETO, "person") if create == "marketo" else (Platform.SALESFORCE, "lead")
    arrived = targets.select(
        pl.lit(platform.value).alias("platform"),
        pl.lit(name).alias("object"),
        target="person_key",
        why=pl.lit("is in the CRM now"),
    )
    return pl.concat([dead, arrived])


def _conflicts(theirs: pl.DataFrame, window: Window) -> pl.DataFrame:
    rows = theirs.with_columns(
        at=pl.lit(window.as_of, UTC),
        wanted="value",
        shown=pl.col("shown").fill_null("null"),
        why=pl.lit("a person changed it after we wrote it"),
    )
    return rows.select(list(dtypes(Conflicts)))
