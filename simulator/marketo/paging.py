"""Paging tokens: opaque, bound to their purpose, and checked, so that an altered one is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from simulator.marketo.errors import MarketoError

_SEAL = 10


class Paging:
    """The key comes from the seed: a token that a client kept stays good when the simulator starts again."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.sha256(f"paging tokens of subscription {seed}".encode()).digest()

    def seal(self, purpose: str, *values: Any) -> str:
        payload = json.dumps([purpose, *values], separators=(",", ":")).encode()
        return base64.b32encode(self._sign(payload) + payload).decode()

    def open(self, purpose: str, token: str) -> list[Any]:
        """The error for a bad token is published nowhere; 1003 is this simulator's choice."""
        try:
            raw = base64.b32decode(token)
            sign, payload = raw[:_SEAL], raw[_SEAL:]
            if not hmac.compare_digest(sign, self._sign(payload)):
                raise ValueError("signature")
            found, *values = json.loads(payload)
            if found != purpose:
                raise ValueError("purpose")
        except ValueError as problem:
            raise MarketoError("1003", "Invalid next page token") from problem
        return list(values)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()[:_SEAL]
