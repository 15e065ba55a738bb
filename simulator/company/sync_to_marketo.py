"""Native sync, from Salesforce to Marketo: new records, changed values, conversions, deletions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.company.pair import CONTACT_FIELDS, LEAD_FIELDS, same, write_sync_activity
from simulator.company.scene import Scene
from simulator.company.sync_to_crm import SOURCE
from simulator.marketo.merging import CRM_LINK

_CONVERT, _CHANGE_OWNER = 21, 23
Row = Mapping[str, Any]


class SyncToMarketo:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def pull_new(self, sobject: str, id: str, at: datetime) -> int | None:
        """A record that somebody made in Salesforce: joins the unlinked person of that address, else a new one.

        Answers whom it joined. What Salesforce knows goes over what that person's record said.
        """
        record = self._scene.org.get(sobject, id)
        if record is None or record["IsDeleted"] or self._partner_of(sobject, id) is not None:
            return None
        if sobject == "Contact" and self._scene.org.find("Lead", ConvertedContactId=id):
            return None  # made by a conversion: the lead's person follows when the lead is mirrored
        link = self._link_of(sobject, record)
        if link.get("sfdcContactId") and self._partner_of("Contact", link["sfdcContactId"]) is not None:
            return None  # converted before it came, into a contact who is known
        unlinked = [
            lead["id"]
            for lead in (
                self._scene.marketo.find_leads("email", [record["Email"]]) if record["Email"] else []
            )
            if not lead.get("sfdcLeadId") and not lead.get("sfdcContactId")
        ]
        joined = unlinked[0] if len(unlinked) == 1 else None
        if joined is not None:
            return self._hand_over(joined, sobject, record, at)
        values = {**_values_of(sobject, record), **link, "personType": "contact"}
        who = self._scene.marketo.create_lead(values, at=at, source=SOURCE)
        self._note(who, record["Id"], link)
        return None

    def mirror(self, sobject: str, id: str, at: datetime) -> int | None:
        """Answers the contact's person where a conversion made one of two."""
        record, lead = self._scene.org.get(sobject, id), self._partner_of(sobject, id)
        if record is None or lead is None or record["IsDeleted"]:
            return None
        if sobject == "Lead" and lead.get("sfdcType") == "Contact" and not record["IsConverted"]:
            return None
        values = {**_values_of(sobject, record), **self._link_of(sobject, record)}
        other = self._partner_of("Contact", values["sfdcContactId"]) if "sfdcContactId" in values else None
        if other is not None and other["id"] != lead["id"]:
            return self._unite(other, lead, record, at)
        differing = {name: value for name, value in values.items() if not same(lead.get(name), value)}
        if not differing:
            return None
        who, old_owner = lead["id"], lead.get("sfdcLeadOwnerId")
        self._scene.marketo.update_lead(who, differing, at=at, source=SOURCE, reason=SOURCE)
        if "sfdcContactId" in differing and sobject == "Lead":
            self._tell_conversion(who, record, at)
        elif "sfdcLeadOwnerId" in differing and old_owner:
            moved = {"New Owner": record["OwnerId"], "Old Owner": old_owner, "Source": SOURCE}
            write_sync_activity(self._scene.marketo, _CHANGE_OWNER, who, at, None, moved)
        return None

    def _unite(self, other: Mapping[str, Any], lead: Mapping[str, Any], record: Row, at: datetime) -> int:
        """A lead was converted into the contact of somebody else, so both people are one."""
        who = int(other["id"])
        self._scene.marketo.merge_leads(who, [lead["id"]], at=at, source=SOURCE)
        if not other.get("sfdcLeadId"):
            origin = {
                "sfdcLeadId": record["Id"],
                "sfdcLeadOwnerId": record["OwnerId"],
                "leadStatus": record["Status"],
            }
            self._scene.marketo.update_lead(who, origin, at=at, source=SOURCE, reason=SOURCE)
        self._tell_conversion(who, record, at)
        return who

    def _tell_conversion(self, who: int, record: Row, at: datetime) -> None:
        done = {"Assign To": record["OwnerId"], "Converted Status": record["Status"]}
        write_sync_activity(self._scene.marketo, _CONVERT, who, at, None, done)

    def _hand_over(self, who: int, sobject: str, record: Row, at: datetime) -> int:
        """Somebody gets this record, with all that it says."""
        said = {name: value for name, value in _values_of(sobject, record).items() if value is not None}
        link = self._link_of(sobject, record)
        self._scene.marketo.update_lead(who, {**said, **link}, at=at, source=SOURCE, reason=SOURCE)
        self._note(who, record["Id"], link)
        return who

    def _note(self, who: int, id: str, link: Row) -> None:
        """Whose the record is, for everybody in the company."""
        person = self._scene.population.of_record(id, id) or self._scene.population.by_marketo.get(who)
        if person is not None:
            person.marketo_id = who
            person.lead_id = link.get("sfdcLeadId") or person.lead_id
            person.contact_id = link.get("sfdcContactId") or person.contact_id
            self._scene.population.note_records(person)

    def _link_of(self, sobject: str, record: Row) -> dict[str, Any]:
        """By what Marketo names the record; a converted lead's person has the contact besides."""
        if sobject == "Contact":
            return {
                "sfdcType": "Contact",
                "sfdcId": record["Id"],
                "sfdcContactId": record["Id"],
                "sfdcAccountId": record["AccountId"],
            }
        if not record["IsConverted"]:
            return {"sfdcType": "Lead", "sfdcId": record["Id"], "sfdcLeadId": record["Id"]}
        contact = record["ConvertedContactId"]
        person = self._scene.population.by_lead.get(record["Id"])
        if person is not None:
            person.contact_id = contact
            self._scene.population.note_records(person)
        return {
            "sfdcType": "Contact",
            "sfdcId": contact,
            "sfdcLeadId": record["Id"],
            "sfdcContactId": contact,
            "sfdcAccountId": record["ConvertedAccountId"],
        }

    def unlink(self, sobject: str, id: str, at: datetime) -> int | None:
        """A record was deleted in Salesforce: the person stays in Marketo; merged ones are merged there too.

        Answers whose record is now the one into which it was merged.
        """
        lead, record = self._partner_of(sobject, id), self._scene.org.get(sobject, id)
        if lead is None:
            return None
        master_id = record["MasterRecordId"] if record else None
        master = self._scene.org.get(sobject, master_id) if master_id else None
        survivor = self._partner_of(sobject, master["Id"]) if master else None
        if survivor is not None:
            self._scene.marketo.merge_leads(survivor["id"], [lead["id"]], at=at, source=SOURCE)
            return int(survivor["id"])
        if master is not None and not master["IsDeleted"]:
            return self._hand_over(lead["id"], sobject, master, at)
        unlinked = dict.fromkeys(CRM_LINK)
        self._scene.marketo.update_lead(lead["id"], unlinked, at=at, source=SOURCE, reason=SOURCE)
        person = self._scene.population.by_marketo.get(lead["id"])
        if person is not None:
            person.lead_id = person.contact_id = None
        return None

    def _partner_of(self, sobject: str, id: str) -> dict[str, Any] | None:
        field = "sfdcLeadId" if sobject == "Lead" else "sfdcContactId"
        found = self._scene.marketo.find_leads(field, [id])
        return found[0] if found else None


def _values_of(sobject: str, record: Mapping[str, Any]) -> dict[str, Any]:
    fields = CONTACT_FIELDS if sobject == "Contact" else LEAD_FIELDS
    return {field: record.get(name) for name, field in fields.items()}
