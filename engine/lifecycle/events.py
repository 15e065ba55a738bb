"""What can happen to a person, in the order in which events of one instant are taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.vocabulary import VerdictKind


@dataclass(frozen=True, slots=True)
class Here:
    """What is true of a person at an instant, as far as conditions over attributes and scores tell."""

    holds: frozenset[int] = frozenset()  # exclusions (by position) whose condition is true
    is_writable: bool = False  # inside the organisation's write scope
    is_worked: bool = False  # the record's status says that sales works on the person
    last_opportunity_closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """An act that meets a trigger."""

    trigger: int
    acted_at: datetime
    fact: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """First sight of a person. `existed`: was there before the ledger last decided."""

    existed: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """The person's last record was deleted, or the person was erased."""

    acted_at: datetime
    fact: str
    why: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Another person turned out to be this one; that one's cycles are among this one's."""

    acted_at: datetime
    fact: str | None


@dataclass(frozen=True, slots=True)
class WritingBegins:
    """From here on we write about this person: trials end."""


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict of sales. `opportunity` for one that came as an opportunity, see `Opportunity`."""

    fact: str
    kind: VerdictKind
    reason: str | None
    acted_at: datetime
    cycle_key: str | None
    said_by: str | None
    opportunity_id: str | None = None
    opportunity_made_at: datetime | None = None
    lines: frozenset[str] = frozenset()  # on which the opportunity counts


@dataclass(frozen=True, slots=True)
class Touched:
    """Sales called, wrote to or met the person."""


@dataclass(frozen=True, slots=True)
class OpportunityMoved:
    """An opportunity of the person was opened, won or lost on a line. `has_open`: another one there is still open.

    `turn`: its place among all that became of this opportunity.
    """

    fact: str
    how: str
    acted_at: datetime
    line: str
    has_open: bool = False
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Below:
    """Conditions now give another stage below MQL."""

    stage: str


@dataclass(frozen=True, slots=True)
class Acted:
    """The acts of one instant that meet a trigger."""

    tries: Sequence[Try]
    here: Here


What = Adopted | Joined | Removed | WritingBegins | Said | Touched | OpportunityMoved | Below | Acted

_ORDER: dict[type, int] = {
    kind: order
    for order, kind in enumerate(
        (Adopted, Joined, Removed, WritingBegins, Said, Touched, OpportunityMoved, Below, Acted)
    )
}
# Of one instant: who converts a lead has worked on it, and the opportunity of the conversion comes after it.
_VERDICTS = [
    VerdictKind.REOPENED,
    VerdictKind.ACCEPTED,
    VerdictKind.CONVERTED_LEAD,
    VerdictKind.OPPORTUNITY,
    VerdictKind.RECYCLED,
    VerdictKind.REJECTED,
]


@dataclass(frozen=True, slots=True)
class Event:
    """`at`: the instant that it is decided for. `person`: whom it is about."""

    at: datetime
    person: str
    rank: int
    what: What

    def place(self) -> tuple[object, ...]:
        """Where it stands in the sequence: by instant, then as `_ORDER`, then by rank and key, never by chance."""
        order = _ORDER[type(self.what)]
        if isinstance(self.what, Said):
            said = self.what
            return (
                self.at,
                order,
                said.acted_at,
                _VERDICTS.index(said.kind),
                said.fact,
                self.rank,
                self.person,
            )
        if isinstance(self.what, OpportunityMoved):
            moved = self.what
            fact = f"{moved.fact}:{moved.line}"
            return (self.at, order, moved.acted_at, moved.turn, fact, self.rank, self.person)
        return (self.at, order, self.at, 0, "", self.rank, self.person)
