"""What somebody entered into a form: Marketo tells it as PHP-serialised text, `a:1:{s:6:"Budget";s:3:"10k";}`.

Lengths count bytes of UTF-8, so a value may hold quotes and semicolons. Text that is cut off or says something else is
left as it came: what was entered is no reason to lose the act.
"""

from collections.abc import Iterator

DEEPEST = 20
"""Arrays within arrays: deeper than any form's, and no way to exhaust the stack."""


class _NotPhp(ValueError):
    """The text is no PHP-serialised array of plain values."""


def form_fields(text: str) -> dict[str, str] | None:
    """Values by field, in the form's order; None if the text can't be read. Nested values and nulls are left out."""
    try:
        data = text.encode()
        values, end = _array(data, 0)
    except (_NotPhp, UnicodeError, IndexError):
        return None
    return {key: value for key, value in values if value is not None} if end == len(data) else None


def _array(data: bytes, at: int, depth: int = 0) -> tuple[list[tuple[str, str | None]], int]:
    if depth > DEEPEST:
        raise _NotPhp
    count, at = _number(data, _after(data, at, b"a:"), b":{")
    pairs = []
    for _ in range(count):
        key, at = _value(data, at, depth)
        value, at = _value(data, at, depth)
        pairs.append((key or "", value))
    return pairs, _after(data, at, b"}")


def _value(data: bytes, at: int, depth: int) -> tuple[str | None, int]:
    kind = data[at : at + 2]
    if kind == b"s:":
        length, at = _number(data, at + 2, b':"')
        return data[at : at + length].decode(), _after(data, at + length, b'";')
    if kind in (b"i:", b"d:", b"b:"):
        end = data.find(b";", at)
        if end < 0:
            raise _NotPhp
        return data[at + 2 : end].decode(), end + 1
    if kind == b"N;":
        return None, at + 2
    if kind == b"a:":
        return None, _array(data, at, depth + 1)[1]
    raise _NotPhp


def _number(data: bytes, at: int, then: bytes) -> tuple[int, int]:
    digits = bytes(_digits(data, at))
    if not digits or len(digits) > 6:
        raise _NotPhp
    return int(digits), _after(data, at + len(digits), then)


def _digits(data: bytes, at: int) -> Iterator[int]:
    while at < len(data) and data[at : at + 1].isdigit():
        yield data[at]
        at += 1


def _after(data: bytes, at: int, expected: bytes) -> int:
    if data[at : at + len(expected)] != expected:
        raise _NotPhp
    return at + len(expected)
