"""The fold: events of a group of people in order of time, one small step each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import gt

from engine.lifecycle import adoption, closing, opening, verdicts
from engine.lifecycle.adoption import Found
from engine.lifecycle.events import (
    Acted,
    Adopted,
    Below,
    Event,
    Joined,
    OpportunityMoved,
    Removed,
    Said,
    Touched,
    WritingBegins,
)
from engine.lifecycle.journal import Because, Journal
from engine.lifecycle.opportunities import LOST, OPENED
from engine.lifecycle.path import is_further, move, send_back
from engine.lifecycle.rulebook import CUSTOMER, OPPORTUNITY, Rulebook
from engine.lifecycle.state import Group, Person
from schemas.vocabulary import Origin


def fold(
    group: Group, events: Sequence[Event], found: Mapping[str, Found], book: Rulebook, journal: Journal
) -> Group:
    """The group after all its events, and after every deadline up to the window's end."""
    for event in sorted(events, key=Event.place):
        group = closing.expire(group, partial(gt, event.at), book, journal)
        group = _step(group, event, found, book, journal)
    return closing.expire(group, lambda end: end <= book.window.as_of, book, journal)


def _step(group: Group, event: Event, found: Mapping[str, Found], book: Rulebook, journal: Journal) -> Group:
    person, at = group.people[event.person], event.at
    match event.what:
        case Adopted(existed):
            return adoption.adopt(group, person.key, at, found.get(person.key), existed, book, journal)
        case Joined(acted_at, fact):
            return group.put(closing.join(person, at, acted_at, fact, book, journal))
        case Removed(acted_at, fact, why):
            return group.put(closing.withdraw(person, at, acted_at, fact, why, journal))
        case WritingBegins():
            return group.put(closing.begin_writing(person, at, journal))
        case Said() as said:
            return verdicts.hear(group, person.key, at, said, book, journal)
        case Touched():
            touched = tuple(cycle.touched(at) if cycle.is_open else cycle for cycle in person.cycles)
            return group.put(replace(person, cycles=touched))
        case OpportunityMoved() as moved:
            return group.put(_opportunity(person, event, moved, book, journal))
        case Below(stage):
            return group.put(_below(person, stage, event, book, journal))
        case Acted() as acted:
            return opening.act(group, person.key, at, acted, book, journal)


def _below(person: Person, stage: str, event: Event, book: Rulebook, journal: Journal) -> Person:
    """Below MQL conditions rule, forth and back: a stage is where a person stands, not a high-water mark."""
    person = replace(person, below=stage)
    condition = next((rule.when for rule in book.rules.stages if rule.stage == stage), None)
    because = Because(f"stages.{stage}", None, condition, condition)
    for line, place in sorted(person.places.items()):
        if place.stage in book.below_mql:
            person = move(person, line, stage, event.at, because, book, journal)
    return person


def _opportunity(
    person: Person, event: Event, moved: OpportunityMoved, book: Rulebook, journal: Journal
) -> Person:
    """Opportunities of the person move the stage on their line, whether or not we handed the person over."""
    because = Because(f"opportunity.{moved.how}", moved.fact)
    line, at, acted_at = moved.line, event.at, moved.acted_at
    place = person.place(line, at, Origin.LIVE)
    if moved.how == LOST:
        if place.stage != OPPORTUNITY or moved.has_open:
            return person
        return send_back(person, line, False, at, because, book, journal, acted_at=acted_at)
    stage = OPPORTUNITY if moved.how == OPENED else CUSTOMER
    if stage not in book.steps or not is_further(stage, place, book):
        return person
    return move(person, line, stage, at, because, book, journal, acted_at=acted_at)
