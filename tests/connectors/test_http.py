"""The HTTP client: what is sent again, what is not, how long it insists, and what its errors say."""

import gzip
import itertools
import logging
import socket
import threading
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.answers import Answer, Refusal, Retries, Timing
from connectors.errors import AccessDenied, AnswerLost, Damaged, Misconfigured, RequestRefused, Unavailable
from connectors.http import HttpClient
from connectors.limiter import Limiter
from connectors.redaction import redact
from connectors.session import checked_base_url, http_date
from connectors.tokens import Token, TokenKeeper
from tests.connectors.http_script import CUT, SILENT, TRUNCATED, Reply, Script, serving
from tests.connectors.tls_that_breaks import tls_that_breaks_off

OK = Reply(body=b'{"done": true}')
BUSY = Reply(503)
EXPIRED = Reply(401)


def judge(answer: Answer) -> Refusal | None:
    if answer.status < 300:
        return None
    if answer.status == 401:
        return Refusal("refresh", AccessDenied("acme", "the token is refused"))
    if answer.status == 429:
        return Refusal("retry", Unavailable("acme", "too fast"), 20.0)
    if answer.status >= 500:
        return Refusal("retry", Unavailable("acme", "temporary"))
    return Refusal("stop", RequestRefused("acme", f"HTTP {answer.status}"))


class Clock:
    """Sleeping moves it; nobody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def timing(self) -> Timing:
        return Timing(self.sleep, lambda: self.now, lambda: self.now, lambda: 0.5)


def client_of(script: Script, clock: Clock | None = None, **options: Any) -> HttpClient:
    return HttpClient("acme", script.url, judge, timing=(clock or Clock()).timing(), **options)


def numbered_tokens() -> Any:
    count = iter(range(1, 1000))
    return lambda client: Token(f"token-{next(count)}")


def test_a_host_that_takes_the_call_and_says_nothing_is_asked_twice() -> None:
    patience = Retries(budget=0.3, first=0.01, attempts=7)
    with serving(Script(Reply(fault=SILENT))) as script:
        client = HttpClient("acme", script.url, judge, retries=patience, timeout=(1.0, 0.2))
        with pytest.raises(Unavailable, match=r"did not answer in full .*: check the URL and the network"):
            client.json("GET", "/slow")
        assert client.calls.requests == 2  # the server may hear of one after it was given up


def test_a_temporary_refusal_is_sent_again_until_it_is_answered() -> None:
    with serving(Script(BUSY, BUSY, OK)) as script:
        clock = Clock()
        client = client_of(script, clock)
        assert client.json("GET", "/x") == {"done": True}
        assert len(script.seen) == 3
        assert client.calls.retries == 2
        assert clock.naps == [0.75, 1.5]  # half of 1 and 2 seconds is certain, the rest is chance


def test_it_gives_up_when_the_next_wait_would_exceed_the_budget() -> None:
    with serving(Script(BUSY)) as script:
        clock = Clock()
        with pytest.raises(Unavailable, match="temporary"):
            client_of(script, clock, retries=Retries(budget=10, attempts=100)).json("GET", "/x")
        assert sum(clock.naps) <= 10
        assert len(script.seen) == len(clock.naps) + 1


def test_a_platform_that_names_a_wait_is_given_it() -> None:
    with serving(Script(Reply(429), OK)) as script:
        clock = Clock()
        client_of(script, clock).json("GET", "/x")
        assert clock.naps == [20.0]


def test_what_a_platform_says_of_its_rate_holds_back_every_request_not_only_the_one_that_was_told() -> None:
    clock = Clock()
    limiter = Limiter(calls=100, per=20, concurrent=5, clock=lambda: clock.now, sleep=clock.sleep)
    with serving(Script(Reply(429), OK)) as script:
        client = client_of(script, clock, limiter=limiter, retries=Retries(attempts=1))
        with pytest.raises(Unavailable):
            client.json("GET", "/x")
        client.json("GET", "/y")
        assert clock.now == 20


def test_a_lasting_refusal_is_not_sent_again() -> None:
    with serving(Script(Reply(400))) as script:
        with pytest.raises(RequestRefused):
            client_of(script).json("GET", "/x")
        assert len(script.seen) == 1


@pytest.mark.parametrize("fault", [CUT, TRUNCATED])
def test_a_lost_or_cut_answer_to_a_repeatable_request_is_asked_for_again(fault: str) -> None:
    with serving(Script(Reply(fault=fault), OK)) as script:
        assert client_of(script).json("POST", "/x", json={"id": 1}) == {"done": True}
        assert [seen.body for seen in script.seen] == [b'{"id": 1}', b'{"id": 1}']


@pytest.mark.parametrize(
    "reply",
    [Reply(fault=CUT), Reply(fault=TRUNCATED), BUSY, Reply(body=b"<html>")],
    ids=["no answer", "half of one", "a failure", "one that can't be read"],
)
def test_a_request_that_must_not_be_repeated_is_sent_once_and_its_loss_is_told(reply: Reply) -> None:
    with serving(Script(reply)) as script:
        with pytest.raises(AnswerLost):
            client_of(script).json("POST", "/x", json={}, repeatable=False)
        assert len(script.seen) == 1


def test_a_host_that_does_not_answer_is_one_clear_line_without_the_query() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        client = HttpClient("acme", f"http://127.0.0.1:{port}", judge, timing=Clock().timing())
        with pytest.raises(Unavailable) as told:
            client.json("POST", "/x", params={"q": "a@example.com"}, repeatable=False)
    message = str(told.value)
    assert f"127.0.0.1:{port} cannot be reached" in message
    assert "example.com" not in message
    assert "\n" not in message
    assert client.calls.retries > 0  # it was never sent, so trying again is safe even for this one


def test_an_expired_token_is_renewed_once_and_every_header_comes_along() -> None:
    with serving(Script(EXPIRED, OK)) as script:
        client = client_of(script, authorise=numbered_tokens(), headers={"X-Rule": "FALSE"})
        client.json("PATCH", "/x", json={"a": 1}, headers={"X-More": "yes"})
        first, second = script.seen
        assert (first.headers["Authorization"], second.headers["Authorization"]) == (
            "Bearer token-1",
            "Bearer token-2",
        )
        for seen in script.seen:
            assert (seen.headers["X-Rule"], seen.headers["X-More"], seen.body) == (
                "FALSE",
                "yes",
                b'{"a": 1}',
            )


def test_a_token_that_is_refused_again_ends_the_request_instead_of_looping() -> None:
    with serving(Script(EXPIRED)) as script:
        with pytest.raises(AccessDenied):
            client_of(script, authorise=numbered_tokens()).json("GET", "/x")
        assert len(script.seen) == 2


def test_a_request_renews_its_token_once_however_often_it_is_sent() -> None:
    with serving(Script(EXPIRED, BUSY, EXPIRED)) as script:
        with pytest.raises(AccessDenied):
            client_of(script, authorise=numbered_tokens()).json("GET", "/x")
        assert [seen.headers["Authorization"] for seen in script.seen] == [
            "Bearer token-1",
            "Bearer token-2",
            "Bearer token-2",
        ]


def test_threads_whose_token_expired_together_fetch_one_new_token() -> None:
    fetched: list[Token] = []

    def fetch() -> Token:
        fetched.append(Token(f"token-{len(fetched)}"))
        return fetched[-1]

    keeper = TokenKeeper(fetch, lambda: 0.0)
    stale = keeper.current()
    threads = [threading.Thread(target=keeper.renewed, args=(stale,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 2
    assert keeper.current() is fetched[1]


def test_a_token_is_renewed_before_it_ends() -> None:
    clock = Clock()
    keeper = TokenKeeper(lambda: Token("t", expires=clock.now + 3600), clock.timing().clock)
    first = keeper.current()
    clock.now = 3500
    assert keeper.current() is first
    clock.now = 3545
    assert keeper.current() is not first


def test_an_answer_that_is_no_json_is_asked_for_again_and_then_called_damaged() -> None:
    with serving(Script(Reply(body=b"<html>"), OK)) as script:
        assert client_of(script).json("GET", "/x") == {"done": True}
    with serving(Script(Reply(body=b"<html>"))) as script, pytest.raises(Damaged):
        client_of(script).json("GET", "/x")


def test_redirects_are_not_followed() -> None:
    with serving(Script(Reply(302, headers={"Location": "http://192.0.2.1/"}), OK)) as script:
        with pytest.raises(RequestRefused):
            client_of(script).json("GET", "/x")
        assert len(script.seen) == 1


def test_a_redirect_to_what_is_no_url_is_an_answer_too() -> None:
    elsewhere = Reply(301, headers={"Location": "http://[::bad/"})
    with serving(Script(elsewhere)) as script, pytest.raises(RequestRefused, match="301"):
        client_of(script).json("GET", "/x")


def test_a_small_body_that_unpacks_to_a_huge_one_is_not_unpacked_to_its_end() -> None:
    packed = Reply(body=gzip.compress(b" " * 5_000_000), headers={"Content-Encoding": "gzip"})
    with serving(Script(packed)) as script:
        tracemalloc.start()
        try:
            with pytest.raises(Unavailable, match=r"did not answer in full \(TooLarge\)"):
                client_of(script, largest=100_000, retries=Retries(attempts=1)).json("GET", "/x")
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()


def test_a_body_that_trickles_in_is_not_waited_for_without_end() -> None:
    seconds = itertools.count(step=100.0)  # as long as it takes from one look at the body to the next
    timing = Timing(sleep=lambda _: None, clock=lambda: next(seconds), random=lambda: 0.5)
    with serving(Script(Reply(body=b" " * 50_000), OK)) as script:
        client = HttpClient("acme", script.url, judge, timing=timing)
        assert client.json("GET", "/x") == {"done": True}
        assert len(script.seen) == 2


def test_brackets_without_end_are_no_json() -> None:
    with serving(Script(Reply(body=b"[" * 100_000))) as script, pytest.raises(Damaged):
        client_of(script).json("GET", "/x")


def test_an_untrusted_certificate_is_told_at_once_and_a_broken_tls_connection_is_tried_again(
    tmp_path: Path,
) -> None:
    with tls_that_breaks_off(tmp_path) as (url, certificate, accepted):
        client = HttpClient("acme", url, judge, timing=Clock().timing(), retries=Retries(attempts=2))
        with pytest.raises(Unavailable, match="no trusted TLS connection"):
            client.json("POST", "/x")
        assert accepted.count == 1
        client._session.verify = certificate  # nobody can inject it: in earnest it is the system's alone
        with pytest.raises(Unavailable, match="did not answer in full"):
            client.json("POST", "/x")
        assert accepted.count == 3
        with pytest.raises(AnswerLost):
            client.json("POST", "/x", repeatable=False)
        assert accepted.count == 4


def test_connections_are_kept_for_the_next_request() -> None:
    with serving(Script(OK)) as script:
        client = client_of(script)
        for _ in range(3):
            client.json("GET", "/x")
        assert script.connections == 1


def test_the_token_goes_to_no_other_host_than_the_configured_one() -> None:
    with serving(Script(OK)) as script:
        client = client_of(script, authorise=numbered_tokens())
        with pytest.raises(Damaged, match="another host"):
            client.json("GET", "https://evil.example/next")
        assert client.json("GET", f"{script.url}/next") == {"done": True}
        assert script.seen[0].path == "/next"


def test_the_platforms_clock_is_read_from_the_last_answer() -> None:
    with serving(Script(OK)) as script:
        client = client_of(script)
        assert client.last_date is None
        client.json("GET", "/x")
    assert client.last_date == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_token_calls_are_counted_apart_and_endpoints_by_name() -> None:
    with serving(Script(OK)) as script:
        client = client_of(script)
        client.json("POST", "/token", anonymous=True)
        client.json("GET", "/jobs/750x", endpoint="bulk/state")
        assert (client.calls.tokens, client.calls.requests) == (1, 1)
        assert client.calls.by_endpoint == {"GET bulk/state": 1}
        assert client.calls.bytes_received == len(OK.body) * 2


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "acme.my.salesforce.com",
        "https://user:secret@acme.example",
        "https://acme.example/?token=1",
    ],
)
def test_a_url_that_would_show_the_token_or_is_none_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured) as told:
        checked_base_url("acme", url)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://acme.example/", "https://acme.example"),
        ("https://acme.example/rest/", "https://acme.example/rest"),
        (" http://127.0.0.1:80 ", "http://127.0.0.1:80"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:1", "http://[::1]:1"),
    ],
)
def test_https_and_plain_http_on_loopback_are_taken(url: str, base: str) -> None:
    assert checked_base_url("acme", url) == base


def test_logs_tell_method_and_endpoint_and_no_query_body_or_token(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "connectors"), serving(Script(OK)) as script:
        client_of(script, authorise=numbered_tokens()).json(
            "POST", "/x", params={"q": "ada@example.com"}, json={"email": "ada@example.com"}
        )
    assert "POST /x" in caplog.text
    assert "ada@" not in caplog.text
    assert "token-1" not in caplog.text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("duplicate of ada.byron@example.com here", "duplicate of [e-mail] here"),
        ('{"access_token": "00Dxx!AQ", "a": 1}', '{"access_token": "[secret]", "a": 1}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
        ("session 00D5f0000004C93!AQcAQ is over", "session [token] is over"),
        ("two\n lines", "two lines"),
    ],
)
def test_what_is_quoted_holds_no_address_and_no_credential(said: str, shown: str) -> None:
    assert redact(said) == shown


def test_what_is_quoted_stays_short() -> None:
    assert len(redact("x" * 5000)) == 300


def test_a_megabyte_of_a_platforms_words_is_quoted_as_soon_as_a_line() -> None:
    assert redact("x" * 1_000_000 + " ada@example.com").endswith("…")


def test_a_date_header_that_is_none_is_no_date() -> None:
    assert http_date("yesterday") is None
    assert http_date(None) is None
    assert http_date("Fri, 31 Dec 9999 23:59:59 -1200") is None


def test_a_date_header_without_a_zone_is_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert http_date("Mon, 02 Mar 2026 09:00:00 -0000") == datetime(2026, 3, 2, 9, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()
