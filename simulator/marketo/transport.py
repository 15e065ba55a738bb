"""Before any routing: too long a URI (414), too large a body (413), and GET dressed up as POST.

``POST ?_method=GET`` carries a long query in its form body; some clients put ``_method`` into the body
as well. The asset API knows no such method.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.marketo.call import FORM

LONGEST_URI = 8 * 1024
LONGEST_ASSET_URI = 65 * 1024
LARGEST_BODY = 1024 * 1024
LARGEST_IMPORT = 10 * 1024 * 1024


class Transport:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], scope.get("query_string", b"")
        longest = LONGEST_ASSET_URI if path.startswith("/rest/asset/") else LONGEST_URI
        if len(path) + 1 + len(query) > longest:
            await PlainTextResponse("Request-URI Too Long", status_code=414)(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        largest = LARGEST_IMPORT if path.startswith("/bulk/v1/") else LARGEST_BODY
        if len(body) > largest:
            await PlainTextResponse("Request Entity Too Large", status_code=413)(scope, receive, send)
            return
        if scope["method"] == "POST" and not path.startswith(("/rest/asset/", "/identity/")):
            scope = _undressed(scope, query, body)
        await self._app(scope, _replay(body, receive), send)


def _undressed(scope: Scope, query: bytes, body: bytes) -> Scope:
    content_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
    form = body if content_type.startswith(FORM) else b""
    parameters = parse_qsl(query.decode("latin-1")) + parse_qsl(form.decode("utf-8", "replace"))
    if ("_method", "GET") not in parameters:
        return scope
    return {**scope, "method": "GET"}


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
