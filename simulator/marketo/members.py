"""Program members: who is one, with which status; nobody moves backwards in a progression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from simulator.marketo.call import Call, records, whole
from simulator.marketo.envelope import answer
from simulator.marketo.errors import MarketoError, invalid, lead_not_found, missing, skipped, wrong_type
from simulator.marketo.instance import WEB_SERVICE
from simulator.marketo.moments import parse, to_text
from simulator.marketo.server import Server

LONGEST_WINDOW = timedelta(days=7)
MOST_MEMBERS = 100_000
_FIELDS = (
    ("leadId", "Person Id", "integer"),
    ("statusName", "Status Name", "string"),
    ("reachedSuccess", "Reached Success", "boolean"),
    ("reachedSuccessDate", "Reached Success Date", "datetime"),
    ("membershipDate", "Membership Date", "datetime"),
    ("acquiredBy", "Acquired By", "boolean"),
    ("isExhausted", "Exhausted", "boolean"),
    ("programId", "Program Id", "integer"),
    ("program", "Program", "string"),
    ("createdAt", "Created At", "datetime"),
    ("updatedAt", "Updated At", "datetime"),
)
_SEARCHABLE = ("leadId", "statusName", "reachedSuccess", "updatedAt")


def describe(server: Server, call: Call) -> Mapping[str, Any]:
    fields = [
        {
            "name": name,
            "displayName": display_name,
            "dataType": data_type,
            "updateable": False,
            "crmManaged": False,
        }
        for name, display_name, data_type in _FIELDS
    ]
    searchable = [[name] for name in _SEARCHABLE]
    return answer([{"name": "API Program Membership", "fields": fields, "searchableFields": searchable}])


def members(server: Server, call: Call) -> Mapping[str, Any]:
    program = _program(server, call)
    where, values = _condition(call)
    names = call.words("fields")
    known = {name for name, _, _ in _FIELDS}
    for name in names:
        if name not in known:
            raise MarketoError("1006", f"Field '{name}' not found")
    size, purpose, after = call.batch_size(), f"members {program['id']}", 0
    token = call.text("nextPageToken")
    if token is not None:
        after = int(server.paging.open(purpose, token)[0])
    found = server.instance.programs.members(
        program["id"], after=after, limit=MOST_MEMBERS + 1, where=where, values=values
    )
    if len(found) > MOST_MEMBERS:
        raise invalid("Too many results match the filter")
    page, more = found[:size], len(found) > size
    result = [{"seq": seq, **_shown(member, program, names)} for seq, member in enumerate(page)]
    following = server.paging.seal(purpose, page[-1]["id"]) if more else None
    return answer(result, nextPageToken=following, moreResult=more)


def set_status(server: Server, call: Call) -> Mapping[str, Any]:
    """An upsert: people who are no members yet become some."""
    program, body = _program(server, call), call.json()
    wished = body.get("statusName")
    if not wished:
        raise missing("statusName")
    return answer(
        [
            {"seq": seq, **_move(server, call, program, str(wished), record.get("leadId"), join=True)}
            for seq, record in enumerate(records(body))
        ]
    )


def set_status_of_members(server: Server, call: Call) -> Mapping[str, Any]:
    """The older call, for existing members alone; its records have ``id``, its results no ``seq``."""
    program, body = _program(server, call), call.json()
    wished = body.get("status")
    if not wished:
        raise missing("status")
    result: list[dict[str, Any]] = []
    for record in records(body):
        outcome = _move(server, call, program, str(wished), record.get("id"), join=False)
        result.append({"id": outcome.pop("leadId"), **outcome})
    return answer(result)


def remove(server: Server, call: Call) -> Mapping[str, Any]:
    program = _program(server, call)
    result: list[dict[str, Any]] = []
    ids = [whole(record.get("leadId")) for record in records(call.json())]
    for seq, lead_id in enumerate(ids):
        if server.instance.programs.leave(program["id"], lead_id):
            result.append({"seq": seq, "status": "deleted", "leadId": lead_id})
        else:
            result.append(skipped(MarketoError("1013", "Membership not found"), seq=seq, leadId=lead_id))
    return answer(result)


def _program(server: Server, call: Call) -> dict[str, Any]:
    found = server.instance.programs.get(call.id())
    if found is None:
        raise MarketoError("1013", f"Program '{call.id()}' not found")
    return found


def _move(
    server: Server, call: Call, program: Mapping[str, Any], wished: str, lead_id: Any, *, join: bool
) -> dict[str, Any]:
    instance, program_id = server.instance, program["id"]
    planned = server.fault(call, "record_code")
    try:
        if planned is not None:
            code = str(planned.option("code", "1003"))
            raise MarketoError(code, str(planned.option("message", f"Simulated error {code}")))
        lead_id = whole(lead_id)
        if instance.programs.status(program_id, wished) is None:
            raise MarketoError("1025", f"Program status '{wished}' not found")
        if instance.get_lead(lead_id) is None:
            raise lead_not_found(lead_id)
        member = instance.programs.member(program_id, lead_id)
        if member is None:
            if not join:
                raise MarketoError("1013", "Membership not found")
            instance.add_member(program_id, lead_id, wished, reason=WEB_SERVICE)
            return {"status": "created", "leadId": lead_id}
        if not instance.set_member_status(program_id, lead_id, wished, reason=WEB_SERVICE):
            raise MarketoError("1037", "Lead skipped because it is already in or past this status")
    except MarketoError as error:
        return skipped(error, leadId=lead_id)
    return {"status": "updated", "leadId": lead_id}


def _condition(call: Call) -> tuple[str, list[Any]]:
    """The filter as a condition over the member columns; without one, every member."""
    filter_type = call.text("filterType")
    if filter_type is None:
        return "1", []
    if filter_type not in _SEARCHABLE:
        raise invalid(f"Invalid filterType '{filter_type}'")
    if filter_type == "updatedAt":
        return _window(call)
    wished: Sequence[Any] = call.words("filterValues")
    if not wished:
        raise missing("filterValues")
    if filter_type == "reachedSuccess":
        return "reached_success = ?", [wished[0].lower() == "true"]
    if filter_type == "leadId":
        wished = [whole(value) for value in wished]
    column = {"leadId": "lead_id", "statusName": "status"}[filter_type]
    return f"{column} IN ({', '.join('?' * len(wished))})", list(wished)


def _window(call: Call) -> tuple[str, list[Any]]:
    ends = []
    for name in ("startAt", "endAt"):
        text = call.required(name)
        moment = parse(text)
        if moment is None:
            raise wrong_type(text, "datetime")
        ends.append(moment)
    if ends[1] - ends[0] > LONGEST_WINDOW:
        raise invalid("The updatedAt window is longer than 7 days")
    return "updated_at >= ? AND updated_at <= ?", [to_text(moment) for moment in ends]


def _shown(member: Mapping[str, Any], program: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    shown = {
        "leadId": member["lead_id"],
        "statusName": member["status"],
        "reachedSuccess": bool(member["reached_success"]),
        "reachedSuccessDate": member["reached_success_at"],
        "membershipDate": member["created_at"],
        "acquiredBy": bool(member["acquired_by"]),
        "isExhausted": False,
        "programId": member["program_id"],
        "program": program["name"],
        "createdAt": member["created_at"],
        "updatedAt": member["updated_at"],
    }
    if names:
        return {name: shown[name] for name in dict.fromkeys(["leadId", *names])}
    return {name: value for name, value in shown.items() if value is not None}
