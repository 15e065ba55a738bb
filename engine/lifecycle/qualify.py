"""Who meets a trigger without a new act, and when each person is to be looked at again."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from engine.lifecycle.closing import NOT_LIVE, deadline
from engine.lifecycle.events import Here
from engine.lifecycle.exclusions import DUPLICATE_OPEN, blocks
from engine.lifecycle.rulebook import Rulebook
from engine.lifecycle.state import Cycle, Group, Person
from schemas.vocabulary import BlockKind

NO_NEW_ACT = "no_new_act"
Row = tuple[str, str, str, datetime, str]


def would_qualify(
    group: Group, person: Person, met: Sequence[int], at: datetime, here: Here, book: Rulebook
) -> Iterator[Row]:
    """Rows of `WouldQualify`. `met`: triggers without `activity` whose condition holds at the last instant `at`.

    `since` is the beginning of the window that blocks, the opening of the trial, or else `at`.
    """
    listed: set[tuple[str, str]] = set()
    for cycle in _void(person):
        held = blocks(person, cycle.line, at, at, here, book)
        if not any(block.kind == BlockKind.HARD for block in held):
            listed.add((cycle.line, cycle.trigger_rule))
            yield person.key, cycle.line, cycle.trigger_rule, cycle.opened_at, NOT_LIVE
    for number in met:
        trigger = book.triggers[number]
        line = trigger.line
        is_open = person.open_on(line) or person.open_on(line, trial=True)
        if is_open is not None or (line, trigger.id) in listed:
            continue
        if group.someone_else_has_open(person.key, line):
            yield person.key, line, trigger.id, at, DUPLICATE_OPEN
            continue
        held = blocks(person, line, at, at, here, book)
        if held:
            yield person.key, line, trigger.id, held[0].since or at, held[0].exclusion
        else:
            yield person.key, line, trigger.id, at, NO_NEW_ACT


def next_clock(person: Person, is_listed: bool, here: Here | None, book: Rulebook) -> datetime | None:
    """The first coming end of an open cycle, of a trial, or of a window that blocks a listed person."""
    as_of = book.window.as_of
    ends = [end for cycle in person.cycles if (end := deadline(cycle, book)) is not None]
    if any(cycle.is_open and cycle.is_trial for cycle in person.cycles) and book.live_since is not None:
        ends.append(book.live_since)
    if is_listed and here is not None:
        for line in {trigger.line for trigger in book.triggers}:
            held = blocks(person, line, as_of, as_of, here, book)
            ends.extend(block.until for block in held if block.until is not None)
    return min((end for end in ends if end > as_of), default=None)


def _void(person: Person) -> Iterator[Cycle]:
    """The last cycle of each line, where it is a trial that ended because writing began."""
    last: Mapping[str, Cycle] = {cycle.line: cycle for cycle in sorted(person.cycles, key=_age)}
    return (cycle for cycle in last.values() if cycle.is_trial and cycle.close_reason == NOT_LIVE)


def _age(cycle: Cycle) -> tuple[datetime, str]:
    return (cycle.opened_at, cycle.key)
