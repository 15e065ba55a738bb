"""The native sync between the two platforms, as the product does it: a little later, and without asking anybody.

From Marketo to Salesforce a person goes only when the campaign `Sync to CRM` asks for it; what Salesforce creates
comes to Marketo by itself. Afterwards the mapped fields follow each other; status and owner only one way, from
Salesforce.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from simulator.company.pair import CONTACT_FIELDS, LEAD_FIELDS, NO_COMPANY
from simulator.company.scene import Scene
from simulator.marketo.changes import LeadChange
from simulator.salesforce.errors import RecordError
from simulator.salesforce.org import Change

CAMPAIGN = "Sync to CRM"
SOURCE = "SFDC Sync"
_SYNC_LEAD, _CONVERT, _CHANGE_OWNER, _SYNC_UPDATES = 19, 21, 23, 28
_ONE_WAY = ("leadStatus", "sfdcLeadOwnerId")


class NativeSync:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
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
            self._later(f"push {who}", partial(self._push_new, who), 30, 180)

    # Marketo to Salesforce ---------------------------------------------------------------------------------------

    def _push_new(self, who: int, at: datetime) -> None:
        lead = self._scene.marketo.get_lead(who)
        if lead is None or lead.get("sfdcLeadId") or lead.get("sfdcContactId"):
            return
        values = {name: lead.get(field) for name, field in LEAD_FIELDS.items() if field not in _ONE_WAY}
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
        self._activity(
            _SYNC_LEAD, who, at, "Lead", {"SFDC Type": "Lead", "SFDC Id": lead_id, "Source": SOURCE}
        )

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

    def _marketo_changed(self, change: LeadChange) -> None:
        if change.merged_into is not None and change.before is not None:
            self._merge_in_crm(change)
        elif change.after is None:
            person = self._scene.population.by_marketo.get(change.id)
            if person is not None:
                person.gone = True
        elif change.before is not None and change.source != SOURCE:
            mapped = {*LEAD_FIELDS.values()} - {*_ONE_WAY}
            names = mapped & set(change.changed)
            if names and (change.after.get("sfdcLeadId") or change.after.get("sfdcContactId")):
                self._changed.setdefault(change.id, set()).update(names)
                self._later(f"update {change.id}", partial(self._push_update, change.id), 30, 180)

    def _push_update(self, who: int, at: datetime) -> None:
        names, lead = self._changed.pop(who, set()), self._scene.marketo.get_lead(who)
        if lead is None:
            return
        sobject, record_id = _partner(lead)
        record = self._scene.org.get(sobject, record_id) if record_id else None
        if record_id is None or record is None or record["IsDeleted"] or record.get("IsConverted"):
            return
        fields = CONTACT_FIELDS if sobject == "Contact" else LEAD_FIELDS
        wanted = {name: lead.get(field) for name, field in fields.items() if field in names}
        values = {n: v for n, v in self._fitting(sobject, wanted).items() if not _same(record.get(n), v)}
        values = {n: v for n, v in values.items() if v is not None or n not in ("LastName", "Company")}
        if not values:
            return
        try:
            self._scene.org.update(sobject, record_id, values, by=self._scene.staff.sync_user, at=at)
        except RecordError:
            return
        self._activity(
            _SYNC_UPDATES, who, at, sobject, {"SFDC Type": sobject, "SFDC Id": record_id, "Source": SOURCE}
        )

    def _merge_in_crm(self, change: LeadChange) -> None:
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

    # Salesforce to Marketo ---------------------------------------------------------------------------------------

    def _crm_changed(self, change: Change) -> None:
        if change.sobject not in ("Lead", "Contact"):
            return
        if change.after is None:
            self._later(f"gone {change.id}", partial(self._unlink, change.sobject, change.id), 60, 300)
        elif change.before is None:
            if change.by != self._scene.staff.sync_user:
                self._later(f"new {change.id}", partial(self._pull_new, change.sobject, change.id), 60, 300)
        else:
            fields = CONTACT_FIELDS if change.sobject == "Contact" else LEAD_FIELDS
            before, after = change.before, change.after
            if any(before.get(n) != after.get(n) for n in (*fields, "IsConverted", "AccountId")):
                self._later(f"mirror {change.id}", partial(self._mirror, change.sobject, change.id), 30, 180)

    def _pull_new(self, sobject: str, id: str, at: datetime) -> None:
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

    def _mirror(self, sobject: str, id: str, at: datetime) -> None:
        record, lead = self._scene.org.get(sobject, id), self._partner_of(sobject, id)
        if record is None or lead is None or record["IsDeleted"]:
            return
        if sobject == "Lead" and lead.get("sfdcType") == "Contact" and not record["IsConverted"]:
            return
        values = {**_values_of(sobject, record), **_link_of(sobject, record)}
        if sobject == "Lead" and record["IsConverted"]:
            values |= self._converted(record)
        differing = {name: value for name, value in values.items() if not _same(lead.get(name), value)}
        if not differing:
            return
        who, old_owner = lead["id"], lead.get("sfdcLeadOwnerId")
        self._scene.marketo.update_lead(who, differing, at=at, source=SOURCE, reason=SOURCE)
        if "sfdcContactId" in differing and sobject == "Lead":
            done = {"Assign To": record["OwnerId"], "Converted Status": record["Status"]}
            self._activity(_CONVERT, who, at, None, done)
        elif "sfdcLeadOwnerId" in differing and old_owner:
            moved = {"New Owner": record["OwnerId"], "Old Owner": old_owner, "Source": SOURCE}
            self._activity(_CHANGE_OWNER, who, at, None, moved)

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

    def _unlink(self, sobject: str, id: str, at: datetime) -> None:
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

    # Inside ------------------------------------------------------------------------------------------------------

    def _partner_of(self, sobject: str, id: str) -> dict[str, Any] | None:
        field = "sfdcLeadId" if sobject == "Lead" else "sfdcContactId"
        found = self._scene.marketo.find_leads(field, [id])
        return found[0] if found else None

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

    def _activity(
        self, type_id: int, who: int, at: datetime, value: str | None, attributes: Mapping[str, Any]
    ) -> None:
        self._scene.marketo.add_activity(
            type_id, who, at=at, primary_id=who, primary_value=value, attributes=attributes
        )

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


def _same(old: Any, new: Any) -> bool:
    """No value, the empty text and an unchecked box are the same to the sync."""
    if isinstance(old, float) and isinstance(new, int):
        return old == new
    return (old or None) == (new or None)
