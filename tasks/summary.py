"""What a run did: one value that the run row, the terminal, the JSON output and the artifacts are made of."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from ledger.runs import Count
from schemas.vocabulary import Platform, Stream
from tasks.pull import Pulled

COUNTED = ("pulled", "stored", "quarantined", "duplicates")
"""Of the rows of a stream: the first is always the sum of the others."""


class Exit(IntEnum):
    """Exit status of a command."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    SOME_REFUSED = 3
    LEASE_HELD = 4


@dataclass
class Summary:
    """Counts per stage and outcome, and everything that a person should read. No personal values."""

    run_id: str
    flow: str
    as_of: datetime
    is_live: bool
    live_since: datetime | None = None
    pulled: list[Pulled] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)  # people, scores, transitions, cycles, blocks …
    opened: Counter[str] = field(default_factory=Counter)  # cycles by kind
    moved: Counter[str] = field(default_factory=Counter)  # transitions by stage entered
    blocked: Counter[str] = field(default_factory=Counter)  # blocks by exclusion
    bots: Counter[str] = field(
        default_factory=Counter
    )  # acts of machines, new to the ledger, by how they were told
    assigned: Counter[str] = field(default_factory=Counter)  # by how an owner was found
    asked: Counter[str] = field(default_factory=Counter)  # changes that were decided, by object and field
    pushed: Counter[str] = field(default_factory=Counter)  # entries by platform, object and outcome
    refused: Counter[str] = field(
        default_factory=Counter
    )  # entries that a platform refused, by object and code
    undecided: list[str] = field(default_factory=list)  # why stages decided nothing
    problems: list[str] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)  # what must be mended before anything is written
    notes: list[str] = field(default_factory=list)

    @property
    def mode(self) -> str:
        """Whether anything is written, and from when on."""
        if self.is_live:
            return "live"
        if self.live_since is None:
            return "silent: nothing is written until live_since is set"
        return f"silent: nothing is written before {self.live_since.astimezone(UTC):%Y-%m-%d %H:%M} UTC (live_since)"

    @property
    def quarantined(self) -> int:
        return sum(pulled.quarantined for pulled in self.pulled)

    @property
    def rejected(self) -> int:
        return sum(n for name, n in self.pushed.items() if name.endswith(" rejected"))

    @property
    def decisions(self) -> int:
        """What changed in the ledger besides facts and scores' instants."""
        return sum(self.decided[name] for name in ("transitions", "cycles", "assignments"))

    @property
    def writes(self) -> int:
        """Entries that changed something on a platform."""
        return sum(n for name, n in self.pushed.items() if name.endswith((" applied", " requested")))

    @property
    def failures(self) -> list[str]:
        streams = [
            f"{pulled.platform} {stream}: {_bare(reason, pulled.platform, stream)}"
            for pulled in self.pulled
            for stream, reason in pulled.failures.items()
        ]
        return list(dict.fromkeys([*self.unfit, *streams, *self.undecided, *self.problems]))

    @property
    def exit(self) -> Exit:
        if self.unfit or any(pulled.is_to_mend for pulled in self.pulled):
            return Exit.WRONG_USAGE
        if self.failures:
            return Exit.FAILED
        return Exit.SOME_REFUSED if self.quarantined or self.rejected else Exit.DONE

    def counts(self) -> list[Count]:
        """For the run row."""
        groups: dict[str, Counter[str]] = {
            "decide": self.decided,
            "open": self.opened,
            "move": self.moved,
            "block": self.blocked,
            "bot": self.bots,
            "assign": self.assigned,
            "ask": self.asked,
            "push": self.pushed,
        }
        found = [Count(stage, name, n) for stage, counter in groups.items() for name, n in counter.items()]
        return [*found, *_pull_counts(self.pulled)]

    def as_json(self) -> dict[str, Any]:
        """One object for `--json`."""
        return {
            "run_id": self.run_id,
            "flow": self.flow,
            "as_of": self.as_of.isoformat(),
            "is_live": self.is_live,
            "exit": int(self.exit),
            "pulled": {
                str(pulled.platform): {
                    str(stream): {name: counts[name] for name in COUNTED}
                    for stream, counts in pulled.counts.items()
                }
                for pulled in self.pulled
            },
            "quarantine_reasons": dict(sum((pulled.reasons for pulled in self.pulled), Counter[str]())),
            "decided": dict(self.decided),
            "opened": dict(self.opened),
            "moved": dict(self.moved),
            "blocked": dict(self.blocked),
            "bots": dict(self.bots),
            "assigned": dict(self.assigned),
            "asked": dict(self.asked),
            "pushed": dict(self.pushed),
            "refused": dict(self.refused),
            "decisions": self.decisions,
            "writes": self.writes,
            "failures": self.failures,
            "notes": self.notes,
        }


def added_up(parts: Sequence[Summary]) -> Summary:
    """Several runs as one: counts added, the last moment, every problem and note once."""
    last = parts[-1]
    total = Summary(last.run_id, last.flow, last.as_of, last.is_live, last.live_since)
    by_platform: dict[Platform, Pulled] = {}
    for part in parts:
        for pulled in part.pulled:
            by_platform.setdefault(pulled.platform, Pulled(pulled.platform)).add(pulled)
        for name in (
            "decided",
            "opened",
            "moved",
            "blocked",
            "bots",
            "assigned",
            "asked",
            "pushed",
            "refused",
        ):
            getattr(total, name).update(getattr(part, name))
        for name in ("unfit", "undecided", "problems", "notes"):
            getattr(total, name).extend(
                line for line in getattr(part, name) if line not in getattr(total, name)
            )
    total.pulled.extend(by_platform.values())
    return total


def _bare(reason: str, platform: Platform, stream: Stream) -> str:
    """The reason without the names that stand before it already."""
    return reason.removeprefix(f"{platform} {stream}: ").removeprefix(f"{platform}: ")


def _pull_counts(pulled: Sequence[Pulled]) -> Iterable[Count]:
    for platform in pulled:
        for stream, counts in platform.counts.items():
            for name in COUNTED:
                yield Count("pull", name, counts[name], platform.platform, stream)
