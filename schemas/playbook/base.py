"""What every part of a playbook shares: unknown keys are faults, values don't change after loading."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

_UNITS = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
LONGEST = timedelta(days=36_500)
"""A century: whatever is subtracted from an instant stays a date."""
_SPAN = re.compile(r"^\s*(\d+)\s+(minute|hour|day|week)s?\s*$")


class Scattered(ValueError):
    """Faults that show only when rules are held together: of each its path in the model, and what is wrong."""

    def __init__(self, faults: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(message for _, message in faults))


class Part(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class On:
    """Marks a text as a SQL condition and names the columns it may use: see `schemas.playbook.columns`."""

    columns: str


PersonCondition = Annotated[str, On("person")]
"""About a person's attributes."""

ScoredCondition = Annotated[str, On("scored person")]
"""About a person's attributes and scores."""

ActivityCondition = Annotated[str, On("activity")]
"""About one activity."""

VisitCondition = Annotated[str, On("visit")]
"""About a visit, as it stands after each of its pages."""

OpportunityCondition = Annotated[str, On("opportunity")]
"""About one opportunity."""

HandoverCondition = Annotated[str, On("handover")]
"""About a cycle and its person."""


def _span(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _SPAN.match(str(value))
    if not match:
        raise ValueError("a span is a whole number and minutes, hours, days or weeks, e.g. '15 days'")
    minutes = int(match[1]) * _UNITS[match[2]]
    if minutes > LONGEST / timedelta(minutes=1):
        raise ValueError(f"a span is at most {LONGEST.days} days")
    return timedelta(minutes=minutes)


def _some(span: timedelta) -> timedelta:
    if not span:
        raise ValueError("this span can't be nothing")
    return span


def _days(value: Any) -> Any:
    span = _span(value)
    if span % timedelta(days=1):
        raise ValueError("this span is counted in whole days, e.g. '14 days'")
    return span


Span = Annotated[timedelta, BeforeValidator(_span), PlainSerializer(lambda span: int(span.total_seconds()))]
"""`30 minutes`, `24 hours`, `15 days`, `2 weeks`."""

Days = Annotated[timedelta, BeforeValidator(_days), PlainSerializer(lambda span: span.days)]
"""A span of whole days of the organisation's time zone."""

SomeTime = AfterValidator(_some)
"""Marks a span that is longer than nothing."""


def content_hash(part: BaseModel | list[BaseModel]) -> str:
    """Twelve hex digits of what was parsed: comments, order of keys and spelling of spans don't count."""
    if isinstance(part, list):
        content: Any = [item.model_dump(mode="json") for item in part]
    else:
        content = part.model_dump(mode="json")
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
