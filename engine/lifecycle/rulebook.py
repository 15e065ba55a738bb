"""The playbook as the state machine asks it: ranks on the path, patterns compiled, dates of coming into force."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.context import Versions, Window
from schemas.playbook.lifecycle import Exclusion, Lifecycle, Reason, Trigger
from schemas.playbook.organisation import DEFAULT_LINE, Line, Organisation
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import Origin, Silo

MQL, SAL, OPPORTUNITY, CUSTOMER = "mql", "sal", "opportunity", "customer"
RECYCLED, DISQUALIFIED = "recycled", "disqualified"
Then = Literal["disqualified", "recycled", "reassign"]


@dataclass(frozen=True)
class Rulebook:
    """Everything that stays the same during one call of `decide`."""

    rules: Lifecycle
    organisation: Organisation
    window: Window
    versions: Versions
    statuses: Sequence[StatusRow]

    @property
    def zone(self) -> ZoneInfo:
        return self.window.zone

    @property
    def live_since(self) -> datetime | None:
        return self.window.live_since

    @property
    def is_backfill(self) -> bool:
        return self.window.origin == Origin.BACKFILL

    @cached_property
    def version(self) -> str:
        return self.versions.silos.get(Silo.LIFECYCLE, "")

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        return {line.id: line for line in self.organisation.lines}

    @cached_property
    def default_line(self) -> str:
        """Where a person stands who was never handed over: the line `default`, else the first."""
        if DEFAULT_LINE in self.lines or not self.organisation.lines:
            return DEFAULT_LINE
        return self.organisation.lines[0].id

    @property
    def triggers(self) -> Sequence[Trigger]:
        return self.rules.triggers

    @property
    def exclusions(self) -> Sequence[Exclusion]:
        return self.rules.exclude

    @property
    def stale_after(self) -> timedelta:
        return self.rules.stale_after

    @property
    def path(self) -> Sequence[str]:
        return self.rules.path

    @cached_property
    def steps(self) -> Mapping[str, int]:
        """Stage → its place on the path; detours have none."""
        return {stage: step for step, stage in enumerate(self.rules.path)}

    @cached_property
    def below_mql(self) -> frozenset[str]:
        return frozenset(self.rules.path[: self.steps[MQL]])

    def detour(self, wanted: str) -> str | None:
        """The detour of this name, if the playbook has it."""
        return wanted if wanted in self.rules.detours else None

    @cached_property
    def in_force_since(self) -> Sequence[datetime]:
        """Per trigger: acts up to here open nothing."""
        start = self.window.last_as_of or self.window.as_of
        known = self.versions.rules_in_force_since
        return [
            known.get(f"{Silo.LIFECYCLE}.{trigger.id}", known.get(trigger.id, start))
            for trigger in self.triggers
        ]

    def what_follows(self, reason: str | None) -> tuple[Then, str | None]:
        """What a rep's reason leads to, and the id of the rule that says so."""
        for rule, pattern in self._reasons:
            if reason is not None and pattern.search(reason):
                return rule.then, rule.id
        return "recycled", None

    @cached_property
    def _reasons(self) -> Sequence[tuple[Reason, re.Pattern[str]]]:
        return [(rule, re.compile(rule.says, re.IGNORECASE)) for rule in self.rules.reasons]

    @cached_property
    def working_statuses(self) -> Sequence[str]:
        """Spellings, lower case, by which a lead or contact says that sales works on the person."""
        rows = [row for row in self.statuses if row.meaning == "accepted"]
        return sorted({spelling.strip().lower() for row in rows for spelling in (*row.lead, *row.contact)})
