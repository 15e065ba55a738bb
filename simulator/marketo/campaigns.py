"""Smart campaigns: their listing, and requesting one for up to 100 people.

An accepted request is no execution: what the campaign does, and when, is the company's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.marketo import activity_types as types
from simulator.marketo.assets import changed_within, page
from simulator.marketo.call import Call, whole
from simulator.marketo.envelope import answer, asset_answer
from simulator.marketo.errors import MarketoError, invalid, missing
from simulator.marketo.instance import WEB_SERVICE
from simulator.marketo.moments import asset_shape
from simulator.marketo.schema import WORKSPACE
from simulator.marketo.server import Server

MOST_LEADS = 100
MOST_TOKENS = 100


def campaigns(server: Server, call: Call) -> Mapping[str, Any]:
    ids, names, programs = call.numbers("id"), call.words("name"), call.words("programName")
    workspaces = call.words("workspaceName")
    triggerable = call.flag("isTriggerable")
    token, size = call.text("nextPageToken"), call.batch_size()
    after = int(server.paging.open("campaigns", token)[0]) if token is not None else 0
    found = [
        row
        for row in server.instance.campaigns.after(after, -1)
        if (not ids or row["id"] in ids)
        and (not names or row["name"] in names)
        and (not programs or row["program_name"] in programs)
        and (not workspaces or WORKSPACE in workspaces)
        and (triggerable is None or (row["type"] == "trigger") is triggerable)
    ]
    more = len(found) > size
    following = server.paging.seal("campaigns", found[size - 1]["id"]) if more else None
    return answer([_shown(row) for row in found[:size]], nextPageToken=following, moreResult=more or None)


def campaign_by_id(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_shown(_known(server, call))])


def request(server: Server, call: Call) -> Mapping[str, Any]:
    """All or nobody: one unknown person refuses the request."""
    campaign = _known(server, call)
    body = call.json().get("input")
    if not isinstance(body, dict):
        raise missing("input")
    ids, tokens = _lead_ids(body), body.get("tokens") or []
    if not isinstance(tokens, list) or len(tokens) > MOST_TOKENS:
        raise invalid(f"tokens must be a list of at most {MOST_TOKENS}")
    if campaign["type"] != "trigger" or not campaign["active"]:
        raise invalid(
            f"Campaign '{campaign['id']}' is no active trigger campaign with the trigger 'Campaign is Requested'"
        )
    for lead_id in ids:
        if server.instance.get_lead(lead_id) is None:
            raise MarketoError("1004", f"Lead [{lead_id}] not found")
    if server.fault(call, "campaign_ignored") is None:
        for lead_id in ids:
            server.instance.add_activity(
                types.REQUEST_CAMPAIGN,
                lead_id,
                at=server.instance.now(),
                primary_id=campaign["id"],
                primary_value=campaign["name"],
                attributes={"Source": WEB_SERVICE},
                campaign_id=campaign["id"],
            )
        server.instance.campaigns.run(campaign["id"], ids)
    return answer([{"id": campaign["id"]}])


def asset_campaigns(server: Server, call: Call) -> Mapping[str, Any]:
    rows = changed_within(call, server.instance.campaigns.after(0, -1))
    if call.flag("isActive"):
        rows = [row for row in rows if row["active"] and row["type"] == "trigger"]
    return asset_answer([_asset(row) for row in page(call, rows)])


def asset_campaign_by_id(server: Server, call: Call) -> Mapping[str, Any]:
    row = server.instance.campaigns.get(call.id())
    return asset_answer([] if row is None else [_asset(row)])


def _known(server: Server, call: Call) -> dict[str, Any]:
    found = server.instance.campaigns.get(call.id())
    if found is None:
        raise MarketoError("1013", "Campaign not found")
    return found


def _lead_ids(body: Mapping[str, Any]) -> list[int]:
    leads = body.get("leads")
    if not isinstance(leads, list) or not leads:
        raise missing("leads")
    if len(leads) > MOST_LEADS:
        raise invalid(f"The number of leads exceeds the limit of {MOST_LEADS}")
    return [whole(lead.get("id") if isinstance(lead, dict) else lead) for lead in leads]


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "id": row["id"],
        "name": row["name"],
        "type": row["type"],
        "programName": row["program_name"],
        "programId": row["program_id"],
        "workspaceName": "Default",
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "active": bool(row["active"]),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _asset(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": "",
        "type": row["type"],
        "isSystem": False,
        "isActive": bool(row["active"]),
        "isRequestable": row["type"] == "trigger",
        "status": "Active" if row["active"] else "Inactive",
        "parentProgramId": row["program_id"],
        "workspace": "Default",
        "createdAt": asset_shape(row["created_at"]),
        "updatedAt": asset_shape(row["updated_at"]),
    }
