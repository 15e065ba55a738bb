"""What all behaviours share: the platforms, the people, the agenda, and one way to write activities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from simulator.clock import Clock
from simulator.company.accounts import Directory
from simulator.company.activities import Row
from simulator.company.agenda import Action, Agenda
from simulator.company.campaigns import Campaigns
from simulator.company.dice import dice
from simulator.company.names import Names
from simulator.company.population import Population
from simulator.company.staff import Staff
from simulator.company.truth import Truth
from simulator.marketo.instance import Instance
from simulator.salesforce.org import Org


@dataclass
class Scene:
    """`history` is True while the past is being made: rows are gathered then and loaded at once, sorted by time;
    nobody reacts, and fields of records keep the values that they were founded with."""

    seed: int
    start: datetime
    clock: Clock
    org: Org
    marketo: Instance
    staff: Staff
    names: Names
    directory: Directory
    campaigns: Campaigns
    population: Population
    truth: Truth
    agenda: Agenda = field(default_factory=Agenda)
    history: bool = True
    _rows: list[Row] = field(default_factory=list)

    def dice(self, *names: object) -> Random:
        return dice(self.seed, *names)

    def at(self, moment: datetime, action: Action) -> None:
        self.agenda.add(moment, action)

    def write(self, rows: Iterable[Row]) -> None:
        """Rows of the future become visible when their moment comes."""
        if self.history:
            self._rows += rows
        else:
            self.marketo.load_activities(rows)

    def flush(self, before: datetime) -> None:
        """Loads what was gathered of the past up to a moment; nothing older can come any more."""
        if not self.history:
            return
        ready = [row for row in self._rows if _seen(row) < before]
        self._rows = [row for row in self._rows if _seen(row) >= before]
        ready.sort(key=_seen)
        self.marketo.load_activities(ready)

    def end_history(self) -> None:
        """Loads the rest. Rows still to come stay in the store until their moment."""
        self._rows.sort(key=_seen)
        self.marketo.load_activities(self._rows)
        self._rows = []
        self.history = False


def _seen(row: Row) -> datetime:
    moment: datetime = row.get("visible_at") or row["at"]
    return moment
