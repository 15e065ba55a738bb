"""Single records: create, read, update, delete, and upsert by an external id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from simulator.salesforce.deployed import Deployed
from simulator.salesforce.errors import RecordError, RequestError
from simulator.salesforce.ids import is_id, to_18
from simulator.salesforce.org import Org
from simulator.salesforce.schema import Field, SObject, Type
from simulator.salesforce.wire import Call, Reply
from simulator.salesforce.writer import AmbiguousKey, Writer, auto_assign

_TELLS_CREATED = 46.0  # the API version from which an upsert says what it did
# Errors that say "there is nothing here" are answered 404, all others 400.
_NOT_THERE = {"ENTITY_IS_DELETED", "NOT_FOUND"}


def writer(org: Org, deployed: Deployed, call: Call) -> Writer:
    """A writer for one call, with its user and its wish about assignment rules."""
    assign = auto_assign(call.header("Sforce-Auto-Assign"))
    return Writer(org, deployed, call.user_id, assign, {"path": call.path, "method": call.method})


T = TypeVar("T")


class Records:
    def __init__(self, org: Org, deployed: Deployed) -> None:
        self._org = org
        self._deployed = deployed

    def create(self, call: Call, name: str) -> Reply:
        sobject = self._deployed.sobject(name)
        record_id = self._attempt(
            lambda: writer(self._org, self._deployed, call).create(sobject, call.json_object())
        )
        location = {"Location": f"{call.root}/sobjects/{sobject.name}/{record_id}"}
        return Reply(201, {"id": record_id, "success": True, "errors": []}, headers=location)

    def read(self, call: Call, name: str, record_id: str) -> Reply:
        sobject = self._deployed.sobject(name)
        return Reply(body=self._shown(call, sobject, self._living(sobject, record_id)))

    def update(self, call: Call, name: str, record_id: str) -> Reply:
        sobject = self._deployed.sobject(name)
        body = call.json_object()
        if any(key.lower() == "id" for key in body):
            raise RequestError(
                400, "INVALID_FIELD", "The Id field should not be specified in the sobject data."
            )
        self._living(sobject, record_id)
        self._attempt(lambda: writer(self._org, self._deployed, call).update(sobject, record_id, body))
        return Reply(204)

    def delete(self, call: Call, name: str, record_id: str) -> Reply:
        sobject = self._deployed.sobject(name)
        self._living(sobject, record_id)
        self._attempt(lambda: writer(self._org, self._deployed, call).delete(record_id, sobject))
        return Reply(204)

    def read_by_key(self, call: Call, name: str, field_name: str, key: str) -> Reply:
        sobject, field = self._key(name, field_name)
        try:
            return Reply(body=self._shown(call, sobject, self._one(sobject, field, key)))
        except AmbiguousKey as several:
            return _choices(call, sobject, several)

    def upsert(self, call: Call, name: str, field_name: str, key: str) -> Reply:
        sobject, field = self._key(name, field_name)
        body = call.json_object()
        if any(k.lower() in ("id", field.name.lower()) for k in body):
            raise RequestError(
                400, "INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data."
            )
        if field.type is Type.ID:
            self._living(sobject, key)
        update_only = call.query.get("updateOnly", "").lower() == "true"
        try:
            done = self._attempt(
                lambda: writer(self._org, self._deployed, call).upsert(
                    sobject, field, key, body, update_only=update_only
                )
            )
        except AmbiguousKey as several:
            return _choices(call, sobject, several)
        answer = {"id": done.id, "success": True, "errors": []}
        if float(call.version) < _TELLS_CREATED:
            return Reply(201, answer) if done.created else Reply(204)
        return Reply(201 if done.created else 200, {**answer, "created": done.created})

    def delete_by_key(self, call: Call, name: str, field_name: str, key: str) -> Reply:
        sobject, field = self._key(name, field_name)
        try:
            row = self._one(sobject, field, key)
        except AmbiguousKey as several:
            return _choices(call, sobject, several)
        self._attempt(lambda: writer(self._org, self._deployed, call).delete(row["Id"], sobject))
        return Reply(204)

    def _key(self, name: str, field_name: str) -> tuple[SObject, Field]:
        sobject = self._deployed.sobject(name)
        field = sobject.field(field_name)
        if field is None or not (field.external_id or field.type is Type.ID):
            raise RequestError(
                404,
                "NOT_FOUND",
                f"Provided external ID field does not exist or is not accessible: {field_name}",
            )
        return sobject, field

    def _one(self, sobject: SObject, field: Field, key: str) -> dict[str, Any]:
        if field.type is Type.ID:
            return self._living(sobject, key)
        found = self._attempt(lambda: self._org.find(sobject.name, **{field.name: key}))
        if not found:
            raise RequestError(404, "NOT_FOUND", "The requested resource does not exist")
        if len(found) > 1:
            raise AmbiguousKey([row["Id"] for row in found])
        return found[0]

    def _living(self, sobject: SObject, record_id: str) -> dict[str, Any]:
        if not is_id(record_id) or not record_id.startswith(sobject.prefix):
            raise RequestError(
                404,
                "NOT_FOUND",
                f"Provided external ID field does not exist or is not accessible: {record_id[:40]}",
            )
        row = self._org.get(sobject.name, to_18(record_id))
        if row is None:
            raise RequestError(404, "NOT_FOUND", "The requested resource does not exist")
        if row.get("IsDeleted"):
            raise RequestError(404, "ENTITY_IS_DELETED", "entity is deleted")
        return row

    def _shown(self, call: Call, sobject: SObject, row: dict[str, Any]) -> dict[str, Any]:
        names = list(sobject.fields)
        asked = call.query.get("fields")
        if asked:
            names = [_field(sobject, n).name for n in asked.split(",")]
            names += [] if "Id" in names else ["Id"]
        return shown(call.root, sobject, row, names)

    def _attempt(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except RecordError as error:
            raise refusal(error) from None


def _choices(call: Call, sobject: SObject, several: AmbiguousKey) -> Reply:
    return Reply(300, [f"{call.root}/sobjects/{sobject.name}/{i}" for i in several.ids])


def _field(sobject: SObject, name: str) -> Field:
    field = sobject.field(name.strip())
    if field is None:
        raise RequestError(
            400, "INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {sobject.name}"
        )
    return field


def refusal(error: RecordError) -> RequestError:
    status = 404 if error.code in _NOT_THERE else 400
    return RequestError(status, error.code, error.message, error.fields)


def shown(root: str, sobject: SObject, row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """A record as read by id: its address, then the fields."""
    url = f"{root}/sobjects/{sobject.name}/{row['Id']}"
    return {"attributes": {"type": sobject.name, "url": url}, **{n: row[n] for n in names}}
