"""Acts that meet a trigger: they open a cycle, upgrade an open one, or are held back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.keys import cycle_key
from engine.lifecycle.events import Acted, Try
from engine.lifecycle.exclusions import DUPLICATE_OPEN, Block, blocks
from engine.lifecycle.journal import Because, Journal
from engine.lifecycle.path import move
from engine.lifecycle.rulebook import MQL, Rulebook
from engine.lifecycle.state import Cycle, Group, Person, latest
from schemas.playbook.lifecycle import Trigger
from schemas.vocabulary import BlockKind, CycleKind, CycleState, Origin


def act(group: Group, key: str, at: datetime, acted: Acted, book: Rulebook, journal: Journal) -> Group:
    """The group after the acts of one person at one instant, line by line."""
    by_line: dict[str, list[Try]] = {}
    for each in acted.tries:
        by_line.setdefault(book.triggers[each.trigger].line, []).append(each)
    for line, tries in sorted(by_line.items()):
        group = _on_line(group, key, line, at, tries, acted, book, journal)
    return group


def _on_line(
    group: Group,
    key: str,
    line: str,
    at: datetime,
    tries: Sequence[Try],
    acted: Acted,
    book: Rulebook,
    journal: Journal,
) -> Group:
    person = group.people[key]
    is_trial = not book.is_backfill and not _is_live(at, acted, book)
    open_cycle = person.open_on(line)
    if open_cycle is not None and not any(book.triggers[each.trigger].fast_track for each in tries):
        return group  # part of what is being worked on
    usable = [each for each in tries if _is_new(each, person, line, at, acted, is_trial, book)]
    usable.sort(key=lambda each: _precedence(each, book))
    if not usable:
        return group
    if open_cycle is not None:
        return (
            group if is_trial else group.put(_upgraded(person, open_cycle, at, usable, acted, book, journal))
        )
    if is_trial and person.open_on(line, trial=True) is not None:
        return group
    if group.someone_else_has_open(key, line):
        _hold_back(person, line, at, usable, [Block(DUPLICATE_OPEN, BlockKind.HARD)], book, journal)
        return group
    chosen = usable[0]
    held = blocks(person, line, at, chosen.acted_at, acted.here, book)
    trigger = book.triggers[chosen.trigger]
    stopping = [block for block in held if not trigger.fast_track or block.kind == BlockKind.HARD]
    if stopping:
        _hold_back(person, line, at, usable, stopping, book, journal)
        return group
    through = max(each.acted_at for each in usable)
    opened = _opened(person, line, at, chosen, trigger, held, is_trial, book, journal)
    place = opened.place(line, at, _origin(book))
    return group.put(opened.put(place.spent(through)))


def _is_live(at: datetime, acted: Acted, book: Rulebook) -> bool:
    """Whether what is decided at this instant is acted upon; before that everything is a trial."""
    return book.live_since is not None and at >= book.live_since and acted.here.is_writable


def _is_new(
    each: Try, person: Person, line: str, at: datetime, acted: Acted, is_trial: bool, book: Rulebook
) -> bool:
    """An act opens something only if it is later than whatever has been settled already.

    In an open cycle it opens nothing, and may be older than the act that did: we learned of it afterwards.
    """
    place = person.places.get(line)
    settled = [person.closed_on(line)]
    if person.open_on(line) is None:
        settled.append(place.spent_through if place else None)
    if not book.is_backfill:
        settled.append(book.in_force_since[each.trigger])
        if not is_trial:
            settled.append(book.live_since)
    line_drawn = latest(settled)
    return line_drawn is None or each.acted_at > line_drawn


def _precedence(each: Try, book: Rulebook) -> tuple[object, ...]:
    """A hand raise before everything else, then as the playbook lists them, then the oldest act."""
    return (not book.triggers[each.trigger].fast_track, each.trigger, each.acted_at, each.fact)


def _hold_back(
    person: Person,
    line: str,
    at: datetime,
    tries: Sequence[Try],
    held: Sequence[Block],
    book: Rulebook,
    journal: Journal,
) -> None:
    for each in tries:
        for block in held:
            journal.blocked(
                person.key,
                line,
                at,
                book.triggers[each.trigger].id,
                each.fact,
                block.exclusion,
                block.kind,
                block.since,
                block.until,
                book.version,
            )


def _upgraded(
    person: Person,
    cycle: Cycle,
    at: datetime,
    tries: Sequence[Try],
    acted: Acted,
    book: Rulebook,
    journal: Journal,
) -> Person:
    """A hand raise in an open cycle is told to its owner; other acts are part of what is being worked on."""
    raises = [each for each in tries if book.triggers[each.trigger].fast_track]
    if not raises:
        return person
    hard = [
        block
        for block in blocks(person, cycle.line, at, raises[0].acted_at, acted.here, book)
        if block.kind == BlockKind.HARD
    ]
    if hard:
        _hold_back(person, cycle.line, at, raises, hard, book, journal)
        return person
    for each in {each.fact: each for each in raises}.values():
        # One of before the cycle that we learn of afterwards counts from then on.
        raised_at = each.acted_at if each.acted_at > cycle.opened_at else max(at, cycle.opened_at)
        cycle = replace(
            cycle.touched(raised_at), hand_raised_at=max(raised_at, cycle.hand_raised_at or raised_at)
        )
        journal.note(
            cycle, "hand_raised", at, each.acted_at, fact=each.fact, reason=book.triggers[each.trigger].id
        )
    return person.with_cycle(cycle)


def _opened(
    person: Person,
    line: str,
    at: datetime,
    chosen: Try,
    trigger: Trigger,
    held: Sequence[Block],
    is_trial: bool,
    book: Rulebook,
    journal: Journal,
) -> Person:
    with_sales = any(block.kind == BlockKind.WITH_SALES for block in held)
    cycle = Cycle(
        key=cycle_key(line, chosen.fact),
        person=person.key,
        line=line,
        number=1 + sum(known.counts and known.line == line for known in person.cycles),
        kind=CycleKind.HAND_RAISE if with_sales else CycleKind.MQL,
        state=CycleState.OPEN,
        opened_at=at,
        acted_at=chosen.acted_at,
        touched_at=at,
        hand_raised_at=chosen.acted_at if trigger.fast_track else None,
        is_trial=is_trial,
        origin=_origin(book),
        trigger_rule=trigger.id,
        trigger_fact=chosen.fact,
    )
    because = why(trigger, chosen.fact, held)
    journal.opened[cycle.key] = because
    journal.note(cycle, "opened", at, chosen.acted_at, fact=chosen.fact, reason=trigger.id)
    person = person.with_cycle(cycle)
    if not cycle.moves_stage:
        return person
    person = move(person, line, MQL, at, because, book, journal, acted_at=chosen.acted_at, cycle=cycle)
    return person.put(person.places[line].stamped_mql(at))


def why(trigger: Trigger, fact: str | None, passed: Sequence[Block] = ()) -> Because:
    """The trigger's conditions, and which exclusions a hand raise passed."""
    parts = [part for part in (trigger.activity, trigger.person) if part]
    also = (("passed", [block.exclusion for block in passed]),) if passed else ()
    return Because(trigger.id, fact, " AND ".join(f"({part})" for part in parts), trigger.person, also)


def _origin(book: Rulebook) -> str:
    return Origin.BACKFILL if book.is_backfill else Origin.LIVE
