"""What an answer of Marketo means: its envelope, read before its HTTP status is believed.

`{"requestId": …, "success": true | false, "result": […], "errors": [{"code": "606", …}]}`; members that would be
empty are often absent.
"""

from collections.abc import Mapping
from typing import Any

from connectors.answers import Answer, Refusal
from connectors.errors import AccessDenied, Damaged, RequestRefused, Unavailable
from connectors.marketo.errors import MARKETO, Meaning, meaning, problem
from connectors.session import http_date

SLOW_DOWN = 20.0  # seconds: the rate is counted over the last twenty
CROWDED = 1.0

Envelope = Mapping[str, Any]


def judge(answer: Answer) -> Refusal | None:
    """None if the answer can be used; otherwise whether to ask again, to renew the token, or to stop."""
    return judge_status(answer) or judge_envelope(answer)


def judge_list(answer: Answer) -> Refusal | None:
    """As `judge`, for calls that answer nothing with an empty `result`, or without one and a warning that says so.

    A list that is not there would read as "nobody" and "nothing", and the cursor would move past it.
    """
    refusal = judge(answer)
    envelope = answer.json_or_none()
    if refusal or not isinstance(envelope, dict) or "result" in envelope or envelope.get("warnings"):
        return refusal
    return Refusal("retry", Damaged(MARKETO, "an answer came without its result"))


def judge_batch(answer: Answer) -> Refusal | None:
    """As `judge`, but a batch that timed out is not sent again as it is: it is halved."""
    refusal = judge(answer)
    if refusal and refusal.then == "retry" and meaning(refusal.error.code) is Meaning.TIMED_OUT:
        return Refusal("stop", refusal.error)
    return refusal


def judge_command(answer: Answer) -> Refusal | None:
    """As `judge`, for commands to bulk jobs, which are known to be answered with 200 and nothing at all."""
    return judge(answer) if answer.body.strip() or answer.status != 200 else None


def judge_file(answer: Answer) -> Refusal | None:
    """Bytes of a bulk file. An error comes as plain 404 text, or as a JSON envelope where CSV should be."""
    if answer.status == 404:
        return Refusal("retry", Unavailable(MARKETO, "bulk file: not there yet, or no longer", "404"))
    if refusal := judge_status(answer):
        return refusal
    looks_json = (
        answer.status == 200 and answer.body[:1] == b"{"
    )  # a later piece of a CSV may begin so: that is 206
    is_json = looks_json or "json" in answer.headers.get("Content-Type", "")
    return judge_envelope(answer) if is_json else None


def judge_status(answer: Answer) -> Refusal | None:
    status = answer.status
    if status == 401:
        return Refusal("refresh", AccessDenied(MARKETO, "the access token was refused", "401"))
    if status in (413, 414):
        return Refusal("stop", RequestRefused(MARKETO, "the request is too long", str(status)))
    if status == 429 or status >= 500:
        return Refusal("retry", Unavailable(MARKETO, "the server is not available", f"HTTP {status}"))
    if status >= 300:
        return Refusal("stop", RequestRefused(MARKETO, "unexpected HTTP status", f"HTTP {status}"))
    return None


def judge_envelope(answer: Answer) -> Refusal | None:
    envelope = answer.json_or_none()
    if not isinstance(envelope, dict) or not isinstance(envelope.get("success"), bool):
        return Refusal("retry", Damaged(MARKETO, "an answer came without its envelope"))
    if envelope["success"]:
        return None
    code, message = first_error(envelope)
    error = problem(code, message, "request refused", http_date(answer.headers.get("Date")))
    match meaning(code, message):
        case Meaning.TOKEN:
            return Refusal("refresh", error)
        case Meaning.SLOW_DOWN:
            return Refusal("retry", error, wait=SLOW_DOWN)
        case Meaning.CROWDED:
            return Refusal("retry", error, wait=CROWDED)
        case Meaning.AGAIN | Meaning.TIMED_OUT:
            return Refusal("retry", error)
    return Refusal("stop", error)


def first_error(envelope: Envelope) -> tuple[str, str]:
    """Code and text of the first error or reason of an envelope or of a record."""
    listed = envelope.get("errors") or envelope.get("reasons") or envelope.get("reason") or []
    first = (listed[0] if listed else {}) if isinstance(listed, list) else listed
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("code") or ""), str(first.get("message") or "")


def results(envelope: Envelope) -> list[dict[str, Any]]:
    """The records of an answer; a missing `result` is an empty one."""
    found = envelope.get("result") or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Damaged(MARKETO, "an answer's result is no list of records")
    return found
