"""`playbook/organisation.yaml`: whose playbook it is, its time zone, and from when on it may write."""

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime

from schemas.playbook.base import OpportunityCondition, Part, ScoredCondition, Span

DEFAULT_LINE = "default"


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone such as 'Europe/Berlin' or 'UTC'")
    return name


class Line(Part):
    """A product, project or business line: at most one open cycle per person and line."""

    id: str
    opportunity: OpportunityCondition | None = None  # which opportunities belong to it; null: none


class Organisation(Part):
    name: str
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    live_since: AwareDatetime | None = None  # null: adopt silently, write nothing
    write_scope: ScoredCondition | None = None  # null: everybody
    late_limit: Span = timedelta(hours=24)
    lines: list[Line] = [Line(id=DEFAULT_LINE, opportunity="true")]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
