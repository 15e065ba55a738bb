"""Native sync, from Salesforce to Marketo: new records, changed values, conversions, deletions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.company.pair import CONTACT_FIELDS, LEAD_FIELDS, same, write_sync_activity
from simulator.company.scene import Scene
from simulator.company.sync_to_crm import SOURCE

_CONVERT, _CHANGE_OWNER = 21, 23


class SyncToMarketo:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def pull_new(self, sobject: str, id: str, at: datetime) -> None:
        """A record that somebody made in Salesforce: joins the unlinked person of that address, else a new one."""
        record = self._scene.org.get(sobject, id)
        if record is None or record["IsDeleted"] or self._partner_of(sobject, id) is not None:
            return
        if sobject == "Contact" and self._scene.org.find("Lead", ConvertedContactId=id):
            return  # made by a conversion: the lead's person follows when the lead is mirrored
        unlinked = [
            lead["id"]
            for lead in (
                self._scene.marketo.find_leads("email", [record["Email"]]) if record["Email"] else []
            )
            if not lead.get("sfdcLeadId") and not lead.get("sfdcContactId")
        ]
        link = _link_of(sobject, record)
        if len(unlinked) == 1:
            self._scene.marketo.update_lead(unlinked[0], link, at=at, source=SOURCE, reason=SOURCE)
            who = unlinked[0]
        else:
            values = {**_values_of(sobject, record), **link, "personType": "contact"}
            who = self._scene.marketo.create_lead(values, at=at, source=SOURCE)
        person = self._scene.population.of_record(id, id) or self._scene.population.by_marketo.get(who)
        if person is not None:
            person.marketo_id = who
            person.lead_id, person.contact_id = (
                (id, person.contact_id) if sobject == "Lead" else (person.lead_id, id)
            )
            self._scene.population.note_records(person)

    def mirror(self, sobject: str, id: str, at: datetime) -> None:
        record, lead = self._scene.org.get(sobject, id), self._partner_of(sobject, id)
        if record is None or lead is None or record["IsDeleted"]:
            return
        if sobject == "Lead" and lead.get("sfdcType") == "Contact" and not record["IsConverted"]:
            return
        values = {**_values_of(sobject, record), **_link_of(sobject, record)}
        if sobject == "Lead" and record["IsConverted"]:
            values |= self._converted(record)
        differing = {name: value for name, value in values.items() if not same(lead.get(name), value)}
        if not differing:
            return
        who, old_owner = lead["id"], lead.get("sfdcLeadOwnerId")
        self._scene.marketo.update_lead(who, differing, at=at, source=SOURCE, reason=SOURCE)
        if "sfdcContactId" in differing and sobject == "Lead":
            done = {"Assign To": record["OwnerId"], "Converted Status": record["Status"]}
            write_sync_activity(self._scene.marketo, _CONVERT, who, at, None, done)
        elif "sfdcLeadOwnerId" in differing and old_owner:
            moved = {"New Owner": record["OwnerId"], "Old Owner": old_owner, "Source": SOURCE}
            write_sync_activity(self._scene.marketo, _CHANGE_OWNER, who, at, None, moved)

    def _converted(self, record: Mapping[str, Any]) -> dict[str, Any]:
        contact = record["ConvertedContactId"]
        person = self._scene.population.by_lead.get(record["Id"])
        if person is not None:
            person.contact_id = contact
            self._scene.population.note_records(person)
        return {
            "sfdcType": "Contact",
            "sfdcId": contact,
            "sfdcContactId": contact,
            "sfdcAccountId": record["ConvertedAccountId"],
        }

    def unlink(self, sobject: str, id: str, at: datetime) -> None:
        """A record was deleted in Salesforce: the person stays in Marketo; merged ones are merged there too."""
        lead, record = self._partner_of(sobject, id), self._scene.org.get(sobject, id)
        if lead is None:
            return
        survivor = (
            self._partner_of(sobject, record["MasterRecordId"])
            if record and record["MasterRecordId"]
            else None
        )
        if survivor is not None:
            self._scene.marketo.merge_leads(survivor["id"], [lead["id"]], at=at, source=SOURCE)
            return
        names = (
            "sfdcType",
            "sfdcId",
            "sfdcLeadId",
            "sfdcContactId",
            "sfdcAccountId",
            "sfdcLeadOwnerId",
            "leadStatus",
        )
        self._scene.marketo.update_lead(lead["id"], dict.fromkeys(names), at=at, source=SOURCE, reason=SOURCE)
        person = self._scene.population.by_marketo.get(lead["id"])
        if person is not None:
            person.lead_id = person.contact_id = None

    def _partner_of(self, sobject: str, id: str) -> dict[str, Any] | None:
        field = "sfdcLeadId" if sobject == "Lead" else "sfdcContactId"
        found = self._scene.marketo.find_leads(field, [id])
        return found[0] if found else None


def _values_of(sobject: str, record: Mapping[str, Any]) -> dict[str, Any]:
    fields = CONTACT_FIELDS if sobject == "Contact" else LEAD_FIELDS
    return {field: record.get(name) for name, field in fields.items()}


def _link_of(sobject: str, record: Mapping[str, Any]) -> dict[str, Any]:
    if sobject == "Lead":
        return {"sfdcType": "Lead", "sfdcId": record["Id"], "sfdcLeadId": record["Id"]}
    return {
        "sfdcType": "Contact",
        "sfdcId": record["Id"],
        "sfdcContactId": record["Id"],
        "sfdcAccountId": record["AccountId"],
    }
