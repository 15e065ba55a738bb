"""The lifecycle silo: what becomes of people at their decision instants.

Conditions are evaluated for everybody at once; only people to whom something may happen go through the machine, one
group (people who share an address) at a time. The result does not depend on the order of the facts, on how people are
split (groups aside), or, without late facts, on how time is cut into runs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from engine.lifecycle import candidates, output
from engine.lifecycle.adoption import Found, find
from engine.lifecycle.bounds import bounds, old_facts
from engine.lifecycle.chosen import chosen
from engine.lifecycle.events import Event, Here
from engine.lifecycle.happenings import happenings
from engine.lifecycle.journal import Journal
from engine.lifecycle.loading import all_people, groups
from engine.lifecycle.machine import fold
from engine.lifecycle.opportunities import with_lines
from engine.lifecycle.output import LifecycleDecisions
from engine.lifecycle.qualify import Row, next_clock, would_qualify
from engine.lifecycle.rulebook import Rulebook
from engine.lifecycle.state import Group
from engine.target import ranks
from schemas.context import Versions, Window
from schemas.frames import decisions as frames
from schemas.frames.base import UTC, dtypes
from schemas.playbook.lifecycle import Lifecycle
from schemas.playbook.organisation import Organisation
from schemas.playbook.platforms import StatusRow

NO_TOUCHES = pl.DataFrame(schema={"person_key": pl.String, "occurred_at": UTC, "learned_at": UTC})
NO_GROUP_CYCLES = pl.DataFrame(schema={**dtypes(frames.Cycles), "group_key": pl.String})


def decide(
    moments: pl.DataFrame,
    acts: pl.DataFrame,
    activities: pl.DataFrame,
    *,
    people: pl.DataFrame,
    records: pl.DataFrame,
    verdicts: pl.DataFrame,
    removals: pl.DataFrame,
    opportunities: pl.DataFrame,
    cycles: pl.DataFrame,
    stages: pl.DataFrame,
    group_cycles: pl.DataFrame = NO_GROUP_CYCLES,
    touches: pl.DataFrame = NO_TOUCHES,
    rules: Lifecycle,
    organisation: Organisation,
    statuses: Sequence[StatusRow],
    window: Window,
    versions: Versions,
) -> LifecycleDecisions:
    """Transitions, cycles and all that goes with them, for everybody who has a row in `moments`.

    `moments`: person_key, at, the attributes of `schemas.conditions_columns`, and score, fit, engagement in points,
    grade, confidence. `acts`: `engine.instants.ACTS`. `activities`: frames.facts.Activities and `tags`,
    `business_line`, at least those that `acts` name. `verdicts`: all that was ever said about these people, since
    windows and staleness look back. `cycles`, `stages`: as recorded, of these people. `group_cycles`: cycles of others
    of their groups, with `group_key`. `touches`: person_key, occurred_at, learned_at of completed sales activity.
    The other frames are those of `schemas.frames.facts`.
    """
    book = Rulebook(rules, organisation, window, versions, statuses)
    known = bounds(moments, people, stages, window)
    held = candidates.truths(moments, book)
    tried = candidates.tries(acts, activities, held, book)
    lined = with_lines(opportunities.filter(pl.col("learned_at") <= window.known_by), book)
    happened = happenings(verdicts, removals, lined, touches, known, book)
    wanted = chosen(known, held, tried, happened, cycles, stages, book)
    around = candidates.surroundings(
        moments, pl.concat([tried.select("person_key", "at"), wanted.looked_at]), book
    )
    heard, met = old_facts(verdicts, known, window), old_facts(touches, known, window)
    members = groups(
        wanted.people,
        stages,
        cycles,
        group_cycles,
        heard,
        met,
        _ranks(wanted.people, people, records, book),
        book,
    )
    before = all_people(members.values())
    newcomers = wanted.people.filter(~pl.col("is_known"))
    found = {} if book.is_backfill else find(newcomers, records, lined, book)
    events = wanted.events(happened, tried, around, moments, before, book)
    journal = Journal()
    after_groups = _folded(members, events, found, book, journal)
    after = all_people(after_groups.values())
    listed, clocks = _outlook(after_groups, wanted.met, around, book)
    return LifecycleDecisions(
        transitions=output.transitions(journal, moments, activities, book),
        cycles=output.cycles(before, after, cycles, journal, moments, activities, book),
        cycle_events=output.events(journal),
        stages=output.stages(before, after, stages, book),
        blocks=output.blocks(journal),
        would_qualify=_would_qualify(listed),
        clocks=_clocks(known, clocks),
    )


def _folded(
    members: Mapping[str, Group],
    events: Sequence[Event],
    found: Mapping[str, Found],
    book: Rulebook,
    journal: Journal,
) -> dict[str, Group]:
    of_person = {key: name for name, group in members.items() for key in group.people}
    by_group: dict[str, list[Event]] = {name: [] for name in sorted(members)}
    for event in events:
        by_group[of_person[event.person]].append(event)
    return {name: fold(members[name], theirs, found, book, journal) for name, theirs in by_group.items()}


def _ranks(
    wanted: pl.DataFrame, people: pl.DataFrame, records: pl.DataFrame, book: Rulebook
) -> dict[str, int]:
    """Only people who share a group need an order among them."""
    crowd = wanted.filter(pl.len().over("group_key") > 1).select("person_key")
    if crowd.is_empty():
        return {}
    theirs = records.join(crowd, on="person_key", how="semi")
    return ranks(people.join(crowd, on="person_key", how="semi"), theirs, list(book.statuses))


def _outlook(
    members: Mapping[str, Group],
    met: Mapping[str, tuple[datetime, tuple[int, ...]]],
    around: Mapping[tuple[str, object], Here],
    book: Rulebook,
) -> tuple[list[Row], list[tuple[str, datetime]]]:
    listed: list[Row] = []
    clocks: list[tuple[str, datetime]] = []
    for group in members.values():
        for person in group.people.values():
            rows: list[Row] = []
            here = None
            if person.key in met and not book.is_backfill:
                at, triggers = met[person.key]
                here = around[person.key, at]
                rows = list(would_qualify(group, person, triggers, at, here, book))
                listed += rows
            clock = next_clock(person, bool(rows), here, book)
            if clock is not None:
                clocks.append((person.key, clock))
    return listed, clocks


def _would_qualify(rows: Sequence[Row]) -> pl.DataFrame:
    found = pl.DataFrame(rows, schema=dtypes(frames.WouldQualify), orient="row")
    return found.sort("person_key", "line", "rule_id")


def _clocks(known: pl.DataFrame, clocks: Sequence[tuple[str, datetime]]) -> pl.DataFrame:
    found = pl.DataFrame(clocks, schema=dtypes(frames.Clocks), orient="row")
    return known.select("person_key").join(found, on="person_key", how="left").sort("person_key")
