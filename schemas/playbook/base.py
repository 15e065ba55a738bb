"""What every part of a playbook shares: unknown keys are faults, values don't change after loading."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

_UNITS = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
_SPAN = re.compile(r"^\s*(\d+)\s+(minute|hour|day|week)s?\s*$")


class Part(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _span(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _SPAN.match(str(value))
    if not match:
        raise ValueError("a span is a whole number and minutes, hours, days or weeks, e.g. '15 days'")
    return timedelta(minutes=int(match[1]) * _UNITS[match[2]])


def _days(value: Any) -> Any:
    span = _span(value) if not isinstance(value, timedelta) else value
    if span % timedelta(days=1):
        raise ValueError("this span is counted in whole days, e.g. '14 days'")
    return span


Span = Annotated[timedelta, BeforeValidator(_span), PlainSerializer(lambda span: int(span.total_seconds()))]
"""`30 minutes`, `24 hours`, `15 days`, `2 weeks`."""

Days = Annotated[timedelta, BeforeValidator(_days), PlainSerializer(lambda span: span.days)]
"""A span of whole days of the organisation's time zone."""
