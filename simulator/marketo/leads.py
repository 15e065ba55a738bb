"""Reading people: by id, by a filter, of a list, of a program; and where one person is a member."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.marketo.call import Call
from simulator.marketo.envelope import answer
from simulator.marketo.errors import MarketoError, invalid, lead_not_found, missing, unknown_field
from simulator.marketo.schema import DEFAULT_FIELDS
from simulator.marketo.server import Server

MOST_VALUES = 300
MOST_MATCHES = 1000


def shown_fields(server: Server, call: Call) -> list[str]:
    """The wished fields, with ``id`` in any case; the six default ones where none are wished."""
    wished = call.words("fields")
    fields = server.lead_fields()
    for name in wished:
        if name not in fields:
            raise unknown_field(name)
    return (
        list(dict.fromkeys(["id", *wished]))
        if wished
        else [name for name in DEFAULT_FIELDS if name in fields]
    )


def shown(lead: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: lead[name] for name in names}


def lead_by_id(server: Server, call: Call) -> Mapping[str, Any]:
    names = shown_fields(server, call)
    lead = server.instance.get_lead(call.id())
    if lead is None:
        raise lead_not_found(call.id())
    return answer([shown(lead, names)])


def leads_by_filter(server: Server, call: Call) -> Mapping[str, Any]:
    """Up to 300 values and 1,000 matches; ``moreResult`` and a token only where one page is too small."""
    filter_type = call.required("filterType")
    values = call.parts("filterValues")
    if not values:
        raise missing("filterValues")
    field = server.lead_fields().get(filter_type)
    if field is None:
        raise unknown_field(filter_type)
    if not field.searchable:
        raise MarketoError("1011", f"Field '{filter_type}' not supported as lookup")
    if len(values) > MOST_VALUES:
        raise invalid(f"The number of filter values exceeds the limit of {MOST_VALUES}")
    names, size = shown_fields(server, call), call.batch_size()
    matches = server.instance.leads.find(filter_type, values, limit=MOST_MATCHES + 1)
    if len(matches) > MOST_MATCHES:
        raise invalid("Too many results match the filter")
    question = hashlib.sha256(repr((filter_type, values)).encode()).hexdigest()[:16]
    after = _position(server, call, f"leads {question}")
    rest = [lead for lead in matches if lead["id"] > after]
    page = rest[:size]
    if len(rest) <= size:
        return answer([shown(lead, names) for lead in page])
    following = server.paging.seal(f"leads {question}", page[-1]["id"])
    return answer([shown(lead, names) for lead in page], nextPageToken=following, moreResult=True)


def leads_of_list(server: Server, call: Call) -> Mapping[str, Any]:
    """As by filter, but without ``moreResult``: the token alone says that there is more."""
    list_id = call.id()
    if server.instance.lists.get(list_id) is None:
        raise MarketoError("1013", f"List '{list_id}' not found")
    names, size = shown_fields(server, call), call.batch_size()
    purpose = f"list {list_id}"
    after = _position(server, call, purpose)
    ids = server.instance.lists.lead_ids(list_id, after, size + 1)
    people = server.instance.leads.many(ids[:size])
    following = server.paging.seal(purpose, ids[size - 1]) if len(ids) > size else None
    return answer([shown(lead, names) for lead in people], nextPageToken=following)


def leads_of_program(server: Server, call: Call) -> Mapping[str, Any]:
    """Every member with the ``membership`` in the program."""
    program_id = call.id()
    if server.instance.programs.get(program_id) is None:
        raise MarketoError("1013", f"Program '{program_id}' not found")
    names, size = shown_fields(server, call), call.batch_size()
    purpose = f"program {program_id}"
    after = _position(server, call, purpose)
    members = server.instance.programs.members(program_id, after=after, limit=size + 1)
    people = {lead["id"]: lead for lead in server.instance.leads.many([m["lead_id"] for m in members[:size]])}
    result = [
        {**shown(people[member["lead_id"]], names), "membership": membership(member)}
        for member in members[:size]
        if member["lead_id"] in people
    ]
    following = server.paging.seal(purpose, members[size - 1]["id"]) if len(members) > size else None
    return answer(result, nextPageToken=following)


def membership(member: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": member["id"],
        "progressionStatus": member["status"],
        "progressionStatusType": member["status"],
        "membershipDate": member["created_at"],
        "updatedAt": member["updated_at"],
        "isExhausted": False,
        "acquiredBy": bool(member["acquired_by"]),
        "reachedSuccess": bool(member["reached_success"]),
    }


def list_membership(server: Server, call: Call) -> Mapping[str, Any]:
    lead_id = _known(server, call)
    found = [
        {"id": row["id"], "createdAt": row["member_at"], "updatedAt": row["member_at"]}
        for row in server.instance.lists.lists_of(lead_id)
    ]
    return answer(found, moreResult=False)


def program_membership(server: Server, call: Call) -> Mapping[str, Any]:
    call.refuse("earliestUpdatedAt", "latestUpdatedAt", "filterType")
    lead_id = _known(server, call)
    found = [
        {**membership(member), "id": member["program_id"]}
        for member in server.instance.programs.memberships(lead_id)
    ]
    return answer(found, moreResult=False)


def _known(server: Server, call: Call) -> int:
    if server.instance.get_lead(call.id()) is None:
        raise lead_not_found(call.id())
    return call.id()


def _position(server: Server, call: Call, purpose: str) -> int:
    token = call.text("nextPageToken")
    return int(server.paging.open(purpose, token)[0]) if token is not None else 0
