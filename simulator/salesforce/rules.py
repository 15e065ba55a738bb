"""What the org refuses: required fields, dead references, wrong owners, and its own validation rules."""

from __future__ import annotations

from typing import Any

from simulator.salesforce.errors import RecordError
from simulator.salesforce.schema import Field, SObject, Type
from simulator.salesforce.store import Store

INTEGRATION_USERS = ("Mqlflow Integration", "Marketo Sync")


class Rules:
    def __init__(self, store: Store) -> None:
        self._store = store

    def check(
        self,
        sobject: SObject,
        before: dict[str, Any] | None,
        after: dict[str, Any],
        changed: set[str],
        *,
        by: str,
    ) -> None:
        """Raises RecordError for the first rule that `after` breaks; `changed` are the names that were given."""
        self._required(sobject, before, after, changed)
        for name in changed:
            field = sobject.fields[name]
            value = after.get(name)
            if value is None:
                continue
            if name == "OwnerId" and (before is None or before["OwnerId"] != value):
                self._owner(sobject, str(value))
            elif field.type is Type.REFERENCE and field.reference_to:
                self._reference(field, str(value))
            if field.unique:
                self._unique(sobject, field, value, after.get("Id"))
        if sobject.name == "MQL__c":
            self._mql(before, after, by=by)
        elif sobject.name == "CampaignMember":
            self._campaign_member(before, after)

    def _required(
        self, sobject: SObject, before: dict[str, Any] | None, after: dict[str, Any], changed: set[str]
    ) -> None:
        missing = [
            f.name
            for f in sobject.fields.values()
            if f.required and after.get(f.name) is None and (before is None or f.name in changed)
        ]
        if missing:
            listed = ", ".join(missing)
            raise RecordError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{listed}]", missing)

    def _reference(self, field: Field, value: str) -> None:
        target = self._store.schema.of_id(value)
        if target is None or target.name not in field.reference_to:
            raise RecordError(
                "INVALID_CROSS_REFERENCE_KEY",
                f"{field.label}: id value of incorrect type: {value}",
                [field.name],
            )
        row = self._store.get(target, value)
        if row is None:
            raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])
        if row.get("IsDeleted"):
            raise RecordError("ENTITY_IS_DELETED", "entity is deleted", [field.name])

    def _owner(self, sobject: SObject, value: str) -> None:
        target = self._store.schema.of_id(value)
        row = self._store.get(target, value) if target else None
        allowed = sobject.fields["OwnerId"].reference_to
        if target is None or row is None or target.name not in allowed:
            raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["OwnerId"])
        if target.name == "Group":
            if row["Type"] != "Queue" or not self._queue_serves(value, sobject.name):
                raise RecordError(
                    "INVALID_CROSS_REFERENCE_KEY",
                    f"Queue not associated with this object type: {sobject.name}",
                    ["OwnerId"],
                )
        elif not row["IsActive"]:
            raise RecordError(
                "INACTIVE_OWNER_OR_USER",
                f"operation performed with inactive user [{value[:15]}] as owner of {sobject.name.lower()}",
            )
        elif row["UserType"] != "Standard":
            raise RecordError("OP_WITH_INVALID_USER_TYPE_EXCEPTION", "Operation not valid for this user type")

    def _queue_serves(self, queue_id: str, object_name: str) -> bool:
        table = self._store.schema.objects["QueueSobject"]
        return bool(self._store.select(table, '"QueueId" = ? AND "SobjectType" = ?', [queue_id, object_name]))

    def _unique(self, sobject: SObject, field: Field, value: Any, own_id: str | None) -> None:
        other = self._store.duplicate_of(sobject, field, value, own_id)
        if other:
            raise RecordError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {field.name} duplicates value on record with id: {other[:15]}",
                [field.name],
            )

    def _mql(self, before: dict[str, Any] | None, after: dict[str, Any], *, by: str) -> None:
        if not after.get("Lead__c") and not after.get("Contact__c"):
            raise RecordError(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", "An MQL needs a lead or a contact.", ["Lead__c"]
            )
        rejected = after.get("Status__c") == "Rejected" and (before or {}).get("Status__c") != "Rejected"
        if not rejected or after.get("Reject_Reason__c") or after.get("Recycle_Reason__c"):
            return
        if self._is_integration(by) and after.get("Closed_As__c"):
            return
        raise RecordError(
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "Give a reject reason or a recycle reason.",
            ["Reject_Reason__c"],
        )

    def _campaign_member(self, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        if not after.get("LeadId") and not after.get("ContactId"):
            raise RecordError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId]", ["LeadId"])
        if before is not None:
            return
        table = self._store.schema.objects["CampaignMember"]
        for name in ("LeadId", "ContactId"):
            if after.get(name):
                twins = self._store.select(
                    table,
                    f'"CampaignId" = ? AND "{name}" = ? AND "IsDeleted" = 0',
                    [after["CampaignId"], after[name]],
                )
                if twins:
                    kind = "lead" if name == "LeadId" else "contact"
                    raise RecordError("DUPLICATE_VALUE", f"This {kind} is already a member of the campaign.")

    def _is_integration(self, user_id: str) -> bool:
        row = self._store.get(self._store.schema.objects["User"], user_id)
        return row is not None and row["Name"] in INTEGRATION_USERS
