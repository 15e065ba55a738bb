"""Sync Leads: create, update, or both, one outcome per record in the order of the input.

Established: statuses, codes, ``id`` for updateOnly alone, company fields refused for existing people
(1021). Not established, and chosen here: a value for a read-only field skips its record (1003);
``asyncProcessing`` is accepted and the work is done at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.marketo.call import Call, records
from simulator.marketo.envelope import answer
from simulator.marketo.errors import MarketoError, invalid, missing, skipped, unknown_field
from simulator.marketo.instance import WEB_SERVICE
from simulator.marketo.schema import PARTITION, LeadField
from simulator.marketo.server import Server
from simulator.marketo.values import coerce

ACTIONS = ("createOrUpdate", "createOnly", "updateOnly", "createDuplicate")


def sync_leads(server: Server, call: Call) -> Mapping[str, Any]:
    """Unknown top-level members are ignored, as the platform ignores them."""
    body = call.json()
    action = body.get("action") or "createOrUpdate"
    if action not in ACTIONS:
        raise invalid(f"Invalid action '{action}'")
    partition = body.get("partitionName")
    if partition is not None and action not in {"createOrUpdate", "createOnly"}:
        raise invalid(f"partitionName is not allowed with action '{action}'")
    refuse_other_partitions(partition)
    lookup = lookup_field(server, body.get("lookupField"))
    upsert = Upsert(server, call, action, lookup, WEB_SERVICE, "syncLead")
    return answer([upsert.outcome(record) for record in records(body)])


def refuse_other_partitions(partition: Any) -> None:
    if partition not in (None, PARTITION):
        raise MarketoError("1008", f"Access denied to partition '{partition}'")


def lookup_field(server: Server, wished: Any) -> str:
    """A look-up field that does not exist or cannot be searched refuses the whole call."""
    name = str(wished or "email")
    field = server.lead_fields().get(name)
    if field is None:
        raise MarketoError("1006", f"Lookup field '{name}' not found")
    if not field.searchable:
        raise MarketoError("1011", f"Field '{name}' not supported as lookup")
    return name


class Upsert:
    """One call's way of writing people; ``outcome`` never raises for a bad record."""

    def __init__(
        self,
        server: Server,
        call: Call,
        action: str,
        lookup: str,
        reason: str,
        method: str,
        source: str = WEB_SERVICE,
    ) -> None:
        self._server = server
        self._call = call
        self._action = action
        self._lookup = lookup
        self._reason = reason
        self._source = source
        self._fields = server.lead_fields()
        self._api_call = {
            "API Method Name": method,
            "Modifying User": call.user,
            "Request Id": call.request_id,
        }

    def outcome(self, record: Mapping[str, Any]) -> dict[str, Any]:
        planned = self._server.fault(self._call, "record_code")
        try:
            if planned is not None:
                code = str(planned.option("code", "1003"))
                raise MarketoError(code, str(planned.option("message", f"Simulated error {code}")))
            return self._write(record)
        except MarketoError as error:
            return skipped(error)

    def _write(self, record: Mapping[str, Any]) -> dict[str, Any]:
        values = {name: self._coerced(name, value) for name, value in record.items()}
        self._check_id(values)
        found = self._matches(values)
        if self._action in {"createOnly", "createDuplicate"} or (
            self._action == "createOrUpdate" and not found
        ):
            if found and self._action == "createOnly":
                raise MarketoError("1005", "Lead already exists")
            return {"id": self._create(values), "status": "created"}
        if not found:
            raise MarketoError("1004", "Lead not found")
        if len(found) > 1:
            raise MarketoError("1007", "Multiple lead match lookup criteria")
        self._update(found[0], values)
        return {"id": found[0]["id"], "status": "updated"}

    def _coerced(self, name: str, value: Any) -> Any:
        field = self._fields.get(name)
        if field is None:
            raise unknown_field(name)
        return coerce(value, field.data_type, field.length)

    def _check_id(self, values: Mapping[str, Any]) -> None:
        if self._lookup == "id" and self._action != "updateOnly":
            raise invalid("Lookup field 'id' is only allowed with action 'updateOnly'")
        if "id" in values and self._lookup != "id":
            raise invalid(f"Field 'id' is not allowed with lookup field '{self._lookup}'")

    def _matches(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self._action == "createDuplicate":
            return []
        key = values.get(self._lookup)
        if key is None:
            raise missing(self._lookup)
        return self._server.instance.leads.find(self._lookup, [key], limit=2)

    def _create(self, values: Mapping[str, Any]) -> int:
        self._refuse_read_only(values, {})
        return self._server.instance.create_lead(values, source=self._source, api_call=self._api_call)

    def _update(self, before: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self._refuse_read_only(values, before)
        differing = [self._fields[name] for name, value in values.items() if before.get(name) != value]
        company = [field.name for field in differing if field.company]
        if company:
            raise MarketoError("1021", f"Company update not allowed in syncLead: {', '.join(company)}")
        self._server.instance.update_lead(
            before["id"],
            {name: value for name, value in values.items() if name != "id"},
            source=self._source,
            reason=self._reason,
            api_call=self._api_call,
        )

    def _refuse_read_only(self, values: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        for name, value in values.items():
            field: LeadField = self._fields[name]
            if not field.updateable and value != before.get(name) and name != self._lookup:
                raise invalid(f"Field '{name}' is read only")
