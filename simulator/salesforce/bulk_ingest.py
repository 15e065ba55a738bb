"""Bulk API 2.0 ingest: a CSV is uploaded, worked through, and accounted for row by row."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.salesforce import csv_text
from simulator.salesforce.bulk_jobs import Job, form, known
from simulator.salesforce.collections import MAX_WRITE
from simulator.salesforce.deployed import Deployed
from simulator.salesforce.errors import RecordError, RequestError
from simulator.salesforce.ids import make_id, to_18
from simulator.salesforce.org import Org
from simulator.salesforce.schema import SObject
from simulator.salesforce.wire import Call, Reply, not_found
from simulator.salesforce.writer import AmbiguousKey, Keys, Writer

MAX_BYTES = 150 * 1024 * 1024
OPERATIONS = ("insert", "update", "upsert", "delete")
_NULL = "#N/A"


@dataclass
class IngestJob(Job):
    external_id: str | None = None
    rule_id: str | None = None
    content: str | None = None
    header: list[str] = field(default_factory=list)
    succeeded: list[list[str]] = field(default_factory=list)
    refused: list[list[str]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        shown = super().as_json()
        shown["contentUrl"] = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
        if self.external_id:
            shown["externalIdFieldName"] = self.external_id
        if self.rule_id:
            shown["assignmentRuleId"] = self.rule_id
        return shown

    def progress(self) -> dict[str, Any]:
        shown = {
            **self.as_json(),
            "numberRecordsProcessed": self.processed,
            "numberRecordsFailed": self.failed,
            "retries": 0,
            "totalProcessingTime": self.processed,
            "apiActiveProcessingTime": self.processed,
            "apexProcessingTime": 0,
        }
        if self.error:
            shown["errorMessage"] = self.error
        return shown


class Ingest:
    def __init__(self, org: Org, deployed: Deployed, seed: int) -> None:
        self._org = org
        self._deployed = deployed
        self._seed = seed
        self._jobs: dict[str, IngestJob] = {}
        self._made = 0

    def create(self, call: Call) -> Reply:
        body = call.json_object()
        known(
            body,
            "object",
            "operation",
            "contentType",
            "lineEnding",
            "columnDelimiter",
            "externalIdFieldName",
            "assignmentRuleId",
        )
        operation = body.get("operation")
        if operation not in OPERATIONS:
            raise RequestError(400, "INVALIDJOB", f"InvalidJob : operation {operation} is not supported")
        sobject = self._deployed.schema().get(str(body.get("object")))
        if sobject is None:
            raise RequestError(400, "INVALIDJOB", f"InvalidJob : Unable to find object: {body.get('object')}")
        external_id = body.get("externalIdFieldName")
        if operation == "upsert":
            named = sobject.field(str(external_id)) if external_id else None
            if named is None or not (named.external_id or named.name == "Id"):
                raise RequestError(
                    400, "INVALIDJOB", "InvalidJob : externalIdFieldName must name an external id field"
                )
        elif external_id:
            raise RequestError(400, "INVALIDJOB", "InvalidJob : externalIdFieldName is for upsert only")
        line_ending, delimiter = form(body)
        self._made += 1
        now = self._org.clock.now()
        job = IngestJob(
            id=make_id("750", self._made),
            operation=operation,
            object_name=sobject.name,
            created_by=call.user_id,
            created_at=now,
            version=call.version,
            state="Open",
            line_ending=line_ending,
            delimiter=delimiter,
            job_type="V2Ingest",
            modified_at=now,
            external_id=external_id,
            rule_id=body.get("assignmentRuleId"),
        )
        self._jobs[job.id] = job
        return Reply(body=job.as_json())

    def all(self, call: Call) -> Reply:
        return Reply(
            body={"done": True, "nextRecordsUrl": None, "records": [j.as_json() for j in self._jobs.values()]}
        )

    def upload(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        if job.state != "Open" or job.content is not None:
            raise RequestError(
                400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state}, no upload possible"
            )
        if len(call.body) > MAX_BYTES:
            raise RequestError(413, "EXCEEDEDQUOTA", "the upload is larger than 150 MB")
        if not (call.header("Content-Type") or "").startswith("text/csv"):
            raise RequestError(415, "INVALIDCONTENTTYPE", "Content-Type must be text/csv")
        try:
            job.content = call.body.decode("utf-8")
        except UnicodeDecodeError:
            raise RequestError(400, "INVALIDBATCH", "InvalidBatch : the upload is not UTF-8") from None
        return Reply(201)

    def change(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        state = call.json_object().get("state")
        if state == "Aborted":
            if job.state in ("JobComplete", "Failed"):
                raise RequestError(400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state}")
            job.move("Aborted", self._org.clock.now())
        elif state == "UploadComplete":
            if job.state != "Open" or job.content is None:
                raise RequestError(
                    400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state} without data"
                )
            job.move("UploadComplete", self._org.clock.now())
        else:
            raise RequestError(400, "INVALIDJOBSTATE", f"InvalidJobState : {state}")
        return Reply(body=job.as_json())

    def status(self, call: Call, job_id: str) -> Reply:
        """The first poll finds the job at work, the next one finds it done."""
        job = self._job(job_id)
        now = self._org.clock.now()
        if job.state == "UploadComplete":
            job.move("InProgress", now)
        elif job.state == "InProgress":
            self._work(job)
        return Reply(body=job.progress())

    def delete(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        if job.state in ("Open", "InProgress"):
            raise RequestError(
                400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state}; abort it first"
            )
        del self._jobs[job.id]
        return Reply(204)

    def successful(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        return self._csv(job, ["sf__Id", "sf__Created", *job.header], job.succeeded)

    def failed(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        return self._csv(job, ["sf__Id", "sf__Error", *job.header], job.refused)

    def unprocessed(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        return self._csv(job, job.header, job.unprocessed)

    def _csv(self, job: IngestJob, header: Sequence[str], rows: list[list[str]]) -> Reply:
        """Rows come back in no order that a client could rely on."""
        shuffled = list(rows)
        random.Random(f"{self._seed} {job.id}").shuffle(shuffled)
        return Reply(text=csv_text.write(header, shuffled, job.separator, job.newline))

    def _job(self, job_id: str) -> IngestJob:
        for job in self._jobs.values():
            if job.id.startswith(job_id) and len(job_id) in (15, 18):
                return job
        raise not_found()

    def _work(self, job: IngestJob) -> None:
        now = self._org.clock.now()
        sobject = self._deployed.schema().get(job.object_name)
        try:
            job.header, rows = csv_text.read(job.content or "", job.separator, job.newline)
            if sobject is None:
                raise csv_text.BadCsv(f"InvalidBatch : Unable to find object: {job.object_name}")
            seen: set[str] = set()
            for column in job.header:
                if not _is_column(sobject, column):
                    raise csv_text.BadCsv(f"InvalidBatch : Field name not found : {column}")
                if column.lower() in seen:
                    raise csv_text.BadCsv(f"InvalidBatch : Duplicate field : {column}")
                seen.add(column.lower())
        except csv_text.BadCsv as error:
            job.move("Failed", now, str(error))
            return
        fault = self._org.faults.take(
            "salesforce", "bulk_fail", object=job.object_name, path=f"/jobs/ingest/{job.id}"
        )
        if fault is not None:  # some rows may have been written before a job fails
            done = int(fault.option("after", 0))
            rows, job.unprocessed = rows[:done], rows[done:]
        writer = Writer(
            self._org,
            self._deployed,
            job.created_by,
            job.rule_id or False,
            {"path": f"/jobs/ingest/{job.id}", "method": "PUT"},
        )
        for start in range(0, len(rows), MAX_WRITE):
            chunk = rows[start : start + MAX_WRITE]
            keys = _keys(job, sobject, chunk)
            for row in chunk:
                self._row(job, sobject, writer, row, keys)
        job.content = ""
        if fault is None:
            job.move("JobComplete", now)
        else:
            job.move("Failed", now, str(fault.option("message", "InternalServerError : the job failed")))

    def _row(
        self, job: IngestJob, sobject: SObject, writer: Writer, row: list[str], keys: Keys | None
    ) -> None:
        job.processed += 1
        record_id = ""
        try:
            if len(row) != len(job.header):
                raise RecordError("INVALID_CSV", f"{len(row)} cells where {len(job.header)} are expected")
            values = _values(job.header, row)
            record_id = str(values.get("Id") or "")
            with self._org.transaction():
                record_id, created = self._write(job, sobject, writer, values, keys)
            job.succeeded.append([to_18(record_id), "true" if created else "false", *row])
        except RecordError as error:
            job.failed += 1
            job.refused.append([record_id, f"{error.code}:{error.message}:{','.join(error.fields)}--", *row])

    def _write(
        self, job: IngestJob, sobject: SObject, writer: Writer, values: dict[str, Any], keys: Keys | None
    ) -> tuple[str, bool]:
        if job.operation == "insert":
            return writer.create(sobject, values), True
        if keys is not None:
            named = keys.field
            key = values.pop(next((n for n in values if n.lower() == named.name.lower()), ""), None)
            keys.check(key)
            try:
                done = writer.upsert(sobject, named, key, values)
            except AmbiguousKey:
                raise RecordError(
                    "DUPLICATE_EXTERNAL_ID", f"Duplicate external id specified: {key}", [named.name]
                ) from None
            return done.id, done.created
        record_id = values.pop("Id", None)
        if not record_id:
            raise RecordError("MISSING_ARGUMENT", f"Id not specified in an {job.operation} call", ["Id"])
        if job.operation == "delete":
            writer.delete(str(record_id), sobject)
        else:
            writer.update(sobject, str(record_id), values)
        return str(record_id), False


def _values(header: list[str], row: list[str]) -> dict[str, Any]:
    """An empty cell leaves the field alone, `#N/A` empties it, `Lead__r.Key__c` names a parent by its key."""
    values: dict[str, Any] = {}
    for column, cell in zip(header, row, strict=True):
        if cell == "":
            continue
        value = None if cell == _NULL else cell
        name = "Id" if column.lower() == "id" else column
        relationship, _, key = name.partition(".")
        values[relationship] = {key: value} if key else value
    return values


def _keys(job: IngestJob, sobject: SObject, rows: list[list[str]]) -> Keys | None:
    """The external keys of an upsert's rows."""
    field = sobject.field(job.external_id or "")
    if field is None:
        return None
    place = next((i for i, column in enumerate(job.header) if column.lower() == field.name.lower()), None)
    return Keys(field, [row[place] for row in rows if place is not None and place < len(row)])


def _is_column(sobject: SObject, column: str) -> bool:
    relationship, _, key = column.partition(".")
    return relationship.lower() in sobject.relationships if key else sobject.field(column) is not None
