"""Native sync, from Marketo to Salesforce: new leads on request, changed values, merges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.company.pair import CONTACT_FIELDS, LEAD_FIELDS, NO_COMPANY, same, write_sync_activity
from simulator.company.scene import Scene
from simulator.marketo.changes import LeadChange
from simulator.salesforce.errors import RecordError

SOURCE = "SFDC Sync"
ONE_WAY = ("leadStatus", "sfdcLeadOwnerId")  # Salesforce alone decides these
_SYNC_LEAD, _SYNC_UPDATES = 19, 28


class SyncToCrm:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def push_new(self, who: int, at: datetime) -> None:
        """Makes a Salesforce lead of a person who has no record there yet."""
        lead = self._scene.marketo.get_lead(who)
        if lead is None or lead.get("sfdcLeadId") or lead.get("sfdcContactId"):
            return
        values = {name: lead.get(field) for name, field in LEAD_FIELDS.items() if field not in ONE_WAY}
        values["LastName"] = values["LastName"] or NO_COMPANY
        values["Company"] = values["Company"] or NO_COMPANY
        owner = self._scene.staff.sync_user
        try:
            lead_id = self._scene.org.insert(
                "Lead", {**self._fitting("Lead", values), "OwnerId": owner}, by=owner, at=at
            )
        except RecordError:
            return  # the product keeps a list of sync errors and tries again on the next change
        self._link(who, lead_id, at)
        told = {"SFDC Type": "Lead", "SFDC Id": lead_id, "Source": SOURCE}
        write_sync_activity(self._scene.marketo, _SYNC_LEAD, who, at, "Lead", told)

    def _link(self, who: int, id: str, at: datetime) -> None:
        lead = self._scene.org.get("Lead", id)
        if lead is None:
            return
        values = {
            "sfdcType": "Lead",
            "sfdcId": id,
            "sfdcLeadId": id,
            "sfdcLeadOwnerId": lead["OwnerId"],
            "leadStatus": lead["Status"],
            "company": lead["Company"],
        }
        self._scene.marketo.update_lead(who, values, at=at, source=SOURCE, reason=SOURCE)
        person = self._scene.population.by_marketo.get(who)
        if person is not None:
            person.lead_id = id
            self._scene.population.note_records(person)

    def push_update(self, who: int, names: set[str], at: datetime) -> None:
        """Sends the named fields' present values to the partner record."""
        lead = self._scene.marketo.get_lead(who)
        if lead is None:
            return
        sobject, record_id = _partner(lead)
        record = self._scene.org.get(sobject, record_id) if record_id else None
        if record_id is None or record is None or record["IsDeleted"] or record.get("IsConverted"):
            return
        fields = CONTACT_FIELDS if sobject == "Contact" else LEAD_FIELDS
        wanted = {name: lead.get(field) for name, field in fields.items() if field in names}
        values = {n: v for n, v in self._fitting(sobject, wanted).items() if not same(record.get(n), v)}
        values = {n: v for n, v in values.items() if v is not None or n not in ("LastName", "Company")}
        if not values:
            return
        try:
            self._scene.org.update(sobject, record_id, values, by=self._scene.staff.sync_user, at=at)
        except RecordError:
            return
        told = {"SFDC Type": sobject, "SFDC Id": record_id, "Source": SOURCE}
        write_sync_activity(self._scene.marketo, _SYNC_UPDATES, who, at, sobject, told)

    def merge_in_crm(self, change: LeadChange) -> None:
        """Two people with a Salesforce record each: the loser's is merged as well."""
        assert change.before is not None
        assert change.merged_into is not None
        winner = self._scene.marketo.get_lead(change.merged_into)
        loser = self._scene.population.by_marketo.get(change.id)
        if loser is not None:
            loser.gone = True
        if winner is None:
            return
        (kind, lost), (kept_kind, kept) = _partner(change.before), _partner(winner)
        if lost and kept and lost != kept and kind == kept_kind:
            record = self._scene.org.get(kind, lost)
            if record is not None and not record["IsDeleted"] and not record.get("IsConverted"):
                by = self._scene.staff.sync_user
                self._scene.org.delete(kind, lost, by=by, at=change.at, merged_into=kept)

    def _fitting(self, sobject: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Texts cut to the length of the Salesforce field."""
        fields = self._scene.org.sobject(sobject).fields
        return {
            name: value[: fields[name].length] if isinstance(value, str) and fields[name].length else value
            for name, value in values.items()
        }


def _partner(lead: Mapping[str, Any]) -> tuple[str, str | None]:
    if lead.get("sfdcContactId"):
        return "Contact", str(lead["sfdcContactId"])
    return "Lead", str(lead["sfdcLeadId"]) if lead.get("sfdcLeadId") else None
