"""What holds a trigger back at an instant: states by their condition, windows by the moment they began at."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.lifecycle.deadlines import end_of
from engine.lifecycle.events import Here
from engine.lifecycle.rulebook import Rulebook
from engine.lifecycle.state import Person, latest
from schemas.playbook.lifecycle import Moment
from schemas.vocabulary import BlockKind, CycleState

ERASED = "erased"
SALES_WORKING = "sales_working"
DUPLICATE_OPEN = "duplicate_open"


@dataclass(frozen=True, slots=True)
class Block:
    """`until` is null where the block lasts as long as its condition holds."""

    exclusion: str
    kind: BlockKind
    since: datetime | None = None
    until: datetime | None = None


def blocks(
    person: Person, line: str, at: datetime, acted_at: datetime, here: Here, book: Rulebook
) -> list[Block]:
    """Every exclusion that holds at `at` for an act of `acted_at`, hard ones first.

    An act that happened before the end of a window is held back by it, also if we learn of it after the end.
    """
    found = [*_built_in(person, here), *_of_playbook(person, line, at, acted_at, here, book)]
    return sorted(found, key=lambda block: list(BlockKind).index(block.kind))


def _built_in(person: Person, here: Here) -> Iterator[Block]:
    if person.is_erased:
        yield Block(ERASED, BlockKind.HARD)
    if here.is_worked:
        # Sales found the person: score triggers have nothing to hand over, and a hand raise goes to who works there.
        yield Block(SALES_WORKING, BlockKind.WITH_SALES)


def _of_playbook(
    person: Person, line: str, at: datetime, acted_at: datetime, here: Here, book: Rulebook
) -> Iterator[Block]:
    for number, exclusion in enumerate(book.exclusions):
        if exclusion.since is None or exclusion.lasts is None:
            if number in here.holds:
                yield Block(exclusion.id, exclusion.kind)
            continue
        since = _moment(exclusion.since, person, line, here)
        if since is not None and since <= at:
            until = end_of(since, exclusion.lasts, book.zone)
            if acted_at < until:
                yield Block(exclusion.id, exclusion.kind, since, until)


def _moment(name: Moment, person: Person, line: str, here: Here) -> datetime | None:
    place = person.places.get(line)
    match name:
        case "last_mql_at":
            return place.last_mql_at if place else None
        case "last_sal_at":
            return place.last_sal_at if place else None
        case "last_opportunity_closed_at":
            return here.last_opportunity_closed_at
        case "last_rejected_at":
            return latest([person.rejected_at, _closed_as(person, line, CycleState.REJECTED)])
        case "last_recycled_at":
            return latest([person.recycled_at, _closed_as(person, line, CycleState.RECYCLED)])


def _closed_as(person: Person, line: str, how: CycleState) -> datetime | None:
    return latest(
        cycle.closed_at
        for cycle in person.cycles
        if cycle.counts and cycle.line == line and cycle.closed_as == how
    )
