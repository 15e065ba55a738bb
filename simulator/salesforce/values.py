"""How values are kept: datetimes in Salesforce's own text form, which sorts as time does."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

from simulator.salesforce.errors import RecordError
from simulator.salesforce.ids import is_id, to_18
from simulator.salesforce.schema import Field, Type

# Eighteen digits, for whole numbers too: what an import once let in must be readable.
_LARGEST = 1e18
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def stamp(moment: datetime) -> str:
    """`2026-01-01T00:00:00.000+0000`, to the second, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_stamp(text: str) -> datetime:
    """The datetime of a stored stamp."""
    return datetime.fromisoformat(text).astimezone(UTC)


def coerce(field: Field, value: Any) -> Any:
    """The stored form of a value, or the error that Salesforce gives for it."""
    if value is None or value == "":
        return False if field.type is Type.BOOLEAN else None
    return _COERCE[field.type](field, value)


def _text(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = str(value)
    if field.length and len(text) > field.length:
        shown = text if len(text) <= 200 else text[:200]
        raise RecordError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {shown} (max length={field.length})",
            [field.name],
        )
    return text


def _picklist(field: Field, value: Any) -> str:
    text = _text(field, value)
    if field.restricted and text not in field.values:
        raise RecordError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {text}",
            [field.name],
        )
    return text


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    raise _unparsable(field, value, "boolean")


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool):
        raise _unparsable(field, value, "double")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise _unparsable(field, value, "double") from None
    if not math.isfinite(number):
        raise _unparsable(field, value, "double")
    if abs(number) > _LARGEST:
        raise RecordError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {number:g}",
            [field.name],
        )
    if field.type is Type.INTEGER:
        if number != int(number):
            raise _unparsable(field, value, "int")
        return int(number)
    return round(number, field.scale)


def _datetime(field: Field, value: Any) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{field.name}: {value!r} has no time zone")
        return stamp(value)
    if isinstance(value, date):
        return stamp(datetime(value.year, value.month, value.day, tzinfo=UTC))
    try:
        parsed = datetime.fromisoformat(str(value))
        parsed = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _unparsable(field, value, "datetime") from None
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise _unparsable(field, value, "datetime")
    return stamp(parsed)


def _date(field: Field, value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)[:10]
    try:
        if not _DATE.match(text):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _unparsable(field, value, "date") from None


def _reference(field: Field, value: Any) -> str:
    text = str(value)
    if not is_id(text):
        raise RecordError(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {text[:40]}", [field.name]
        )
    return to_18(text)


def _unparsable(field: Field, value: Any, kind: str) -> RecordError:
    shown = str(value)[:80]
    return RecordError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from VALUE_STRING value {shown} or request may be missing "
        f"a required field",
        [field.name],
    )


_COERCE = {
    Type.ID: _reference,
    Type.REFERENCE: _reference,
    Type.STRING: _text,
    Type.TEXTAREA: _text,
    Type.EMAIL: _text,
    Type.PHONE: _text,
    Type.URL: _text,
    Type.PICKLIST: _picklist,
    Type.BOOLEAN: _boolean,
    Type.INTEGER: _number,
    Type.DOUBLE: _number,
    Type.CURRENCY: _number,
    Type.DATETIME: _datetime,
    Type.DATE: _date,
}
