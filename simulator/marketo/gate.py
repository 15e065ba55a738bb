"""What every REST and bulk call passes before its handler: concurrency, token, injected faults, rate,
quota.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.http import Endpoint, locked
from simulator.marketo import envelope
from simulator.marketo.call import Call
from simulator.marketo.errors import HttpError, MarketoError
from simulator.marketo.server import Server

Handler = Callable[[Server, Call], Mapping[str, Any] | Response]

_log = logging.getLogger(__name__)


def guarded(server: Server, handler: Handler) -> Endpoint:
    """The endpoint of a handler. A refused call changes nothing and counts against no limit."""
    inner = locked(server.world, lambda request, body: _handle(server, handler, request, body))

    async def endpoint(request: Request) -> Response:
        if not server.limits.enter():
            error = server.limits.too_many_at_once()
            server.usage.error(server.world.clock.now(), error.code)
            return envelope.encode(
                envelope.failure(error.code, error.message), server.request_id(), accepts=""
            )
        try:
            return await inner(request)
        finally:
            server.limits.leave()

    return endpoint


def _handle(server: Server, handler: Handler, request: Request, body: bytes) -> Response:
    call = Call.of(request, body, server.request_id())
    try:
        reply = _admit_and_answer(server, handler, call)
    except HttpError as failure:
        server.usage.error(server.world.clock.now(), str(failure.status))
        return Response(
            failure.text,
            status_code=failure.status,
            headers={"Content-Type": "text/plain", **failure.headers},
        )
    except MarketoError as error:
        reply = _refused(server, error)
    except Exception:
        _log.exception("simulated Marketo failed at %s %s", call.method, call.path)
        reply = _refused(server, MarketoError("611", "System error"))
    else:
        server.limits.count()
        server.usage.call(server.world.clock.now(), call.user)
    if isinstance(reply, Response):
        return reply
    shown = dict(reply)
    dropped = server.fault(call, "missing_member")
    if dropped is not None:
        shown.pop(str(dropped.option("name", "moreResult")), None)
    return envelope.encode(
        shown,
        call.request_id,
        accepts=call.headers.get("accept-encoding", ""),
        compress=not call.path.startswith("/bulk/"),
    )


def _admit_and_answer(server: Server, handler: Handler, call: Call) -> Mapping[str, Any] | Response:
    authorization = call.headers.get("authorization")
    if server.fault(call, "token_expired") is not None:
        server.identity.expire(authorization)
    call.user = server.identity.user_of(authorization)
    planned = server.fault(call, "code")
    if planned is not None:
        code = str(planned.option("code", "611"))
        raise MarketoError(code, str(planned.option("message", f"Simulated error {code}")))
    server.limits.check()
    return handler(server, call)


def _refused(server: Server, error: MarketoError) -> Mapping[str, Any]:
    server.usage.error(server.world.clock.now(), error.code)
    return envelope.failure(error.code, error.message)
