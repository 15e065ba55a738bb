"""Bulk extract over HTTP: create, enqueue, status, cancel, list, file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from simulator.faults import Fault
from simulator.marketo import envelope
from simulator.marketo.call import Call, listed, whole
from simulator.marketo.envelope import answer
from simulator.marketo.errors import HttpError, MarketoError, invalid, missing, wrong_type
from simulator.marketo.exports import STATES, Extract, Job
from simulator.marketo.extract_file import DELIMITERS, lead_cell, write_file
from simulator.marketo.moments import parse, to_text
from simulator.marketo.server import Server

FILE_TYPE = "text/csv;charset=UTF-8"
LONGEST_WINDOW = timedelta(days=31)
MOST_ASSETS = 50
ACTIVITY_COLUMNS = {
    "marketoGUID": "guid",
    "leadId": "lead_id",
    "activityDate": "at",
    "activityTypeId": "type_id",
    "campaignId": "campaign_id",
    "primaryAttributeValueId": "primary_id",
    "primaryAttributeValue": "primary_value",
    "attributes": "attributes",
}
# Deleted people are told by deletedleads alone.
_NOT_IN_BULK = (37,)
_LEAD_FILTERS = (
    "createdAt",
    "updatedAt",
    "staticListId",
    "staticListName",
    "smartListId",
    "smartListName",
)


def create_leads(server: Server, call: Call) -> Mapping[str, Any]:
    """Exactly one filter; smart lists are not simulated and answer 1035, as subscriptions without them do."""
    body = call.json()
    names = listed(body, "fields")
    if not names:
        raise missing("fields")
    known = server.lead_fields()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise invalid(f"Invalid fields [{', '.join(unknown)}]")
    ids, window = _lead_filter(server, body.get("filter"))
    header, shape = _header(names, body), _format(body)
    types = [known[name].data_type for name in names]

    def make() -> Extract:
        rows = server.instance.leads.rows(names, ids=ids() if ids is not None else None, window=window)
        cells = ([lead_cell(value, kind) for value, kind in zip(row, types, strict=True)] for row in rows)
        return write_file(header, cells, shape)

    return answer([server.exports.create("leads", call.user, shape, make).shown()])


def create_activities(server: Server, call: Call) -> Mapping[str, Any]:
    """``fields`` may be left out or be ``[]`` or ``null``, which mean all of them."""
    body = call.json()
    names = listed(body, "fields") or list(ACTIVITY_COLUMNS)
    unknown = [name for name in names if name not in ACTIVITY_COLUMNS]
    if unknown:
        raise invalid(f"Invalid fields [{', '.join(unknown)}]")
    wished = body.get("filter")
    if not isinstance(wished, dict) or "createdAt" not in wished:
        raise missing("filter.createdAt")
    start, end = _window(wished["createdAt"])
    wanted = _activity_filter(server, wished)
    header, shape = _header(names, body), _format(body)
    columns = [ACTIVITY_COLUMNS[name] for name in names]

    def make() -> Extract:
        rows = server.instance.activities.between(start, end, server.instance.retention(), wanted, columns)
        return write_file(header, rows, shape)

    return answer([server.exports.create("activities", call.user, shape, make).shown()])


def enqueue(server: Server, call: Call) -> Mapping[str, Any]:
    job = _job(server, call)
    server.exports.enqueue(job)
    return answer([job.shown()])


def cancel(server: Server, call: Call) -> Mapping[str, Any]:
    job = _job(server, call)
    server.exports.cancel(job)
    return answer([job.shown()])


def status(server: Server, call: Call) -> Mapping[str, Any]:
    return answer([_job(server, call).shown()])


def jobs(server: Server, call: Call) -> Mapping[str, Any]:
    """``status`` accepts both spellings of a cancelled job; ``Cancelled`` is the one that is written."""
    wished = {"Cancelled" if state == "Canceled" else state for state in call.words("status")}
    if wished - set(STATES):
        raise invalid(f"Invalid status '{', '.join(sorted(wished - set(STATES)))}'")
    token, size = call.text("nextPageToken"), call.batch_size()
    purpose = f"jobs {_object(call)}"
    start = int(server.paging.open(purpose, token)[0]) if token is not None else 0
    found = [job for job in server.exports.of(_object(call), call.user) if not wished or job.state in wished]
    following = server.paging.seal(purpose, start + size) if start + size < len(found) else None
    return answer([job.shown() for job in found[start : start + size]], nextPageToken=following)


def file(server: Server, call: Call) -> Response:
    """The bytes, or a part of them. Not ready, unknown, or somebody else's: HTTP 404 in plain text."""
    job = server.exports.find(_object(call), str(call.path_values["job"]), call.user)
    content = None if job is None else server.exports.file(job)
    if content is None:
        raise HttpError(404, "Export file not found")
    fault = server.fault(call, "file_as_json_error")
    if fault is not None:
        body = envelope.failure(
            str(fault.option("code", "611")), str(fault.option("message", "System error"))
        )
        return envelope.encode(body, call.request_id, accepts="", compress=False)
    return _spoiled(server, call, _ranged(content, call.headers.get("range")))


def _spoiled(server: Server, call: Call, response: Response) -> Response:
    """Injected damage. The length in the header fits the damaged body, so that only the checksum tells, unless
    the fault asks for a cut: then the line ends before the promised length is reached."""
    content = bytes(response.body)
    promised = None
    truncated = server.fault(call, "truncate_file")
    if truncated is not None:
        promised = len(content) if truncated.option("cut") else None
        content = content[: _length(truncated, content)]
    elif server.fault(call, "corrupt_file") is not None and content:
        middle = len(content) // 2
        content = content[:middle] + bytes([content[middle] ^ 0x01]) + content[middle + 1 :]
    else:
        return response
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    if promised is not None:
        headers["content-length"] = str(promised)
    return Response(content, status_code=response.status_code, headers=headers)


def _length(fault: Fault, content: bytes) -> int:
    return min(int(fault.option("bytes", len(content) // 2)), max(0, len(content) - 1))


def _ranged(content: bytes, header: str | None) -> Response:
    headers = {"Content-Type": FILE_TYPE, "Accept-Ranges": "bytes"}
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if found is None or found.groups() == ("", ""):
        return Response(content, headers=headers)
    first, last = found.groups()
    start = int(first) if first else max(0, len(content) - int(last))
    end = min(int(last), len(content) - 1) if first and last else len(content) - 1
    if start >= len(content) or end < start:
        raise HttpError(416, "Range Not Satisfiable", {"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Response(content[start : end + 1], status_code=206, headers=headers)


def _object(call: Call) -> str:
    return call.path.split("/")[3]


def _job(server: Server, call: Call) -> Job:
    name = str(call.path_values["job"])
    job = server.exports.find(_object(call), name, call.user)
    if job is None:
        raise MarketoError("1013", f"Export job '{name}' not found")
    return job


def _lead_filter(
    server: Server, wished: Any
) -> tuple[Callable[[], list[int]] | None, tuple[str, str, str] | None]:
    if not isinstance(wished, dict) or not wished:
        raise missing("filter")
    if len(wished) != 1:
        raise invalid("Exactly one filter is allowed")
    ((name, value),) = wished.items()
    if name not in _LEAD_FILTERS:
        raise invalid(f"Invalid filter '{name}'")
    if name in server.instance.unsupported_filters:
        raise MarketoError("1035", f"Unsupported filter type for target subscription: {name}")
    if name in {"createdAt", "updatedAt"}:
        start, end = _window(value)
        return None, ("createdAt" if name == "createdAt" else "changed_at", start, end)
    lists = server.instance.lists
    found = lists.get(whole(value)) if name == "staticListId" else lists.named(str(value))
    if found is None:
        raise MarketoError("1013", f"List '{value}' not found")
    return (lambda: lists.lead_ids(found["id"])), None


def _activity_filter(server: Server, wished: Mapping[str, Any]) -> dict[str, list[Any]]:
    known = {"createdAt", "activityTypeIds", "primaryAttributeValueIds", "primaryAttributeValues"}
    unknown = sorted(set(wished) - known)
    if unknown:
        raise invalid(f"Invalid filter '{', '.join(unknown)}'")
    types = [whole(value) for value in listed(wished, "activityTypeIds", object)]
    for type_id in types:
        if type_id not in server.instance.activity_types:
            raise invalid(f"Invalid activity type id '{type_id}'")
    allowed = [kind for kind in types or server.instance.activity_types if kind not in _NOT_IN_BULK]
    wanted: dict[str, list[Any]] = {"type_id": allowed}
    ids = [whole(value) for value in listed(wished, "primaryAttributeValueIds", object)]
    values = listed(wished, "primaryAttributeValues")
    if ids and values:
        raise invalid("Only one of primaryAttributeValueIds and primaryAttributeValues is allowed")
    assets = ids or values
    if assets:
        if not types:
            raise missing("activityTypeIds")
        if len(assets) > MOST_ASSETS:
            raise invalid(f"The number of assets exceeds the limit of {MOST_ASSETS}")
        wanted["primary_id" if ids else "primary_value"] = assets
    return wanted


def _window(value: Any) -> tuple[str, str]:
    """Both ends included, at most 31 days apart."""
    if not isinstance(value, dict):
        raise missing("startAt")
    ends = []
    for name in ("startAt", "endAt"):
        if not value.get(name):
            raise missing(name)
        moment = parse(str(value[name]))
        if moment is None:
            raise wrong_type(value[name], "datetime")
        ends.append(moment)
    if ends[1] < ends[0]:
        raise invalid("endAt is before startAt")
    if ends[1] - ends[0] > LONGEST_WINDOW:
        raise invalid("The date range is longer than 31 days")
    return to_text(ends[0]), to_text(ends[1])


def _header(names: list[str], body: Mapping[str, Any]) -> list[str]:
    headers = body.get("columnHeaderNames") or {}
    if not isinstance(headers, dict):
        raise invalid("columnHeaderNames must be an object")
    return [str(headers.get(name, name)) for name in names]


def _format(body: Mapping[str, Any]) -> str:
    shape = str(body.get("format") or "CSV").upper()
    if shape not in DELIMITERS:
        raise invalid(f"Invalid format '{body.get('format')}'")
    return shape
