"""What mqlflow needs of a platform: a source to pull facts from and a sink to push field changes to.

Rows cross the port as text frames with the canonical column names of `schemas.frames.door`; values of changes cross
it under canonical field names (`status`, `owner_id`, `score` …) and a connector's mapping turns them into its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from connectors.errors import PlatformError
from connectors.quota import Usage
from schemas.vocabulary import Platform, Stream

Cursor = Mapping[str, Any]
"""Opaque JSON object; only the connector that made it reads it."""


@dataclass(frozen=True)
class Unreadable:
    """A row that can't even become a frame row (broken encoding, no key). `raw` is ASCII-safe JSON."""

    key: str
    reason: str
    raw: str


@dataclass(frozen=True)
class Page:
    """Rows of one stream, safe to store together with `cursor`. `is_last`: the stream was read through."""

    stream: Stream
    rows: pl.DataFrame
    cursor: Cursor
    is_last: bool
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True)
class StreamFailure:
    """A stream that could not be read further; pages before it stay good."""

    stream: Stream
    error: PlatformError


@dataclass(frozen=True)
class StreamRequest:
    """Read `stream` from `cursor` on; without cursor from `since`. With `until` it is a closed range (a backfill).

    With `ids` (people of Marketo): only these records as they are now; pages carry `cursor` as it came, none is last.
    """

    stream: Stream
    cursor: Cursor | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing `doctor` noticed. `mend` says how to put it right; empty when `ok`."""

    check: str
    ok: bool
    detail: str
    mend: str = ""


class Source(Protocol):
    """A platform that facts are pulled from."""

    platform: Platform

    def server_time(self) -> datetime:
        """The platform's clock (HTTP Date), UTC. One request."""

    def binding(self) -> str:
        """What this ledger is bound to: Salesforce org id, Marketo subscription."""

    def pull(self, requests: Sequence[StreamRequest], through: datetime) -> Iterator[Page | StreamFailure]:
        """Every request's rows up to `through` (inclusive), page by page; a failure stops only its stream."""

    def usage(self) -> Usage | None:
        """Calls of the platform's day, as of the last `server_time`; None if the platform did not tell."""

    def examine(self) -> Sequence[Finding]:
        """Permissions, missing fields, values of the status table, placeholder owners: read only, for `doctor`."""


@dataclass(frozen=True)
class RecordChange:
    """Fields to write on one record. `native_id` for existing records, `external_key` for upserts and creations."""

    values: Mapping[str, Any]
    native_id: str | None = None
    external_key: str | None = None

    @property
    def key(self) -> str:
        return self.native_id or self.external_key or "?"


@dataclass(frozen=True)
class Outcome:
    """What became of one change; `state` is applied, unchanged, rejected or deferred."""

    key: str
    state: str
    code: str = ""
    message: str = ""
    native_id: str | None = None


@dataclass(frozen=True)
class Found:
    """A CRM record that has this e-mail address."""

    email: str
    object: str
    native_id: str
    owner_id: str | None = None
    changed_at: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Sink(Protocol):
    """A platform that decisions are pushed to. Partial failure is a value: one outcome per change, in order."""

    platform: Platform

    def ready(self) -> None:
        """Raises Misconfigured if a field that we write is not there, and says how to create it.

        Asked before the first write of a run; described at most once.
        """

    def read(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, str | None]]:
        """Present values as text under canonical names, by id; instants as ISO 8601 `Z`. A missing id is gone.

        For `mql_record` and `task`, `ids` are external keys (cycle keys), and `native_id` is among the fields.
        """

    def write(
        self, object: str, changes: Sequence[RecordChange], *, crm_rules: bool = False
    ) -> list[Outcome]:
        """Updates by `native_id`; for `mql_record` and `task`, upserts by `external_key`.

        `crm_rules` is for the one hand-over write on which the CRM's own assignment rule shall run.
        """

    def create(self, object: str, creations: Sequence[RecordChange]) -> list[Outcome]:
        """Brings people into the CRM: by external key, or by requesting the native sync's campaign (`deferred`)."""

    def find(self, emails: Sequence[str]) -> list[Found]:
        """Who already has one of these addresses. Asked before any creation."""
