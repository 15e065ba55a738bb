"""Static lists over REST, and their plain listing in the asset API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.marketo.assets import changed_within, page
from simulator.marketo.call import Call
from simulator.marketo.envelope import answer, asset_answer
from simulator.marketo.errors import MarketoError, lead_not_found, skipped
from simulator.marketo.instance import WEB_SERVICE
from simulator.marketo.moments import asset_shape
from simulator.marketo.removal import wished_ids
from simulator.marketo.schema import WORKSPACE
from simulator.marketo.server import Server


def lists(server: Server, call: Call) -> Mapping[str, Any]:
    """By ``id``, ``name``, ``programName`` and ``workspaceName``, each of them a list of values."""
    ids, names, programs = call.numbers("id"), call.words("name"), call.words("programName")
    workspaces = call.words("workspaceName")
    token = call.text("nextPageToken")
    after = int(server.paging.open("lists", token)[0]) if token is not None else 0
    size = call.batch_size()
    found = [
        row
        for row in server.instance.lists.page(-1, after)
        if (not ids or row["id"] in ids)
        and (not names or row["name"] in names)
        and (not programs or row["program_name"] in programs)
        and (not workspaces or WORKSPACE in workspaces)
    ]
    following = server.paging.seal("lists", found[size - 1]["id"]) if len(found) > size else None
    return answer([_shown(row) for row in found[:size]], nextPageToken=following)


def list_by_id(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_shown(_known(server, call))])


def add_leads(server: Server, call: Call) -> Mapping[str, Any]:
    """``skipped`` only for people who do not exist; one who is on the list already is ``added`` again."""
    found = _known(server, call)
    return answer([_outcome(server, found["id"], lead_id, "added") for lead_id in wished_ids(call)])


def remove_leads(server: Server, call: Call) -> Mapping[str, Any]:
    found = _known(server, call)
    return answer([_outcome(server, found["id"], lead_id, "removed") for lead_id in wished_ids(call)])


def are_members(server: Server, call: Call) -> Mapping[str, Any]:
    found = _known(server, call)
    result: list[dict[str, Any]] = []
    for lead_id in wished_ids(call):
        if server.instance.get_lead(lead_id) is None:
            result.append(skipped(lead_not_found(lead_id), id=lead_id))
        else:
            holds = server.instance.lists.holds(found["id"], lead_id)
            result.append({"id": lead_id, "status": "memberof" if holds else "notmemberof"})
    return answer(result)


def asset_lists(server: Server, call: Call) -> Mapping[str, Any]:
    rows = changed_within(call, server.instance.lists.page(-1, 0))
    return asset_answer([_asset(row) for row in page(call, rows)])


def asset_list_by_id(server: Server, call: Call) -> Mapping[str, Any]:
    row = server.instance.lists.get(call.id())
    return asset_answer([] if row is None else [_asset(row)])


def asset_list_by_name(server: Server, call: Call) -> Mapping[str, Any]:
    row = server.instance.lists.named(call.required("name"))
    return asset_answer([] if row is None else [_asset(row)])


def _known(server: Server, call: Call) -> dict[str, Any]:
    found = server.instance.lists.get(call.id())
    if found is None:
        raise MarketoError("1013", f"List '{call.id()}' not found")
    return found


def _outcome(server: Server, list_id: int, lead_id: int, status: str) -> dict[str, Any]:
    if server.instance.get_lead(lead_id) is None:
        return skipped(lead_not_found(lead_id), id=lead_id)
    if status == "added":
        server.instance.add_to_list(list_id, [lead_id], source=WEB_SERVICE)
    elif not server.instance.remove_from_list(list_id, [lead_id], source=WEB_SERVICE):
        return skipped(MarketoError("1015", f"Lead '{lead_id}' is not in the list"), id=lead_id)
    return {"id": lead_id, "status": status}


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"] or None,
        "programName": row["program_name"],
        "workspaceId": 1,
        "workspaceName": WORKSPACE,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }
    return {name: value for name, value in shown.items() if value is not None}


def _asset(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"] or "",
        "createdAt": asset_shape(row["created_at"]),
        "updatedAt": asset_shape(row["updated_at"]),
        "folder": {"id": 2, "type": "Folder"},
        "computedUrl": f"https://app.marketo.example/#ST{row['id']}A1",
    }
