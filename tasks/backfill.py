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
from engine.data.attributes import attributes_at
from engine.lifecycle import end_backfill
from engine.lifecycle.standing import PLACE, before, standing_at
from engine.reasons import reads
from engine.scoring.accounts import with_account_scores
from engine.scoring.midnights import ageing_midnights
from engine.scoring.score import in_points, score_at
from ledger.decisions import read as decisions
from ledger.open import Ledger
from schemas.conditions import expression
from schemas.context import Window
from schemas.frames import decisions as frames
from schemas.frames.base import UTC, empty
from schemas.playbook.load import Playbook
from schemas.stretch import Stretch
from schemas.vocabulary import Origin
from tasks.attributes import attribute_rules
from tasks.facts import Facts, load
from tasks.lifecycle import Moved, move
from tasks.record import record
from tasks.run import Run
from tasks.scoring import bases_of, score

AT = ["person_key", "at"]
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
    facts = replace(facts, instants=_with_midnights(facts, playbook, window))
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


def _with_midnights(facts: Facts, playbook: Playbook, window: Window) -> pl.DataFrame:
    """person_key, at: the instants, and each midnight at which what puts people on a stage changes by itself.

    A live run stores the next such midnight; the past has to find all of them.
    """
    counted = bases_of(facts, playbook, window, window.last_as_of)
    nights = ageing_midnights(counted, window)
    if nights.is_empty():
        return facts.instants
    begin = nights.select("person_key").unique().with_columns(pl.lit(window.last_as_of, UTC).alias("at"))
    conditions = [rule.when for rule in playbook.lifecycle.stages]
    read = {*playbook.scored_attributes, *(name for text in conditions for name in reads(text))}
    if playbook.scoring.account:
        read.add("account_id")
    moments = pl.concat([facts.instants, nights, begin]).unique().sort(AT)
    known = attributes_at(moments, facts.states, attribute_rules(playbook), columns=read)
    scored = score_at(known, counted, window)
    if playbook.scoring.account:
        scored = with_account_scores(scored, facts.account_scores)
    scored = in_points(scored, [model.prefix for model in playbook.models]).sort(AT)
    truths = scored.select(*AT, *(expression(text).alias(f"is_{n}") for n, text in enumerate(conditions)))
    names = truths.columns[len(AT) :]
    is_same_person = pl.col("person_key") == pl.col("person_key").shift(1)
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names)
    found = truths.filter(is_same_person & changed).join(nights, on=AT, how="semi")
    return pl.concat([facts.instants, found.select(AT)]).unique().sort(AT)


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
