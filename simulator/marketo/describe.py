"""Which lead fields there are: the superseded describe, describe2, and the schema of fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulator.marketo.call import Call, records, whole
from simulator.marketo.envelope import answer
from simulator.marketo.errors import MarketoError, invalid, missing, skipped, unknown_field
from simulator.marketo.schema import DATA_TYPES, LeadField
from simulator.marketo.server import Server

# In the old describe some fields live in the SOAP API alone; they cannot be used over REST.
_SOAP_ONLY = {
    "id": 900,
    "displayName": "Lead Notes",
    "dataType": "text",
    "soap": {"name": "LeadNotes", "readOnly": True},
}
_MOST_NEW_FIELDS = 100


def describe(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([*(_described(field) for field in server.lead_fields().values()), _SOAP_ONLY])


def describe2(server: Server, call: Call) -> Mapping[str, Any]:
    fields = server.lead_fields().values()
    return answer(
        [
            {
                "name": "API Lead",
                "searchableFields": [[field.name] for field in fields if field.searchable],
                "fields": [
                    {
                        "name": field.name,
                        "displayName": field.display_name,
                        "dataType": field.data_type,
                        **_length(field),
                        "updateable": field.updateable,
                        "crmManaged": field.crm_managed,
                    }
                    for field in fields
                ],
            }
        ]
    )


def schema_fields(server: Server, call: Call) -> Mapping[str, Any]:
    fields = list(server.lead_fields().values())
    size, start = call.batch_size(), 0
    token = call.text("nextPageToken")
    if token is not None:
        (start,) = server.paging.open("schema", token)
    shown = [_schema_entry(field) for field in fields[start : start + size]]
    more = start + size < len(fields)
    following = server.paging.seal("schema", start + size) if more else None
    return answer(shown, moreResult=more, nextPageToken=following)


def schema_field(server: Server, call: Call) -> Mapping[str, Any]:
    name = str(call.path_values["name"])
    field = server.lead_fields().get(name)
    if field is None:
        raise unknown_field(name)
    return answer([_schema_entry(field)])


def create_fields(server: Server, call: Call) -> Mapping[str, Any]:
    """Custom fields: up to 100 a call, of which each is created or skipped for itself."""
    result: list[dict[str, Any]] = []
    for wish in records(call.json(), _MOST_NEW_FIELDS):
        try:
            result.append(_create(server, wish))
        except MarketoError as error:
            result.append(skipped(error, name=wish.get("name")))
    return answer(result)


def _create(server: Server, wish: Mapping[str, Any]) -> dict[str, Any]:
    for required in ("name", "displayName", "dataType"):
        if not wish.get(required):
            raise missing(required)
    name, data_type = str(wish["name"]), str(wish["dataType"]).lower()
    if not re.fullmatch(r"[A-Za-z]\w{0,254}", name, re.ASCII):
        raise invalid(f"Invalid field name '{name}'")
    if name.lower() in {known.lower() for known in server.instance.fields}:
        raise MarketoError("1017", f"Field '{name}' already exists")
    if data_type not in DATA_TYPES:
        raise invalid(f"Invalid data type '{wish['dataType']}'")
    length = whole(wish.get("length", 255)) if data_type in {"string", "email", "phone", "url"} else None
    server.instance.leads.add_field(name, str(wish["displayName"]), data_type, length)
    return {"name": name, "status": "created"}


def _described(field: LeadField) -> dict[str, Any]:
    read_only = not field.updateable
    return {
        "id": field.id,
        "displayName": field.display_name,
        "dataType": field.data_type,
        **_length(field),
        "rest": {"name": field.name, "readOnly": read_only},
        "soap": {"name": field.soap_name, "readOnly": read_only},
    }


def _schema_entry(field: LeadField) -> dict[str, Any]:
    return {
        "displayName": field.display_name,
        "name": field.name,
        "description": None,
        "dataType": field.data_type,
        **_length(field),
        "isHidden": False,
        "isHtmlEncodingInEmail": True,
        "isSensitive": False,
        "isCustom": not field.standard,
        "isApiCreated": not field.standard,
    }


def _length(field: LeadField) -> dict[str, int]:
    return {} if field.length is None else {"length": field.length}
