"""Which path and method goes where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import unquote

from simulator.salesforce import describe
from simulator.salesforce.bulk_ingest import Ingest
from simulator.salesforce.bulk_query import BulkQueries
from simulator.salesforce.collections import Collections
from simulator.salesforce.composite import Composite
from simulator.salesforce.deployed import Deployed
from simulator.salesforce.errors import RequestError
from simulator.salesforce.limits import Limits
from simulator.salesforce.org import Org
from simulator.salesforce.queries import Queries
from simulator.salesforce.records import Records
from simulator.salesforce.replication import Replication
from simulator.salesforce.wire import Call, Handler, Reply, not_found

_PART = r"([^/]+)"


@dataclass(frozen=True)
class Route:
    """`pattern` matches the escaped path below the version; its groups go unescaped to the handler."""

    pattern: re.Pattern[str]
    methods: Mapping[str, Handler]


class Rest:
    """The REST API of one org."""

    def __init__(self, org: Org, *, seed: int) -> None:
        self._org = org
        self._deployed = Deployed(org.schema, org.faults)
        self._described_at = org.clock.now().replace(microsecond=0)
        self.limits = Limits(org)
        self._routes = self._all_routes(seed)

    def answer(self, call: Call) -> Reply:
        """The reply to a call; a refusal is a reply too."""
        try:
            return self._dispatch(call)
        except RequestError as error:
            return Reply(error.status, error.body())

    def _dispatch(self, call: Call) -> Reply:
        for route in self._routes:
            match = route.pattern.fullmatch(call.path)
            if match is None:
                continue
            handler = route.methods.get(call.method)
            if handler is None:
                allowed = ", ".join(sorted(route.methods))
                raise RequestError(
                    405,
                    "METHOD_NOT_ALLOWED",
                    f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}",
                )
            return handler(call, *(unquote(group) for group in match.groups()))
        raise not_found()

    def _all_routes(self, seed: int) -> list[Route]:
        org, deployed = self._org, self._deployed
        records = Records(org, deployed)
        queries = Queries(org, deployed)
        collections = Collections(org, deployed)
        composite = Composite(org, self.answer)
        replication = Replication(org, deployed)
        ingest = Ingest(org, deployed, seed)
        bulk = BulkQueries(org, queries)

        def route(pattern: str, **methods: Handler) -> Route:
            return Route(re.compile(pattern.replace("*", _PART)), methods)

        return [
            route("/", GET=self._resources),
            route("/limits", GET=self._limits),
            route("/query", GET=queries.query),
            route("/queryAll", GET=queries.query_all),
            route("/query/*", GET=queries.more),
            route("/queryAll/*", GET=queries.more),
            route("/sobjects", GET=self._describe_global),
            route("/sobjects/*", GET=self._describe_basic, POST=records.create),
            route("/sobjects/*/describe", GET=self._describe),
            route("/sobjects/*/updated", GET=replication.updated),
            route("/sobjects/*/deleted", GET=replication.deleted),
            route("/sobjects/*/*", GET=records.read, PATCH=records.update, DELETE=records.delete),
            route(
                "/sobjects/*/*/*",
                GET=records.read_by_key,
                PATCH=records.upsert,
                DELETE=records.delete_by_key,
            ),
            route("/composite", POST=composite.composite),
            route("/composite/batch", POST=composite.batch),
            route(
                "/composite/sobjects",
                POST=collections.create,
                PATCH=collections.update,
                DELETE=collections.delete,
            ),
            route("/composite/sobjects/*", GET=collections.read, POST=collections.read),
            route("/composite/sobjects/*/*", PATCH=collections.upsert),
            route("/jobs/ingest", GET=ingest.all, POST=ingest.create),
            route("/jobs/ingest/*", GET=ingest.status, PATCH=ingest.change, DELETE=ingest.delete),
            route("/jobs/ingest/*/batches", PUT=ingest.upload),
            route("/jobs/ingest/*/successfulResults", GET=ingest.successful),
            route("/jobs/ingest/*/failedResults", GET=ingest.failed),
            route("/jobs/ingest/*/unprocessedrecords", GET=ingest.unprocessed),
            route("/jobs/query", GET=bulk.all, POST=bulk.create),
            route("/jobs/query/*", GET=bulk.status, PATCH=bulk.change, DELETE=bulk.delete),
            route("/jobs/query/*/results", GET=bulk.results),
        ]

    def _resources(self, call: Call) -> Reply:
        names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
        return Reply(body={name: f"{call.root}/{name}" for name in names})

    def _limits(self, call: Call) -> Reply:
        return Reply(body=self.limits.as_json())

    def _describe_global(self, call: Call) -> Reply:
        if self._unchanged(call):
            return Reply(304)
        return Reply(
            body=describe.everything(self._deployed.schema(), call.root), headers=self._last_modified()
        )

    def _describe_basic(self, call: Call, name: str) -> Reply:
        sobject = self._deployed.sobject(name)
        return Reply(body={"objectDescribe": describe.summary(sobject, call.root), "recentItems": []})

    def _describe(self, call: Call, name: str) -> Reply:
        sobject = self._deployed.sobject(name)
        if self._unchanged(call):
            return Reply(304)
        shown = describe.whole(sobject, self._deployed.schema(), call.root)
        return Reply(body=shown, headers=self._last_modified())

    def _last_modified(self) -> dict[str, str]:
        return {"Last-Modified": format_datetime(self._described_at, usegmt=True)}

    def _unchanged(self, call: Call) -> bool:
        since = call.header("If-Modified-Since")
        if since is None or not self._deployed.complete:
            return False
        try:
            parsed: datetime = parsedate_to_datetime(since)
            return self._described_at <= parsed
        except (TypeError, ValueError):
            return False
