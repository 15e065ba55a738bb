"""When people do things: working hours of their own country, with a few in the evening and at weekends."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

_OPENS, _CLOSES = 9, 17.5  # local hours of a rep's desk
_DAY_START, _DAY_LENGTH = 8.0, 10.0  # local hours in which people browse at work


def at_work(moment: datetime, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    return local.weekday() < 5 and _OPENS <= local.hour + local.minute / 60 < _CLOSES


def next_at_work(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself if the desk is staffed then, else the next opening."""
    if at_work(moment, zone):
        return moment
    local = moment.astimezone(zone)
    day = local.date()
    if local.weekday() >= 5 or local.hour >= _OPENS:
        day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, time(_OPENS), zone).astimezone(UTC)


def working_time_after(moment: datetime, hours: float, zone: ZoneInfo) -> datetime:
    """The moment at which so many desk hours have passed."""
    current, left = next_at_work(moment, zone), timedelta(hours=hours)
    while True:
        local = current.astimezone(zone)
        closing = datetime.combine(local.date(), time(17, 30), zone).astimezone(UTC)
        if current + left < closing:
            return whole_second(current + left)
        left -= closing - current
        current = next_at_work(closing, zone)


def moment_on(day: datetime, zone: ZoneInfo, rng: Random) -> datetime:
    """A moment of somebody's local calendar day: mostly at work, one in ten in the evening.

    `day` is any UTC moment of that calendar day (noon is safe for all zones).
    """
    hour = _DAY_START + _DAY_LENGTH * rng.betavariate(2, 2.4) if rng.random() < 0.9 else rng.uniform(18, 23)
    local = datetime.combine(day.date(), time(0), zone) + timedelta(hours=hour)
    return whole_second(local.astimezone(UTC))


def busy_share(day: datetime) -> float:
    """How much of a usual working day happens on a day of the week."""
    return (1.05, 1.15, 1.15, 1.1, 0.9, 0.14, 0.16)[day.weekday()]


def whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
