"""What sales said or did, applied to the cycles it is about.

A verdict given on `MQL__c` is about that cycle; one given on the lead or contact, a conversion or an opportunity is
about every open cycle of the person. The person's later word counts: an earlier one that we learn of afterwards
changes nothing.
"""

from dataclasses import replace
from datetime import datetime

from engine.lifecycle.closing import closed
from engine.lifecycle.events import Said
from engine.lifecycle.journal import Because, Journal
from engine.lifecycle.path import is_further, move, send_back
from engine.lifecycle.rulebook import MQL, OPPORTUNITY, SAL, Rulebook
from engine.lifecycle.state import Cycle, Group, Person, latest
from schemas.vocabulary import CycleState, Origin, VerdictKind

REASSIGN = "reassign"
_ACCEPTING = (VerdictKind.ACCEPTED, VerdictKind.CONVERTED_LEAD, VerdictKind.OPPORTUNITY)
_REVERSIBLE = (CycleState.REJECTED, CycleState.RECYCLED, CycleState.EXPIRED)


def hear(group: Group, key: str, at: datetime, said: Said, book: Rulebook, journal: Journal) -> Group:
    """The group after a verdict about one of its people."""
    person = group.people[key]
    meant = _meant(group, person, said)
    for cycle in meant:
        person = group.people[cycle.person]
        if cycle.is_open:
            group = group.put(_heard(person, cycle, at, said, book, journal))
        elif _takes_back(group, cycle, said):
            group = group.put(_reopened(person, cycle, at, said, book, journal))
    if not meant and said.cycle_key is None:
        group = group.put(_without_cycle(person, at, said, book, journal))
    return group.put(_remembered(group.people[key], said, book))


def _meant(group: Group, person: Person, said: Said) -> list[Cycle]:
    if said.cycle_key is not None:
        cycle = group.cycle(said.cycle_key)
        return [cycle] if cycle is not None and cycle.counts and cycle.opened_at <= said.acted_at else []
    return [cycle for cycle in person.open_cycles() if cycle.opened_at <= said.acted_at]


def _heard(
    person: Person, cycle: Cycle, at: datetime, said: Said, book: Rulebook, journal: Journal
) -> Person:
    spoken = cycle.accepted_at if said.kind == VerdictKind.OPPORTUNITY else _last_word(cycle)
    if spoken is not None and said.acted_at < spoken:
        return person
    match said.kind:
        case VerdictKind.ACCEPTED | VerdictKind.CONVERTED_LEAD:
            return _accepted(person, cycle, at, said, book, journal)
        case VerdictKind.OPPORTUNITY:
            return _opportunity(person, cycle, at, said, book, journal)
        case VerdictKind.REJECTED | VerdictKind.RECYCLED:
            return _declined(person, cycle, at, said, book, journal)
        case VerdictKind.REOPENED:
            return _set_back(person, cycle, at, said, book, journal)


def _last_word(cycle: Cycle) -> datetime | None:
    return latest([cycle.accepted_at, cycle.heard_at])


def _accepted(
    person: Person, cycle: Cycle, at: datetime, said: Said, book: Rulebook, journal: Journal
) -> Person:
    """Working on it is accepting it. The first acceptance is the one that is dated."""
    cycle = (
        cycle.touched(said.acted_at) if said.kind == VerdictKind.OPPORTUNITY else cycle.heard(said.acted_at)
    )
    if cycle.state == CycleState.WORKING:
        return person.with_cycle(cycle)
    is_first = cycle.accepted_at is None
    cycle = replace(cycle, state=CycleState.WORKING, accepted_at=cycle.accepted_at or said.acted_at)
    _note(cycle, "accepted", at, said, journal)
    person = person.with_cycle(cycle)
    if not cycle.moves_stage:
        return person
    because = Because(f"verdict.{said.kind}", said.fact)
    if is_further(SAL, person.place(cycle.line, at, cycle.origin), book):
        person = move(
            person, cycle.line, SAL, at, because, book, journal, acted_at=said.acted_at, cycle=cycle
        )
    place = person.place(cycle.line, at, cycle.origin)
    return person.put(place.stamped_sal(said.acted_at)) if is_first else person


def _opportunity(
    person: Person, cycle: Cycle, at: datetime, said: Said, book: Rulebook, journal: Journal
) -> Person:
    """An opportunity made while the cycle is open accepts it; one on the cycle's line converts it. Any is a sign that
    sales is at work."""
    cycle = cycle.touched(said.acted_at)
    person = person.with_cycle(cycle)
    if not said.lines or (said.opportunity_made_at or said.acted_at) < cycle.opened_at:
        return person
    if cycle.state == CycleState.OPEN:
        person = _accepted(person, cycle, at, said, book, journal)
    cycle = next(known for known in person.cycles if known.key == cycle.key)
    if cycle.line not in said.lines:
        return person
    cycle = replace(
        closed(cycle, CycleState.CONVERTED, said.acted_at, None), opportunity_id=said.opportunity_id
    )
    _note(cycle, CycleState.CONVERTED, at, said, journal)
    person = person.with_cycle(cycle)
    if not cycle.moves_stage or OPPORTUNITY not in book.steps:
        return person
    if not is_further(OPPORTUNITY, person.place(cycle.line, at, cycle.origin), book):
        return person
    because = Because("verdict.opportunity", said.fact)
    return move(
        person, cycle.line, OPPORTUNITY, at, because, book, journal, acted_at=said.acted_at, cycle=cycle
    )


def _declined(
    person: Person, cycle: Cycle, at: datetime, said: Said, book: Rulebook, journal: Journal
) -> Person:
    """Before working a rejection, after it a recycling, whatever word was used; for a wrong owner another owner."""
    then, rule = book.what_follows(said.reason)
    if then == "reassign":
        cycle = replace(cycle.heard(said.acted_at), state=CycleState.OPEN)
        _note(cycle, REASSIGN, at, said, journal)
        return _waiting_again(person.with_cycle(cycle), cycle, at, said, rule, book, journal)
    how = CycleState.RECYCLED if cycle.state == CycleState.WORKING else CycleState.REJECTED
    cycle = closed(cycle, how, said.acted_at, said.reason)
    _note(cycle, how, at, said, journal)
    person = person.with_cycle(cycle)
    if not cycle.moves_stage:
        return person
    because = Because(f"verdict.{how}", said.fact, also=(("reason_rule", rule),) if rule else ())
    return send_back(
        person,
        cycle.line,
        then == "disqualified",
        at,
        because,
        book,
        journal,
        acted_at=said.acted_at,
        cycle=cycle,
    )


def _set_back(
    person: Person, cycle: Cycle, at: datetime, said: Said, book: Rulebook, journal: Journal
) -> Person:
    """A person says that it is not being worked on after all. That it had been accepted stays true."""
    cycle = cycle.heard(said.acted_at)
    if cycle.state == CycleState.OPEN:
        return person.with_cycle(cycle)
    cycle = replace(cycle, state=CycleState.OPEN)
    _note(cycle, VerdictKind.REOPENED, at, said, journal)
    return _waiting_again(person.with_cycle(cycle), cycle, at, said, None, book, journal)


def _waiting_again(
    person: Person, cycle: Cycle, at: datetime, said: Said, rule: str | None, book: Rulebook, journal: Journal
) -> Person:
    """Whoever waits for sales stands at mql."""
    if not cycle.moves_stage:
        return person
    because = Because(f"verdict.{said.kind}", said.fact, also=(("reason_rule", rule),) if rule else ())
    return move(person, cycle.line, MQL, at, because, book, journal, acted_at=said.acted_at, cycle=cycle)


def _takes_back(group: Group, cycle: Cycle, said: Said) -> bool:
    """Whether a word opens a closed cycle again: a later one, said on that cycle itself, with no other open."""
    return (
        said.cycle_key == cycle.key
        and said.kind in (VerdictKind.ACCEPTED, VerdictKind.REOPENED)
        and cycle.closed_as in _REVERSIBLE
        and cycle.closed_at is not None
        and said.acted_at > cycle.closed_at
        and group.people[cycle.person].open_on(cycle.line) is None
        and not group.someone_else_has_open(cycle.person, cycle.line)
    )


def _reopened(
    person: Person, cycle: Cycle, at: datetime, said: Said, book: Rulebook, journal: Journal
) -> Person:
    cycle = replace(cycle, state=CycleState.OPEN, closed_as=None, closed_at=None, close_reason=None)
    cycle = cycle.heard(said.acted_at)
    _note(cycle, VerdictKind.REOPENED, at, said, journal)
    person = person.with_cycle(cycle)
    if cycle.moves_stage:
        because = Because("verdict.reopened", said.fact)
        person = move(
            person, cycle.line, MQL, at, because, book, journal, acted_at=said.acted_at, cycle=cycle
        )
    return _heard(person, cycle, at, said, book, journal) if said.kind in _ACCEPTING else person


def _without_cycle(person: Person, at: datetime, said: Said, book: Rulebook, journal: Journal) -> Person:
    """Sales moves stages too: a rejected or recycled lead leaves the path, a reopened one comes back below MQL.

    Accepting without a cycle moves nothing: nobody becomes an SAL whom we did not hand over. Nor does a word that we
    learn of after a cycle was opened that came later.
    """
    line = book.default_line
    if any(
        each.line == line and each.moves_stage and each.opened_at > said.acted_at for each in person.cycles
    ):
        return person
    place = person.place(line, at, Origin.LIVE)
    because = Because(f"verdict.{said.kind}", said.fact)
    if said.kind in (VerdictKind.REJECTED, VerdictKind.RECYCLED):
        then, rule = book.what_follows(said.reason)
        if then == "reassign" or book.steps.get(place.stage, -1) > book.steps[SAL]:
            return person
        because = because._replace(also=(("reason_rule", rule),) if rule else ())
        return send_back(
            person, line, then == "disqualified", at, because, book, journal, acted_at=said.acted_at
        )
    if said.kind == VerdictKind.REOPENED and place.stage in book.rules.detours:
        return move(person, line, person.below, at, because, book, journal, acted_at=said.acted_at)
    return person


def _remembered(person: Person, said: Said, book: Rulebook) -> Person:
    """When sales last rejected or recycled this person, for the windows that begin there."""
    if said.kind not in (VerdictKind.REJECTED, VerdictKind.RECYCLED):
        return person
    if book.what_follows(said.reason)[0] == "reassign":
        return person
    if said.kind == VerdictKind.REJECTED:
        return replace(person, rejected_at=max(said.acted_at, person.rejected_at or said.acted_at))
    return replace(person, recycled_at=max(said.acted_at, person.recycled_at or said.acted_at))


def _note(cycle: Cycle, kind: str, at: datetime, said: Said, journal: Journal) -> None:
    journal.note(cycle, kind, at, said.acted_at, fact=said.fact, reason=said.reason, said_by=said.said_by)
