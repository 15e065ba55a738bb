"""Keys of decisions: UUIDv5 of what they stand for, so that the same facts give the same keys on every machine."""

from datetime import datetime
from uuid import UUID, uuid5

NAMESPACE = UUID("5b1f6f0e-9d0c-5c39-8a53-3d6f1c1f4c11")
_SEPARATOR = "\x1f"


def key(*parts: str | datetime | None) -> str:
    """A key of these parts in this order; an instant counts with its microseconds, a missing part as nothing."""
    return str(uuid5(NAMESPACE, _SEPARATOR.join(_text(part) for part in parts)))


def cycle_key(line: str, fact_key: str) -> str:
    """A cycle is named by its line and the act that opened it: the same act never opens two."""
    return key("cycle", line, fact_key)


def _text(part: str | datetime | None) -> str:
    if part is None:
        return ""
    return part.isoformat(timespec="microseconds") if isinstance(part, datetime) else part
