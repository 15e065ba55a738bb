"""The assignment stage: an owner for every open cycle that has none, and for those that sales sent back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl
import sqlalchemy as sa

from engine import assignment
from engine.assignment import AssignmentDecisions
from ledger import outbox
from ledger.decisions import read as decisions
from ledger.facts import read
from ledger.open import Ledger
from schemas.context import Versions, Window
from schemas.frames.base import empty
from schemas.frames.decisions import CycleEvents
from schemas.playbook.load import Playbook
from schemas.vocabulary import Platform, RecordObject
from tasks.facts import Facts, load
from tasks.refused import refused_owners
from tasks.run import Run
from tasks.scoring import Scored, score


@dataclass(frozen=True)
class Assigned:
    """`cycles`: those that needed an owner, as they stand after the decisions (frames.decisions.Cycles). `facts` and
    `scored` are of their people, at the run's `as_of`."""

    decisions: AssignmentDecisions
    cycles: pl.DataFrame
    facts: Facts
    scored: Scored


def assign(ledger: Ledger, playbook: Playbook, run: Run, window: Window) -> Assigned | None:
    """Decides; None if no cycle waits for an owner. What is recorded is read, so a run that was killed is caught up."""
    with ledger.read() as connection:
        refused, sent_back = refused_owners(connection)
        cycles = pl.concat([decisions.read_unassigned_cycles(connection), refused]).unique(
            "cycle_key", keep="first", maintain_order=True
        )
        events = pl.concat([decisions.read_sent_back(connection, cycles["cycle_key"]), sent_back])
        assignments = decisions.read_assignments(connection, cycles["person_key"].unique())
    waiting = assignment.due(cycles, events, assignments, window.live_since)
    keys = [each.cycle["cycle_key"] for each in waiting]
    cycles = cycles.filter(pl.col("cycle_key").is_in(keys))
    if cycles.is_empty():
        return None
    return _assigned(ledger, cycles, events, assignments, playbook, window, run.versions)


def assign_trials(
    ledger: Ledger, trials: pl.DataFrame, playbook: Playbook, window: Window, versions: Versions
) -> Assigned:
    """Who would get these trials (frames.decisions.Cycles) if they were handovers, as things stand. Decides nothing."""
    cycles = trials.with_columns(is_trial=pl.lit(False))
    with ledger.read() as connection:
        assignments = decisions.read_assignments(connection, cycles["person_key"].unique())
    return _assigned(ledger, cycles, empty(CycleEvents), assignments, playbook, window, versions)


def _assigned(
    ledger: Ledger,
    cycles: pl.DataFrame,
    events: pl.DataFrame,
    assignments: pl.DataFrame,
    playbook: Playbook,
    window: Window,
    versions: Versions,
) -> Assigned:
    facts = _now(load(ledger, cycles["person_key"].unique().sort().to_list(), playbook, window), window)
    scored = score(facts, playbook, window)
    with ledger.read() as connection:
        decided = assignment.decide(
            cycles,
            moments=scored.moments,
            owners=read.owners(connection),
            queue_members=read.queue_members(connection),
            pointers=decisions.read_pool_pointers(connection),
            past=facts.cycles,
            assignments=assignments,
            records=facts.records,
            reassign=events,
            written=_written_owners(connection, facts.records),
            rules=playbook.assignment,
            statuses=playbook.platforms.statuses,
            window=window,
            versions=versions,
        )
    return Assigned(decided, _with_owners(cycles, decided.cycle_owners), facts, scored)


def _now(facts: Facts, window: Window) -> Facts:
    """An owner is found at one instant, with what is known at it."""
    return replace(facts, instants=facts.instants.filter(pl.col("at") == window.as_of))


def _written_owners(connection: sa.Connection, records: pl.DataFrame) -> pl.DataFrame:
    """native_id, owner_id: the last owner that we wrote, or may have written, to each lead."""
    leads = _leads(records)
    last = outbox.last_applied(connection, Platform.SALESFORCE, RecordObject.LEAD, leads, ["owner_id"])
    return last.select(native_id="target", owner_id=pl.col("value").str.json_decode(pl.String))


def _leads(records: pl.DataFrame) -> Sequence[str]:
    is_lead = (pl.col("platform") == Platform.SALESFORCE) & (pl.col("object") == RecordObject.LEAD)
    return records.filter(is_lead)["native_id"].to_list()


def _with_owners(cycles: pl.DataFrame, owners: pl.DataFrame) -> pl.DataFrame:
    return cycles.update(owners, on="cycle_key", how="left")
