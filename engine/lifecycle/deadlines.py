"""When a span that began at an instant ends: spans of whole days end at a local midnight, others to the microsecond."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def end_of(since: datetime, span: timedelta, zone: ZoneInfo) -> datetime:
    """The first instant after the span.

    15 days from any moment of 1 March end when 16 March begins in `zone`: a rep counts days, not hours.
    """
    if span % _DAY:
        return since + span
    day = since.astimezone(zone).date() + span
    # Where a clock change skips midnight, fold 0 gives the first instant of that day.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
