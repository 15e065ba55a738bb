"""getUpdated and getDeleted: which ids changed in a window, and up to when that answer is complete."""

# ruff: noqa: S608 - names come from the schema, every value is bound

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.salesforce.deployed import Deployed
from simulator.salesforce.errors import RequestError
from simulator.salesforce.org import Org
from simulator.salesforce.schema import SObject
from simulator.salesforce.store import quoted
from simulator.salesforce.values import stamp
from simulator.salesforce.wire import Call, Reply

MAX_IDS = 600_000
MAX_AGE = timedelta(days=30)


class Replication:
    def __init__(self, org: Org, deployed: Deployed) -> None:
        self._org = org
        self._deployed = deployed

    def updated(self, call: Call, name: str) -> Reply:
        sobject, start, end = self._window(call, name)
        rows = self._rows(sobject, '"Id"', "SystemModstamp", start, end, deleted=False)
        return Reply(body={"ids": [r[0] for r in rows], "latestDateCovered": self._covered(sobject, end)})

    def deleted(self, call: Call, name: str) -> Reply:
        sobject, start, end = self._window(call, name)
        rows = self._rows(sobject, '"Id", "LastModifiedDate"', "LastModifiedDate", start, end, deleted=True)
        body: dict[str, Any] = {
            "deletedRecords": [{"id": r[0], "deletedDate": r[1]} for r in rows],
            "earliestDateAvailable": stamp(self._org.clock.now() - MAX_AGE),
            "latestDateCovered": self._covered(sobject, end),
        }
        return Reply(body=body)

    def _rows(
        self, sobject: SObject, columns: str, by: str, start: str, end: str, *, deleted: bool
    ) -> list[tuple[str, ...]]:
        now = stamp(self._org.clock.now())
        rows = self._org.store.connection.execute(
            f"SELECT {columns} FROM {quoted(sobject.name)} WHERE {quoted(by)} >= ? AND {quoted(by)} < ? "
            'AND "IsDeleted" = ? AND (_visible_at IS NULL OR _visible_at <= ?) ORDER BY "Id" LIMIT ?',
            [start, end, int(deleted), now, MAX_IDS + 1],
        ).fetchall()
        if len(rows) > MAX_IDS:
            raise RequestError(400, "EXCEEDED_ID_LIMIT", f"exceeded the {MAX_IDS} id limit; narrow the dates")
        return rows

    def _covered(self, sobject: SObject, end: str) -> str:
        """Up to where no transaction is still running that could bring an earlier stamp to light."""
        oldest = self._org.oldest_open_transaction(sobject.name)
        bounds = [end, stamp(self._org.clock.now())]
        return min([*bounds, stamp(oldest)] if oldest else bounds)

    def _window(self, call: Call, name: str) -> tuple[SObject, str, str]:
        sobject = self._deployed.sobject(name)
        if not sobject.replicateable or "IsDeleted" not in sobject.fields:
            raise RequestError(400, "INVALID_TYPE_FOR_OPERATION", f"{sobject.name} is not replicateable")
        start, end = (_minute(call.parameter(p), p) for p in ("start", "end"))
        now = self._org.clock.now()
        if start >= end:
            raise RequestError(
                400, "INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate"
            )
        if start < now - MAX_AGE - timedelta(minutes=1):
            raise RequestError(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
        return sobject, stamp(start), stamp(end)


def _minute(text: str, name: str) -> datetime:
    """Seconds are dropped. A plus sign that was not escaped arrives as a blank."""
    try:
        parsed = datetime.fromisoformat(text.replace(" ", "+"))
        if parsed.tzinfo is None:
            raise RequestError(400, "INVALID_FIELD", f"{name} has no time zone: {text[:40]}")
        return parsed.astimezone(UTC).replace(second=0, microsecond=0)
    except (ValueError, OverflowError):
        raise RequestError(400, "INVALID_FIELD", f"{name} is no datetime: {text[:40]}") from None
