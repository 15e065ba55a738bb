"""A REST call and its reply, apart from any web framework: composite requests make calls of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from simulator.salesforce.errors import RequestError

OLDEST, NEWEST = 31, 67
VERSIONS = tuple(f"{n}.0" for n in range(OLDEST, NEWEST + 1))


@dataclass(frozen=True)
class Call:
    """One call below `/services/data/vXX.0`: `path` is what follows, header names are lower case."""

    method: str
    version: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    user_id: str

    @property
    def root(self) -> str:
        return f"/services/data/v{self.version}"

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())

    def parameter(self, name: str) -> str:
        value = self.query.get(name)
        if value is None:
            raise RequestError(400, "MALFORMED_QUERY", f"missing required query parameter: {name}")
        return value

    def json(self) -> Any:
        try:
            value = json.loads(self.body)
            if b"\\u" in self.body:  # half a surrogate pair is no character
                json.dumps(value, ensure_ascii=False).encode()
            return value
        except ValueError as error:
            raise RequestError(
                400, "JSON_PARSER_ERROR", f"Unexpected character or end of input: {error}"
            ) from None

    def json_object(self) -> dict[str, Any]:
        value = self.json()
        if not isinstance(value, dict):
            raise RequestError(
                400, "JSON_PARSER_ERROR", "Cannot deserialize request body: an object is expected"
            )
        return value


def whole_number(text: str) -> int | None:
    """A number as it stands in an address, None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else None


def flag(body: Mapping[str, Any], name: str) -> bool:
    """A switch of a body: absent is off, and the words for on and off are taken too."""
    value = str(body.get(name, False)).lower()
    if value not in ("true", "false"):
        raise RequestError(
            400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of boolean: {name} is {value[:40]}"
        )
    return value == "true"


@dataclass
class Reply:
    """`body` is sent as JSON; None sends nothing. `text` is sent as it is (CSV)."""

    status: int = 200
    body: Any = None
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[..., Reply]


def not_found() -> RequestError:
    return RequestError(404, "NOT_FOUND", "The requested resource does not exist")
