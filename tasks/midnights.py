"""Midnights at which people change by themselves, as instants to decide beside those of their facts.

Each run stores the next such midnight of a person, and that is enough while runs are frequent: whoever has no news is
decided at it. A run after a longer pause, and a backfill, have to find those that follow a fact or another midnight,
so that it does not matter when somebody looked.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from engine.calendar import midnights_between
from engine.data.attributes import attributes_at
from engine.reasons import reads
from engine.scoring.accounts import with_account_scores
from engine.scoring.basis import Basis
from engine.scoring.midnights import ageing_midnights
from engine.scoring.score import in_points, score_at
from schemas.conditions import expression
from schemas.context import Window
from schemas.frames.base import UTC
from schemas.playbook.load import Playbook
from tasks.attributes import attribute_rules
from tasks.facts import Facts
from tasks.scoring import bases_of

AT = ["person_key", "at"]


def with_midnights_of_a_pause(facts: Facts, playbook: Playbook, window: Window) -> Facts:
    """For a live run: the midnights of its window that come after another instant of the same person."""
    if window.last_as_of is None:
        return facts
    nights = midnights_between(window.last_as_of, window.as_of, window.zone)
    if not nights:
        return facts
    first = facts.instants.group_by("person_key").agg(pl.col("at").min().alias("first"))
    paused = first.filter(pl.col("first") < pl.lit(nights[-1], UTC))
    if paused.is_empty():
        return facts
    theirs = _of(facts, paused)
    counted = bases_of(theirs, playbook, window, _earliest(theirs, window.last_as_of))
    found = ageing_midnights(counted, window).join(paused, on="person_key")
    later = found.filter(pl.col("at") > pl.col("first")).select(AT)
    return _extended(facts, theirs, counted, later, later.clear(), playbook, window)


def with_midnights_of_the_past(facts: Facts, playbook: Playbook, window: Window) -> Facts:
    """For a backfill: every midnight of its window."""
    counted = bases_of(facts, playbook, window, window.last_as_of)
    nights = ageing_midnights(counted, window)
    begin = nights.select("person_key").unique().with_columns(pl.lit(window.last_as_of, UTC).alias("at"))
    return _extended(facts, facts, counted, nights, begin, playbook, window)


def _of(facts: Facts, people: pl.DataFrame) -> Facts:
    """What scores of these people are made of."""
    names = ("instants", "activities", "intents", "states", "verdicts", "adjustments")
    return replace(
        facts, **{name: getattr(facts, name).join(people, on="person_key", how="semi") for name in names}
    )


def _earliest(facts: Facts, after: datetime) -> datetime:
    """A late fact is decided at its own instant, before the window."""
    first = facts.instants["at"].min()
    return min(first, after) if isinstance(first, datetime) else after


def _extended(
    facts: Facts,
    theirs: Facts,
    counted: Sequence[Basis],
    nights: pl.DataFrame,
    begin: pl.DataFrame,
    playbook: Playbook,
    window: Window,
) -> Facts:
    """The facts with those of the nights at which what puts people on a stage is not as at the moment before."""
    if nights.is_empty():
        return facts
    conditions = [rule.when for rule in playbook.lifecycle.stages]
    read = {*playbook.scored_attributes, *(name for text in conditions for name in reads(text))}
    if playbook.scoring.account:
        read.add("account_id")
    moments = pl.concat([theirs.instants, nights, begin]).unique().sort(AT)
    known = attributes_at(moments, theirs.states, attribute_rules(playbook), columns=read)
    scored = score_at(known, counted, window)
    if playbook.scoring.account:
        scored = with_account_scores(scored, facts.account_scores)
    scored = in_points(scored, [model.prefix for model in playbook.models]).sort(AT)
    truths = scored.select(*AT, *(expression(text).alias(f"is_{n}") for n, text in enumerate(conditions)))
    names = truths.columns[len(AT) :]
    is_same_person = pl.col("person_key") == pl.col("person_key").shift(1)
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names)
    found = truths.filter(is_same_person & changed).join(nights, on=AT, how="semi")
    return replace(facts, instants=pl.concat([facts.instants, found.select(AT)]).unique().sort(AT))
