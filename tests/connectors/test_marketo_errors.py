"""Every documented code of Marketo, and what is done about it."""

from datetime import UTC, datetime
from typing import Literal

import pytest
from pydantic import SecretStr

from connectors.answers import Answer, Timing
from connectors.errors import (
    AccessDenied,
    Damaged,
    Misconfigured,
    PlatformError,
    QuotaExhausted,
    RequestRefused,
    Unavailable,
)
from connectors.http import HttpClient
from connectors.marketo.auth import Credentials, authorise
from connectors.marketo.envelope import CROWDED, SLOW_DOWN, judge, judge_batch, judge_file
from connectors.marketo.errors import (
    MARKETO,
    AlreadySo,
    FilterUnsupported,
    NothingFound,
    QueueFull,
    RecordRefused,
    TimedOut,
    next_allowance,
    problem,
    record_state,
)
from connectors.tokens import Token
from tests.connectors.http_script import Reply, Script, serving

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
Then = Literal["retry", "refresh", "stop"]

# code: what the HTTP layer does with a whole reply, the error when that doesn't help, a record's outcome
DOCUMENTED: dict[str, tuple[Then, type[PlatformError], str]] = {
    "500": ("retry", Unavailable, "deferred"),
    "502": ("retry", Unavailable, "deferred"),
    "503": ("retry", Unavailable, "deferred"),
    "504": ("retry", Unavailable, "deferred"),
    "413": ("stop", RequestRefused, "rejected"),
    "414": ("stop", RequestRefused, "rejected"),
    "600": ("stop", AccessDenied, "rejected"),
    "601": ("refresh", AccessDenied, "rejected"),
    "602": ("refresh", AccessDenied, "rejected"),
    "603": ("stop", AccessDenied, "rejected"),
    "604": ("retry", TimedOut, "deferred"),
    "605": ("stop", RequestRefused, "rejected"),
    "606": ("retry", Unavailable, "deferred"),
    "607": ("stop", QuotaExhausted, "deferred"),
    "608": ("retry", Unavailable, "deferred"),
    "609": ("stop", RequestRefused, "rejected"),
    "610": ("stop", RequestRefused, "rejected"),
    "611": ("retry", Unavailable, "deferred"),
    "612": ("stop", RequestRefused, "rejected"),
    "613": ("stop", RequestRefused, "rejected"),
    "614": ("retry", Unavailable, "deferred"),
    "615": ("retry", Unavailable, "deferred"),
    "616": ("stop", Misconfigured, "rejected"),
    "701": ("stop", RequestRefused, "rejected"),
    "702": ("stop", NothingFound, "rejected"),
    "703": ("stop", Misconfigured, "rejected"),
    "704": ("stop", RequestRefused, "rejected"),
    "709": ("stop", RequestRefused, "rejected"),
    "710": ("stop", RequestRefused, "rejected"),
    "711": ("stop", RequestRefused, "rejected"),
    "712": ("stop", RecordRefused, "rejected"),
    "713": ("retry", Unavailable, "deferred"),
    "714": ("stop", RecordRefused, "rejected"),
    "718": ("stop", RecordRefused, "rejected"),
    "719": ("retry", Unavailable, "deferred"),
    "1001": ("stop", RecordRefused, "rejected"),
    "1002": ("stop", RecordRefused, "rejected"),
    "1003": ("stop", RecordRefused, "rejected"),
    "1004": ("stop", RecordRefused, "rejected"),
    "1005": ("stop", RecordRefused, "rejected"),
    "1006": ("stop", Misconfigured, "rejected"),
    "1007": ("stop", RecordRefused, "rejected"),
    "1008": ("stop", Misconfigured, "rejected"),
    "1009": ("stop", Misconfigured, "rejected"),
    "1010": ("stop", Misconfigured, "rejected"),
    "1011": ("stop", Misconfigured, "rejected"),
    "1012": ("stop", RecordRefused, "rejected"),
    "1013": ("stop", RecordRefused, "rejected"),
    "1014": ("stop", Unavailable, "deferred"),
    "1015": ("stop", AlreadySo, "unchanged"),
    "1016": ("stop", QueueFull, "deferred"),
    "1017": ("stop", AlreadySo, "unchanged"),
    "1018": ("stop", Misconfigured, "rejected"),
    "1019": ("stop", Unavailable, "deferred"),
    "1020": ("stop", QuotaExhausted, "deferred"),
    "1021": ("stop", Misconfigured, "rejected"),
    "1022": ("stop", Unavailable, "deferred"),
    "1025": ("stop", Misconfigured, "rejected"),
    "1026": ("stop", Misconfigured, "rejected"),
    "1027": ("stop", Misconfigured, "rejected"),
    "1028": ("stop", Misconfigured, "rejected"),
    "1029": ("stop", QueueFull, "deferred"),
    "1035": ("stop", FilterUnsupported, "rejected"),
    "1036": ("stop", RecordRefused, "rejected"),
    "1037": ("stop", AlreadySo, "unchanged"),
    "1042": ("stop", RecordRefused, "rejected"),
    "1048": ("stop", RecordRefused, "rejected"),
    "1049": ("stop", RecordRefused, "rejected"),
    "1076": ("stop", RecordRefused, "rejected"),
    "1077": ("stop", RecordRefused, "rejected"),
    "1078": ("stop", RecordRefused, "rejected"),
    "1079": ("stop", RecordRefused, "rejected"),
    "1080": ("stop", RecordRefused, "rejected"),
    "4711": ("stop", RequestRefused, "rejected"),  # a code that nobody documents
}


def refused(code: str, message: str = "text", status: int = 200) -> Answer:
    body = f'{{"requestId":"1#2","success":false,"errors":[{{"code":"{code}","message":"{message}"}}]}}'
    headers = {"Content-Type": "application/json;charset=UTF-8", "Date": "Mon, 02 Mar 2026 09:00:00 GMT"}
    return Answer(status, headers, body.encode())


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_code_has_its_consequence(code: str) -> None:
    then, error, outcome = DOCUMENTED[code]
    refusal = judge(refused(code))
    assert refusal is not None
    assert refusal.then == then
    assert type(refusal.error) is error
    assert refusal.error.code == code
    assert record_state(code) == outcome


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Too many jobs in queue", QueueFull),
        ("Export daily quota 500MB exceeded.", QuotaExhausted),
        ("Job already queued", AlreadySo),
    ],
)
def test_1029_is_told_apart_by_its_text(message: str, error: type[PlatformError]) -> None:
    assert type(problem("1029", message, "bulk", NOW)) is error


def test_unknown_fields_are_a_matter_of_set_up_under_whichever_code() -> None:
    assert isinstance(problem("1003", "Invalid fields [mqlScore]", "bulk", NOW), Misconfigured)
    assert isinstance(problem("1006", "Field 'mqlScore' not found", "leads", NOW), Misconfigured)


def test_an_allowance_returns_five_minutes_after_midnight_in_chicago() -> None:
    assert next_allowance(datetime(2026, 1, 10, 5, 59, tzinfo=UTC)) == datetime(2026, 1, 10, 6, 5, tzinfo=UTC)
    assert next_allowance(datetime(2026, 1, 10, 6, 0, tzinfo=UTC)) == datetime(2026, 1, 11, 6, 5, tzinfo=UTC)
    assert next_allowance(datetime(2026, 7, 10, 12, 0, tzinfo=UTC)) == datetime(2026, 7, 11, 5, 5, tzinfo=UTC)
    refusal = judge(refused("607", "Daily API quota reached"))
    assert refusal is not None
    assert isinstance(refusal.error, QuotaExhausted)
    assert refusal.error.until == datetime(2026, 3, 3, 6, 5, tzinfo=UTC)


def test_a_rate_refusal_waits_as_long_as_the_rate_is_counted() -> None:
    rate, crowd = judge(refused("606")), judge(refused("615"))
    assert rate is not None
    assert crowd is not None
    assert (rate.wait, crowd.wait) == (SLOW_DOWN, CROWDED)
    assert SLOW_DOWN >= 20


def test_a_batch_that_timed_out_is_not_sent_again_as_it_was() -> None:
    refusal = judge_batch(refused("604"))
    assert refusal is not None
    assert refusal.then == "stop"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_gateway_errors_are_asked_again(status: int) -> None:
    refusal = judge(Answer(status, {}, b"<html>Bad gateway</html>"))
    assert refusal is not None
    assert refusal.then == "retry"
    assert isinstance(refusal.error, Unavailable)


@pytest.mark.parametrize("status", [413, 414, 302, 404])
def test_other_statuses_are_wrong_requests(status: int) -> None:
    refusal = judge(Answer(status, {}, b"text"))
    assert refusal is not None
    assert refusal.then == "stop"
    assert isinstance(refusal.error, RequestRefused)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"success":"yes"}', b"<html/>"])
def test_an_answer_without_its_envelope_is_asked_for_again(body: bytes) -> None:
    refusal = judge(Answer(200, {"Content-Type": "text/html"}, body))
    assert refusal is not None
    assert refusal.then == "retry"


def test_a_file_may_begin_like_json_in_a_later_piece_only() -> None:
    csv = {"Content-Type": "text/csv;charset=UTF-8"}
    assert judge_file(Answer(206, csv, b'{"Webpage URL":""/pricing""}"')) is None
    assert judge_file(Answer(200, csv, b"id,email\n")) is None
    assert judge_file(Answer(200, csv, refused("611").body)) is not None
    missing = judge_file(Answer(404, {"Content-Type": "text/plain"}, b"Export file not found"))
    assert missing is not None
    assert missing.then == "retry"


def test_messages_show_no_address_and_no_long_text() -> None:
    error = problem("1001", "Invalid value 'jo@acme.example'. " + "x" * 900, "leads", NOW)
    assert "jo@acme.example" not in str(error)
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'"x"', b'{"access_token": "t", "expires_in": "soon"}', b""]
)
def test_an_identity_service_that_answers_no_token_is_one_clear_line(body: bytes) -> None:
    with serving(Script(Reply(body=body))) as script, pytest.raises(Damaged, match="without a token"):
        identity_of(script)


@pytest.mark.parametrize("status", [301, 302, 404])
def test_a_url_where_no_identity_service_is_must_be_mended_by_somebody(status: int) -> None:
    with serving(Script(Reply(status, b"text"))) as script:
        with pytest.raises(Misconfigured, match="MQLFLOW_MARKETO_URL"):
            identity_of(script)
        assert len(script.seen) == 1


def identity_of(script: Script) -> Token:
    credentials = Credentials("id", SecretStr("secret"))
    client = HttpClient(
        MARKETO, script.url, judge, authorise=authorise(credentials), timing=Timing(lambda _: None)
    )
    return client.token
