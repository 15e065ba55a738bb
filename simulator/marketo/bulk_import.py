"""Bulk import of leads: a multipart file with a header of REST names, upserted row by row.

The work is done at once; the status says Queued and Importing for a moment, as the platform does, then
Complete.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from python_multipart import parse_form
from python_multipart.multipart import Field, File
from starlette.responses import Response

from simulator.marketo.call import Call, whole
from simulator.marketo.envelope import answer
from simulator.marketo.errors import HttpError, MarketoError, invalid, missing
from simulator.marketo.extract_file import DELIMITERS
from simulator.marketo.import_jobs import Import
from simulator.marketo.server import Server
from simulator.marketo.sync import Upsert, lookup_field, refuse_other_partitions


def import_leads(server: Server, call: Call) -> Mapping[str, Any]:
    parts = _parts(call)
    names = ("format", "lookupField", "listId", "partitionName")
    options = {name: call.text(name) or _text(parts, name) for name in names}
    shape = (options["format"] or "").upper()
    if shape not in DELIMITERS:
        raise missing("format") if not shape else invalid(f"Invalid format '{options['format']}'")
    if "file" not in parts:
        raise missing("file")
    refuse_other_partitions(options["partitionName"])
    lookup = lookup_field(server, options["lookupField"])
    target = None if options["listId"] is None else whole(options["listId"])
    if target is not None and server.instance.lists.get(target) is None:
        raise MarketoError("1013", f"List '{target}' not found")
    text = io.StringIO(parts["file"].decode("utf-8-sig", "replace"), newline="")
    try:
        header, *rows = [*csv.reader(text, delimiter=DELIMITERS[shape])] or [[]]
    except csv.Error as problem:
        raise MarketoError("613", "Invalid Multipart Request") from problem
    unknown = [name for name in header if name not in server.lead_fields()]
    if not header or unknown:
        raise invalid(f"Invalid fields [{', '.join(unknown)}]")
    action = "updateOnly" if lookup == "id" else "createOrUpdate"
    upsert = Upsert(server, call, action, lookup, "List import", "importLead")
    processed, failures = 0, []
    for row in rows:
        outcome = upsert.outcome(dict(zip(header, row, strict=False)))
        if outcome["status"] == "skipped":
            failures.append([*row, outcome["reasons"][0]["message"]])
            continue
        processed += 1
        if target is not None:
            server.instance.add_to_list(target, [outcome["id"]], source="List import")
    job = server.imports.add(processed, header, failures)
    return answer([{"batchId": job.id, "importId": str(job.id), "status": "Queued"}])


def status(server: Server, call: Call) -> Mapping[str, Any]:
    job = _job(server, call)
    state, done, failed = job.state(server.imports.monotonic()), job.processed, len(job.failures)
    shown: dict[str, Any] = {"batchId": job.id, "importId": str(job.id), "status": state}
    if state == "Complete":
        ending = "with errors" if failed else "successfully"
        message = f"Import completed {ending}, {done} records imported ({done} members), {failed} failed"
        shown |= {
            "numOfLeadsProcessed": done,
            "numOfRowsFailed": failed,
            "numOfRowsWithWarning": 0,
            "message": message,
        }
    return answer([shown])


def failures(server: Server, call: Call) -> Response:
    """The failed rows as they came, with one column for the reason."""
    job = _job(server, call)
    return _file(job.header, job.failures, "Import Failure Reason")


def warnings(server: Server, call: Call) -> Response:
    return _file(_job(server, call).header, [], "Import Warning Reason")


def _file(header: list[str], rows: list[list[str]], reason: str) -> Response:
    if not rows:
        raise HttpError(404, "No rows")
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[*header, reason], *rows])
    return Response(text.getvalue().encode(), headers={"Content-Type": "text/csv;charset=UTF-8"})


def _job(server: Server, call: Call) -> Import:
    job = server.imports.jobs.get(call.id())
    if job is None:
        raise MarketoError("1013", f"Batch '{call.id()}' not found")
    return job


def _parts(call: Call) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}

    def on_field(part: Any) -> None:
        found: Field = part
        parts[(found.field_name or b"").decode()] = found.value or b""

    def on_file(part: Any) -> None:
        found: File = part
        found.file_object.seek(0)
        parts[(found.field_name or b"").decode()] = found.file_object.read()

    headers = {name: call.headers.get(name, "").encode() for name in ("Content-Type", "Content-Length")}
    if not call.headers.get("content-type", "").startswith("multipart/form-data"):
        raise MarketoError("612", "Invalid Content Type")
    try:
        parse_form(headers, io.BytesIO(call.body), on_field, on_file)
    except ValueError as problem:
        raise MarketoError("613", "Invalid Multipart Request") from problem
    return parts


def _text(parts: Mapping[str, bytes], name: str) -> str | None:
    value = parts.get(name, b"").decode("utf-8", "replace")
    return value or None
