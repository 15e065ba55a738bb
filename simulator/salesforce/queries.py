"""`query`, `queryAll` and their further pages."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from simulator.salesforce.deployed import Deployed
from simulator.salesforce.errors import RequestError
from simulator.salesforce.ids import make_id
from simulator.salesforce.org import Org
from simulator.salesforce.setup import INTEGRATION_USER
from simulator.salesforce.soql import result
from simulator.salesforce.soql.sql import Count, Groups, Records, compile_query
from simulator.salesforce.wire import Call, Reply, whole_number

MAX_PAGE = 2000
MIN_PAGE = 200
_MAX_OPEN = 100
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*([0-9]{1,9})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Cursor:
    """A query that was answered in part: the ids it found when it ran, read page by page."""

    plan: Records
    ids: tuple[str, ...]
    size: int


class Queries:
    def __init__(self, org: Org, deployed: Deployed) -> None:
        self._org = org
        self._deployed = deployed
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self._opened = 0

    def plan(self, text: str, *, include_deleted: bool) -> Records | Count | Groups:
        return compile_query(
            text,
            self._deployed.schema(),
            now=self._org.clock.now(),
            zone=self.zone,
            include_deleted=include_deleted,
        )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the integration user, in which relative dates are meant."""
        user = self._org.get("User", self._org.user_named(INTEGRATION_USER))
        return ZoneInfo(user["TimeZoneSidKey"] if user else "UTC")

    def ids(self, plan: Records) -> list[str]:
        return [row[0] for row in result.rows(self._org.store.connection, plan.ids_sql, plan.parameters)]

    def query(self, call: Call) -> Reply:
        return self._first_page(call, include_deleted=False)

    def query_all(self, call: Call) -> Reply:
        return self._first_page(call, include_deleted=True)

    def _first_page(self, call: Call, *, include_deleted: bool) -> Reply:
        unknown = sorted(set(call.query) - {"q"})
        if unknown:
            raise RequestError(400, "MALFORMED_QUERY", f"unsupported query parameter: {', '.join(unknown)}")
        plan = self.plan(call.parameter("q"), include_deleted=include_deleted)
        connection = self._org.store.connection
        if isinstance(plan, Count):
            ((total,),) = result.rows(connection, plan.sql, plan.parameters)
            return Reply(body={"totalSize": total, "done": True, "records": []})
        if isinstance(plan, Groups):
            records = result.groups(connection, plan)
            if len(records) > MAX_PAGE:
                raise RequestError(
                    400,
                    "EXCEEDED_ID_LIMIT",
                    "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single "
                    "batch",
                )
            return Reply(body={"totalSize": len(records), "done": True, "records": records})
        return self._page(call, Cursor(plan, tuple(self.ids(plan)), _page_size(call)), None, 0)

    def more(self, call: Call, locator: str) -> Reply:
        name, _, offset = locator.rpartition("-")
        cursor = self._cursors.get(name)
        expired = self._org.faults.take("salesforce", "locator_expired", path=call.path, method=call.method)
        if expired is not None:
            self._cursors.pop(name, None)
            cursor = None
        place = whole_number(offset)
        if cursor is None or place is None or place >= len(cursor.ids):
            raise RequestError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        self._cursors.move_to_end(name)
        return self._page(call, cursor, name, place)

    def _page(self, call: Call, cursor: Cursor, name: str | None, offset: int) -> Reply:
        size = cursor.size
        short = self._org.faults.take(
            "salesforce", "short_pages", path=call.path, method=call.method, object=cursor.plan.sobject.name
        )
        if short is not None:
            size = max(1, min(size, int(short.option("size", 1))))
        ids = cursor.ids[offset : offset + size]
        done = offset + size >= len(cursor.ids)
        body: dict[str, Any] = {"totalSize": len(cursor.ids), "done": done}
        if not done:
            name = name or self._open(cursor)
            # queryAll's next page stands under `query/` too.
            body["nextRecordsUrl"] = f"{call.root}/query/{name}-{offset + size}"
        body["records"] = result.page(self._org.store.connection, cursor.plan, ids, call.version)
        return Reply(body=body)

    def _open(self, cursor: Cursor) -> str:
        self._opened += 1
        name = make_id("01g", self._opened)
        self._cursors[name] = cursor
        while len(self._cursors) > _MAX_OPEN:
            self._cursors.popitem(last=False)
        return name


def _page_size(call: Call) -> int:
    """`Sforce-Query-Options: batchSize=500` is a hint, kept between 200 and 2,000."""
    match = _BATCH_SIZE.search(call.header("Sforce-Query-Options") or "")
    return max(MIN_PAGE, min(MAX_PAGE, int(match.group(1)))) if match else MAX_PAGE
