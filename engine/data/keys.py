"""Keys that follow from what they stand for: the same facts give the same keys, on every machine."""

from datetime import datetime
from uuid import UUID, uuid5

NAMESPACE = UUID("6f6f1c4e-2f0b-5d0a-9a3f-0d8f2d3f6b11")
"""Of this project alone. Changing it would give every person of every ledger another key."""


def person_key(platform: str, object: str, native_id: str) -> str:
    """Key of a person, from the oldest record known when the person is first recorded."""
    return str(uuid5(NAMESPACE, f"person:{platform}:{object}:{native_id}"))


def fact_key(kind: str, *parts: str, at: datetime | None = None) -> str:
    """Key of a fact, from the row that tells it and the instant it speaks of."""
    moment = "" if at is None else at.isoformat(timespec="microseconds")
    return str(uuid5(NAMESPACE, ":".join(("fact", kind, *parts, moment))))
