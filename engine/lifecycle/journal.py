"""What the machine writes down while it goes: rows of transitions, events of cycles and blocks, reasons still open.

Reasons are filled in afterwards for all rows at once (`reasons`): the machine names the condition and the instant.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from engine.keys import key
from engine.lifecycle.state import Cycle


class Because(NamedTuple):
    """Why: a rule of the playbook or of DESIGN, the condition that held, the fact, and whatever else tells.

    `reads`: the part of the condition that is about the person, whose values are shown.
    """

    rule: str
    fact: str | None = None
    condition: str | None = None
    reads: str | None = None
    also: tuple[tuple[str, Any], ...] = ()


class Step(NamedTuple):
    person: str
    line: str
    at: datetime
    acted_at: datetime
    from_stage: str | None
    to_stage: str
    because: Because
    cycle_key: str | None
    pass_through: bool
    origin: str

    @property
    def key(self) -> str:
        return key(
            "transition", self.person, self.line, self.at, self.from_stage, self.to_stage, self.because.fact
        )


@dataclass
class Journal:
    steps: list[Step] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    blocks: list[tuple[Any, ...]] = field(default_factory=list)
    opened: dict[str, Because] = field(default_factory=dict)  # cycle key → why it was opened

    def note(
        self,
        cycle: Cycle,
        kind: str,
        at: datetime,
        acted_at: datetime,
        *,
        fact: str | None = None,
        reason: str | None = None,
        said_by: str | None = None,
    ) -> None:
        """An event in the life of a cycle."""
        event = key("event", cycle.key, kind, fact, None if fact else at)
        self.events.append((event, cycle.key, cycle.person, kind, at, acted_at, fact, reason, said_by))

    def blocked(
        self,
        person: str,
        line: str,
        at: datetime,
        trigger: str,
        fact: str,
        exclusion: str,
        kind: str,
        since: datetime | None,
        until: datetime | None,
        version: str,
    ) -> None:
        """A trigger that an exclusion held back. The same act is held back by the same exclusion once."""
        block = key("block", person, line, trigger, fact, exclusion)
        self.blocks.append((block, person, line, at, trigger, fact, exclusion, kind, since, until, version))
