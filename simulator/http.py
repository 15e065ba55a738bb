"""What both servers share on the wire: the simulated `Date`, counting, faults of the transport, one lock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.world import World

ABORT = "simulator.abort"

Handler = Callable[[Request, bytes], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class AbortableProtocol(H11Protocol):
    """Uvicorn's HTTP protocol, which also lets the application cut the connection.

    ASGI has no message for "close the socket without an answer", which is what a lost answer looks like.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[ABORT] = transport.abort
            await inner(scope, receive, send)

        self.app = app


def locked(world: World, handler: Handler) -> Endpoint:
    """An endpoint that reads the body, then runs a plain function in a thread while it holds the world's lock."""

    def run(request: Request, body: bytes) -> Response:
        with world.lock:
            world.salesforce.settle()
            return handler(request, body)

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(run, request, await request.body())

    return endpoint


class Platform:
    """ASGI middleware around one platform's application.

    Counts the request under `endpoint_of(method, path)`, fires the faults that both platforms know
    (`http_status`, `drop_before`, `drop_after`, `delay`), and stamps the simulated time into `Date`.
    `status_body` gives the platform's own body and content type for a plain HTTP status; `object_of(path, query)`
    says which object a request is about, for faults that name one.
    """

    def __init__(
        self,
        app: ASGIApp,
        world: World,
        name: str,
        *,
        endpoint_of: Callable[[str, str], str],
        is_token: Callable[[str], bool],
        status_body: Callable[[int], tuple[bytes, str]],
        object_of: Callable[[str, str], str | None] = lambda path, query: None,
    ) -> None:
        self._app = app
        self._world = world
        self._name = name
        self._endpoint_of = endpoint_of
        self._is_token = is_token
        self._status_body = status_body
        self._object_of = object_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        method: str = scope["method"]
        self._world.calls.record(self._name, self._endpoint_of(method, path), token=self._is_token(path))
        query = scope.get("query_string", b"").decode("latin-1")
        context = {
            "path": f"{path}?{query}" if query else path,
            "method": method,
            "object": self._object_of(path, query),
        }
        delay = self._take("delay", context)
        if delay is not None:
            await asyncio.sleep(float(delay.option("seconds", 1)))
        if self._take("drop_before", context) is not None:
            await self._cut(scope)
            return
        failure = self._take("http_status", context)
        if failure is not None:
            await self._drain(receive)
            status = int(failure.option("status", 503))
            body, content_type = self._status_body(status)
            await Response(body, status_code=status, media_type=content_type)(
                scope, receive, self._dated(send)
            )
            return
        if self._take("drop_after", context) is not None:
            await self._app(scope, receive, _swallow)
            await self._cut(scope)
            return
        await self._app(scope, receive, self._dated(send))

    def _take(self, kind: str, context: dict[str, str | None]) -> Any:
        return self._world.faults.take(self._name, kind, **context)

    @staticmethod
    async def _drain(receive: Receive) -> None:
        while (await receive()).get("more_body"):
            pass

    @staticmethod
    async def _cut(scope: Scope) -> None:
        scope["extensions"][ABORT]()
        # Uvicorn learns of the lost connection in its next turn; before that it would send a 500.
        await asyncio.sleep(0.01)

    def _dated(self, send: Send) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._world.clock.now(), usegmt=True).encode()
                message["headers"] = [*message.get("headers", []), (b"date", date)]
            await send(message)

        return dated


async def _swallow(message: Message) -> None:
    """Takes an answer that nobody will see."""
