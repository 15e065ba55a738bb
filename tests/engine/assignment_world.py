"""A sales team, its queues and the cycles that wait for an owner, in memory; runs decide, a small ledger remembers."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from engine import assignment
from engine.assignment import AssignmentDecisions
from engine.keys import key
from schemas.conditions_columns import PEOPLE_COLUMNS
from schemas.context import Versions, Window
from schemas.frames import decisions, facts
from schemas.frames.base import UTC as UTC_TYPE
from schemas.frames.base import Frame, dtypes
from schemas.playbook.assignment import Assignment
from schemas.playbook.columns import SCORE_COLUMNS
from tests.engine.world import STATUSES

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
MOMENT = {"person_key": pl.String(), "at": UTC_TYPE, **PEOPLE_COLUMNS, **SCORE_COLUMNS}


@dataclass
class Team:
    """Ids are names: user `ada`, queue `inbound`, the lead of person `p`: `lead:p`."""

    rules: dict[str, Any] = field(
        default_factory=lambda: {
            "mode": "decide_and_push",
            "placeholder_owners": ["Marketo Sync"],
            "pools": {"team": {"role": "SDR"}},
            "rules": [{"id": "all", "to": {"pool": "team"}}],
        }
    )
    live_since: datetime | None = LONG_AGO
    owners: dict[str, dict[str, Any]] = field(default_factory=dict)
    queue_members: list[tuple[str, str]] = field(default_factory=list)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    cycles: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    assignments: dict[str, dict[str, Any]] = field(default_factory=dict)
    pointers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    # Who and what there is

    def user(self, owner_id: str, **values: Any) -> str:
        known = {
            "owner_id": owner_id,
            "kind": "user",
            "name": owner_id,
            "is_active": True,
            "can_own": True,
            "role": "SDR",
        }
        self.owners[owner_id] = known | values
        return owner_id

    def users(self, *names: str, **values: Any) -> list[str]:
        return [self.user(name, **values) for name in names]

    def queue(self, name: str, *members: str, **values: Any) -> str:
        self.owners[name] = {
            "owner_id": name,
            "kind": "queue",
            "name": name,
            "is_active": True,
            "can_own": True,
        } | values
        self.queue_members += [(name, member) for member in members]
        return name

    def person(self, key: str, **attributes: Any) -> str:
        self.people[key] = attributes
        return key

    def lead(self, person: str, owner: str | None, **values: Any) -> None:
        self._record(person, "lead", owner, values)

    def contact(self, person: str, owner: str | None, **values: Any) -> None:
        self._record(person, "contact", owner, values)

    def cycle(self, person: str, at: datetime = START, **values: Any) -> str:
        """A cycle of the person, opened at `at`."""
        if person not in self.people:
            self.person(person)
        line = values.get("line", "default")
        name = values.pop("name", None) or f"{person}:{line}:{at.isoformat()}"
        self.cycles[name] = {
            "cycle_key": name, "person_key": person, "line": line, "number": 1, "kind": "mql", "state": "open",
            "opened_at": at, "acted_at": at, "is_trial": False, "origin": "live", "trigger_rule": "score",
            "playbook_version": "v1", "reasons": "{}",
        } | values  # fmt: skip
        return name

    def many(self, number: int, at: datetime = START, prefix: str = "p") -> list[str]:
        return [self.cycle(f"{prefix}{n}", at) for n in range(number)]

    def sent_back(self, cycle: str, at: datetime, said_by: str | None = None) -> None:
        """Sales says that the owner is the wrong one."""
        self.events.append(
            {
                "event_key": key("event", cycle, at), "cycle_key": cycle,
                "person_key": self.cycles[cycle]["person_key"],
                "kind": "reassign", "at": at, "acted_at": at, "reason": "wrong owner", "said_by": said_by,
            }
        )  # fmt: skip

    # What is decided

    def decide(self, at: datetime = START, *, order: Iterable[str] | None = None) -> AssignmentDecisions:
        cycles = self._frame(decisions.Cycles, [self.cycles[name] for name in order or self.cycles])
        moments = [{"person_key": name, "at": at, **values} for name, values in self.people.items()]
        return assignment.decide(
            cycles,
            moments=pl.DataFrame(moments, schema=MOMENT),
            owners=self._frame(facts.Owners, self.owners.values()),
            queue_members=pl.DataFrame(
                self.queue_members, schema={"queue_id": pl.String, "user_id": pl.String}, orient="row"
            ),
            pointers=self._frame(decisions.PoolPointers, self.pointers.values()),
            past=self._frame(decisions.Cycles, self.cycles.values()),
            assignments=self._frame(decisions.Assignments, self.assignments.values()),
            records=self._frame(facts.Records, self.records.values()),
            reassign=self._frame(decisions.CycleEvents, self.events),
            written=pl.DataFrame(
                list(self.written.items()),
                schema={"native_id": pl.String, "owner_id": pl.String},
                orient="row",
            ),
            rules=Assignment.model_validate(self.rules),
            statuses=STATUSES,
            window=Window(at, at, None, self.live_since, BERLIN, DAY),
            versions=Versions({"assignment": "a1"}),
        )

    def run(self, at: datetime = START) -> AssignmentDecisions:
        """Decides and records."""
        decided = self.decide(at)
        for row in decided.assignments.iter_rows(named=True):
            assert row["assignment_key"] not in self.assignments
            self.assignments[row["assignment_key"]] = row
        for row in decided.pointers.iter_rows(named=True):
            self.pointers[row["pool"], row["owner_id"]] = row
        for row in decided.cycle_owners.iter_rows(named=True):
            self.cycles[row["cycle_key"]].update(row)
        return decided

    def owner(self, cycle: str) -> str | None:
        return self.cycles[cycle].get("owner_id")

    def load(self) -> Counter[str]:
        """How many cycles each owner has."""
        return Counter(str(row["owner_id"]) for row in self.cycles.values() if row.get("owner_id"))

    def check(self) -> list[str]:
        return assignment.check_roster(
            Assignment.model_validate(self.rules),
            self._frame(facts.Owners, self.owners.values()),
            pl.DataFrame(
                self.queue_members, schema={"queue_id": pl.String, "user_id": pl.String}, orient="row"
            ),
        )

    def _record(self, person: str, object: str, owner: str | None, values: dict[str, Any]) -> None:
        name = f"{object}:{person}"
        self.records[name] = {
            "person_key": person, "platform": "salesforce", "object": object, "native_id": name,
            "created_at": START - 30 * DAY, "changed_at": START - DAY, "learned_at": START, "is_deleted": False,
            "is_converted": False, "owner_id": owner,
        } | values  # fmt: skip

    def _frame(self, model: type[Frame], rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
        return pl.DataFrame(list(rows), schema=dtypes(model))


def only(decided: AssignmentDecisions) -> dict[str, Any]:
    """The one assignment, with its reasons read."""
    [row] = decided.assignments.to_dicts()
    return row | {"reasons": json.loads(row["reasons"])}
