"""Bulk API 2.0 query: one statement, its result as CSV in pages."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from simulator.salesforce import csv_text
from simulator.salesforce.bulk_jobs import Job, form, known
from simulator.salesforce.errors import RequestError
from simulator.salesforce.ids import make_id
from simulator.salesforce.org import Org
from simulator.salesforce.queries import Queries
from simulator.salesforce.schema import Type
from simulator.salesforce.soql import result
from simulator.salesforce.soql.errors import SoqlError
from simulator.salesforce.soql.parser import parse
from simulator.salesforce.soql.sql import Records
from simulator.salesforce.wire import Call, Reply, not_found, whole_number

PAGE = 100_000
_CHUNK = 2000


@dataclass
class QueryJob(Job):
    query: str = ""
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def progress(self) -> dict[str, Any]:
        shown = {
            **self.as_json(),
            "numberRecordsProcessed": self.processed,
            "retries": 0,
            "totalProcessingTime": self.processed,
        }
        if self.error:
            shown["errorMessage"] = self.error
        return shown


class BulkQueries:
    def __init__(self, org: Org, queries: Queries) -> None:
        self._org = org
        self._queries = queries
        self._jobs: dict[str, QueryJob] = {}
        self._made = 0

    def create(self, call: Call) -> Reply:
        body = call.json_object()
        known(body, "operation", "query", "contentType", "lineEnding", "columnDelimiter")
        operation, text = body.get("operation"), body.get("query")
        if operation not in ("query", "queryAll") or not isinstance(text, str):
            raise RequestError(
                400, "INVALIDJOB", "InvalidJob : operation must be query or queryAll, with a query"
            )
        line_ending, delimiter = form(body)
        plan = self._plan(text, operation)
        self._made += 1
        now = self._org.clock.now()
        job = QueryJob(
            id=make_id("750", 500_000_000 + self._made),
            operation=operation,
            object_name=plan.sobject.name,
            created_by=call.user_id,
            created_at=now,
            version=call.version,
            state="UploadComplete",
            line_ending=line_ending,
            delimiter=delimiter,
            job_type="V2Query",
            modified_at=now,
            query=text,
        )
        self._jobs[job.id] = job
        return Reply(body=job.as_json())

    def all(self, call: Call) -> Reply:
        return Reply(
            body={"done": True, "nextRecordsUrl": None, "records": [j.as_json() for j in self._jobs.values()]}
        )

    def status(self, call: Call, job_id: str) -> Reply:
        """The first poll finds the job at work, the next one finds it done."""
        job = self._job(job_id)
        if job.state == "UploadComplete":
            job.move("InProgress", self._org.clock.now())
        elif job.state == "InProgress":
            self._work(job)
        return Reply(body=job.progress())

    def change(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        if call.json_object().get("state") != "Aborted" or job.state in ("JobComplete", "Failed"):
            raise RequestError(400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state}")
        job.move("Aborted", self._org.clock.now())
        return Reply(body=job.as_json())

    def delete(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        if job.state in ("UploadComplete", "InProgress"):
            raise RequestError(
                400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state}; abort it first"
            )
        del self._jobs[job.id]
        return Reply(204)

    def results(self, call: Call, job_id: str) -> Reply:
        job = self._job(job_id)
        if job.state != "JobComplete":
            raise RequestError(400, "INVALIDJOBSTATE", f"InvalidJobState : the job is {job.state}")
        start = _place(call.query.get("locator"))
        wanted = whole_number(call.query.get("maxRecords", str(PAGE)))
        if not wanted:
            raise RequestError(400, "INVALIDJOB", "maxRecords must be a positive number")
        if (
            self._org.faults.take("salesforce", "locator_expired", path=call.path, method=call.method)
            is not None
        ):
            raise RequestError(400, "INVALIDLOCATOR", "invalid query locator")
        if start and start >= len(job.rows):
            raise RequestError(400, "INVALIDLOCATOR", "invalid query locator")
        end = min(len(job.rows), start + min(wanted, PAGE))
        rows = job.rows[start:end]
        headers = {
            "Sforce-Locator": _locator(end) if end < len(job.rows) else "null",
            "Sforce-NumberOfRecords": str(len(rows)),
        }
        return Reply(text=csv_text.write(job.header, rows, job.separator, job.newline), headers=headers)

    def _plan(self, text: str, operation: str) -> Records:
        if parse(text).offset is not None:
            raise SoqlError("API_ERROR", "OFFSET is not supported by Bulk API queries", text)
        plan = self._queries.plan(text, include_deleted=operation == "queryAll")
        if not isinstance(plan, Records):
            raise SoqlError("API_ERROR", "Aggregate queries are not supported by the Bulk API", text)
        return plan

    def _work(self, job: QueryJob) -> None:
        now = self._org.clock.now()
        fault = self._org.faults.take(
            "salesforce", "bulk_fail", object=job.object_name, path=f"/jobs/query/{job.id}"
        )
        if fault is not None:
            job.move("Failed", now, str(fault.option("message", "InternalServerError : the job failed")))
            return
        try:
            plan = self._plan(job.query, job.operation)
        except RequestError as error:
            job.move("Failed", now, f"{error.code} : {error.message}")
            return
        job.header = [".".join(column.path) for column in plan.columns]
        ids = self._queries.ids(plan)
        connection = self._org.store.connection
        for start in range(0, len(ids), _CHUNK):
            for record in result.page(connection, plan, ids[start : start + _CHUNK], job.version):
                job.rows.append([_cell(record, c.path, c.type) for c in plan.columns])
        job.processed = len(job.rows)
        job.move("JobComplete", now)

    def _job(self, job_id: str) -> QueryJob:
        for job in self._jobs.values():
            if job.id.startswith(job_id) and len(job_id) in (15, 18):
                return job
        raise not_found()


def _cell(record: dict[str, Any], path: tuple[str, ...], kind: Type) -> str:
    value: Any = record
    for name in path:
        value = None if value is None else value[name]
    if value is None:
        return ""
    if kind is Type.BOOLEAN:
        return "true" if value else "false"
    if kind is Type.DATETIME:
        return str(value).replace("+0000", "Z")
    return str(value)


def _locator(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _place(locator: str | None) -> int:
    if locator is None or locator == "":
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        raise RequestError(400, "INVALIDLOCATOR", "invalid query locator") from None
