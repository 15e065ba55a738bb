"""A generated year as parquet files, in pieces of people: what the engine alone is measured on.

Every piece has the same people in `people-*` (person_key, at, and the attributes that rules read), in `activities-*`
(frames.facts.Activities with tags and line, in order of time), in `verdicts-*` and in `states-*` (what signals ask of
the person, from each change on). So a piece is what one worker of a
divided base would be given; whoever reads all pieces at once reads the whole base.
"""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks.as_facts import base
from benchmarks.history import generate, share_of
from engine.data.assets import with_tags
from engine.data.attributes import attributes_at, states_of
from engine.reasons import reads
from schemas.frames import facts
from schemas.frames.base import UTC, empty
from schemas.playbook.load import Playbook
from schemas.vocabulary import VerdictKind
from tasks.attributes import attribute_rules

PIECE = 25_000
"""People of one piece: with twenty acts each, half a million acts."""
IDLE, RECYCLED, TARGETS, MACHINES = 0.02, 0.01, 0.1, 0.1
"""Shares: of people who never did anything, whom sales gave back, at target accounts (outbound found half of these);
of clicks that are marked as a machine's."""


def write(folder: Path, people: int, acts_each: float, at: datetime, playbook: Playbook) -> int:
    """Writes the pieces of a year that ends at `at`; how many activities there are."""
    return sum(
        _write_piece(folder, number, first, min(PIECE, people - first), acts_each, at, playbook)
        for number, first in enumerate(range(0, people, PIECE))
    )


def _write_piece(
    folder: Path, number: int, first: int, people: int, acts_each: float, at: datetime, playbook: Playbook
) -> int:
    history = generate(people, acts_each, at - timedelta(days=365), at, first=first, idle=IDLE)
    known, rules = base(history), attribute_rules(playbook)
    target = share_of("person_key", 54)
    states = states_of(
        known.people, known.versions, empty(facts.AccountVersions), empty(facts.OpportunityVersions), rules
    ).with_columns(
        is_target_account=target < TARGETS,
        lead_source=pl.when(target < TARGETS / 2).then(pl.lit("Outbound")).otherwise(pl.lit("Web")),
    )
    asked = sorted(_asked_of_people(playbook))
    now = known.people.select("person_key", at=pl.lit(at, UTC))
    machine = (pl.col("kind") == "email_click") & (share_of("activity_key", 51) < MACHINES)
    activities = with_tags(known.activities.with_columns(is_bot=machine), playbook.assets)
    recycled = known.people.filter(share_of("person_key", 52) < RECYCLED).select(
        "person_key",
        kind=pl.lit(VerdictKind.RECYCLED.value),
        reason=pl.lit(None, pl.String),
        source=pl.lit("lead"),
        occurred_at=at - pl.duration(minutes=(share_of("person_key", 53) * 60 * 24 * 60).cast(pl.Int64)),
    )
    piece = {
        "people": attributes_at(now, states, rules, {*playbook.scored_attributes, *asked}),
        "states": states.select("person_key", "at", *asked),
        "activities": activities,
        "verdicts": recycled,
    }
    for name, frame in piece.items():
        frame.write_parquet(folder / f"{name}-{number:04}.parquet")
    return len(activities)


def _asked_of_people(playbook: Playbook) -> set[str]:
    """The attributes that the default model's signals ask for."""
    conditions = [signal.person for signal in playbook.models[0].engagement.signals if signal.person]
    return {name for condition in conditions for name in reads(condition)}
