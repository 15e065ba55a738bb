"""Programs in the asset API: pages by offset, datetimes with two zones, an empty page without ``result``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.marketo.assets import changed_within, page
from simulator.marketo.call import Call
from simulator.marketo.envelope import asset_answer
from simulator.marketo.errors import invalid
from simulator.marketo.moments import asset_shape
from simulator.marketo.program_store import CHANNELS
from simulator.marketo.server import Server


def programs(server: Server, call: Call) -> Mapping[str, Any]:
    """Browsing shows neither tags nor costs; they come with one program by id or name."""
    found = changed_within(call, server.instance.programs.page(-1, 0))
    filter_type = call.text("filterType")
    if filter_type is not None:
        values = call.words("filterValues")
        if filter_type not in {"id", "programId"}:
            raise invalid(f"Invalid filterType '{filter_type}'")
        found = [program for program in found if str(program["id"]) in values]
    status = call.text("status")
    if status is not None:
        found = [program for program in found if program["status"] == status]
    return asset_answer([_shown(program) for program in page(call, found)])


def program_by_id(server: Server, call: Call) -> Mapping[str, Any]:
    return _one(server.instance.programs.get(call.id()), "tags", "costs")


def program_by_name(server: Server, call: Call) -> Mapping[str, Any]:
    """Tags and costs are shown to those who ask for them."""
    wished = [name for name, flag in (("tags", "includeTags"), ("costs", "includeCosts")) if call.flag(flag)]
    return _one(server.instance.programs.named(call.required("name")), *wished)


def channels(server: Server, call: Call) -> Mapping[str, Any]:
    return asset_answer(page(call, [_channel(number, name) for number, name in enumerate(CHANNELS, 1)]))


def channel_by_name(server: Server, call: Call) -> Mapping[str, Any]:
    wished = call.required("name")
    return asset_answer([_channel(number, name) for number, name in enumerate(CHANNELS, 1) if name == wished])


def _one(program: Mapping[str, Any] | None, *wished: str) -> Mapping[str, Any]:
    if program is None:
        return asset_answer([])
    tags = [{"tagType": kind, "tagValue": value} for kind, value in program["tags"].items()]
    more = {"tags": tags, "costs": program["costs"]}
    return asset_answer([{**_shown(program), **{name: more[name] for name in wished}}])


def _shown(program: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": program["id"],
        "name": program["name"],
        "description": program["description"] or "",
        "createdAt": asset_shape(program["created_at"]),
        "updatedAt": asset_shape(program["updated_at"]),
        "url": f"https://app.marketo.example/#PG{program['id']}A1",
        "type": program["type"],
        "channel": program["channel"],
        "folder": {"type": "Folder", "value": 1, "folderName": "Marketing Activities"},
        "status": program["status"],
        "workspace": "Default",
        "headStart": False,
    }
    for name, column in (("startDate", "start_date"), ("endDate", "end_date")):
        if program[column] is not None:
            shown[name] = asset_shape(program[column])
    if program["sfdc_id"] is not None:
        shown |= {"sfdcId": program["sfdc_id"], "sfdcName": program["sfdc_name"]}
    return shown


def _channel(number: int, name: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "description": "",
        "applicableProgramType": "program",
        "createdAt": "2020-01-01T00:00:00Z+0000",
        "updatedAt": "2020-01-01T00:00:00Z+0000",
        "progressionStatuses": [
            {
                "name": status.name,
                "description": "",
                "hidden": False,
                "step": status.step,
                "success": status.success,
            }
            for status in CHANNELS[name]
        ],
    }
