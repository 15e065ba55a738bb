"""The JSON around every answer, and its bytes on the wire."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

CONTENT_TYPE = "application/json;charset=UTF-8"
GZIP_FROM = 1024
NO_ASSETS = "No assets found for the given search criteria."


def answer(result: list[Any] | None = None, **members: Any) -> dict[str, Any]:
    """A REST success: members without a value are absent, not null."""
    body: dict[str, Any] = {"success": True}
    if result is not None:
        body["result"] = result
    return body | {name: value for name, value in members.items() if value is not None}


def asset_answer(result: list[Any]) -> dict[str, Any]:
    """The asset API always has ``errors`` and ``warnings``; where nothing is found, no ``result``."""
    body: dict[str, Any] = {"success": True, "errors": [], "warnings": [] if result else [NO_ASSETS]}
    return body | ({"result": result} if result else {})


def failure(code: str, message: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"code": code, "message": message}]}


def encode(body: Mapping[str, Any], request_id: str, *, accepts: str, compress: bool = True) -> Response:
    """``accepts`` is the request's Accept-Encoding; bulk answers are never compressed."""
    content = json.dumps({"requestId": request_id, **body}, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    headers = {"Content-Type": CONTENT_TYPE}
    if compress and len(content) >= GZIP_FROM and "gzip" in accepts.lower():
        content = gzip.compress(content, compresslevel=1)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(content, headers=headers)
