"""The control API beside the wire: time, faults, call counts, the planted truth, and records as a person edits them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from simulator import control_records
from simulator.faults import UnknownFault
from simulator.http import Endpoint, locked
from simulator.marketo.errors import MarketoError
from simulator.salesforce.errors import RecordError
from simulator.salesforce.oauth import Keys, UnusableKey
from simulator.world import World

Action = Callable[[Request, Any], Any]


def create_app(world: World, keys: Keys) -> ASGIApp:
    """The ASGI application under `/simulator`."""
    control = _Control(world, keys)

    def route(path: str, method: str, action: Action) -> Route:
        return Route(path, _endpoint(world, action), methods=[method])

    record = "/records/{platform}/{object}"
    routes = [
        route("/clock", "GET", control.clock),
        route("/clock", "POST", control.advance),
        route("/calls", "GET", control.calls),
        route("/calls", "DELETE", control.reset_calls),
        route("/faults", "GET", control.faults),
        route("/faults", "POST", control.add_fault),
        route("/faults", "DELETE", control.clear_faults),
        route("/faults/{id:int}", "DELETE", control.clear_faults),
        route("/truth", "GET", control.truth),
        route("/truth/{kind}", "GET", control.truth),
        Route("/jwt-key", locked(world, control.jwt_key), methods=["POST"]),
        route(record, "GET", control.records),
        route(record, "POST", control.add_record),
        route(record + "/{id}", "GET", control.record),
        route(record + "/{id}", "PATCH", control.change_record),
        route(record + "/{id}", "DELETE", control.delete_record),
        route("/records/salesforce/Lead/{id}/convert", "POST", control.convert),
    ]
    return Starlette(routes=[Mount("/simulator", routes=routes)])


def _endpoint(world: World, action: Action) -> Endpoint:
    """JSON in, JSON out; whatever the caller got wrong is a 400 that says what."""

    def handler(request: Request, body: bytes) -> Response:
        try:
            answer = action(request, json.loads(body) if body else {})
        except (
            UnknownFault,
            ValueError,
            OverflowError,
            TypeError,
            LookupError,
            RecordError,
            MarketoError,
        ) as error:
            message = error.args[0] if isinstance(error, LookupError) and error.args else error
            return JSONResponse({"error": str(message)}, 400)
        return Response(None, 204) if answer is None else JSONResponse(answer)

    return locked(world, handler)


def _values(body: Any) -> dict[str, Any]:
    if not isinstance(body["values"], dict):
        raise ValueError('values must be an object such as {"LastName": "Ada"}')
    return body["values"]


class _Control:
    def __init__(self, world: World, keys: Keys) -> None:
        self._world = world
        self._keys = keys

    def clock(self, request: Request, body: Any) -> Any:
        return {"now": self._world.clock.now().isoformat().replace("+00:00", "Z")}

    def advance(self, request: Request, body: Any) -> Any:
        self._world.advance(float(body["advance_seconds"]))
        return self.clock(request, body)

    def calls(self, request: Request, body: Any) -> Any:
        return self._world.calls.as_json()

    def reset_calls(self, request: Request, body: Any) -> Any:
        self._world.calls.reset()

    def faults(self, request: Request, body: Any) -> Any:
        return [fault.as_json() for fault in self._world.faults.all()]

    def add_fault(self, request: Request, body: Any) -> Any:
        return self._world.faults.add(body).as_json()

    def clear_faults(self, request: Request, body: Any) -> Any:
        self._world.faults.clear(request.path_params.get("id"))

    def truth(self, request: Request, body: Any) -> Any:
        truth = self._world.company.truth() if self._world.company else {}
        kind = request.path_params.get("kind")
        if kind is None:
            return truth
        if kind not in truth:
            raise KeyError(f"nothing of the kind {kind!r} was planted; there are {', '.join(sorted(truth))}")
        return truth[kind]

    def jwt_key(self, request: Request, body: bytes) -> Response:
        try:
            self._keys.register(body.decode())
        except (UnusableKey, UnicodeDecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(None, 204)

    def records(self, request: Request, body: Any) -> Any:
        limit = int(request.query_params.get("limit", -1))
        offset = int(request.query_params.get("offset", 0))
        return {"records": self._of(request).show(request.path_params["object"], limit, offset)}

    def record(self, request: Request, body: Any) -> Any:
        return self._of(request).get(request.path_params["object"], request.path_params["id"])

    def add_record(self, request: Request, body: Any) -> Any:
        created = self._of(request).create(
            request.path_params["object"], _values(body), body.get("by", "rep")
        )
        return {"id": created}

    def change_record(self, request: Request, body: Any) -> Any:
        parameters = request.path_params
        self._of(request).change(parameters["object"], parameters["id"], _values(body), body.get("by", "rep"))

    def delete_record(self, request: Request, body: Any) -> Any:
        parameters = request.path_params
        merged_into = request.query_params.get("merged_into")
        self._of(request).delete(parameters["object"], parameters["id"], merged_into)

    def convert(self, request: Request, body: Any) -> Any:
        return control_records.SalesforceRecords(self._world).convert(request.path_params["id"], body)

    def _of(self, request: Request) -> control_records.PlatformRecords:
        return control_records.of(self._world, request.path_params["platform"])
