"""HTTP for both platforms: one base URL, time-outs, retries of seconds, one bounded token refresh, counters.

A platform says what an answer means through a `Judge`; this module only acts on it. Whatever is mended by
waiting seconds is retried here and nowhere else. A request whose answer was lost may have been applied: it
is sent again only if it is `repeatable`, that is, if doing it twice equals doing it once.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from connectors.answers import PATIENT, REAL_TIME, Answer, Calls, Judge, Refusal, Retries, Timing
from connectors.errors import AnswerLost, Damaged, Misconfigured, PlatformError, RequestRefused, Unavailable
from connectors.limiter import Limiter
from connectors.session import (
    Bearer,
    body_of,
    checked_base_url,
    http_date,
    is_loopback,
    is_untrusted,
    never_sent,
    no_auth,
    open_session,
)
from connectors.tokens import Token, TokenKeeper

log = logging.getLogger(__name__)

LARGEST = 256 * 1024 * 1024  # bytes of a body, unpacked: ten times the largest page of a bulk job
LONGEST = (
    600.0  # seconds from an answer's head to its last byte: the read time-out begins anew with every byte
)


class _Again(Exception):
    def __init__(self, error: PlatformError, wait: float) -> None:
        super().__init__()
        self.error = error
        self.wait = wait


@dataclass
class _Request:
    method: str
    path: str
    options: dict[str, Any]
    anonymous: bool
    repeatable: bool
    expect: Literal["json", "bytes"]
    judge: Judge
    endpoint: str
    refreshed: bool = False


class HttpClient:
    """Requests to one platform under one base URL. Safe to share between threads."""

    def __init__(
        self,
        platform: str,
        base_url: str,
        judge: Judge,
        *,
        authorise: Callable[["HttpClient"], Token] | None = None,
        headers: Mapping[str, str] | None = None,
        limiter: Limiter | None = None,
        timing: Timing = REAL_TIME,
        retries: Retries = PATIENT,
        timeout: tuple[float, float] = (10.0, 120.0),
        largest: int = LARGEST,
    ) -> None:
        self.platform = platform
        self.base_url = checked_base_url(platform, base_url)
        self.calls = Calls()
        self.last_date: datetime | None = None
        self.last_headers: Mapping[str, str] = {}
        self.timing = timing
        self._judge = judge
        self._headers = dict(headers or {})
        self._limiter = limiter
        self._retries = retries
        self._timeout = timeout
        self._largest = largest
        self._lock = Lock()
        self._keeper = TokenKeeper(lambda: authorise(self), timing.clock) if authorise else None
        self._session = open_session(loopback=is_loopback(self.base_url))

    @property
    def token(self) -> Token:
        """The access token in use, fetched if there is none yet."""
        if self._keeper is None:
            raise RequestRefused(self.platform, "this client was made without credentials")
        return self._keeper.current()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """`request`, parsed. An empty body (204) is None."""
        answer = self.request(method, path, **options)
        return answer.json() if answer.body else None

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | list[tuple[str, str]] | None = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] | None = None,
        anonymous: bool = False,
        repeatable: bool = True,
        expect: Literal["json", "bytes"] = "json",
        judge: Judge | None = None,
        endpoint: str | None = None,
    ) -> Answer:
        """An answer that the judge takes, or the PlatformError that says what to do.

        `path` lies under the base URL, as we write it or as the platform returned it. `anonymous` requests
        (token calls) carry no token, wait for no limiter and are counted apart. `expect="json"`: a body
        that is no JSON counts as damaged and is fetched again. `endpoint` names the call in the counters
        where a path holds ids.
        """
        options = {"params": params, "json": json, "data": data, "timeout": timeout or self._timeout}
        options["headers"] = {**self._headers, **(headers or {})}
        call = _Request(
            method, self._under_base(path), options, anonymous, repeatable, expect, judge or self._judge,
            endpoint or urlsplit(path).path,
        )  # fmt: skip
        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            wait=self._wait,
            stop=self._spent,
            sleep=self._sleep_before_retry,
            reraise=True,
        )
        try:
            return retrying(self._attempt, call)
        except _Again as again:
            raise again.error from None

    def close(self) -> None:
        self._session.close()

    def _attempt(self, call: _Request) -> Answer:
        token = None if call.anonymous or self._keeper is None else self._keeper.current()
        answer = self._send(call, token)
        refusal = self._refusal(call, answer)
        if refusal and refusal.then == "refresh" and token and self._keeper and not call.refreshed:
            call.refreshed = True
            answer = self._send(call, self._keeper.renewed(token))
            refusal = self._refusal(call, answer)
        if refusal is None:
            return answer
        if refusal.then != "retry":
            raise refusal.error
        # Damaged: it was answered, and what came cannot be read.
        if not call.repeatable and (answer.status >= 500 or isinstance(refusal.error, Damaged)):
            raise AnswerLost(self.platform, f"{call.endpoint} broke off with HTTP {answer.status}")
        if refusal.wait and self._limiter:
            self._limiter.pause(refusal.wait)
        raise _Again(refusal.error, refusal.wait)

    def _refusal(self, call: _Request, answer: Answer) -> Refusal | None:
        refusal = call.judge(answer)
        if refusal or call.expect == "bytes" or not answer.body or answer.is_json:
            return refusal
        return Refusal(
            "retry", Damaged(self.platform, f"{call.endpoint} answered something that is not JSON")
        )

    def _send(self, call: _Request, token: Token | None) -> Answer:
        if self._limiter is None or call.anonymous:
            return self._sent(call, token)
        with self._limiter.slot():
            return self._sent(call, token)

    def _sent(self, call: _Request, token: Token | None) -> Answer:
        self._count_sent(call)
        try:
            response = self._session.request(
                call.method,
                self.base_url + call.path,
                auth=Bearer(token.value) if token else no_auth,
                allow_redirects=False,
                stream=True,
                **call.options,
            )
            body = body_of(response, self._largest, LONGEST, self.timing.clock)
        except requests.RequestException as failure:
            raise self._lost(call, failure) from None
        answer = Answer(response.status_code, response.headers, body)
        self._count_received(answer, len(response.request.body or b""))
        log.debug("%s %s %s → %d", self.platform, call.method, call.endpoint, answer.status)
        return answer

    def _lost(self, call: _Request, failure: requests.RequestException) -> Exception:
        # The text of the failure holds the URL with its query, where addresses may stand: only its kind
        # is told.
        host = urlsplit(self.base_url).netloc
        if isinstance(failure, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
            return Misconfigured(self.platform, f"{host} is not an address that can be called")
        if is_untrusted(failure):
            return Unavailable(
                self.platform, f"no trusted TLS connection to {host}: check the URL and certificates"
            )
        unsent = never_sent(failure)
        what = "cannot be reached" if unsent else "did not answer in full"
        message = f"{host} {what} ({type(failure).__name__}): check the URL and the network"
        if unsent or call.repeatable:
            return _Again(Unavailable(self.platform, message), 0.0)
        return AnswerLost(self.platform, message)

    def _under_base(self, path: str) -> str:
        if path.startswith(self.base_url + "/"):
            return path[len(self.base_url) :]
        if path.startswith("/"):
            return path
        raise Damaged(self.platform, "an answer pointed to another host; the token is not sent there")

    def _wait(self, state: RetryCallState) -> float:
        longest = min(self._retries.cap, self._retries.first * 2 ** (state.attempt_number - 1))
        wait: float = longest / 2 * (1 + self.timing.random())
        failure = state.outcome.exception() if state.outcome else None
        return max(wait, failure.wait) if isinstance(failure, _Again) else wait

    def _spent(self, state: RetryCallState) -> bool:
        """A host that takes the call and says nothing costs a timeout each time: it is asked twice, not seven times."""
        budget = self._retries.budget
        return (
            state.attempt_number >= self._retries.attempts
            or state.idle_for + state.upcoming_sleep > budget
            or (state.attempt_number > 1 and (state.seconds_since_start or 0.0) > budget)
        )

    def _sleep_before_retry(self, seconds: float) -> None:
        with self._lock:
            self.calls.retries += 1
        self.timing.sleep(seconds)

    def _count_sent(self, call: _Request) -> None:
        with self._lock:
            if call.anonymous:
                self.calls.tokens += 1
            else:
                self.calls.requests += 1
                self.calls.by_endpoint[f"{call.method} {call.endpoint}"] += 1

    def _count_received(self, answer: Answer, sent: int) -> None:
        date = http_date(answer.headers.get("Date"))
        with self._lock:
            self.calls.bytes_sent += sent
            self.calls.bytes_received += len(answer.body)
            self.last_headers = answer.headers
            self.last_date = date or self.last_date
