"""What the two kinds of Bulk API 2.0 jobs have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.salesforce.csv_text import DELIMITERS, LINE_ENDINGS
from simulator.salesforce.errors import RequestError
from simulator.salesforce.values import stamp


@dataclass
class Job:
    """One job. Its work is done at the first poll after it was handed over, so that clients have to poll."""

    id: str
    operation: str
    object_name: str
    created_by: str
    created_at: datetime
    version: str
    state: str
    line_ending: str
    delimiter: str
    job_type: str
    modified_at: datetime
    error: str | None = None
    processed: int = 0
    failed: int = 0

    @property
    def separator(self) -> str:
        return DELIMITERS[self.delimiter]

    @property
    def newline(self) -> str:
        return LINE_ENDINGS[self.line_ending]

    def move(self, state: str, at: datetime, error: str | None = None) -> None:
        self.state, self.modified_at, self.error = state, at, error

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": stamp(self.created_at),
            "systemModstamp": stamp(self.modified_at),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "jobType": self.job_type,
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }


def form(body: dict[str, Any]) -> tuple[str, str]:
    """Line ending and column delimiter of a job, checked."""
    content_type = body.get("contentType", "CSV")
    if content_type != "CSV":
        raise RequestError(400, "INVALIDJOB", f"InvalidJob : unsupported contentType {content_type}")
    line_ending, delimiter = body.get("lineEnding", "LF"), body.get("columnDelimiter", "COMMA")
    if line_ending not in LINE_ENDINGS:
        raise RequestError(400, "INVALIDJOB", f"InvalidJob : unsupported lineEnding {line_ending}")
    if delimiter not in DELIMITERS:
        raise RequestError(400, "INVALIDJOB", f"InvalidJob : unsupported columnDelimiter {delimiter}")
    return line_ending, delimiter


def known(body: dict[str, Any], *names: str) -> None:
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise RequestError(400, "JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}"')
