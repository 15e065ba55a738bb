"""What the machine knows of a person between two events. Values never change; a step makes new ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.vocabulary import CycleKind, CycleState, Origin

_OPEN = frozenset(state for state in CycleState if state.is_open)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One handover. `touched_at`: the last word of sales, or of the person, about it; `stale_after` counts from it.

    `heard_at`: when sales last said whether it works on it.
    """

    key: str
    person: str
    line: str
    number: int
    kind: str
    state: str
    opened_at: datetime
    acted_at: datetime
    touched_at: datetime
    is_trial: bool
    origin: str
    trigger_rule: str
    trigger_fact: str | None = None
    hand_raised_at: datetime | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    closed_as: str | None = None
    close_reason: str | None = None
    opportunity_id: str | None = None
    heard_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in _OPEN

    @property
    def counts(self) -> bool:
        """Whether windows, exclusions and the one-open rule see it. A trial is only shown."""
        return not self.is_trial

    @property
    def moves_stage(self) -> bool:
        """A hand raise of somebody who is with sales already leaves stage and stamps alone, and so does a trial."""
        return self.kind != CycleKind.HAND_RAISE and not self.is_trial

    @property
    def is_timed(self) -> bool:
        """What was there before us runs no clock of ours, until the person raises a hand in it."""
        return self.origin != Origin.ADOPTED or self.hand_raised_at is not None

    def touched(self, at: datetime) -> "Cycle":
        return replace(self, touched_at=max(self.touched_at, at))

    def heard(self, at: datetime) -> "Cycle":
        return replace(self.touched(at), heard_at=max(self.heard_at or at, at))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person stands on a line: a row of `Stages`."""

    line: str
    stage: str
    since: datetime
    origin: str
    first_mql_at: datetime | None = None
    last_mql_at: datetime | None = None
    first_sal_at: datetime | None = None
    last_sal_at: datetime | None = None
    spent_through: datetime | None = None

    def stamped_mql(self, at: datetime) -> "Place":
        """A known first date stays; the last one only moves on."""
        last = at if self.last_mql_at is None else max(self.last_mql_at, at)
        return replace(self, first_mql_at=self.first_mql_at or at, last_mql_at=last)

    def stamped_sal(self, at: datetime) -> "Place":
        last = at if self.last_sal_at is None else max(self.last_sal_at, at)
        return replace(self, first_sal_at=self.first_sal_at or at, last_sal_at=last)

    def spent(self, through: datetime) -> "Place":
        return replace(self, spent_through=max(through, self.spent_through or through))


@dataclass(frozen=True, slots=True)
class Person:
    """`below`: the stage below MQL that conditions give now. `rejected_at`, `recycled_at`: last such word of sales."""

    key: str
    places: Mapping[str, Place]
    cycles: tuple[Cycle, ...]
    below: str
    rank: int = 0  # order among people of one group, see `engine.target`
    is_erased: bool = False
    rejected_at: datetime | None = None
    recycled_at: datetime | None = None

    def open_cycles(self, *, trials: bool = False) -> Iterator[Cycle]:
        return (cycle for cycle in self.cycles if cycle.is_open and cycle.is_trial == trials)

    def open_on(self, line: str, *, trial: bool = False) -> Cycle | None:
        return next((cycle for cycle in self.open_cycles(trials=trial) if cycle.line == line), None)

    def closed_on(self, line: str) -> datetime | None:
        """When the last cycle of the line that counts was closed."""
        return latest(
            cycle.closed_at
            for cycle in self.cycles
            if cycle.counts and not cycle.is_open and cycle.line == line
        )

    def place(self, line: str, at: datetime, origin: str) -> Place:
        """The place on a line; a line that the person never was on begins below MQL."""
        return self.places.get(line) or Place(line, self.below, at, origin)

    def put(self, place: Place) -> "Person":
        return replace(self, places={**self.places, place.line: place})

    def with_cycle(self, cycle: Cycle) -> "Person":
        """The cycle added, or in the place of what it was before."""
        if any(known.key == cycle.key for known in self.cycles):
            known = tuple(cycle if old.key == cycle.key else old for old in self.cycles)
            return replace(self, cycles=known)
        return replace(self, cycles=(*self.cycles, cycle))


@dataclass(frozen=True, slots=True)
class Group:
    """People who share an e-mail address without being joined; mostly one. `elsewhere`: lines on which somebody of
    the group who is not decided here has an open cycle."""

    people: Mapping[str, Person]
    elsewhere: frozenset[str] = frozenset()

    def put(self, person: Person) -> "Group":
        if self.people[person.key] is person:
            return self
        return Group({**self.people, person.key: person}, self.elsewhere)

    def someone_else_has_open(self, person: str, line: str) -> bool:
        return line in self.elsewhere or any(
            other.open_on(line) is not None for key, other in self.people.items() if key != person
        )

    def cycle(self, key: str) -> Cycle | None:
        return next((c for person in self.people.values() for c in person.cycles if c.key == key), None)


def latest(instants: Iterable[datetime | None]) -> datetime | None:
    """The latest of the instants that are known."""
    return max((instant for instant in instants if instant is not None), default=None)
