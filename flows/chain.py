"""The chain of one run: settle, pull, decide, record, push, summarise, in this order and under one lease.

Each step is a stage function of `tasks/`. `stage` wraps every one of them before it is called: plainly from the command
line, as Prefect tasks from a deployment. This module knows the order and nothing else.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ParamSpec, Self, TypeVar

import polars as pl

from engine import groups
from engine.changes import ChangeDecisions
from engine.lifecycle import LifecycleDecisions
from flows.wiring import Wiring
from ledger import lease, runs
from ledger.facts import schedule
from schemas.context import Window
from schemas.frames import decisions as frames
from schemas.frames.base import empty
from schemas.vocabulary import Silo, Stream
from tasks.assignment import assign
from tasks.changes import derive, derive_assigned
from tasks.data.handed_in import take_in
from tasks.data.retention import retire
from tasks.data.settle import settle
from tasks.facts import load
from tasks.lifecycle import move
from tasks.midnights import with_midnights_of_a_pause
from tasks.preview import preview
from tasks.progress import Progress
from tasks.pull import pull
from tasks.push.drain import push
from tasks.push.fitness import unfit
from tasks.push.unfinished import settle_claims
from tasks.push.waiting import overdue
from tasks.readiness import unread
from tasks.record import record, record_assignments
from tasks.run import Run, begin
from tasks.scoring import score
from tasks.summary import Summary

P = ParamSpec("P")
R = TypeVar("R")
Stage = Callable[[Callable[..., Any]], Callable[..., Any]]

CHUNK = 20_000
"""People per transaction: under a second or two to write, and never near the 30 s of a write transaction.

Who shares an address is never split: a chunk may have more people for it.
"""

WAITS_FOR = {"backfill": 60.0}
"""Seconds that a sync waits for a lease, by the flow that holds it: a backfill gives it back after each window."""


@dataclass(frozen=True)
class Trials:
    """Trials that were opened (frames.decisions.Cycles), and what would be written about their people without them."""

    cycles: pl.DataFrame
    asked: pl.DataFrame

    @classmethod
    def of(cls, opened: pl.DataFrame, asked: pl.DataFrame) -> Self:
        cycles = opened.filter("is_trial")
        return cls(cycles, asked.join(cycles, on="person_key", how="semi"))


NOTHING = ChangeDecisions(empty(frames.Changes), empty(frames.Drops), empty(frames.Conflicts))
"""What is asked of the platforms while nothing may be written."""


def plain(function: Callable[P, R]) -> Callable[P, R]:
    """A stage called as it is."""
    return function


def wall_clock() -> datetime:
    """For the run row alone."""
    return datetime.now(UTC)


def sync(
    wiring: Wiring, progress: Progress, *, accept_batches: Sequence[Stream] = (), stage: Stage = plain
) -> Summary:
    """One sync. Raises LeaseHeld at once if another run holds the ledger."""
    with lease.acquire(wiring.ledger, "sync", wait_for=WAITS_FOR) as held:
        run = begin(
            wiring.ledger, held.token, wiring.sources, wiring.playbook, "sync", wiring.live_since, wall_clock
        )
        summary = Summary(run.id, run.flow, run.as_of, run.is_live, run.live_since)
        summary.problems.extend(run.unreachable.values())
        try:
            _steps(wiring, run, summary, progress, accept_batches, stage)
        except BaseException as error:
            _close(wiring, run, summary, "failed", type(error).__name__)
            raise
        _close(wiring, run, summary, summary.exit.name.lower(), "; ".join(summary.failures))
        wiring.ledger.optimize()
    return summary


def _steps(
    wiring: Wiring, run: Run, summary: Summary, progress: Progress, accept: Sequence[Stream], stage: Stage
) -> None:
    ledger, playbook = wiring.ledger, wiring.playbook
    answering = {platform: sink for platform, sink in wiring.sinks.items() if platform not in run.unreachable}
    summary.pushed.update(stage(settle_claims)(ledger, answering, run))
    for platform, source in wiring.sources.items():
        if platform not in run.unreachable:
            summary.pulled.append(stage(pull)(ledger, source, playbook.platforms, run, progress, accept))
    stage(take_in)(ledger, run)
    stage(settle)(ledger, lambda: nullcontext(run), playbook)
    missing = unread(ledger, Silo.LIFECYCLE, wiring.sources, playbook.platforms.freshness, run.as_of)
    if missing:
        summary.undecided.extend(missing)
    else:
        trials = decide_due(wiring, run, run.window(playbook), summary, progress, stage)
        _assign(wiring, run, summary, stage, trials)
    summary.unfit.extend(unfit(ledger, answering, run))
    if not summary.unfit:
        pushed = stage(push)(ledger, answering, wiring.sources, playbook, run, progress)
        summary.pushed.update(pushed.outcomes.counts)
        summary.refused.update(pushed.outcomes.refused)
        summary.problems.extend(pushed.failures)
        summary.notes.extend(pushed.notes)
    summary.problems.extend(overdue(ledger, playbook, run))
    summary.decided.update(stage(retire)(ledger, run, wiring.retention))


def decide_due(
    wiring: Wiring, run: Run, window: Window, summary: Summary, progress: Progress, stage: Stage
) -> list[Trials]:
    """Scores, moves and records everybody who is due, chunk by chunk; then the run's moment is committed.

    Gives the trials that a silent run opened.
    """
    ledger, playbook = wiring.ledger, wiring.playbook
    trials: list[Trials] = []
    with ledger.read() as connection:
        due = schedule.due(connection, run.as_of)
    for keys in groups.batches(due, CHUNK):
        facts = with_midnights_of_a_pause(stage(load)(ledger, keys, playbook, window), playbook, window)
        scored = stage(score)(facts, playbook, window)
        moved = stage(move)(facts, scored, playbook, window, run.versions)
        asked = stage(derive)(ledger, facts, scored, moved, playbook, window)
        stage(record)(
            ledger, run, pl.Series("person_key", keys), scored, moved, asked if summary.is_live else NOTHING
        )
        opened = moved.decisions.cycles.join(facts.cycles, on="cycle_key", how="anti")
        _count(summary, opened, moved.decisions, asked)
        summary.bots.update(_counts(_new_machines(facts.activities, window), "bot_why"))
        if not summary.is_live:
            trials.append(Trials.of(opened, asked.changes))
        summary.decided.update(people=len(keys))
        progress.advance("decide", len(keys), len(due))
    with ledger.begin(run.token) as tx, tx.silo(Silo.OPERATIONS):
        runs.mark_decided(tx, run.id)
    return [each for each in trials if len(each.cycles)]


def _assign(wiring: Wiring, run: Run, summary: Summary, stage: Stage, trials: Sequence[Trials]) -> None:
    """Finds owners for cycles that have none, also for those that an earlier run was killed before assigning; and of
    a silent run's `trials` tells who would get them."""
    ledger, playbook = wiring.ledger, wiring.playbook
    missing = unread(ledger, Silo.ASSIGNMENT, wiring.sources, playbook.platforms.freshness, run.as_of)
    if missing:
        summary.undecided.extend(missing)
        return
    window = run.window(playbook)
    for each in trials:
        would = stage(preview)(ledger, each.cycles, each.asked, playbook, window, run.versions)
        summary.assigned.update(_counts(would.assignments, "how"))
        summary.asked.update(_asked(would.changes))
    assigned = stage(assign)(ledger, playbook, run, window)
    if assigned is None:
        return
    asked = stage(derive_assigned)(ledger, assigned, playbook, window)
    stage(record_assignments)(ledger, run, assigned.decisions, asked if summary.is_live else NOTHING)
    found = assigned.decisions.assignments
    summary.decided.update(assignments=len(found))
    summary.assigned.update(_counts(found, "how"))
    summary.asked.update(_asked(asked.changes))


def _count(
    summary: Summary, opened: pl.DataFrame, decided: LifecycleDecisions, asked: ChangeDecisions
) -> None:
    """Adds what a chunk decided to the summary."""
    summary.decided.update(
        transitions=len(decided.transitions),
        cycles=len(decided.cycles),
        blocks=len(decided.blocks),
        would_qualify=len(decided.would_qualify),
    )
    summary.opened.update(_counts(opened.filter(~pl.col("is_trial")), "origin", "kind"))
    summary.opened.update({"trial": int(opened["is_trial"].sum())})
    summary.moved.update(_counts(decided.transitions, "to_stage"))
    summary.blocked.update(_counts(decided.blocks, "exclusion"))
    summary.asked.update(_asked(asked.changes))


def _new_machines(activities: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Acts of machines that the ledger did not know before this run."""
    machines = activities.filter(pl.col("bot_why").is_not_null())
    if window.last_as_of is None:
        return machines
    return machines.filter(pl.col("learned_at") > window.last_as_of)


def _asked(changes: pl.DataFrame) -> dict[str, int]:
    """Records by object and sort of field: `12 lead status`, `40 person scores`."""
    sort = (
        pl.when(pl.col("object").is_in(["mql_record", "task"]))
        .then(pl.lit("record"))
        .when(pl.col("field").is_in(["score", "fit", "engagement", "grade"]))
        .then(pl.lit("scores"))
        .when(pl.col("field").str.contains("^(first|last)_"))
        .then(pl.lit("dates"))
        .otherwise("field")
    )
    return _counts(changes.with_columns(sort=sort).unique(["object", "target", "sort"]), "object", "sort")


def _counts(frame: pl.DataFrame, *columns: str) -> dict[str, int]:
    """Rows by the words of some columns."""
    words = pl.concat_str(*columns, separator=" ").alias("words")
    return dict(frame.group_by(words).len().sort("len", "words", descending=[True, False]).iter_rows())


def _close(wiring: Wiring, run: Run, summary: Summary, status: str, message: str) -> None:
    """Ends the run row; a ledger that can't be written any more keeps it open, as after a kill."""
    with wiring.ledger.begin(run.token) as tx, tx.silo(Silo.OPERATIONS):
        runs.finish(tx, run.id, status, wall_clock(), counts=summary.counts(), message=message or None)
