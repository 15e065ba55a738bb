"""Salesforce record ids: 15 case-sensitive characters, and 18 that are safe where case is lost."""

from __future__ import annotations

import re

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")
_POD = "5f0"


def with_checksum(id15: str) -> str:
    """The 18-character form: three characters that say which of the fifteen are capitals."""
    suffix = ""
    for block in (id15[0:5], id15[5:10], id15[10:15]):
        bits = sum(1 << i for i, c in enumerate(block) if "A" <= c <= "Z")
        suffix += _CHECK[bits]
    return id15 + suffix


def make_id(prefix: str, number: int) -> str:
    """The id of the `number`-th record of a kind; the same number gives the same id."""
    digits = ""
    for _ in range(9):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return with_checksum(prefix + _POD + digits)


def is_id(text: str) -> bool:
    if not _SHAPE.match(text):
        return False
    return len(text) == 15 or with_checksum(text[:15])[15:].upper() == text[15:].upper()


def to_18(text: str) -> str:
    """Accepts both forms; anything that is no id comes back unchanged."""
    if len(text) == 15 and _SHAPE.match(text):
        return with_checksum(text)
    if len(text) == 18 and is_id(text):
        return with_checksum(text[:15])
    return text
