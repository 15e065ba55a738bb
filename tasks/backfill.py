"""Deciding the past: everything that a stretch of time holds for people whom no live run had decided then.

All instants of a person are decided at once, with all that is known now, and cycles that are open at the end expire in
the same transaction: a half-told past never stands in the ledger, and never in the way of a live run. Nothing is
assigned, alerted, timed or pushed; present scores and the instants through which live runs decided stay as they are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from engine.changes import ChangeDecisions
from engine.lifecycle import end_backfill
from engine.lifecycle.standing import PLACE, before, standing_at
from ledger.decisions import read as decisions
from ledger.open import Ledger
from schemas.context import Window
from schemas.frames import decisions as frames
from schemas.frames.base import UTC, empty
from schemas.playbook.load import Playbook
from schemas.stretch import Stretch
from schemas.vocabulary import Origin
from tasks.facts import Facts, load
from tasks.lifecycle import Moved, move
from tasks.midnights import with_midnights_of_the_past
from tasks.record import record
from tasks.run import Run
from tasks.scoring import score

NOBODY = pl.Series("person_key", [], dtype=pl.String)
NOTHING_ASKED = ChangeDecisions(empty(frames.Changes), empty(frames.Drops), empty(frames.Conflicts))


@dataclass
class Decided:
    """Counts for the run row and the summary."""

    decided: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)


def decide_past(
    ledger: Ledger, run: Run, keys: Sequence[str], stretch: Stretch, window: Window, playbook: Playbook
) -> Decided:
    """Decides and records the past of these people, in one transaction.

    `window`: (`stretch.after`, the instant through which these people's past is undecided].
    """
    with ledger.read() as connection:
        past = decisions.read_transitions(connection, keys).filter(pl.col("origin") == Origin.BACKFILL)
        stored = decisions.read_stages(connection, keys).filter(pl.col("origin") == Origin.BACKFILL)
    # An earlier backfill was killed in this stretch after these people.
    told = past.filter(
        (pl.col("at") > pl.lit(stretch.after, UTC)) & (pl.col("at") <= pl.lit(stretch.through, UTC))
    )
    left = sorted(set(keys) - set(told["person_key"]))
    facts = _as_it_was(load(ledger, left, playbook, window), past, window)
    facts = with_midnights_of_the_past(facts, playbook, window)
    if facts.instants.is_empty():
        return Decided()
    scored = score(facts, playbook, window)
    moved = move(facts, scored, playbook, window, run.versions)
    ended = _ended(moved, stored, window)
    record(ledger, run, NOBODY, replace(scored, scores=empty(frames.Scores)), ended, NOTHING_ASKED)
    return _counts(facts, ended)


def _as_it_was(facts: Facts, past: pl.DataFrame, window: Window) -> Facts:
    """The facts with stages and cycles of the backfilled history as they stood when the window began."""
    begin = window.last_as_of
    assert begin is not None
    lived = facts.stages.filter(pl.col("origin") != Origin.BACKFILL)
    return replace(
        facts,
        stages=pl.concat([lived, standing_at(past, facts.cycles, begin)]),
        cycles=before(facts.cycles, begin),
        group_cycles=before(facts.group_cycles, begin),
    )


def _ended(moved: Moved, stored: pl.DataFrame, window: Window) -> Moved:
    """What was decided, with open cycles closed at the window's end, and no stage in the place of a later one."""
    decided = moved.decisions
    closed, events = end_backfill(decided.cycles, window.as_of)
    later = stored.filter(pl.col("since") > pl.lit(window.as_of, UTC))
    return replace(
        moved,
        decisions=replace(
            decided,
            cycles=pl.concat([decided.cycles.join(closed, on="cycle_key", how="anti"), closed]),
            cycle_events=pl.concat([decided.cycle_events, events]),
            stages=decided.stages.join(later, on=PLACE, how="anti"),
        ),
    )


def _counts(facts: Facts, moved: Moved) -> Decided:
    decided = moved.decisions
    opened = decided.cycles.join(facts.cycles, on="cycle_key", how="anti")
    return Decided(
        decided=Counter(
            people=facts.instants["person_key"].n_unique(),
            transitions=len(decided.transitions),
            cycles=len(decided.cycles),
            blocks=len(decided.blocks),
        ),
        opened=Counter(f"{origin} {kind}" for origin, kind in opened.select("origin", "kind").iter_rows()),
        moved=Counter(decided.transitions["to_stage"].to_list()),
        blocked=Counter(decided.blocks["exclusion"].to_list()),
    )
