"""The Salesforce server: sessions, versions and headers around the REST API."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.http import Platform, locked
from simulator.salesforce.errors import RequestError
from simulator.salesforce.oauth import Keys, OAuthError, Sessions
from simulator.salesforce.rest import Rest
from simulator.salesforce.wire import NEWEST, OLDEST, VERSIONS, Call, Reply, not_found
from simulator.world import World

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_DATA = re.compile(r"/services/data/v(\d+)\.(\d)(/.*)?\Z")
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]
_ID_IN_PATH = re.compile(r"/[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?(?:-\d+)?(?=/|\Z)")
_SOBJECT = re.compile(r"/sobjects/([^/]+)")
_FROM = re.compile(r"(?:\+|%20)from(?:\+|%20)+([A-Za-z0-9_]+)", re.IGNORECASE)
_MAX_ADDRESS = 16_384
_SEASONS = ("Spring", "Summer", "Winter")


def create_app(world: World, keys: Keys) -> ASGIApp:
    """The ASGI application of the world's Salesforce org."""
    server = _Server(world, keys)
    app = Starlette(routes=[Route("/{path:path}", locked(world, server.handle), methods=_METHODS)])
    return Platform(
        app,
        world,
        "salesforce",
        endpoint_of=endpoint_of,
        is_token=lambda path: path == TOKEN_PATH,
        status_body=_status_body,
        object_of=object_of,
    )


def endpoint_of(method: str, path: str) -> str:
    """`PATCH /sobjects/Lead/{id}`: the path without version, ids and keys, so that calls add up."""
    match = _DATA.match(path)
    rest = (match.group(3) or "/") if match else path
    rest = re.sub(r"^(/sobjects/[^/]+/[^/]+__c)/.+", r"\1/{key}", rest)
    return f"{method} {_ID_IN_PATH.sub('/{id}', rest).rstrip('/') or '/'}"


def object_of(path: str, query: str) -> str | None:
    """The object of a record's address, or the one that a query reads."""
    found = _SOBJECT.search(path) or (_FROM.search(query) if "/query" in path else None)
    return found.group(1) if found else None


class _Server:
    def __init__(self, world: World, keys: Keys) -> None:
        self._world = world
        self._org = world.salesforce
        self._sessions = Sessions(world.salesforce, keys)
        self._rest = Rest(world.salesforce, seed=world.seed)

    def handle(self, request: Request, body: bytes) -> Response:
        path = request.scope["path"]
        base_url = str(request.base_url).rstrip("/")
        if path == TOKEN_PATH:
            return self._token(request, body, base_url)
        if path.rstrip("/") == "/services/data":
            return _json(200, [_version(v) for v in VERSIONS])
        try:
            reply = self._answer(request, body)
        except RequestError as error:
            reply = Reply(error.status, error.body())
        headers = {"Sforce-Limit-Info": self._rest.limits.header(), **reply.headers}
        if reply.text is not None:
            return Response(reply.text.encode(), reply.status, headers, media_type="text/csv")
        if reply.body is None:
            return Response(None, reply.status, headers)
        return _json(reply.status, reply.body, headers)

    def _token(self, request: Request, body: bytes, base_url: str) -> Response:
        if request.method != "POST":
            return _json(400, {"error": "invalid_request", "error_description": "must use HTTP POST"})
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            answer = self._sessions.token(form, request.headers.get("authorization"), base_url)
        except OAuthError as error:
            return _json(error.status, error.body)
        return _json(200, answer)

    def _answer(self, request: Request, body: bytes) -> Reply:
        raw_path = request.scope["raw_path"].decode("ascii", "replace")
        context = {"path": request.scope["path"], "method": request.method}
        user_id = self._authenticated(request, context)
        self._rest.limits.count()
        self._quota(context)
        if raw_path.startswith("/id/") or raw_path == "/services/oauth2/userinfo":
            return self._identity(user_id, str(request.base_url).rstrip("/"))
        if len(raw_path) + len(request.scope["query_string"]) > _MAX_ADDRESS:
            raise RequestError(414, "URI_TOO_LONG", f"The URI is longer than {_MAX_ADDRESS} bytes")
        match = _DATA.match(raw_path)
        if match is None:
            raise not_found()
        number = int(match.group(1))
        if number < OLDEST and number >= 21:
            raise RequestError(410, "UNSUPPORTED_API_VERSION", "The requested API version has been retired")
        if not OLDEST <= number <= NEWEST or match.group(2) != "0":
            raise not_found()
        call = Call(
            method=request.method,
            version=f"{number}.0",
            path=(match.group(3) or "").rstrip("/") or "/",
            query=dict(parse_qsl(request.url.query, keep_blank_values=True)),
            headers={k.lower(): v for k, v in request.headers.items()},
            body=body,
            user_id=user_id,
        )
        return self._rest.answer(call)

    def _authenticated(self, request: Request, context: dict[str, str]) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self._world.faults.take("salesforce", "session_expired", **context) is not None:
            self._sessions.revoke(token)
        user_id = self._sessions.user_of(token) if scheme.lower() in ("bearer", "oauth") else None
        if user_id is None:
            raise RequestError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return user_id

    def _quota(self, context: dict[str, str]) -> None:
        limited = self._world.faults.take("salesforce", "request_limit", **context) is not None
        if limited or self._rest.limits.exceeded:
            raise RequestError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if self._world.faults.take("salesforce", "concurrent_limit", **context) is not None:
            raise RequestError(
                403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            )

    def _identity(self, user_id: str, base_url: str) -> Reply:
        user = self._org.get("User", user_id) or {}
        body = {
            "id": f"{base_url}/id/{self._org.organization_id}/{user_id}",
            "user_id": user_id,
            "organization_id": self._org.organization_id,
            "username": user.get("Username"),
            "display_name": user.get("Name"),
            "active": user.get("IsActive"),
            "user_type": "STANDARD",
        }
        return Reply(body=body)


def _version(version: str) -> dict[str, str]:
    """The release that brought a version: 66.0 is Spring '26, three come a year."""
    number = int(float(version))
    season, year = _SEASONS[number % 3], 26 + (number - 65) // 3
    return {"label": f"{season} '{year:02d}", "url": f"/services/data/v{version}", "version": version}


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), status, headers, media_type="application/json;charset=UTF-8")


def _status_body(status: int) -> tuple[bytes, str]:
    codes = {
        500: "UNKNOWN_EXCEPTION",
        502: "SERVER_UNAVAILABLE",
        503: "SERVER_UNAVAILABLE",
        504: "SERVER_UNAVAILABLE",
    }
    error = [
        {
            "message": "The server could not handle the request",
            "errorCode": codes.get(status, "UNKNOWN_EXCEPTION"),
        }
    ]
    return json.dumps(error).encode(), "application/json;charset=UTF-8"
