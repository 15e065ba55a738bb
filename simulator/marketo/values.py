"""What callers send, made into what is stored, or refused with 1001. Text is never trimmed, cut or escaped."""

from __future__ import annotations

import math
import re
from typing import Any

from simulator.marketo.errors import MarketoError, wrong_type
from simulator.marketo.moments import parse, to_text

_WHOLE = frozenset({"integer", "score", "reference"})
_DECIMAL = frozenset({"float", "currency", "percent"})
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
_LARGEST = 2**31 - 1


def coerce(value: Any, data_type: str, length: int | None = None) -> Any:
    """None for "no value", which ``null`` and ``""`` both mean."""
    if value is None or value == "":
        return None
    if isinstance(value, list | dict):
        raise wrong_type(value, data_type)
    if data_type in _WHOLE:
        return _whole(value, data_type)
    if data_type in _DECIMAL:
        return _decimal(value, data_type)
    if data_type == "boolean":
        return _boolean(value)
    if data_type == "date":
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}.*", str(value)) and parse(str(value)) is not None:
            return str(value)[:10]
        raise wrong_type(value, data_type)
    if data_type == "datetime":
        moment = parse(value) if isinstance(value, str) else None
        if moment is None:
            raise wrong_type(value, data_type)
        return to_text(moment)
    return _text(value, data_type, length)


def _text(value: Any, data_type: str, length: int | None) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if data_type == "email" and not text.isascii():
        raise wrong_type(text, data_type)
    if length is not None and len(text) > length:
        raise wrong_type(f"{text[:20]}…", f"{data_type}({length})")
    try:
        text.encode()
    except UnicodeEncodeError as problem:  # half of a surrogate pair is no text
        raise MarketoError("1001", f"Invalid value. Required of type '{data_type}'") from problem
    return text


def _whole(value: Any, data_type: str) -> int:
    if isinstance(value, bool):
        raise wrong_type(value, data_type)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        if not isinstance(value, str) or not re.fullmatch(r"[+-]?\d{1,10}", value.strip(), re.ASCII):
            raise wrong_type(value, data_type)
        value = int(value)
    if abs(value) > _LARGEST:
        raise wrong_type(value, data_type)
    return int(value)


def _decimal(value: Any, data_type: str) -> float:
    if isinstance(value, bool):
        raise wrong_type(value, data_type)
    try:
        number = float(value)
    except ValueError as problem:
        raise wrong_type(value, data_type) from problem
    if not math.isfinite(number):
        raise wrong_type(value, data_type)
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = _BOOLEANS.get(str(value).strip().lower())
    if found is None:
        raise wrong_type(value, "boolean")
    return found
