"""The requests session under the HTTP client: who may be called, with what, and what a failure says."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from connectors.errors import Misconfigured


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


def open_session(*, loopback: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = not loopback  # a company's proxy serves real hosts and never this machine
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=16, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def never_sent(failure: requests.RequestException) -> bool:
    if isinstance(failure, requests.exceptions.ConnectTimeout):
        return True
    cause = failure.args[0] if failure.args else None
    reason = getattr(cause, "reason", None)
    # By name: urllib3's classes reach us only wrapped by requests, on which alone we depend.
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError")


def http_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None
