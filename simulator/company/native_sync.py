"""The native sync between the two platforms, as the product does it: a little later, and without asking anybody.

From Marketo to Salesforce a person goes only when the campaign `Sync to CRM` asks for it; what Salesforce creates
comes to Marketo by itself. Afterwards the mapped fields follow each other; status and owner only one way, from
Salesforce.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from simulator.company.pair import CONTACT_FIELDS, LEAD_FIELDS
from simulator.company.scene import Scene
from simulator.company.sync_to_crm import ONE_WAY, SOURCE, SyncToCrm
from simulator.company.sync_to_marketo import SyncToMarketo
from simulator.marketo.changes import LeadChange
from simulator.salesforce.org import Change

CAMPAIGN = "Sync to CRM"
_BOTH_WAYS = {*LEAD_FIELDS.values()} - {*ONE_WAY}
# Follows a Salesforce record; answers the person who has got another record by that, if any.
_Follow = Callable[[str, str, datetime], int | None]


class NativeSync:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._up = SyncToCrm(scene)
        self._down = SyncToMarketo(scene)
        self._waits: Counter[str] = Counter()
        self._due: set[str] = set()
        self._changed: dict[int, set[str]] = {}

    def connect(self) -> int:
        """Listens to both platforms and puts the triggerable campaign into Marketo; answers its id."""
        self._scene.org.on_change.append(self._crm_changed)
        self._scene.marketo.on_change.append(self._marketo_changed)
        program = self._scene.marketo.add_program(
            "OPS CRM", channel="Operational", at=self._scene.start - timedelta(days=700)
        )
        return self._scene.marketo.add_campaign(
            CAMPAIGN,
            triggerable=True,
            on_request=self.request,
            program_id=program,
            at=self._scene.start - timedelta(days=700),
        )

    def request(self, lead_ids: Sequence[int]) -> None:
        """The campaign was requested: each of these people gets a Salesforce lead in half to three minutes."""
        for who in lead_ids:
            self._later(f"push {who}", partial(self._up.push_new, who), 30, 180)

    def _marketo_changed(self, change: LeadChange) -> None:
        if change.merged_into is not None and change.before is not None:
            self._up.merge_in_crm(change)
        elif change.after is None:
            person = self._scene.population.by_marketo.get(change.id)
            if person is not None:
                person.gone = True
        elif change.before is not None and change.source != SOURCE:
            names = _BOTH_WAYS & set(change.changed)
            if names and (change.after.get("sfdcLeadId") or change.after.get("sfdcContactId")):
                self._changed.setdefault(change.id, set()).update(names)
                self._later(f"update {change.id}", partial(self._update, change.id), 30, 180)

    def _update(self, who: int, at: datetime) -> None:
        self._up.push_update(who, self._changed.pop(who, set()), at)

    def _crm_changed(self, change: Change) -> None:
        if change.sobject not in ("Lead", "Contact"):
            return
        if change.after is None:
            self._from_crm(f"gone {change.id}", self._down.unlink, change, 60, 300)
        elif change.before is None:
            if change.by != self._scene.staff.sync_user:
                self._from_crm(f"new {change.id}", self._down.pull_new, change, 60, 300)
        else:
            fields = CONTACT_FIELDS if change.sobject == "Contact" else LEAD_FIELDS
            before, after = change.before, change.after
            if any(before.get(n) != after.get(n) for n in (*fields, "IsConverted", "AccountId")):
                self._from_crm(f"mirror {change.id}", self._down.mirror, change, 30, 180)

    def _from_crm(self, what: str, follow: _Follow, change: Change, least: int, most: int) -> None:
        def action(at: datetime) -> None:
            joined = follow(change.sobject, change.id, at)
            if joined is not None:  # what Marketo alone knew of the person is sent up
                self._up.push_update(joined, _BOTH_WAYS, at)

        self._later(what, action, least, most)

    def _later(self, what: str, action: Any, least: int, most: int) -> None:
        """One entry per matter: changes that come in the meantime are seen when it is done."""
        if what in self._due:
            return
        self._due.add(what)
        self._waits[what] += 1
        wait = self._scene.dice(what, self._waits[what]).randrange(least, most)
        moment = (self._scene.clock.now() + timedelta(seconds=wait)).replace(microsecond=0)
        self._scene.at(moment, partial(self._do, what, action))

    def _do(self, what: str, action: Any, at: datetime) -> None:
        self._due.discard(what)
        action(at)
