"""What a silent run would hand over: the trials that it opened, as if they were handovers. Nothing is recorded."""

from dataclasses import dataclass, replace

import polars as pl

from ledger.open import Ledger
from schemas.context import Versions, Window
from schemas.playbook.load import Playbook
from schemas.vocabulary import CycleKind
from tasks.assignment import Assigned, assign_trials
from tasks.changes import derive_assigned

ENTRY = ["platform", "object", "target", "field"]
PLACE = ["person_key", "line"]


@dataclass(frozen=True)
class Preview:
    """`assignments`: frames.decisions.Assignments, who would get the trials. `changes`: frames.decisions.Changes, what
    would be written about them besides what would be written anyway."""

    assignments: pl.DataFrame
    changes: pl.DataFrame


def preview(
    ledger: Ledger,
    trials: pl.DataFrame,
    asked: pl.DataFrame,
    playbook: Playbook,
    window: Window,
    versions: Versions,
) -> Preview:
    """`trials`: frames.decisions.Cycles. `asked`: frames.decisions.Changes, found without the trials."""
    assigned = assign_trials(ledger, trials, playbook, window, versions)
    derived = derive_assigned(ledger, _as_handed_over(assigned), playbook, window)
    return Preview(assigned.decisions.assignments, derived.changes.join(asked, on=ENTRY, how="anti"))


def _as_handed_over(assigned: Assigned) -> Assigned:
    """A trial leaves its person's stage alone; a handover would have moved it."""
    opened = (
        assigned.cycles.filter(pl.col("kind") == CycleKind.MQL).group_by(PLACE).agg(pl.col("opened_at").max())
    )
    stages = assigned.facts.stages.join(opened, on=PLACE, how="left").with_columns(
        stage=pl.when(pl.col("opened_at").is_null()).then("stage").otherwise(pl.lit(str(CycleKind.MQL))),
        since=pl.coalesce("opened_at", "since"),
        first_mql_at=pl.coalesce("first_mql_at", "opened_at"),
        last_mql_at=pl.coalesce("opened_at", "last_mql_at"),
    )
    return replace(assigned, facts=replace(assigned.facts, stages=stages.drop("opened_at")))
