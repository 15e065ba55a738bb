"""Bulk API 2.0: large pulls and large writes.

A job's rows come back in any order, so results are joined on our own key column and never by position.
JobComplete says that the job has ended, not that its rows were taken. An empty cell means "leave alone",
`#N/A` means null.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.errors import Damaged, PlatformError, RequestRefused, Unavailable
from connectors.salesforce.api import Api, as_documented
from connectors.salesforce.errors import SALESFORCE

ROWS_A_PAGE = 10_000
NULL = "#N/A"
QUOTE = '"'
_LONGEST_CELL = (
    16 * 1024 * 1024
)  # the csv module's own limit is 131,072: a long text area alone may hold that

Row = dict[str, str | None]


class JobFailed(Unavailable):
    """The platform gave the job up."""


class Bulk:
    """Jobs of one org. `patience`: how many seconds to wait for one job before the next run looks at it again."""

    def __init__(self, api: Api, patience: float = 1_800.0) -> None:
        self._api = api
        self._patience = patience

    def start_query(self, soql: str) -> str:
        """A job over the query's rows, deleted ones included. A job whose answer was lost ends by itself unread."""
        body = {"operation": "queryAll", "query": soql, "contentType": "CSV", "lineEnding": "LF"}
        return self._told("id", "POST", "/jobs/query", body)

    def query_rows(self, job: str, locator: str | None = None) -> Iterator[tuple[list[Row], str | None]]:
        """(rows, locator of the rest) page by page once the job is done. The locator stays good while the job lives."""
        self._wait("query", job)
        seen = set()
        while True:
            rows, locator = self._query_page(job, locator)
            yield rows, locator
            if locator is None:
                return
            if locator in seen:
                raise Damaged(SALESFORCE, "a bulk query's pages lead round in a circle")
            seen.add(locator)

    def ingest(
        self,
        sobject: str,
        operation: str,
        key: str,
        records: Sequence[Mapping[str, Any]],
        assignment_rule: str | None = None,
    ) -> dict[str, Mapping[str, str | None]]:
        """Result rows by the value of the column `key`: `sf__Id` of a success, `sf__Error` of a failure; a record
        that is absent was not processed. A job that fails may have taken rows before: it raises only if not."""
        job = self._open(sobject, operation, key, _csv(records), assignment_rule)
        failed: JobFailed | None = None
        try:
            self._wait("ingest", job)
        except JobFailed as error:
            failed = error
        found: dict[str, Mapping[str, str | None]] = {}
        for results in ("successfulResults", "failedResults"):
            path = f"/jobs/ingest/{job}/{results}"
            answer = self._api.bulk("GET", path, expect="bytes", endpoint=f"bulk/{results}")
            found |= {str(row[key]): row for row in _rows(answer.body)}
        if failed and not found:
            raise failed
        return found

    def _open(self, sobject: str, operation: str, key: str, content: bytes, rule: str | None) -> str:
        """A job with its rows, closed for processing."""
        body = {"object": sobject, "operation": operation, "contentType": "CSV", "lineEnding": "LF"}
        if operation == "upsert":
            body["externalIdFieldName"] = key
        if rule:
            body["assignmentRuleId"] = rule
        try:
            job = self._uploaded(body, content)
        except RequestRefused:
            # An upload that is repeated because its answer was lost is refused; the second job begins afresh.
            job = self._uploaded(body, content)
        try:
            self._told("state", "PATCH", f"/jobs/ingest/{job}", {"state": "UploadComplete"})
        except RequestRefused:
            if self._state("ingest", job) not in ("UploadComplete", "InProgress", "JobComplete"):
                raise
        return job

    def _uploaded(self, body: Mapping[str, Any], content: bytes) -> str:
        job = self._told("id", "POST", "/jobs/ingest", body)
        headers = {"Content-Type": "text/csv; charset=UTF-8"}
        try:
            path = f"/jobs/ingest/{job}/batches"
            self._api.bulk("PUT", path, data=content, headers=headers, endpoint="bulk/batches")
        except RequestRefused:
            self._told("state", "PATCH", f"/jobs/ingest/{job}", {"state": "Aborted"})
            raise
        return job

    def _wait(self, kind: str, job: str) -> None:
        timing = self._api.client.timing
        pause, waited = 0.5, 0.0
        while (state := self._state(kind, job)) != "JobComplete":
            if state in ("Failed", "Aborted"):
                raise JobFailed(SALESFORCE, f"bulk {kind} job {job} ended as {state}")
            if waited >= self._patience:
                raise Unavailable(SALESFORCE, f"bulk {kind} job {job} is still {state} after {waited:.0f} s")
            timing.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, 15.0)

    def _state(self, kind: str, job: str) -> str:
        return self._told("state", "GET", f"/jobs/{kind}/{job}")

    def _query_page(self, job: str, locator: str | None) -> tuple[list[Row], str | None]:
        params = {"maxRecords": str(ROWS_A_PAGE)} | ({"locator": locator} if locator else {})
        for _ in range(3):
            answer = self._api.bulk(
                "GET", f"/jobs/query/{job}/results", params=params, expect="bytes", endpoint="bulk/results"
            )
            rows = _rows(answer.body)
            promised = answer.headers.get("Sforce-NumberOfRecords")
            if promised in (None, str(len(rows))):
                following = answer.headers.get("Sforce-Locator", "null")
                return rows, None if following == "null" else following
        raise Damaged(SALESFORCE, f"bulk query job {job} gave {len(rows)} rows where it promised {promised}")

    def _told(self, name: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        """A member of what is answered: the job as it is now."""
        kind = path.split("/")[2]
        answer = self._api.bulk(method, path, json=body, endpoint=f"bulk/{kind}").json_or_none()
        with as_documented("a request about a bulk job"):
            if not isinstance(told := answer[name], str):
                raise TypeError(name)
            return told


def _csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(name for record in records for name in record))
    lines = [
        columns,
        *([_cell(record[name]) if name in record else "" for name in columns] for record in records),
    ]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines).encode("utf-8")


def _cell(value: Any) -> str:
    match value:
        case None | "":
            return NULL
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return json.dumps(value)


def _quoted(cell: str) -> str:
    """Quoted whatever it holds, for Python's writer leaves a lone carriage return bare; an absent one stays absent."""
    return f'"{cell.replace(QUOTE, QUOTE * 2)}"' if cell else ""


def _rows(body: bytes) -> list[Row]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Damaged(SALESFORCE, "a bulk file is no UTF-8") from None
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = next(reader, [])
        for cells in filter(None, reader):
            if len(cells) != len(header):
                raise Damaged(
                    SALESFORCE, "a bulk file has a row with another number of cells than its header"
                )
            rows.append({name: cell or None for name, cell in zip(header, cells, strict=True)})
    except csv.Error as fault:
        raise Damaged(SALESFORCE, f"a bulk file is no CSV: {fault}") from None
    return rows


def is_gone(error: PlatformError) -> bool:
    """A job that can't be resumed: purged after seven days, or of another user."""
    return isinstance(error, RequestRefused | Damaged | JobFailed)
