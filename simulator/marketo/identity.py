"""Custom services and their access tokens, which live in wall time.

One token per service at a time: asking again before it ends gives the same one with its remaining life.
The first use after the end answers 602, every later use of that token 601.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from simulator.marketo.errors import MarketoError

LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class Service:
    client_id: str
    client_secret: str
    user: str


@dataclass(slots=True)
class _Token:
    value: str
    service: Service
    ends: float
    reported: bool = False


class BadCredentialsError(Exception):
    """The words of the 401 body: ``error`` and ``error_description``."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Identity:
    def __init__(
        self, *, lifetime: float = LIFETIME, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.lifetime = lifetime
        self._monotonic = monotonic
        self._services: dict[str, Service] = {}
        self._current: dict[str, _Token] = {}
        self._issued: dict[str, _Token] = {}

    def add(self, service: Service) -> None:
        self._services[service.client_id] = service

    def grant(
        self, grant_type: str | None, client_id: str | None, client_secret: str | None
    ) -> dict[str, object]:
        if grant_type != "client_credentials":
            raise BadCredentialsError("unsupported_grant_type", f"Unsupported grant type: {grant_type}")
        service = self._services.get(client_id or "")
        if service is None:
            raise BadCredentialsError("invalid_client", f"No client with requested id: {client_id}")
        if client_secret != service.client_secret:
            raise BadCredentialsError("unauthorized", "Bad client credentials")
        token = self._current.get(service.client_id)
        if token is None or token.ends <= self._monotonic():
            token = _Token(f"{uuid.uuid4()}:ab", service, self._monotonic() + self.lifetime)
            self._current[service.client_id] = self._issued[token.value] = token
        return {
            "access_token": token.value,
            "token_type": "bearer",
            "expires_in": max(0, int(token.ends - self._monotonic())),
            "scope": service.user,
        }

    def user_of(self, authorization: str | None) -> str:
        """Who calls, by the bearer header alone: a token in the query or the form is not read."""
        token = bearer(authorization)
        if token is None:
            raise MarketoError("603", "Access denied")
        known = self._issued.get(token)
        if known is None or known.reported:
            raise MarketoError("601", "Access token invalid")
        if known.ends <= self._monotonic():
            known.reported = True
            raise MarketoError("602", "Access token expired")
        return known.service.user

    def expire(self, authorization: str | None) -> None:
        known = self._issued.get(bearer(authorization) or "")
        if known is not None:
            known.ends = min(known.ends, self._monotonic())


def bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
