"""Access tokens: the client-credentials flow, or JWT bearer. Neither has a refresh token: one asks again."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import jwt
from pydantic import SecretStr

from connectors.errors import AccessDenied, Damaged
from connectors.http import HttpClient
from connectors.salesforce.errors import SALESFORCE, judge_token
from connectors.salesforce.ids import to_18
from connectors.tokens import Token

_PATH = "/services/oauth2/token"
_LIFE = 180  # seconds; Salesforce takes assertions of a few minutes only
_IDENTITY = re.compile(r"/id/(00D\w{12,15})/(005\w{12,15})\s*$")


@dataclass(frozen=True)
class ClientCredentials:
    """An app that runs as one fixed integration user. Needs the org's My Domain URL."""

    client_id: str
    client_secret: SecretStr


@dataclass(frozen=True)
class JwtBearer:
    """An app that signs as `username` with an RSA key (PEM) whose certificate the org knows.

    `audience` is by default the login host that fits the URL: test.salesforce.com for sandboxes.
    """

    client_id: str
    username: str
    private_key: SecretStr
    audience: str | None = None


Credentials = ClientCredentials | JwtBearer


def authorise(client: HttpClient, credentials: Credentials) -> Token:
    """A token that is good until the org refuses it: the answer tells no lifetime, the org's settings rule it."""
    if isinstance(credentials, ClientCredentials):
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret.get_secret_value(),
        }
    else:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": _assertion(client, credentials),
        }
    body = client.json("POST", _PATH, data=form, anonymous=True, judge=judge_token)
    if not isinstance(body, dict) or not body.get("access_token"):
        raise Damaged(SALESFORCE, "the token endpoint answered without an access token")
    # The answer's instance_url is not used: the token goes to the configured host and nowhere else.
    return Token(body["access_token"], details={"id": str(body.get("id", ""))})


def identity(token: Token) -> tuple[str, str] | None:
    """(organization id, user id), 18 characters each, which the token's identity URL tells without a call."""
    found = _IDENTITY.search(token.details.get("id", ""))
    return (to_18(found[1]), to_18(found[2])) if found else None


def _assertion(client: HttpClient, credentials: JwtBearer) -> str:
    host = urlsplit(client.base_url).hostname or ""
    login = "test" if ".sandbox." in host or host.startswith("test.") else "login"
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.username,
        "aud": credentials.audience or f"https://{login}.salesforce.com",
        "exp": int(client.timing.now()) + _LIFE,
    }
    try:
        return jwt.encode(claims, credentials.private_key.get_secret_value(), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        raise AccessDenied(SALESFORCE, "the private key is no RSA key in PEM form") from None
