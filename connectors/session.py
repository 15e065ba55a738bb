"""The requests session under the HTTP client: who may be called, with what, and what a failure says."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from connectors.errors import Misconfigured

_PIECE = 4096  # bytes after which a body is looked at: small, since a read waits until it has all of them


class Bearer(requests.auth.AuthBase):
    """As an auth object, not a header: requests would replace the header by an entry of the user's .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def checked_base_url(platform: str, url: str) -> str:
    """The URL without a trailing slash. Plain http shows the token to everybody on the way: loopback only."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured(platform, "the URL must look like https://host")
    if parts.username or parts.query or parts.fragment:
        raise Misconfigured(platform, "the URL must hold nothing but scheme, host and path")
    if parts.scheme == "http" and not is_loopback(url):
        raise Misconfigured(
            platform, f"{parts.hostname} must be called by https; plain http is for loopback only"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_loopback(url: str) -> bool:
    host = urlsplit(url.strip()).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TooLarge(requests.RequestException):
    """A body without an end, or a small one that unpacks to no end."""


class TooSlow(requests.RequestException):
    """A body that trickles in: each byte comes in time, the whole never does."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """A redirect is an answer like any other. Requests reads its target even if told not to follow it, and
        breaks on one that is no URL."""


def open_session(*, loopback: bool) -> requests.Session:
    session = _Session()
    session.trust_env = not loopback  # a company's proxy serves real hosts and never this machine
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=16, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def body_of(response: requests.Response, largest: int, longest: float, clock: Callable[[], float]) -> bytes:
    """The body, unpacked, if it has at most `largest` bytes and arrives within `longest` seconds."""
    with response:
        ends = clock() + longest
        pieces, size = [], 0
        for piece in response.iter_content(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > largest:
                raise TooLarge
            if clock() > ends:
                raise TooSlow
        return b"".join(pieces)


def is_untrusted(failure: requests.RequestException) -> bool:
    """Whether the host's certificate is not trusted. Other TLS failures may come after the request was sent."""
    told = getattr(_cause(failure), "args", ())
    return any(isinstance(part, ssl.SSLCertVerificationError) for part in told)


def never_sent(failure: requests.RequestException) -> bool:
    if isinstance(failure, requests.exceptions.ConnectTimeout):
        return True
    # By name: urllib3's classes reach us only wrapped by requests, on which alone we depend.
    return type(_cause(failure)).__name__ in ("NewConnectionError", "NameResolutionError")


def _cause(failure: requests.RequestException) -> object:
    """What urllib3 wrapped, within what requests wrapped: `RequestException(MaxRetryError(reason=…))`, or less."""
    wrapped = failure.args[0] if failure.args else None
    return getattr(wrapped, "reason", None) or wrapped


def http_date(text: str | None) -> datetime | None:
    """The instant of a `Date` header, UTC; None for anything else."""
    try:
        moment = parsedate_to_datetime(text) if text else None
        # A zone of -0000 is UTC too, and comes back without one.
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
