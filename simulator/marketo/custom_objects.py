"""Custom objects over REST: list, describe, query, sync, delete."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from simulator.marketo.call import Call, listed, records, whole
from simulator.marketo.custom_object_store import ObjectType
from simulator.marketo.envelope import answer
from simulator.marketo.errors import MarketoError, invalid, missing, skipped, unknown_field
from simulator.marketo.moments import to_text
from simulator.marketo.server import Server
from simulator.marketo.values import coerce

ID_FIELD = "marketoGUID"
STAMPS = ("createdAt", "updatedAt")
MOST_VALUES = 300


def object_types(server: Server, call: Call) -> Mapping[str, Any]:
    wished = call.words("names")
    kinds = [
        kind for kind in server.instance.custom_objects.types.values() if not wished or kind.name in wished
    ]
    return answer([_summary(kind) for kind in kinds])


def describe(server: Server, call: Call) -> Mapping[str, Any]:
    kind = _kind(server, call)
    fields = [
        {
            "name": field.name,
            "displayName": field.display_name,
            "dataType": field.data_type,
            **({} if field.length is None else {"length": field.length}),
            "updateable": True,
        }
        for field in kind.fields
    ]
    stamps = [{"name": ID_FIELD, "displayName": "Marketo GUID", "dataType": "string", "length": 36}]
    stamps += [{"name": name, "displayName": name, "dataType": "datetime"} for name in STAMPS]
    return answer(
        [{**_summary(kind), "fields": [*fields, *({**stamp, "updateable": False} for stamp in stamps)]}]
    )


def query(server: Server, call: Call) -> Mapping[str, Any]:
    """By one searchable field in the query, or by a compound key as JSON ``input`` of a POST that means GET."""
    kind = _kind(server, call)
    body = (
        call.json()
        if call.headers.get("content-type", "").startswith("application/json") and call.body
        else {}
    )
    filter_type = str(body.get("filterType") or call.required("filterType"))
    wanted = _wanted(kind, filter_type, body, call)
    if len(wanted) > MOST_VALUES:
        raise invalid(f"The number of filter values exceeds the limit of {MOST_VALUES}")
    wished = body.get("fields")
    names = _shown_names(
        kind, wished.split(",") if isinstance(wished, str) else listed(body, "fields") or call.words("fields")
    )
    size = whole(body["batchSize"]) if body.get("batchSize") else call.batch_size()
    if size < 1:
        raise invalid("batchSize must be between 1 and 300")
    purpose = f"object {kind.name} {hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]}"
    token = body.get("nextPageToken") or call.text("nextPageToken")
    start = int(server.paging.open(purpose, str(token))[0]) if token else 0
    found = server.instance.custom_objects.find(kind, wanted)
    result = [
        {"seq": seq, **{name: record.get(name) for name in names}}
        for seq, record in enumerate(found[start : start + min(size, 300)])
    ]
    more = start + size < len(found)
    following = server.paging.seal(purpose, start + size) if more else None
    return answer(result, nextPageToken=following, moreResult=more or None)


def sync(server: Server, call: Call) -> Mapping[str, Any]:
    kind, body = _kind(server, call), call.json()
    action = body.get("action") or "createOrUpdate"
    if action not in ("createOrUpdate", "createOnly", "updateOnly"):
        raise invalid(f"Invalid action '{action}'")
    by_id = _by_id(body, "dedupeBy")
    if by_id and action != "updateOnly":
        raise invalid("dedupeBy 'idField' is only allowed with action 'updateOnly'")
    seen: set[tuple[str, ...]] = set()
    return answer(
        [
            {"seq": seq, **_write(server, call, kind, record, action, by_id, seen)}
            for seq, record in enumerate(records(body))
        ]
    )


def delete(server: Server, call: Call) -> Mapping[str, Any]:
    kind, body = _kind(server, call), call.json()
    by_id = _by_id(body, "deleteBy")
    result: list[dict[str, Any]] = []
    for seq, record in enumerate(records(body)):
        try:
            found = _find(server, kind, record, by_id)
            if found is None:
                raise MarketoError("1013", "Record not found")
            server.instance.custom_objects.delete(kind.name, found[ID_FIELD])
            result.append({"seq": seq, "marketoGUID": found[ID_FIELD], "status": "deleted"})
        except MarketoError as error:
            result.append(skipped(error, seq=seq))
    return answer(result)


def _kind(server: Server, call: Call) -> ObjectType:
    name = str(call.path_values["name"])
    kind = server.instance.custom_objects.types.get(name)
    if kind is None:
        raise MarketoError("1013", f"Object '{name}' not found")
    return kind


def _summary(kind: ObjectType) -> dict[str, Any]:
    link = None if kind.link is None else {"name": kind.link, "displayName": kind.link}
    relations = (
        []
        if link is None
        else [{"field": kind.link, "type": "child", "relatedTo": {"name": "Lead", "field": "id"}}]
    )
    return {
        "name": kind.name,
        "displayName": kind.display_name,
        "description": kind.description,
        "createdAt": kind.created_at,
        "updatedAt": kind.created_at,
        "idField": ID_FIELD,
        "dedupeFields": list(kind.dedupe),
        "searchableFields": [list(way) for way in kind.searchable],
        "relationships": relations,
    }


def _wanted(kind: ObjectType, filter_type: str, body: Mapping[str, Any], call: Call) -> list[dict[str, Any]]:
    """The sets of values that are looked for: given as ``input``, or by a single field as ``filterValues``."""
    keys = {"dedupeFields": kind.dedupe, "idField": (ID_FIELD,)}.get(filter_type, (filter_type,))
    if keys not in kind.searchable:
        raise invalid(f"Invalid filterType '{filter_type}'")
    given = listed(body, "input", dict)
    for one in given:
        for name in keys:
            if one.get(name) in (None, ""):
                raise missing(name)
    if given:
        return [{name: one[name] for name in keys} for one in given]
    if len(keys) > 1:
        raise missing("input")
    values = call.words("filterValues")
    if not values:
        raise missing("filterValues")
    return [{keys[0]: value} for value in values]


def _shown_names(kind: ObjectType, names: list[str]) -> list[str]:
    known = {field.name for field in kind.fields} | {ID_FIELD, *STAMPS}
    for name in names:
        if name not in known:
            raise unknown_field(name)
    return names or [ID_FIELD, *kind.dedupe, *STAMPS]


def _by_id(body: Mapping[str, Any], member: str) -> bool:
    wished = body.get(member) or "dedupeFields"
    if wished not in ("dedupeFields", "idField"):
        raise invalid(f"Invalid {member} '{wished}'")
    return bool(wished == "idField")


def _find(server: Server, kind: ObjectType, record: Mapping[str, Any], by_id: bool) -> dict[str, Any] | None:
    for name in (ID_FIELD,) if by_id else kind.dedupe:
        if record.get(name) in (None, ""):
            raise missing(name)
    store = server.instance.custom_objects
    return store.get(kind.name, str(record[ID_FIELD])) if by_id else store.by_dedupe(kind, record)


def _write(
    server: Server,
    call: Call,
    kind: ObjectType,
    record: Mapping[str, Any],
    action: str,
    by_id: bool,
    seen: set[tuple[str, ...]],
) -> dict[str, Any]:
    planned = server.fault(call, "record_code")
    try:
        if planned is not None:
            code = str(planned.option("code", "1003"))
            raise MarketoError(code, str(planned.option("message", f"Simulated error {code}")))
        values = _values(server, kind, record, by_id)
        found = _find(server, kind, record, by_id)
        key = tuple(str(record.get(name)) for name in ((ID_FIELD,) if by_id else kind.dedupe))
        if key in seen:
            raise MarketoError("1036", "Duplicate object found in input")
        seen.add(key)
        at = to_text(server.instance.now())
        if found is None:
            if action == "updateOnly":
                raise MarketoError("1013", "Record not found")
            return {
                "status": "created",
                "marketoGUID": server.instance.custom_objects.insert(kind, values, at),
            }
        if action == "createOnly":
            raise MarketoError("1017", "Object already exists")
        rival = server.instance.custom_objects.by_dedupe(kind, {**found, **values})
        if rival is not None and rival[ID_FIELD] != found[ID_FIELD]:
            raise MarketoError("1017", "Object already exists")
        server.instance.custom_objects.update(kind, found, values, at)
        return {"status": "updated", "marketoGUID": found[ID_FIELD]}
    except MarketoError as error:
        return skipped(error)


def _values(server: Server, kind: ObjectType, record: Mapping[str, Any], by_id: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in record.items():
        if name == ID_FIELD and by_id:
            continue
        field = kind.field(name)
        if field is None:
            raise unknown_field(name)
        values[name] = coerce(value, field.data_type, field.length)
    link = None if kind.link is None else values.get(kind.link)
    if link is not None and server.instance.get_lead(int(link)) is None:
        raise MarketoError("1004", f"Lead '{link}' not found")
    return values
