"""One request as handlers see it: parameters of query and form together, JSON body, who calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from simulator.marketo.errors import MarketoError, invalid, missing, wrong_type

FORM = "application/x-www-form-urlencoded"
_LARGEST = 2**63 - 1
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass
class Call:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    path_values: Mapping[str, Any]
    request_id: str
    parameters: Sequence[tuple[str, str]] = ()
    user: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, body: bytes, request_id: str) -> Call:
        query = request.scope.get("query_string", b"").decode("latin-1")
        parameters = parse_qsl(query, keep_blank_values=True)
        if request.headers.get("content-type", "").startswith(FORM):
            parameters += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return cls(
            method=request.method,
            path=request.url.path,
            query=query,
            headers=request.headers,
            body=body,
            path_values=request.path_params,
            request_id=request_id,
            parameters=parameters,
        )

    @property
    def uri(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def id(self, name: str = "id") -> int:
        return whole(self.path_values[name])

    def text(self, name: str) -> str | None:
        return next((value for key, value in self.parameters if key == name and value != ""), None)

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def parts(self, name: str) -> list[str]:
        """Values given with commas, by repeating the parameter, or both, with the blanks around them."""
        given = (part for key, value in self.parameters if key == name for part in value.split(","))
        return [part for part in given if part]

    def words(self, name: str) -> list[str]:
        """`parts` without the blanks around them."""
        return [part.strip() for part in self.parts(name) if part.strip()]

    def numbers(self, name: str) -> list[int]:
        return [whole(word) for word in self.words(name)]

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        return default if value is None else whole(value)

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        found = None if value is None else _BOOLEANS.get(value.strip().lower())
        if value is not None and found is None:
            raise wrong_type(value, "boolean")
        return found

    def refuse(self, *names: str) -> None:
        """Parameters that the platform knows and the simulator does not: better an error than a wrong answer."""
        for name in names:
            if self.text(name) is not None:
                raise invalid(f"Parameter '{name}' is not supported here")

    def batch_size(self, most: int = 300) -> int:
        """Larger wishes are cut to the page's maximum."""
        size = self.number("batchSize", most)
        if size < 1:
            raise invalid(f"batchSize must be between 1 and {most}")
        return min(size, most)

    def json(self) -> dict[str, Any]:
        if not self.headers.get("content-type", "").startswith("application/json"):
            raise MarketoError("612", "Invalid Content Type")
        try:
            value = json.loads(self.body, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as problem:  # too deep is no JSON either
            raise MarketoError("609", "Invalid JSON") from problem
        if not isinstance(value, dict):
            raise MarketoError("609", "Invalid JSON")
        return value


def records(body: Mapping[str, Any], most: int = 300) -> list[dict[str, Any]]:
    """The ``input`` of a write: 1 to ``most`` objects."""
    found = body.get("input")
    if found is None:
        raise missing("input")
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise invalid("input must be a list of objects")
    if not found:
        raise missing("input")
    if len(found) > most:
        raise invalid(f"The number of records exceeds the limit of {most}")
    return found


def whole(value: Any) -> int:
    try:
        number = None if isinstance(value, bool | float) else int(value)
    except (TypeError, ValueError):
        number = None
    if number is None or abs(number) > _LARGEST:
        raise wrong_type(value, "integer")
    return number


def listed(body: Mapping[str, Any], name: str, kind: type = str) -> list[Any]:
    """A member of a body that is a list of one kind of values; left out and ``null`` are the empty list."""
    found = body.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(value, kind) for value in found):
        raise invalid(f"{name} must be a list of {'objects' if kind is dict else 'values'}")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found
