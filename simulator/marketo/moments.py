"""Datetimes as Marketo stores and writes them: UTC, whole seconds, ``2026-03-02T09:00:00Z``.

Text of that one shape sorts like time, so the store compares it as text.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

SHAPE = "%Y-%m-%dT%H:%M:%SZ"


def to_text(moment: datetime) -> str:
    """Aware datetimes only: a naive one would silently mean the machine's zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a datetime without a time zone cannot be stored: {moment!r}; give it tzinfo=UTC")
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def to_datetime(text: str) -> datetime:
    return datetime.strptime(text, SHAPE).replace(tzinfo=UTC)


def parse(text: str) -> datetime | None:
    """What callers send: ISO dates or datetimes, any offset, UTC where none is given; None for anything else."""
    text = text.strip()
    if len(text) > 6 and text[-6] == " ":  # an unescaped "+" of a query string arrives as a blank
        text = text[:-6] + "+" + text[-5:]
    if text.endswith("Z+0000"):
        text = text[:-6] + "Z"
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of time have no other zone
        return None


def stored(value: object) -> object:
    """Python's own dates become the stored text; everything else stays as it is."""
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def asset_shape(text: str) -> str:
    """The asset API writes ``…Z+0000``, a zone twice over."""
    return text + "+0000"


def offset_shape(text: str) -> str:
    """Lead changes and deleted leads write ``…+0000``."""
    return text[:-1] + "+0000"
