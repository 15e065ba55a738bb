"""What Salesforce's refusals mean: one function for whole requests, one for single records.

REST errors are arrays `[{"message", "errorCode"}]`, those of a record in a collection say `statusCode`
instead, and OAuth answers an object `{"error", "error_description"}`. There is no 429 and no Retry-After:
both the daily and the concurrency limit are 403 REQUEST_LIMIT_EXCEEDED, told apart by their text alone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.answers import Answer, Refusal
from connectors.errors import (
    AccessDenied,
    Damaged,
    Misconfigured,
    PlatformError,
    QuotaExhausted,
    RequestRefused,
    Unavailable,
)
from connectors.redaction import redact
from connectors.salesforce.shipped import how_to_create

SALESFORCE = "salesforce"

RETRIED = {
    "UNABLE_TO_LOCK_ROW",
    "QUERY_TIMEOUT",
    "REQUEST_RUNNING_TOO_LONG",
    "SERVER_UNAVAILABLE",
    "SERVICE_UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
    "EXCEEDED_MAX_CONCURRENT_REQUESTS",
}
DENIED = {
    "API_DISABLED_FOR_ORG",
    "API_CURRENTLY_DISABLED",
    "FUNCTIONALITY_NOT_ENABLED",
    "INSUFFICIENT_ACCESS",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INVALID_LOGIN",
    "INVALID_AUTH_HEADER",
    "LOGIN_MUST_USE_SECURITY_TOKEN",
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
    "INACTIVE_ORG",
}
GONE_VERSION = {"UNSUPPORTED_API_VERSION", "INVALID_VERSION", "INVALIDVERSION", "GONE"}
NOT_THERE = {"INVALID_FIELD", "INVALID_TYPE"}
LOCATOR_LOST = {"INVALID_QUERY_LOCATOR", "INVALID_QUERY_LOCATOR_EXCEPTION"}

DEFERRED_RECORD = {
    "UNABLE_TO_LOCK_ROW",
    "QUERY_TIMEOUT",
    "REQUEST_LIMIT_EXCEEDED",
    "REQUEST_RUNNING_TOO_LONG",
    "SERVER_UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
    "PROCESSING_HALTED",
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "TXN_SECURITY_METERING_ERROR",
}

_SESSION = {"INVALID_SESSION_ID", "INVALID_AUTH_HEADER"}
_OAUTH_WAITS = {"temporarily_unavailable", "server_error", "unknown_error", "rate_limit_exceeded"}
_NO_SUCH_COLUMN = re.compile(
    r"No such column '([\w.]+)' on (?:entity|sobject of type) '?(\w+)", re.IGNORECASE
)
_NO_SUCH_RELATION = re.compile(r"Didn't understand relationship '([\w.]+)' in field path", re.IGNORECASE)
_NO_SUCH_OBJECT = re.compile(r"sObject type '(\w+)' is not supported", re.IGNORECASE)
_NO_SUCH_EXTERNAL_ID = re.compile(
    r"external ID field does not exist or is not accessible: (\w+)", re.IGNORECASE
)
# Some messages quote the value, which may be a person's: the words around it are enough.
_QUOTED = re.compile(
    r"(data value too large: |invalid email address: |from VALUE_\w+ value |restricted picklist field: )"
    r".*?( \(max length=\d+\)| or request|$)",
    re.DOTALL,
)


class LocatorExpired(Damaged):
    """The rest of a query's rows can't be fetched by its locator any more; the window must be read on by key."""


class ObjectMissing(Misconfigured):
    """The object itself is not there, or the integration user may not see it."""


def judge(answer: Answer) -> Refusal | None:
    """The judge of all REST and Bulk requests."""
    return None if answer.status < 300 else refusal_of(answer.status, answer.json_or_none())


def judge_token(answer: Answer) -> Refusal | None:
    """The judge of token requests: wrong credentials are never tried again."""
    if answer.status < 300:
        return None
    body = answer.json_or_none()
    error, described = "", ""
    if isinstance(body, Mapping):
        error, described = str(body.get("error", "")), redact(str(body.get("error_description", "")))
    if answer.status >= 500 or error in _OAUTH_WAITS or "rate exceeded" in described:
        told = described or f"the server is not available (HTTP {answer.status})"
        return Refusal("retry", Unavailable(SALESFORCE, f"no access token: {told}", error))
    mend = "check the URL (My Domain), client id and secret or key, and that the app's run-as user is active"
    message = f"no access token: {described or answer.status}; {mend}"
    return Refusal("stop", AccessDenied(SALESFORCE, message, error))


def refusal_of(status: int, body: Any) -> Refusal | None:
    """What to do about one answer, whole or part of a composite."""
    if status < 300 or status == 304:
        return None
    code, message = _first(body)
    said = f"{plain(message)} [HTTP {status}]" if message else f"HTTP {status}"
    if status == 401 or code in _SESSION:
        if "not valid for use with the REST API" in message:
            return _stop(AccessDenied(SALESFORCE, f"{said}: the app needs the scope api", code))
        return Refusal("refresh", AccessDenied(SALESFORCE, f"a fresh access token is refused: {said}", code))
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return Refusal(
                "retry", Unavailable(SALESFORCE, f"too many long requests at once: {said}", code), 2.0
            )
        mend = "the allowance of API calls is used up; it returns within 24 hours as older calls fall out"
        return _stop(QuotaExhausted(SALESFORCE, f"{mend}: {said}", code))
    is_temporary = code in RETRIED or status >= 500 or status in (408, 429)
    if is_temporary and code.upper() not in GONE_VERSION:
        return Refusal("retry", Unavailable(SALESFORCE, f"temporary refusal: {said}", code))
    return _stop(_lasting(status, code, message, said))


def _lasting(status: int, code: str, message: str, said: str) -> PlatformError:
    if code in LOCATOR_LOST:
        return LocatorExpired(SALESFORCE, f"a query's locator expired: {said}", code)
    if code in NOT_THERE or _NO_SUCH_EXTERNAL_ID.search(message):
        return missing(message, code)
    if code in DENIED or status == 403:
        mend = "give the integration user the permission set of connectors/salesforce/metadata"
        return AccessDenied(SALESFORCE, f"{said}; {mend}", code)
    if code.upper() in GONE_VERSION or status == 410:
        mend = (
            "this API version is not offered any more; set salesforce.api_version in playbook/platforms.yaml"
        )
        return Misconfigured(SALESFORCE, f"{mend}: {said}", code)
    if status in (301, 302, 307, 308):
        message = f"the URL leads elsewhere: use the org's My Domain URL ({said})"
        return Misconfigured(SALESFORCE, message, code)
    return RequestRefused(SALESFORCE, said, code)


def missing(message: str, code: str) -> PlatformError:
    """A field or object that the playbook names and the org does not show us, and how to create it."""
    hidden = "does not exist or the integration user cannot see it"
    if found := _NO_SUCH_COLUMN.search(message):
        field, sobject = found.groups()
        text = f"field {field} of {sobject} {hidden}: {how_to_create(sobject, field)}"
        return Misconfigured(SALESFORCE, text, code)
    if found := _NO_SUCH_RELATION.search(message):
        text = f"{found[1]} leads to no other object: correct the field path in playbook/platforms.yaml"
        return Misconfigured(SALESFORCE, text, code)
    if found := _NO_SUCH_OBJECT.search(message):
        text = f"object {found[1]} {hidden}: {how_to_create(found[1], None)}"
        return ObjectMissing(SALESFORCE, text, code)
    if found := _NO_SUCH_EXTERNAL_ID.search(message):
        text = f"{found[1]} is no external id that the integration user can see"
        return Misconfigured(SALESFORCE, f"{text}: deploy connectors/salesforce/metadata", code)
    return Misconfigured(SALESFORCE, plain(message), code)


def record_state(errors: Sequence[Mapping[str, Any]]) -> tuple[str, str, str]:
    """(deferred or rejected, code, message) of a record that failed; values quoted in the message are left out."""
    first = errors[0] if errors else {}
    code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN")
    message = str(first.get("message") or "")
    fields = ", ".join(str(name) for name in first.get("fields") or ())
    # Triggers wrap the lock of another row in a code of their own.
    locked = "UNABLE_TO_LOCK_ROW" in message or "unable to obtain exclusive access" in message
    state = "deferred" if code in DEFERRED_RECORD or locked else "rejected"
    return state, code, plain(message) + (f" [{fields}]" if fields else "")


def plain(message: str) -> str:
    """The message without the value that it quotes, without addresses and credentials, on one line."""
    return redact(_QUOTED.sub(r"\1…\2", message))


def _first(body: Any) -> tuple[str, str]:
    if isinstance(body, list) and body and isinstance(body[0], Mapping):
        return str(body[0].get("errorCode") or ""), str(body[0].get("message") or "")
    if isinstance(body, Mapping):
        return str(body.get("errorCode") or body.get("error") or ""), str(
            body.get("message") or body.get("error_description") or ""
        )
    return "", ""


def _stop(error: PlatformError) -> Refusal:
    return Refusal("stop", error)
