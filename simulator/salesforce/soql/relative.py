"""Relative date literals as spans of days in the user's time zone.

Weeks begin on Sunday, as in the locale of the integration user (en_US).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIXED = frozenset(
    [
        "YESTERDAY",
        "TODAY",
        "TOMORROW",
        "LAST_WEEK",
        "THIS_WEEK",
        "NEXT_WEEK",
        "LAST_MONTH",
        "THIS_MONTH",
        "NEXT_MONTH",
        "LAST_90_DAYS",
        "NEXT_90_DAYS",
        "LAST_QUARTER",
        "THIS_QUARTER",
        "NEXT_QUARTER",
        "LAST_YEAR",
        "THIS_YEAR",
        "NEXT_YEAR",
    ]
)
_UNITS = ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS")
COUNTED = frozenset(
    [f"LAST_N_{u}" for u in _UNITS] + [f"NEXT_N_{u}" for u in _UNITS] + [f"N_{u}_AGO" for u in _UNITS]
)


@dataclass(frozen=True)
class Span:
    """From the first day to the one before `end`. `until` is set when it stops within a day (`LAST_N_DAYS`)."""

    start: date
    end: date
    until: datetime | None = None

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The span as UTC datetimes, the second one exclusive."""
        start = datetime.combine(self.start, time(), zone).astimezone(UTC)
        end = self.until or datetime.combine(self.end, time(), zone).astimezone(UTC)
        return start, end


def span(name: str, count: int | None, now: datetime, zone: ZoneInfo) -> Span:
    """What the literal means at `now`."""
    today = now.astimezone(zone).date()
    if name in ("TODAY", "YESTERDAY", "TOMORROW"):
        return _of("DAY", today, {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[name], 1)
    if name in ("LAST_90_DAYS", "NEXT_90_DAYS"):
        name, count = name.replace("_90_", "_N_"), 90
    which, _, unit = name.partition("_")
    if count is None:
        return _of(unit, today, {"LAST": -1, "THIS": 0, "NEXT": 1}[which], 1)
    if name.endswith("_AGO"):
        return _of(name.split("_")[1].removesuffix("S"), today, -count, 1)
    unit = name.split("_")[2].removesuffix("S")
    if which == "NEXT":
        return _of(unit, today, 1, count)
    if unit == "DAY":  # the one literal that runs up to the current second
        day = today - timedelta(days=count)
        return Span(day, today + timedelta(days=1), now.astimezone(UTC) + timedelta(seconds=1))
    return _of(unit, today, -count, count)


def _of(unit: str, today: date, offset: int, length: int) -> Span:
    """`length` units, the first of which lies `offset` units from the current one."""
    return Span(_begin(unit, today, offset), _begin(unit, today, offset + length))


def _begin(unit: str, today: date, offset: int) -> date:
    if unit == "DAY":
        return today + timedelta(days=offset)
    if unit == "WEEK":
        return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=offset)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    index = (today.year * 12 + today.month - 1) // months * months + offset * months
    return date(index // 12, index % 12 + 1, 1)
