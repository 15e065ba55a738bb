"""Every documented refusal of Salesforce and what is done about it."""

import json
from typing import Any

import pytest

from connectors.answers import Answer
from connectors.errors import (
    AccessDenied,
    Misconfigured,
    PlatformError,
    QuotaExhausted,
    RequestRefused,
    Unavailable,
)
from connectors.salesforce.errors import (
    LocatorExpired,
    ObjectMissing,
    judge,
    judge_token,
    record_state,
    refusal_of,
)

TOTAL = "TotalRequests Limit exceeded."
CONCURRENT = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
NO_COLUMN = (
    "\nSELECT Foo__c FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'Foo__c' on entity 'Lead'. If you "
    "are attempting to use a custom field, be sure to append the '__c'"
)
NO_OBJECT = "\nFROM MQL__c\n     ^\nERROR at Row:1:Column:6\nsObject type 'MQL__c' is not supported."
NO_KEY = "Provided external ID field does not exist or is not accessible: MQL_External_Key__c"

REQUESTS: list[tuple[int, str, str, str, type[PlatformError]]] = [
    (401, "INVALID_SESSION_ID", "Session expired or invalid", "refresh", AccessDenied),
    (401, "INVALID_AUTH_HEADER", "INVALID_AUTH_HEADER", "refresh", AccessDenied),
    (401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API", "stop", AccessDenied),
    (403, "REQUEST_LIMIT_EXCEEDED", TOTAL, "stop", QuotaExhausted),
    (403, "REQUEST_LIMIT_EXCEEDED", CONCURRENT, "retry", Unavailable),
    (403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization", "stop", AccessDenied),
    (403, "API_CURRENTLY_DISABLED", "API is currently disabled", "stop", AccessDenied),
    (403, "INSUFFICIENT_ACCESS", "", "stop", AccessDenied),
    (400, "INSUFFICIENT_ACCESS_OR_READONLY", "", "stop", AccessDenied),
    (400, "INVALID_FIELD", NO_COLUMN, "stop", Misconfigured),
    (400, "INVALID_TYPE", NO_OBJECT, "stop", ObjectMissing),
    (404, "NOT_FOUND", NO_KEY, "stop", Misconfigured),
    (404, "NOT_FOUND", "The requested resource does not exist", "stop", RequestRefused),
    (404, "ENTITY_IS_DELETED", "entity is deleted", "stop", RequestRefused),
    (400, "MALFORMED_QUERY", "unexpected token: FORM", "stop", RequestRefused),
    (400, "MALFORMED_ID", "", "stop", RequestRefused),
    (400, "JSON_PARSER_ERROR", "", "stop", RequestRefused),
    (400, "EXCEEDED_ID_LIMIT", "", "stop", RequestRefused),
    (400, "INVALID_QUERY_LOCATOR", "invalid query locator", "stop", LocatorExpired),
    (400, "QUERY_TIMEOUT", "Your query request was running for too long.", "retry", Unavailable),
    (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", "retry", Unavailable),
    (503, "SERVER_UNAVAILABLE", "", "retry", Unavailable),
    (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.", "retry", Unavailable),
    (500, "APEX_ERROR", "", "retry", Unavailable),
    (410, "GONE", "", "stop", Misconfigured),
    (400, "InvalidVersion", "", "stop", Misconfigured),
    (500, "UNSUPPORTED_API_VERSION", "", "stop", Misconfigured),
    (405, "METHOD_NOT_ALLOWED", "", "stop", RequestRefused),
    (409, "CONFLICT", "", "stop", RequestRefused),
    (412, "PRECONDITION_FAILED", "", "stop", RequestRefused),
    (414, "URI_TOO_LONG", "", "stop", RequestRefused),
    (415, "UNSUPPORTED_MEDIA_TYPE", "", "stop", RequestRefused),
    (428, "PRECONDITION_REQUIRED", "", "stop", RequestRefused),
    (431, "HEADERS_TOO_LARGE", "", "stop", RequestRefused),
    (300, "", "", "stop", RequestRefused),
    (302, "", "", "stop", Misconfigured),
]


@pytest.mark.parametrize(("status", "code", "message", "then", "error"), REQUESTS)
def test_a_request_that_is_refused(
    status: int, code: str, message: str, then: str, error: type[PlatformError]
) -> None:
    refusal = refusal_of(status, [{"errorCode": code, "message": message}])
    assert refusal is not None
    assert (refusal.then, type(refusal.error)) == (then, error)
    assert refusal.error.code == code
    assert "\n" not in str(refusal.error)


@pytest.mark.parametrize("status", [200, 201, 204, 304])
def test_a_request_that_is_taken(status: int) -> None:
    assert judge(Answer(status, {}, b"")) is None


@pytest.mark.parametrize("body", [b"", b"<html>Down for maintenance</html>", b"[]", b'"x"'])
def test_a_refusal_without_the_usual_body_is_judged_by_its_status(body: bytes) -> None:
    down, expired = judge(Answer(503, {}, body)), judge(Answer(401, {}, body))
    assert down is not None
    assert down.then == "retry"
    assert expired is not None
    assert expired.then == "refresh"


def test_a_missing_field_is_told_with_its_object_and_how_to_create_it() -> None:
    ours = NO_COLUMN.replace("Foo__c", "MQL_Stage__c")
    assert _error(400, "INVALID_FIELD", ours).startswith(
        "salesforce: field MQL_Stage__c of Lead does not exist or the integration user cannot see it: deploy "
        "connectors/salesforce/metadata"
    )
    assert "create it in Setup → Object Manager → Lead" in _error(400, "INVALID_FIELD", NO_COLUMN)
    assert "deploy connectors/salesforce/metadata" in _error(400, "INVALID_TYPE", NO_OBJECT)


@pytest.mark.parametrize(
    ("status", "body", "then"),
    [
        (400, {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, "stop"),
        (401, {"error": "invalid_client", "error_description": "invalid client credentials"}, "stop"),
        (400, {"error": "invalid_client_id", "error_description": "client identifier invalid"}, "stop"),
        (400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"}, "stop"),
        (400, {"error": "inactive_user", "error_description": "user is inactive"}, "stop"),
        (400, {"error": "login_rate_exceeded", "error_description": "login rate exceeded"}, "retry"),
        (503, {"error": "temporarily_unavailable"}, "retry"),
        (500, "oops", "retry"),
        (404, "<html>", "stop"),
    ],
)
def test_a_token_that_is_refused(status: int, body: Any, then: str) -> None:
    refusal = judge_token(Answer(status, {}, json.dumps(body).encode()))
    assert refusal is not None
    assert refusal.then == then
    assert isinstance(refusal.error, AccessDenied if then == "stop" else Unavailable)


RECORDS = [
    ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 001x", "deferred"),
    ("QUERY_TIMEOUT", "", "deferred"),
    ("REQUEST_LIMIT_EXCEEDED", TOTAL, "deferred"),
    ("SERVER_UNAVAILABLE", "", "deferred"),
    ("PROCESSING_HALTED", "The transaction was rolled back", "deferred"),
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "", "deferred"),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "OnLead: UNABLE_TO_LOCK_ROW, unable to obtain", "deferred"),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "OnLead: System.NullPointerException", "rejected"),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Give a reason", "rejected"),
    ("STRING_TOO_LONG", "Company: data value too large: Acme (max length=255)", "rejected"),
    ("INACTIVE_OWNER_OR_USER", "operation performed with inactive user [005x] as owner of lead", "rejected"),
    ("OP_WITH_INVALID_USER_TYPE_EXCEPTION", "Operation not valid for this user type", "rejected"),
    ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "rejected"),
    ("MALFORMED_ID", "bad id", "rejected"),
    ("ENTITY_IS_DELETED", "entity is deleted", "rejected"),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields", "rejected"),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: X", "rejected"),
    ("REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", "rejected"),
    ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", "rejected"),
    ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", "rejected"),
    ("DUPLICATES_DETECTED", "Use one of these records?", "rejected"),
    ("DUPLICATE_VALUE", "duplicate value found", "rejected"),
    ("SOMETHING_NEW", "", "rejected"),
]


@pytest.mark.parametrize(("code", "message", "state"), RECORDS)
def test_a_record_that_is_refused(code: str, message: str, state: str) -> None:
    assert record_state([{"statusCode": code, "message": message, "fields": []}])[:2] == (state, code)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "Company: data value too large: Ada & Sons (max length=20)",
            "Company: data value too large: … (max length=20)",
        ),
        ("Email: invalid email address: ada at example", "Email: invalid email address: …"),
        (
            "from VALUE_STRING value Ada or request may be missing a field",
            "from VALUE_STRING value … or request may",
        ),
        ("used by ada@example.com already", "used by [e-mail] already"),
    ],
)
def test_a_value_that_a_message_quotes_is_left_out(message: str, told: str) -> None:
    assert record_state([{"statusCode": "X", "message": message}])[2].startswith(told)


def test_the_fields_of_a_refused_record_are_told() -> None:
    failed = [
        {"statusCode": "REQUIRED_FIELD_MISSING", "message": "missing", "fields": ["Company", "LastName"]}
    ]
    assert record_state(failed)[2] == "missing [Company, LastName]"


def _error(status: int, code: str, message: str) -> str:
    refusal = refusal_of(status, [{"errorCode": code, "message": message}])
    assert refusal is not None
    return str(refusal.error)
