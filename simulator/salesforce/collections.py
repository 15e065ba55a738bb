"""sObject collections: up to 200 records written, or 2,000 read, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from simulator.salesforce.deployed import Deployed
from simulator.salesforce.errors import RecordError, RequestError
from simulator.salesforce.ids import is_id, to_18
from simulator.salesforce.org import Org
from simulator.salesforce.records import shown, writer
from simulator.salesforce.schema import SObject
from simulator.salesforce.wire import Call, Reply, flag
from simulator.salesforce.writer import AmbiguousKey, Keys

MAX_WRITE = 200
MAX_READ = 2000
MAX_READ_BY_URL = 800
MAX_CHUNKS = 10

_ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}
Result = dict[str, Any]


class _Undo(Exception):
    """Leaves the transaction when one of all-or-none records failed."""


class Collections:
    def __init__(self, org: Org, deployed: Deployed) -> None:
        self._org = org
        self._deployed = deployed

    def create(self, call: Call) -> Reply:
        records, all_or_none = self._records(call)
        kinds = [self._kind(r) for r in records]
        _check_chunks(kinds)
        write = writer(self._org, self._deployed, call)

        def one(i: int) -> Result:
            kind = kinds[i]
            if isinstance(kind, RecordError):
                raise kind
            return {"id": write.create(kind, records[i])}

        return Reply(body=self._each(len(records), one, all_or_none=all_or_none))

    def update(self, call: Call) -> Reply:
        records, all_or_none = self._records(call)
        kinds = [self._kind(r) for r in records]
        _check_chunks(kinds)
        write = writer(self._org, self._deployed, call)
        seen: set[str] = set()

        def one(i: int) -> Result:
            kind = kinds[i]
            if isinstance(kind, RecordError):
                raise kind
            body = dict(records[i])
            record_id = body.pop("id", None) or body.pop("Id", None)
            if not record_id:
                raise RecordError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
            if to_18(str(record_id)) in seen:
                raise RecordError("DUPLICATE_VALUE", f"duplicate id in list: {record_id}", ["Id"])
            seen.add(to_18(str(record_id)))
            write.update(kind, str(record_id), body)
            return {"id": to_18(str(record_id))}

        return Reply(body=self._each(len(records), one, all_or_none=all_or_none))

    def upsert(self, call: Call, name: str, field_name: str) -> Reply:
        sobject = self._deployed.sobject(name)
        field = sobject.field(field_name)
        if field is None or not (field.external_id or field.name == "Id"):
            raise RequestError(
                404,
                "NOT_FOUND",
                f"Provided external ID field does not exist or is not accessible: {field_name}",
            )
        records, all_or_none = self._records(call)
        write = writer(self._org, self._deployed, call)
        bodies = [dict(record) for record in records]
        keys = [_taken(body, field.name) for body in bodies]
        together = Keys(field, keys)

        def one(i: int) -> Result:
            kind = self._kind(records[i])
            if isinstance(kind, RecordError):
                raise kind
            if kind.name != sobject.name:
                raise RecordError("INVALID_TYPE", f"the record is no {sobject.name}")
            key = keys[i]
            together.check(key)
            try:
                done = write.upsert(sobject, field, key, bodies[i])
            except AmbiguousKey as several:
                raise RecordError(
                    "DUPLICATE_EXTERNAL_ID", f"Duplicate external id specified: {key}", [field.name]
                ) from several
            return {"id": done.id, "created": done.created}

        return Reply(body=self._each(len(records), one, all_or_none=all_or_none))

    def delete(self, call: Call) -> Reply:
        ids = [i.strip() for i in call.parameter("ids").split(",") if i.strip()]
        _check_number(len(ids), MAX_WRITE)
        all_or_none = call.query.get("allOrNone", "false").lower() == "true"
        write = writer(self._org, self._deployed, call)

        def one(i: int) -> Result:
            write.delete(ids[i])
            return {"id": to_18(ids[i])}

        return Reply(body=self._each(len(ids), one, all_or_none=all_or_none))

    def read(self, call: Call, name: str) -> Reply:
        if call.method == "GET":
            ids = [i.strip() for i in call.parameter("ids").split(",") if i.strip()]
            names = [n.strip() for n in call.parameter("fields").split(",") if n.strip()]
            _check_number(len(ids), MAX_READ_BY_URL)
        else:
            body = call.json_object()
            ids, names = _texts(body.get("ids")), _texts(body.get("fields"))
            _check_number(len(ids), MAX_READ)
        return Reply(body=self._read(call, self._deployed.sobject(name), ids, names))

    def _read(self, call: Call, sobject: SObject, ids: Sequence[str], names: Sequence[str]) -> list[Any]:
        fields = []
        for n in names:
            field = sobject.field(n)
            if field is None:
                raise RequestError(400, "INVALID_FIELD", f"No such column '{n}' on entity '{sobject.name}'")
            fields.append(field.name)
        answer: list[Any] = []
        for record_id in ids:
            if not is_id(record_id):
                raise RequestError(400, "MALFORMED_ID", f"id value of incorrect type: {record_id[:40]}")
            row = self._org.get(sobject.name, record_id)
            gone = row is None or row.get("IsDeleted")
            answer.append(None if gone or row is None else shown(call.root, sobject, row, fields))
        return answer

    def _records(self, call: Call) -> tuple[list[dict[str, Any]], bool]:
        body = call.json_object()
        unknown = set(body) - {"records", "allOrNone"}
        records = body.get("records")
        if unknown or not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise RequestError(
                400, "JSON_PARSER_ERROR", "the body must hold records and, if wanted, allOrNone"
            )
        _check_number(len(records), MAX_WRITE)
        return records, flag(body, "allOrNone")

    def _kind(self, record: dict[str, Any]) -> SObject | RecordError:
        attributes = record.get("attributes")
        name = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(name, str):
            raise RequestError(400, "INVALID_INPUT", "each record needs attributes with a type")
        found = self._deployed.schema().get(name)
        return found or RecordError("INVALID_TYPE", f"sObject type '{name}' is not supported.")

    def _each(self, number: int, one: Callable[[int], Result], *, all_or_none: bool) -> list[Result]:
        """One result per record in the order of the request; with all_or_none a single failure undoes all."""
        results: list[Result] = []
        failed = False
        try:
            with self._org.transaction():
                for i in range(number):
                    try:
                        with self._org.transaction():
                            outcome = one(i)
                        results.append({**outcome, "success": True, "errors": []})
                    except RecordError as error:
                        failed = True
                        results.append({"success": False, "errors": [error.in_collection()]})
                if failed and all_or_none:
                    raise _Undo
        except _Undo:
            return [r if not r["success"] else {"success": False, "errors": [_ROLLED_BACK]} for r in results]
        return results


def _taken(body: dict[str, Any], name: str) -> Any:
    """The value of a field in whatever spelling, taken out of the body."""
    return body.pop(next((spelt for spelt in body if spelt.lower() == name.lower()), name), None)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise RequestError(400, "JSON_PARSER_ERROR", "ids and fields must be arrays of strings")
    return value


def _check_number(number: int, most: int) -> None:
    if number == 0:
        raise RequestError(400, "INVALID_INPUT", "at least one record is needed")
    if number > most:
        raise RequestError(
            400,
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {most} records into this call",
        )


def _check_chunks(kinds: Sequence[SObject | RecordError]) -> None:
    names = [k.name if isinstance(k, SObject) else "" for k in kinds]
    chunks = 1 + sum(a != b for a, b in pairwise(names))
    if chunks > MAX_CHUNKS:
        raise RequestError(
            400,
            "LIMIT_EXCEEDED",
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data to reduce "
            "chunking.",
        )
