"""Activities, lead changes and deletions, a block of the log at a time.

Every call reads the next block of *all* activities and shows those that pass the filter. A narrow filter
therefore meets empty pages with ``moreResult: true``; on those ``result`` is missing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.marketo import activity_types as types
from simulator.marketo.activity_store import BLOCK
from simulator.marketo.call import Call
from simulator.marketo.envelope import answer
from simulator.marketo.errors import MarketoError, invalid, missing, unknown_field, wrong_type
from simulator.marketo.moments import offset_shape, parse, to_text
from simulator.marketo.server import Server

MOST_TYPES = 10
MOST_LEADS = 30
LARGEST_LIST = 10_000
_PURPOSE = "activities"


def activity_types(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_described(kind) for kind in server.instance.activity_types.values()])


def _described(kind: types.ActivityType) -> dict[str, Any]:
    """New Lead has no ``primaryAttribute``; only custom types have an ``apiName``."""
    shown: dict[str, Any] = {"id": kind.id, "name": kind.name, "description": kind.description}
    if kind.primary is not None:
        shown["primaryAttribute"] = {"name": kind.primary[0], "dataType": kind.primary[1]}
    shown["attributes"] = [{"name": name, "dataType": data_type} for name, data_type in kind.attributes]
    if kind.api_name is not None:
        shown["apiName"] = kind.api_name
    return shown


def paging_token(server: Server, call: Call) -> Mapping[str, Any]:
    """A token for everything dated from this moment on (inclusive: published nowhere, chosen here)."""
    text = call.required("sinceDatetime")
    moment = parse(text)
    if moment is None:
        raise wrong_type(text, "datetime")
    since = to_text(moment)
    return answer(
        nextPageToken=server.paging.seal(_PURPOSE, server.instance.activities.first_block_since(since), since)
    )


def activities(server: Server, call: Call) -> Mapping[str, Any]:
    wished = list(dict.fromkeys(call.numbers("activityTypeIds")))
    if not wished:
        raise missing("activityTypeIds")
    if len(wished) > MOST_TYPES:
        raise invalid(f"The number of activity types exceeds the limit of {MOST_TYPES}")
    for type_id in wished:
        if type_id not in server.instance.activity_types:
            raise invalid(f"Invalid activity type id '{type_id}'")
    assets = call.numbers("assetIds")
    if assets and len(wished) != 1:
        raise invalid("assetIds is allowed with exactly one activity type")
    narrowed = {} if not assets else {"primary_id": assets}
    rows, members = _page(server, call, {"type_id": wished, **narrowed})
    return _reply(server, [activity(row) for row in rows], members)


def lead_changes(server: Server, call: Call) -> Mapping[str, Any]:
    """Changes of the named fields (13) and all new people (12)."""
    names = call.words("fields")
    if not names:
        raise missing("fields")
    fields = server.lead_fields()
    for name in names:
        if name not in fields:
            raise unknown_field(name)
    ids = {fields[name].id: name for name in names}
    rows, members = _page(
        server, call, {"type_id": [types.NEW_LEAD, types.CHANGE_DATA_VALUE]}, changed=list(ids)
    )
    return _reply(server, [_change(row, ids) for row in rows], members)


def deleted_leads(server: Server, call: Call) -> Mapping[str, Any]:
    rows, members = _page(server, call, {"type_id": [types.DELETE_LEAD]})
    shown = [{**activity(row), "activityDate": offset_shape(row["at"])} for row in rows]
    return _reply(server, shown, members)


def activity(row: sqlite3.Row) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row["guid"],
        "marketoGUID": str(row["guid"]),
        "leadId": row["lead_id"],
        "activityDate": row["at"],
        "activityTypeId": row["type_id"],
    }
    optional = {
        "campaignId": row["campaign_id"],
        "primaryAttributeValueId": row["primary_id"],
        "primaryAttributeValue": row["primary_value"],
    }
    shown |= {name: value for name, value in optional.items() if value is not None}
    shown["attributes"] = [
        {"name": name, "value": value} for name, value in json.loads(row["attributes"]).items()
    ]
    return shown


def _change(row: sqlite3.Row, names: Mapping[int, str]) -> dict[str, Any]:
    shown = {**activity(row), "activityDate": offset_shape(row["at"])}
    if row["type_id"] == types.NEW_LEAD:
        return shown
    values = json.loads(row["attributes"])
    shown["fields"] = [
        {
            "id": row["primary_id"],
            "name": names[row["primary_id"]],
            "newValue": values.pop("New Value", None),
            "oldValue": values.pop("Old Value", None),
        }
    ]
    shown["attributes"] = [{"name": name, "value": value} for name, value in values.items()]
    del shown["primaryAttributeValueId"], shown["primaryAttributeValue"]
    return shown


def _page(
    server: Server, call: Call, wanted: Mapping[str, Sequence[int]], changed: Sequence[int] | None = None
) -> tuple[list[sqlite3.Row], dict[str, Any]]:
    """The rows of the next block that pass, and the members that page on. ``wanted``: values per column."""
    after, since, *_ = server.paging.open(_PURPOSE, call.required("nextPageToken"))
    size, people = call.batch_size(), _people(server, call)
    if _empty_by_fault(server, call):
        server.empty_pages_left = max(0, server.empty_pages_left - 1)
        token = server.paging.seal(_PURPOSE, after, since, call.request_id)
        return [], {"moreResult": True, "nextPageToken": token}
    log = server.instance.activities
    last = log.last_seq()
    until = min(after + BLOCK, last)
    rows = log.block(
        after,
        until,
        since=since,
        retained=server.instance.retention(),
        wanted={**wanted, **({} if people is None else {"lead_id": people})},
        changed=changed,
        limit=size + 1,
    )
    reached = until
    if len(rows) > size:
        rows = rows[:size]
        reached = rows[-1]["seq"]
    reached = max(reached, after)
    token = server.paging.seal(_PURPOSE, reached, since)
    return rows, {"moreResult": reached < last, "nextPageToken": token}


def _people(server: Server, call: Call) -> list[int] | None:
    ids, list_id = call.numbers("leadIds"), call.text("listId")
    if ids and list_id:
        raise invalid("Only one of leadIds and listId is allowed")
    if len(ids) > MOST_LEADS:
        raise invalid(f"The number of leads exceeds the limit of {MOST_LEADS}")
    if list_id is None:
        return ids or None
    number = call.number("listId", 0)
    if server.instance.lists.get(number) is None:
        raise MarketoError("1013", f"List '{number}' not found")
    members = server.instance.lists.lead_ids(number)
    if len(members) >= LARGEST_LIST:
        raise invalid(f"List '{number}' has {LARGEST_LIST} leads or more")
    return members


def _empty_by_fault(server: Server, call: Call) -> bool:
    if server.empty_pages_left == 0:
        fault = server.fault(call, "empty_pages")
        if fault is not None:
            server.empty_pages_left = int(fault.option("n", 1))
    return server.empty_pages_left > 0


def _reply(server: Server, shown: list[dict[str, Any]], members: Mapping[str, Any]) -> Mapping[str, Any]:
    if not shown and members["moreResult"]:
        server.world.calls.empty_page("marketo")
    return answer(shown or None, **members)
