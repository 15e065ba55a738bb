"""Tokens: the client-credentials and JWT bearer flows, which live in wall time."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import jwt
from jwt.algorithms import RSAAlgorithm

from simulator.credentials import SALESFORCE, Credentials
from simulator.salesforce.org import Org
from simulator.salesforce.setup import INTEGRATION_USER

TOKEN_SECONDS = 7200
ASSERTION_SECONDS = 300
_SKEW = 30
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class UnusableKey(ValueError):
    """The text is no PEM of an RSA public key."""


class OAuthError(Exception):
    """An error of the token endpoint, whose body is an object and not an array."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.body = {"error": error, "error_description": description}


class Keys:
    """The public keys whose JWT bearer assertions are accepted."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def register(self, pem: str) -> None:
        if "PRIVATE KEY" in pem:
            raise UnusableKey("a private key; give the public key (-----BEGIN PUBLIC KEY-----)")
        try:
            RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(pem)
        except (jwt.InvalidKeyError, ValueError, TypeError):
            raise UnusableKey("not a PEM of an RSA public key (-----BEGIN PUBLIC KEY-----)") from None
        self._keys.append(pem)

    def claims(self, assertion: str) -> dict[str, Any] | None:
        """The claims of an assertion that one of the keys has signed."""
        # Times are judged by the caller: clients send `exp` as a string, which PyJWT would not check alike.
        unchecked = {f"verify_{c}": False for c in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
        for key in self._keys:
            try:
                return dict(jwt.decode(assertion, key, algorithms=["RS256"], options=unchecked))  # type: ignore[arg-type]  # all bool
            except jwt.InvalidTokenError:
                continue
        return None


class Sessions:
    """Issues access tokens and says whose they are."""

    def __init__(self, org: Org, keys: Keys, credentials: Credentials = SALESFORCE) -> None:
        self._org = org
        self._keys = keys
        self._credentials = credentials
        self._tokens: dict[str, tuple[str, float]] = {}

    def user_of(self, token: str) -> str | None:
        """The user id behind a token that is known and not yet expired."""
        user_id, issued = self._tokens.get(token, ("", 0.0))
        return user_id if user_id and time.time() - issued < TOKEN_SECONDS else None

    def revoke(self, token: str) -> None:
        self._tokens.pop(token, None)

    def token(self, form: Mapping[str, str], authorization: str | None, base_url: str) -> dict[str, Any]:
        """The answer to a token request, or OAuthError."""
        match form.get("grant_type"):
            case "client_credentials":
                user_id = self._client(form, authorization)
            case grant if grant == _JWT_BEARER:
                user_id = self._assertion(form.get("assertion", ""), base_url)
            case None:
                raise OAuthError("unsupported_grant_type", "missing required parameter: grant_type")
            case _:
                raise OAuthError("unsupported_grant_type", "grant type not supported")
        token = f"{self._org.organization_id[:15]}!AQ{secrets.token_urlsafe(60)}"
        now = time.time()
        self._tokens[token] = (user_id, now)
        return {
            "access_token": token,
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": "api",
            "instance_url": base_url,
            "id": f"{base_url}/id/{self._org.organization_id}/{user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(now * 1000)),
        }

    def _client(self, form: Mapping[str, str], authorization: str | None) -> str:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization and authorization.lower().startswith("basic "):
            try:
                decoded = base64.b64decode(authorization[6:], validate=True).decode()
            except ValueError:
                raise OAuthError("invalid_request", "malformed Authorization header") from None
            client_id, _, secret = (unquote(part) for part in decoded.partition(":"))
        if client_id != self._credentials.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not secrets.compare_digest(secret.encode(), self._credentials.client_secret.encode()):
            raise OAuthError("invalid_client", "invalid client credentials")
        return self._org.user_named(INTEGRATION_USER)

    def _assertion(self, assertion: str, base_url: str) -> str:
        claims = self._keys.claims(assertion)
        if claims is None:
            raise OAuthError("invalid_grant", "invalid assertion")
        if claims.get("iss") != self._credentials.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        audiences = ("https://login.salesforce.com", "https://test.salesforce.com", base_url)
        if claims.get("aud") not in audiences:
            raise OAuthError("invalid_grant", "audience is invalid")
        try:
            expires = int(str(claims.get("exp")))
        except ValueError:
            raise OAuthError("invalid_grant", "invalid assertion") from None
        now = time.time()
        if expires < now - _SKEW:
            raise OAuthError("invalid_grant", "expired authorization code")
        if expires > now + ASSERTION_SECONDS + _SKEW:
            raise OAuthError("invalid_grant", "invalid assertion")
        users = self._org.find("User", Username=str(claims.get("sub", "")))
        if not users or not users[0]["IsActive"] or users[0]["Name"] != INTEGRATION_USER:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        return str(users[0]["Id"])
