"""Writes that come over the API: what a body may say, faults, and the lead assignment rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.salesforce.deployed import Deployed
from simulator.salesforce.errors import RecordError
from simulator.salesforce.ids import is_id, to_18
from simulator.salesforce.org import Org
from simulator.salesforce.schema import Field, SObject, Type

RULE_OWNER = "Default Lead Owner"


@dataclass(frozen=True)
class Upserted:
    id: str
    created: bool


class AmbiguousKey(Exception):
    """More than one record has this value in the external id field."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} records have this external id")
        self.ids = ids


class Keys:
    """The external keys of records that are written together. Of those that share one the platform takes none."""

    def __init__(self, field: Field, keys: Iterable[Any]) -> None:
        self.field = field
        self._times = Counter(str(key).lower() for key in keys if key not in (None, ""))

    def check(self, key: Any) -> None:
        if self._times[str(key).lower()] > 1:
            message = f"Duplicate external id specified: {key}"
            raise RecordError("DUPLICATE_VALUE", message, [self.field.name])


@dataclass
class Writer:
    """Writes on behalf of one API user.

    `auto_assign` is False, or True, or the id of an assignment rule; `context` tells faults which request this is.
    """

    org: Org
    deployed: Deployed
    user_id: str
    auto_assign: bool | str = True
    context: Mapping[str, str] = field(default_factory=dict)

    def create(self, sobject: SObject, body: Mapping[str, Any]) -> str:
        values = self._values(sobject, body, creating=True)
        self._fault(sobject, None)
        with self.org.transaction():
            record_id = self.org.insert(sobject.name, values, by=self.user_id, through_api=True)
            self._assign(sobject, record_id)
        return record_id

    def update(self, sobject: SObject, record_id: str, body: Mapping[str, Any]) -> None:
        if not is_id(record_id) or not record_id.startswith(sobject.prefix):
            raise RecordError(
                "MALFORMED_ID", f"{sobject.label} ID: id value of incorrect type: {record_id[:40]}", ["Id"]
            )
        values = self._values(sobject, body, creating=False)
        self._fault(sobject, to_18(record_id))
        with self.org.transaction():
            self.org.update(sobject.name, record_id, values, by=self.user_id, through_api=True)
            self._assign(sobject, to_18(record_id))

    def upsert(
        self, sobject: SObject, field: Field, key: Any, body: Mapping[str, Any], *, update_only: bool = False
    ) -> Upserted:
        """By an external id field, or by `Id` (which then must exist)."""
        if field.type is Type.ID:
            self.update(sobject, str(key), body)
            return Upserted(to_18(str(key)), False)
        if key is None or key == "":
            raise RecordError("MISSING_ARGUMENT", f"{field.name} not specified", [field.name])
        found = self.org.find(sobject.name, **{field.name: key})
        if len(found) > 1:
            raise AmbiguousKey([row["Id"] for row in found])
        rest = {n: v for n, v in body.items() if n.lower() != field.name.lower()}
        if found:
            self.update(sobject, found[0]["Id"], rest)
            return Upserted(found[0]["Id"], False)
        if update_only:
            raise RecordError("NOT_FOUND", "The requested resource does not exist", [field.name])
        return Upserted(self.create(sobject, {**rest, field.name: key}), True)

    def delete(self, record_id: str, sobject: SObject | None = None) -> None:
        kind = sobject or self.deployed.schema().of_id(record_id)
        if kind is None or not is_id(record_id) or not record_id.startswith(kind.prefix):
            raise RecordError("MALFORMED_ID", f"bad id {record_id[:40]}", ["Id"])
        if not kind.deletable:
            raise RecordError("CANNOT_DELETE_ENTITY", f"entity type {kind.name} does not support delete")
        self._fault(kind, to_18(record_id))
        self.org.delete(kind.name, record_id, by=self.user_id)

    def _values(self, sobject: SObject, body: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
        """The body as field values in the org's spelling; parents may be named by their external ids."""
        if not (sobject.createable if creating else sobject.updateable):
            verb = "create" if creating else "update"
            raise RecordError(
                f"CANNOT_{'INSERT' if creating else 'UPDATE'}_ENTITY",
                f"entity type {sobject.name} does not support {verb}",
            )
        values: dict[str, Any] = {}
        closed: list[str] = []
        for name, value in body.items():
            if name == "attributes":
                continue
            field = sobject.field(name)
            if field is None and isinstance(value, Mapping):
                field, value = self._parent(sobject, name, value)
            if field is None:
                raise RecordError(
                    "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}", [name]
                )
            if isinstance(value, dict | list):
                raise RecordError(
                    "JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.type.value}", [field.name]
                )
            if not (field.createable if creating else field.updateable):
                closed.append(field.name)
            values[field.name] = value
        if closed:
            raise RecordError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {', '.join(closed)}. Please check the security settings of this "
                "field and verify that it is read/write for your profile or permission set.",
                closed,
            )
        return values

    def _parent(self, sobject: SObject, name: str, named: Mapping[str, Any]) -> tuple[Field | None, Any]:
        """`"Lead__r": {"MQL_External_Key__c": "k"}` → the lookup field and the id of that lead."""
        reference = sobject.relationships.get(name.lower())
        keys = {k: v for k, v in named.items() if k != "attributes"}
        if reference is None or len(keys) != 1:
            return None, None
        ((key, value),) = keys.items()
        for target_name in reference.reference_to:
            target = self.deployed.schema().get(target_name)
            field = target.field(key) if target else None
            if target is None or field is None or not (field.external_id or field.type is Type.ID):
                continue
            found = self.org.find(target.name, **{field.name: value})
            if len(found) == 1:
                return reference, found[0]["Id"]
            raise RecordError(
                "INVALID_FIELD",
                f"Foreign key external ID: {value} not found for field {key} in entity {target.name}",
                [reference.name],
            )
        raise RecordError("INVALID_FIELD", f"{key} is no external id or indexed field for {name}", [name])

    def _assign(self, sobject: SObject, record_id: str) -> None:
        """The active lead rule takes the lead, whatever owner the body named, unless the caller switched it off."""
        if sobject.name != "Lead" or self.auto_assign is False:
            return
        rules = self.org.find("AssignmentRule", SobjectType="Lead")
        if isinstance(self.auto_assign, str):
            rule_id = to_18(self.auto_assign)
            if rule_id not in {row["Id"] for row in rules}:
                raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
        elif not any(row["Active"] for row in rules):
            return
        owner = self.org.user_named(RULE_OWNER)
        lead = self.org.get("Lead", record_id)
        if lead is not None and lead["OwnerId"] != owner:
            self.org.update("Lead", record_id, {"OwnerId": owner}, by=self.user_id, through_api=True)
            when = lead["SystemModstamp"]
            self.org.history.special(sobject, record_id, "ownerAssignment", by=self.user_id, stamp=when)

    def _fault(self, sobject: SObject, record_id: str | None) -> None:
        """Refusals that a test has ordered for the next records, or for a certain one."""
        about = {**self.context, "object": sobject.name, "id": record_id}
        if self.org.faults.take("salesforce", "lock_row", **about) is not None:
            raise RecordError(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or 1 records: {record_id or sobject.prefix}",
            )
        refused = self.org.faults.take("salesforce", "record_error", **about)
        if refused is not None:
            raise RecordError(
                str(refused.option("code", "FIELD_CUSTOM_VALIDATION_EXCEPTION")),
                str(refused.option("message", "refused by a validation rule")),
                list(refused.option("fields", [])),
            )


def auto_assign(header: str | None) -> bool | str:
    """`Sforce-Auto-Assign`: TRUE when it is absent, as on the platform."""
    if header is None or header.strip().upper() == "TRUE":
        return True
    return False if header.strip().upper() == "FALSE" else header.strip()
