"""The REST calls we make, and nothing about what their rows mean.

A composite of up to 25 requests counts as one call against the daily allowance; at most 5 of them may be
queries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from connectors.errors import Damaged, PlatformError
from connectors.http import HttpClient
from connectors.quota import Usage
from connectors.salesforce.errors import SALESFORCE, refusal_of

QUERIES_A_COMPOSITE = 5
REQUESTS_A_COMPOSITE = 25
RECORDS_A_WRITE = 200
RECORDS_A_READ = 2_000

Record = Mapping[str, Any]


@dataclass(frozen=True)
class QueryPage:
    """Up to 2,000 records, often fewer. `total` counts the whole result; `more` is where the rest is."""

    records: Sequence[Record] = field(repr=False)
    total: int
    more: str | None


class Api:
    """One org at one API version."""

    def __init__(self, client: HttpClient, version: str) -> None:
        self.client = client
        self.version = version
        self._root = f"/services/data/v{version}"

    def limits(self) -> Mapping[str, Any]:
        answer = self.client.json("GET", f"{self._root}/limits")
        with as_documented("the request for limits"):
            return dict(answer)

    def versions(self) -> list[str]:
        """Every API version that the org offers, e.g. "66.0"."""
        answer = self.client.json("GET", "/services/data", anonymous=True)
        with as_documented("the request for versions"):
            return [str(row["version"]) for row in answer]

    def queries(self, statements: Sequence[str]) -> list[QueryPage | PlatformError]:
        """First pages of up to five queries in one call, deleted rows included; a refused one is an error among
        the results. One that was refused for the moment only is asked again by itself."""
        results: list[QueryPage | PlatformError] = []
        parts = [f"{self._root}/queryAll?q={quote(soql)}" for soql in statements]
        for soql, (status, body) in zip(statements, self._composite(parts), strict=True):
            refusal = refusal_of(status, body)
            if refusal is None:
                results.append(_query_page(body))
            elif refusal.then == "stop":
                results.append(refusal.error)
            else:
                results.append(self._alone(soql))
        return results

    def query(self, soql: str) -> QueryPage:
        """The first page of one query, deleted rows included."""
        return _query_page(self.client.json("GET", f"{self._root}/queryAll", params={"q": soql}))

    def next_page(self, more: str) -> QueryPage:
        return _query_page(self.client.json("GET", more, endpoint=f"{self._root}/query/more"))

    def rows(self, statements: Sequence[str]) -> list[list[Record]]:
        """All rows of every query; the first that is refused raises."""
        results: list[list[Record]] = []
        for start in range(0, len(statements), QUERIES_A_COMPOSITE):
            for page in self.queries(statements[start : start + QUERIES_A_COMPOSITE]):
                if isinstance(page, PlatformError):
                    raise page
                results.append(list(self.remaining(page)))
        return results

    def remaining(self, page: QueryPage) -> Iterator[Record]:
        """The rows of a page and of all that follow."""
        seen: set[str] = set()
        yield from page.records
        while page.more:
            if page.more in seen:
                raise Damaged(SALESFORCE, "a query's pages lead round in a circle")
            seen.add(page.more)
            page = self.next_page(page.more)
            yield from page.records

    def describes(self, sobjects: Sequence[str]) -> dict[str, Mapping[str, Any] | None]:
        """Field lists by object, in one call; None for an object that isn't there."""
        found: dict[str, Mapping[str, Any] | None] = {}
        parts = [f"{self._root}/sobjects/{name}/describe" for name in sobjects]
        for name, (status, body) in zip(sobjects, self._composite(parts), strict=True):
            refusal = refusal_of(status, body)
            if refusal and status != 404 and refusal.then != "stop":
                body = self.client.json("GET", f"{self._root}/sobjects/{name}/describe")
                refusal = None
            with as_documented(f"the describe of {name}"):
                found[name] = None if refusal else dict(body)
        return found

    def retrieve(self, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        """Records by id, 2,000 a call; deleted and unknown ones are absent."""
        found: dict[str, Record] = {}
        for start in range(0, len(ids), RECORDS_A_READ):
            body = {"ids": list(ids[start : start + RECORDS_A_READ]), "fields": list(fields)}
            rows = self.client.json("POST", f"{self._root}/composite/sobjects/{sobject}", json=body)
            with as_documented("a read of records by id"):
                found |= {row["Id"]: row for row in rows if row}
        return found

    def update(
        self, records: Sequence[Record], headers: Mapping[str, str] | None = None
    ) -> list[Mapping[str, Any]]:
        """One result per record, in order. Setting the same values twice equals setting them once."""
        return self._collection("PATCH", "", records, headers=headers)

    def upsert(self, sobject: str, key: str, records: Sequence[Record]) -> list[Mapping[str, Any]]:
        """Updates or creates by an external id field."""
        return self._collection("PATCH", f"/{sobject}/{key}", records)

    def insert(self, records: Sequence[Record]) -> list[Mapping[str, Any]]:
        """Creates without an external id: never sent twice. Raises AnswerLost if nobody knows whether it was done."""
        return self._collection("POST", "", records, repeatable=False)

    def usage(self) -> Usage | None:
        """What the last answers said about the day's calls; None before the first."""
        told = self.client.last_headers.get("Sforce-Limit-Info", "")
        for part in told.replace(";", ",").split(","):
            name, _, numbers = part.strip().partition("=")
            used, _, limit = numbers.partition("/")
            if name == "api-usage" and used.isdigit() and limit.isdigit():
                return Usage(int(used), int(limit))
        return None

    def bulk(self, method: str, path: str, **options: Any) -> Any:
        """A request to the Bulk 2.0 resources: `path` begins with `/jobs/`."""
        return self.client.request(method, self._root + path, **options)

    def _alone(self, soql: str) -> QueryPage | PlatformError:
        try:
            return self.query(soql)
        except PlatformError as error:
            return error

    def _composite(self, paths: Sequence[str]) -> list[tuple[int, Any]]:
        results: list[tuple[int, Any]] = []
        for start in range(0, len(paths), REQUESTS_A_COMPOSITE):
            parts = [
                {"method": "GET", "url": path, "referenceId": f"r{i}"}
                for i, path in enumerate(paths[start : start + REQUESTS_A_COMPOSITE])
            ]
            body = {"allOrNone": False, "compositeRequest": parts}
            answer = self.client.json("POST", f"{self._root}/composite", json=body)
            with as_documented("a composite"):
                by_name = {part["referenceId"]: part for part in answer["compositeResponse"]}
                told = [by_name[part["referenceId"]] for part in parts]
                results += [(int(part["httpStatusCode"]), part["body"]) for part in told]
        return results

    def _collection(
        self, method: str, path: str, records: Iterable[Record], **options: Any
    ) -> list[Mapping[str, Any]]:
        sent = list(records)
        body = {"allOrNone": False, "records": sent}
        results = self.client.json(method, f"{self._root}/composite/sobjects{path}", json=body, **options)
        with as_documented(f"a write of {len(sent)} records"):
            return [dict(result) for result, _ in zip(results, sent, strict=True)]


@contextmanager
def as_documented(what: str) -> Iterator[None]:
    """An answer that is JSON and not of the form that is read from it within the block is damaged, not our fault."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Damaged(SALESFORCE, f"{what} was answered in another form than documented") from None


def _query_page(body: Any) -> QueryPage:
    with as_documented("a query"):
        more = None if body.get("done", True) else str(body["nextRecordsUrl"])
        return QueryPage([dict(row) for row in body["records"]], int(body.get("totalSize", 0)), more)
