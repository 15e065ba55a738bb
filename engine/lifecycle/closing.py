"""Ends that no verdict brings: staleness, deletion, merging, and trials when writing begins."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from engine.lifecycle.deadlines import end_of
from engine.lifecycle.journal import Because, Journal
from engine.lifecycle.path import move, send_back
from engine.lifecycle.rulebook import MQL, SAL, Rulebook
from engine.lifecycle.state import Cycle, Group, Person
from schemas.vocabulary import CycleState

NOT_LIVE = "not_live"


def closed(cycle: Cycle, how: CycleState, at: datetime, reason: str | None) -> Cycle:
    """The cycle closed; never before it was opened or accepted, whatever clocks said."""
    when = max(at, cycle.opened_at, cycle.accepted_at or at)
    return replace(cycle, state=how, closed_as=how, closed_at=when, close_reason=reason)


def deadline(cycle: Cycle, book: Rulebook) -> datetime | None:
    """When the cycle expires if nobody touches it; null if it runs no clock of ours."""
    return end_of(cycle.touched_at, book.stale_after, book.zone) if cycle.is_open and cycle.is_timed else None


def expire(group: Group, is_over: Callable[[datetime], bool], book: Rulebook, journal: Journal) -> Group:
    """Closes what sales did not touch for too long, each cycle at its own deadline."""
    for person in list(group.people.values()):
        for cycle in person.cycles:
            end = deadline(cycle, book) if cycle.is_open else None
            if end is None or not is_over(end):
                continue
            done = closed(cycle, CycleState.EXPIRED, end, "stale")
            journal.note(done, CycleState.EXPIRED, end, end, reason="stale")
            person = person.with_cycle(done)
            if done.moves_stage:
                because = Because("stale_after", also=(("untouched_since", cycle.touched_at.isoformat()),))
                person = send_back(person, done.line, False, end, because, book, journal, cycle=done)
        group = group.put(person)
    return group


def withdraw(
    person: Person, at: datetime, acted_at: datetime, fact: str, why: str, journal: Journal
) -> Person:
    """Nobody is left to hand over. The stage stays: what happened, happened."""
    for cycle in person.cycles:
        if cycle.is_open:
            done = closed(cycle, CycleState.WITHDRAWN, acted_at, why)
            journal.note(done, CycleState.WITHDRAWN, at, acted_at, fact=fact, reason=why)
            person = person.with_cycle(done)
    return person


def begin_writing(person: Person, at: datetime, journal: Journal) -> Person:
    """Trials end; whoever had one is listed as `would_qualify`."""
    for cycle in person.open_cycles(trials=True):
        done = closed(cycle, CycleState.VOID, at, NOT_LIVE)
        journal.note(done, CycleState.VOID, at, at, reason=NOT_LIVE)
        person = person.with_cycle(done)
    return person


def join(
    person: Person, at: datetime, acted_at: datetime, fact: str | None, book: Rulebook, journal: Journal
) -> Person:
    """Of two open cycles on a line the worked one stays, then the earlier; the others close `merged`."""
    for trial in (False, True):
        for line in sorted({cycle.line for cycle in person.open_cycles(trials=trial)}):
            rivals = [cycle for cycle in person.open_cycles(trials=trial) if cycle.line == line]
            rivals.sort(key=lambda c: (c.state != CycleState.WORKING, c.opened_at, c.key))
            stays, leave = rivals[0], rivals[1:]
            for cycle in leave:
                done = closed(cycle, CycleState.MERGED, acted_at, stays.key)
                journal.note(done, CycleState.MERGED, at, acted_at, fact=fact, reason=stays.key)
                person = person.with_cycle(done)
            if leave and stays.moves_stage:
                stage = SAL if stays.state == CycleState.WORKING else MQL
                because = Because("merged", fact)
                person = move(person, line, stage, at, because, book, journal, acted_at=acted_at, cycle=stays)
    return person
