"""Composite: up to 25 calls in one, which may name each other's results; and batch, where they may not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from simulator.salesforce.errors import RequestError
from simulator.salesforce.org import Org
from simulator.salesforce.wire import VERSIONS, Call, Reply, flag

MAX_CALLS = 25
MAX_HEAVY = 5
_REFERENCE = re.compile(r"@\{([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_REFERENCE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_PATH = re.compile(r"/services/data/v(\d+\.\d)(/.*)\Z")
_HEAVY = re.compile(r"/(?:query|queryAll|composite/sobjects)(?:/|\Z)")
_HALTED = "PROCESSING_HALTED"

Answer = Callable[[Call], Reply]


class _Undo(Exception):
    """Leaves the transaction when one of all-or-none calls failed."""


class _NoValue(Exception):
    """A reference that names nothing, because its call failed or has no such value."""


class Composite:
    """`answer` serves one call and never raises RequestError: a refusal is a reply with an array of errors."""

    def __init__(self, org: Org, answer: Answer) -> None:
        self._org = org
        self._answer = answer

    def composite(self, call: Call) -> Reply:
        body = call.json_object()
        parts = body.get("compositeRequest")
        all_or_none = flag(body, "allOrNone")
        if not isinstance(parts, list) or not parts or not all(isinstance(p, dict) for p in parts):
            raise RequestError(400, "JSON_PARSER_ERROR", "compositeRequest must be an array of subrequests")
        _check(parts)
        answers: list[dict[str, Any]] = []
        try:
            with self._org.transaction():
                values: dict[str, Any] = {}
                for part in parts:
                    answers.append(self._one(call, part, values))
                    if all_or_none and answers[-1]["httpStatusCode"] >= 400:
                        raise _Undo
        except _Undo:
            answers = _halted(parts, answers)
        return Reply(body={"compositeResponse": answers})

    def batch(self, call: Call) -> Reply:
        body = call.json_object()
        parts = body.get("batchRequests")
        if not isinstance(parts, list) or not parts or not all(isinstance(p, dict) for p in parts):
            raise RequestError(400, "JSON_PARSER_ERROR", "batchRequests must be an array of subrequests")
        if len(parts) > MAX_CALLS:
            raise RequestError(
                400, "LIMIT_EXCEEDED", f"Limit reached: at most {MAX_CALLS} subrequests in a batch"
            )
        halt = flag(body, "haltOnError")
        results: list[dict[str, Any]] = []
        failed = False
        for part in parts:
            if failed and halt:
                error = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted"}]
                results.append({"statusCode": 412, "result": error})
                continue
            url = str(part.get("url", ""))
            url = url if url.startswith("/services/") else f"/services/data/{url.lstrip('/')}"
            inner = self._call(call, str(part.get("method", "")), url, part.get("richInput"), {})
            reply = self._answer(inner)
            failed = failed or reply.status >= 400
            results.append({"statusCode": reply.status, "result": reply.body})
        return Reply(body={"hasErrors": failed, "results": results})

    def _one(self, call: Call, part: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        name = part["referenceId"]
        try:
            url = _filled(part["url"], values)
            body = _filled(part.get("body"), values)
            headers = _filled(part.get("httpHeaders") or {}, values)
        except _NoValue as missing:
            message = f"Invalid reference specified. {missing}"
            return _answered(400, [{"errorCode": _HALTED, "message": message}], {}, name)
        reply = self._answer(self._call(call, part["method"], str(url), body, headers))
        if reply.status < 400:
            values[name] = reply.body
        return _answered(reply.status, reply.body, reply.headers, name)

    def _call(self, call: Call, method: str, url: str, body: Any, headers: dict[str, Any]) -> Call:
        """Of the outer call's headers only the session goes on to the inner ones; theirs are their own."""
        address = urlsplit(url)
        match = _PATH.match(address.path)
        version, path = (match.group(1), match.group(2)) if match else (call.version, "/")
        if version not in VERSIONS:
            version, path = call.version, "/"
        return replace(
            call,
            method=method.upper(),
            version=version,
            path=path.rstrip("/"),
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers={str(k).lower(): str(v) for k, v in headers.items()},
            body=b"" if body is None else json.dumps(body).encode(),
        )


def _check(parts: list[dict[str, Any]]) -> None:
    if len(parts) > MAX_CALLS:
        raise RequestError(
            400, "LIMIT_EXCEEDED", f"Limit reached: at most {MAX_CALLS} subrequests in a composite request"
        )
    seen: set[str] = set()
    heavy = 0
    for part in parts:
        name, url, method = part.get("referenceId"), part.get("url"), part.get("method")
        if not isinstance(name, str) or not _REFERENCE_ID.match(name):
            raise RequestError(
                400, "JSON_PARSER_ERROR", "each subrequest needs a referenceId of letters and digits"
            )
        if name in seen:
            raise RequestError(400, "JSON_PARSER_ERROR", f"duplicate referenceId: {name}")
        seen.add(name)
        if not isinstance(url, str) or not isinstance(method, str):
            raise RequestError(400, "JSON_PARSER_ERROR", f"{name}: url and method are needed")
        path = _PATH.match(urlsplit(url).path)
        if path is None:
            raise RequestError(400, "INVALID_INPUT", f"{name}: the url must begin with /services/data/vXX.X/")
        if re.fullmatch(r"/composite(/batch)?/?", path.group(2)):
            raise RequestError(400, "INVALID_INPUT", f"{name}: a composite request cannot hold another one")
        heavy += bool(_HEAVY.match(path.group(2)))
    if heavy > MAX_HEAVY:
        raise RequestError(
            400,
            "LIMIT_EXCEEDED",
            f"Limit reached: at most {MAX_HEAVY} subrequests can be sObject collections or query operations",
        )


def _answered(status: int, body: Any, headers: dict[str, str], name: str) -> dict[str, Any]:
    return {"body": body, "httpHeaders": headers, "httpStatusCode": status, "referenceId": name}


def _halted(parts: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The call that failed keeps its answer; all others say that they were undone or never begun."""
    message = "The transaction was rolled back since another operation in the same transaction failed."
    failed = len(answers) - 1
    return [
        answers[i]
        if i == failed
        else _answered(400, [{"errorCode": _HALTED, "message": message}], {}, part["referenceId"])
        for i, part in enumerate(parts)
    ]


def _filled(value: Any, values: dict[str, Any]) -> Any:
    """Replaces every `@{reference.path}` by what the earlier call answered."""
    if isinstance(value, dict):
        return {k: _filled(v, values) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, values) for v in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _looked_up(whole, values)
    return _REFERENCE.sub(lambda m: str(_looked_up(m, values)), value)


def _looked_up(match: re.Match[str], values: dict[str, Any]) -> Any:
    name, path = match.groups()
    if name not in values:
        raise _NoValue(f"No value for {name}{path} found in {name}")
    found = values[name]
    for step in re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", path):
        try:
            found = found[step[0]] if step[0] else found[int(step[1])]
        except (KeyError, IndexError, TypeError):
            raise _NoValue(f"No value for {name}{path} found in {name}") from None
    return found
