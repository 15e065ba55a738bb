"""One handover as a rep sees it: the lead or contact, and the MQL records that belong to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.company.people import Person
from simulator.company.scene import Scene
from simulator.company.staff import Rep
from simulator.salesforce.errors import RecordError

QUALIFIED, WORKING = "Marketing Qualified", "Working"


@dataclass
class Handover:
    """What lies before a rep at one moment. `lead` is None for a contact's handover."""

    key: str  # id of the lead or contact
    owner: str
    person: Person | None
    lead: Mapping[str, Any] | None
    contact: Mapping[str, Any] | None
    mqls: Sequence[Mapping[str, Any]] = ()

    @property
    def is_hand_raise(self) -> bool:
        return any(m["Kind__c"] == "hand_raise" or m["Hand_Raised_At__c"] for m in self.mqls)

    @property
    def title(self) -> str:
        record = self.lead or self.contact or {}
        return str(record.get("Title") or "")


class Desk:
    """Finds handovers in the org and writes verdicts as the rep whose they are."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._mqls: dict[str, list[str]] = {}  # lead or contact id -> MQL__c ids

    def note(self, key: str, mql_id: str) -> None:
        known = self._mqls.setdefault(key, [])
        if mql_id not in known:
            known.append(mql_id)

    def lay_out(self, key: str, owner: str, status: str, mql_status: str) -> Handover | None:
        """The handover if it still stands so: the lead's status or an MQL's is the given one, and still theirs."""
        sobject = "Lead" if key.startswith("00Q") else "Contact"
        record = self._scene.org.get(sobject, key)
        if record is None or record["IsDeleted"]:
            return None
        lead = record if sobject == "Lead" else None
        if lead is not None and lead["IsConverted"]:
            return self.lay_out(lead["ConvertedContactId"], owner, status, mql_status)
        mqls = [
            m for known in self._mqls.get(key, []) if (m := self._scene.org.get("MQL__c", known)) is not None
        ]
        standing = [
            m for m in mqls if not m["IsDeleted"] and m["Status__c"] == mql_status and m["OwnerId"] == owner
        ]
        theirs = lead is not None and lead["Status"] == status and lead["OwnerId"] == owner
        if not theirs and not standing:
            return None
        person = self._scene.population.of_record(key, key)
        return Handover(key, owner, person, lead, None if lead else record, standing)

    def say(
        self, handover: Handover, rep: Rep, at: datetime, lead: Mapping[str, Any], mql: Mapping[str, Any]
    ) -> None:
        """Writes a verdict where this rep's habit puts it; where there is one place only, there.

        An empty `lead` says that the lead's status has nothing to tell.
        """
        on_lead, on_mql = handover.lead is not None and bool(lead), bool(handover.mqls) and bool(mql)
        if on_lead and (rep.habit != "mql_only" or not on_mql):
            self.change("Lead", handover.key, lead, rep.id, at)
        if on_mql and (rep.habit != "status_only" or not on_lead):
            for record in handover.mqls:
                self.change("MQL__c", record["Id"], mql, rep.id, at)

    def change(self, sobject: str, id: str, values: Mapping[str, Any], by: str, at: datetime) -> bool:
        """A person's click on Save; False where the org refuses it (converted, deleted, inactive owner)."""
        try:
            self._scene.org.update(sobject, id, values, by=by, at=at)
        except RecordError:
            return False
        return True

    def task(self, key: str, rep: Rep, kind: str, subject: str, at: datetime) -> None:
        """Notes a conversation that has taken place."""
        values = {
            "WhoId": key,
            "Subject": subject,
            "Type": kind,
            "TaskSubtype": "Task" if kind == "Meeting" else kind,
            "Status": "Completed",
            "ActivityDate": at.date(),
            "OwnerId": rep.id,
        }
        try:
            self._scene.org.insert("Task", values, by=rep.id, at=at)
        except RecordError:
            return  # the lead was converted or deleted between the call and the note about it
