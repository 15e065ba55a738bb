"""Steps along the path. A lead that jumps stages gets zero-length entries, flagged, so that both the path conversion
and the real one can be computed. Never into mql or sal: those need a handover of ours."""

from dataclasses import replace
from datetime import datetime

from engine.lifecycle.journal import Because, Journal, Step
from engine.lifecycle.rulebook import DISQUALIFIED, MQL, RECYCLED, SAL, Rulebook
from engine.lifecycle.state import Cycle, Person, Place
from schemas.vocabulary import Origin


def move(
    person: Person,
    line: str,
    stage: str,
    at: datetime,
    because: Because,
    book: Rulebook,
    journal: Journal,
    *,
    acted_at: datetime | None = None,
    cycle: Cycle | None = None,
) -> Person:
    """The person on this stage, with the stages that were jumped passed through; nothing if already there."""
    origin = Origin.BACKFILL if book.is_backfill else Origin.LIVE
    place = person.place(line, at, origin)
    if place.stage == stage:
        return person
    acted_at = acted_at or at
    reached: str | None = place.stage
    for passed in _jumped(place.stage, stage, book):
        journal.steps.append(
            Step(person.key, line, at, acted_at, reached, passed, because, None, True, origin)
        )
        reached = passed
    key = cycle.key if cycle else None
    journal.steps.append(Step(person.key, line, at, acted_at, reached, stage, because, key, False, origin))
    return person.put(replace(place, stage=stage, since=at, origin=origin))


def send_back(
    person: Person,
    line: str,
    disqualified: bool,
    at: datetime,
    because: Because,
    book: Rulebook,
    journal: Journal,
    *,
    acted_at: datetime | None = None,
    cycle: Cycle | None = None,
) -> Person:
    """To the detour that a reason leads to; where the playbook has no such detour, below MQL again."""
    detour = book.detour(DISQUALIFIED if disqualified else RECYCLED)
    return move(
        person, line, detour or person.below, at, because, book, journal, acted_at=acted_at, cycle=cycle
    )


def is_further(stage: str, than: Place, book: Rulebook) -> bool:
    """Whether a stage lies further along the path than where the person stands; a detour counts as below mql."""
    return book.steps.get(stage, -1) > book.steps.get(than.stage, -1)


def _jumped(from_stage: str, to_stage: str, book: Rulebook) -> list[str]:
    start, end = book.steps.get(from_stage), book.steps.get(to_stage)
    if start is None or end is None:
        return []  # from or to a detour nothing is jumped
    return [stage for stage in book.path[start + 1 : end] if stage not in (MQL, SAL)]
