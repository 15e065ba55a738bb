"""Record ids: 15 characters that tell upper from lower case, or 18 that survive where case is lost."""

import re

_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?\Z")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(value: str) -> bool:
    return bool(_ID.match(value))


def to_18(value: str) -> str:
    """The 18-character form. Each suffix letter tells which of five characters are upper case."""
    if len(value) != 15 or not is_id(value):
        return value
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, c in enumerate(value[start : start + 5]) if c.isupper())
        suffix += _CHECK[bits]
    return value + suffix
