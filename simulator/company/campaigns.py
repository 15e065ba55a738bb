"""Marketing's programs in Marketo, each with its twin campaign in Salesforce."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from simulator.company.catalogue import EBOOKS, FORMS_OF, LINES, WHITEPAPERS
from simulator.company.staff import Staff
from simulator.marketo.instance import Instance
from simulator.salesforce.org import Org

WEBINAR_HOUR = 15  # UTC
_WEBINAR_TITLES = {
    "Platform": "Late Deliveries and What Causes Them",
    "Analytics": "Forecasts That Survive Monday",
    "Field Service": "Fixed the First Time",
    "Payments": "Fewer Payment Disputes",
}
_CAMPAIGN_TYPES = {
    "Webinar": "Webinar",
    "Tradeshow": "Trade Show",
    "Content": "Content",
    "Email Send": "Email",
    "Nurture": "Email",
    "Online Advertising": "Advertisement",
}
# A program member's status in words of the campaign.
MEMBER_STATUS = {
    "Registered": "Registered",
    "Attended": "Attended",
    "Attended On-demand": "Responded",
    "Visited Booth": "Attended",
    "Downloaded": "Responded",
    "Filled-out Form": "Responded",
    "Clicked": "Responded",
    "Influenced": "Responded",
}


@dataclass(frozen=True, slots=True)
class Program:
    """A program; `held_at` is the moment of a webinar or the first day of an event."""

    id: int
    name: str
    channel: str
    line: str | None
    campaign_id: str | None
    held_at: datetime | None = None


class Campaigns:
    """All programs by what they are for; webinars are added as their weeks come."""

    def __init__(self, marketo: Instance, org: Org, staff: Staff) -> None:
        self._marketo = marketo
        self._org = org
        self._staff = staff
        self.webinars: dict[date, Program] = {}
        self.events: list[Program] = []
        self.content: dict[str, Program] = {}  # by the name of the form that opens the content
        self.nurture: dict[str, Program] = {}  # by line
        self.ads: list[Program] = []

    def launch(self, start: datetime, history_days: int) -> None:
        """The standing programs, and all webinars and events from the beginning of history to a month ahead."""
        began = start - timedelta(days=max(history_days, 30) + 60)
        for name, _, line in WHITEPAPERS:
            form = f"Whitepaper - {name}"
            self.content[form] = self._add(f"CNT {form}", "Content", line, began)
        for name, _ in EBOOKS:
            self.content[f"eBook - {name}"] = self._add(f"CNT eBook - {name}", "Content", None, began)
        for tool in FORMS_OF["tool"]:
            self.content[tool.name] = self._add(f"CNT Tool - {tool.name}", "Content", None, began)
        for raised in (*FORMS_OF["contact"], *FORMS_OF["demo"], *FORMS_OF["trial"]):
            self.content[raised.name] = self._add(f"WEB {raised.name}", "Web Form", raised.line, began)
        for line in LINES:
            self.nurture[line] = self._add(f"NUR {line}", "Nurture", line, began)
        self._add("NL Operations Letter", "Email Send", None, began)
        for name in ("ADS Search Planning Software", "ADS Social Retargeting"):
            self.ads.append(self._add(name, "Online Advertising", None, began))
        for days in (-75, -30, 20, 80):
            held = _at(start.date() + timedelta(days=days), 8)
            name = f"EVT {held:%Y-%m} Operations Days {('Berlin', 'Chicago', 'Sydney')[len(self.events) % 3]}"
            self.events.append(self._add(name, "Tradeshow", None, held - timedelta(days=40), held))
        first = start.date() - timedelta(days=history_days)
        for day in thursdays(first, start.date() + timedelta(days=35)):
            self.webinar_of(day)

    def webinar_of(self, day: date) -> Program:
        """The webinar of a Thursday; lines take turns."""
        if day not in self.webinars:
            line = LINES[day.toordinal() // 7 % len(LINES)]
            held = _at(day, WEBINAR_HOUR)
            name = f"WBN {day} {line}: {_WEBINAR_TITLES[line]}"
            self.webinars[day] = self._add(name, "Webinar", line, held - timedelta(days=30), held)
        return self.webinars[day]

    def next_webinar(self, moment: datetime) -> Program:
        day = moment.date() + timedelta(days=(3 - moment.weekday()) % 7)
        if _at(day, WEBINAR_HOUR) <= moment:
            day += timedelta(days=7)
        return self.webinar_of(day)

    def last_webinar(self, moment: datetime) -> Program:
        day = moment.date() - timedelta(days=(moment.weekday() - 3) % 7)
        if _at(day, WEBINAR_HOUR + 1) > moment:
            day -= timedelta(days=7)
        return self.webinar_of(day)

    def last_event(self, moment: datetime) -> Program | None:
        """The latest trade show that had opened by then."""
        held = [
            program for program in self.events if program.held_at is not None and program.held_at <= moment
        ]
        return held[-1] if held else None

    def _add(
        self, name: str, channel: str, line: str | None, began: datetime, held_at: datetime | None = None
    ) -> Program:
        now = self._marketo.now()
        created = min(began, now)
        campaign_id = None
        if channel in _CAMPAIGN_TYPES:
            row = {
                "Name": name[:80],
                "Type": _CAMPAIGN_TYPES[channel],
                "Status": "Completed" if held_at and held_at < now else "In Progress",
                "StartDate": (held_at or began).date(),
                "EndDate": held_at.date() if held_at else None,
                "IsActive": True,
                "Business_Line__c": line,
                "OwnerId": self._staff.sync_user,
                "CreatedById": self._staff.sync_user,
                "CreatedDate": created,
            }
            [campaign_id] = self._org.load("Campaign", [row])
        program_id = self._marketo.add_program(
            name,
            type="Event" if channel in ("Webinar", "Tradeshow") else "Default",
            channel=channel,
            start_date=held_at,
            tags={"Business Line": line} if line else None,
            sfdc_id=campaign_id,
            at=created,
        )
        return Program(program_id, name, channel, line, campaign_id, held_at)


def thursdays(first: date, last: date) -> Iterator[date]:
    day = first + timedelta(days=(3 - first.weekday()) % 7)
    while day <= last:
        yield day
        day += timedelta(days=7)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)
