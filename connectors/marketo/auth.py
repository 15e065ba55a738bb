"""Client credentials of a custom service, and the token they buy."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from connectors.answers import Answer, Refusal
from connectors.errors import AccessDenied, Damaged, Misconfigured, Unavailable
from connectors.http import HttpClient
from connectors.marketo.envelope import judge_status
from connectors.marketo.errors import MARKETO
from connectors.tokens import Token

MARGIN = 60.0  # seconds before its end at which the keeper fetches another token
PATIENCE = 5


@dataclass(frozen=True)
class Credentials:
    client_id: str
    client_secret: SecretStr


def base_url(url: str) -> str:
    """The host's root. The UI shows the endpoint with `/rest` and the identity URL apart: each form is accepted."""
    parts = urlsplit(url.strip())
    path = parts.path.rstrip("/")
    for ending in ("/rest", "/identity"):
        path = path.removesuffix(ending)
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), parts.query, parts.fragment))


def authorise(credentials: Credentials) -> Callable[[HttpClient], Token]:
    """Asks the identity service. It repeats a living token, and now and then one with no life left: ask again then."""

    def fetch(client: HttpClient) -> Token:
        for _ in range(PATIENCE):
            token = _ask(client, credentials)
            if token is not None:
                return token
            client.timing.sleep(1.0)
        raise Unavailable(
            MARKETO, "the identity service hands out ended tokens only; the next run tries again"
        )

    return fetch


def _ask(client: HttpClient, credentials: Credentials) -> Token | None:
    answer = client.request(
        "POST",
        "/identity/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret.get_secret_value(),
        },
        anonymous=True,
        judge=_judge,
    )
    reply = answer.json_or_none()
    try:
        value, life = reply.get("access_token"), float(reply.get("expires_in") or 0)
    except (AttributeError, TypeError, ValueError):
        raise Damaged(MARKETO, "the identity service answered without a token") from None
    if not value or life <= 0:
        return None
    # In its last minute the same token would be handed out again and again: it is used until it is refused.
    ends = client.timing.clock() + (life if life > 2 * MARGIN else life + MARGIN)
    return Token(str(value), ends, {"user": str(reply.get("scope") or "")})


def _judge(answer: Answer) -> Refusal | None:
    if answer.status in (400, 401, 403):
        text = "the client id or secret is wrong: check MQLFLOW_MARKETO_CLIENT_ID and MQLFLOW_MARKETO_CLIENT_SECRET"
        return Refusal("stop", AccessDenied(MARKETO, text, str(answer.status)))
    if 300 <= answer.status < 400 or answer.status == 404:
        text = "no identity service answers at this URL: check MQLFLOW_MARKETO_URL"
        return Refusal("stop", Misconfigured(MARKETO, text, f"HTTP {answer.status}"))
    return judge_status(answer)
