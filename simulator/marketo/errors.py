"""The two ways in which a whole request fails; a failing record is a value, not an exception.

``MarketoError`` is answered with HTTP 200 and ``success: false``. ``HttpError`` is the few cases that
Marketo answers with a status of its own: 401 of identity, 404 of a bulk file, 413, 414, 416.
"""

from __future__ import annotations

from collections.abc import Mapping

NOT_FOUND_TEXT = "Requested resource not found"


class MarketoError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class HttpError(Exception):
    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status} {text}")
        self.status = status
        self.text = text
        self.headers = dict(headers or {})


def missing(parameter: str) -> MarketoError:
    return MarketoError("1002", f"Missing value for the required parameter '{parameter}'")


def invalid(message: str) -> MarketoError:
    return MarketoError("1003", message)


def wrong_type(value: object, wanted: str) -> MarketoError:
    return MarketoError("1001", f"Invalid value '{value}'. Required of type '{wanted}'")


def unknown_field(name: str) -> MarketoError:
    return MarketoError("1006", f"Field '{name}' not found")


def lead_not_found(id: int | str) -> MarketoError:
    return MarketoError("1004", f"Lead '{id}' not found")


def skipped(error: MarketoError, **values: object) -> dict[str, object]:
    """A record that was left out, in the shape of every result list but custom activities'."""
    return {**values, "status": "skipped", "reasons": [{"code": error.code, "message": error.message}]}
