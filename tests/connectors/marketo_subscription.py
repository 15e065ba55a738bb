"""A simulated subscription on a loopback port, connected; and pulls as a sync makes them, with their cursors kept."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from pydantic import SecretStr

from connectors.answers import Timing
from connectors.marketo import Credentials, MarketoConnection, connect
from connectors.ports import Cursor, Page, StreamFailure, StreamRequest
from schemas.admission import admit
from schemas.playbook.platforms import ActivityRule, ExtraField, Handover, Marketo
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import ActivityKind, Stream
from simulator.credentials import MARKETO
from tests.simulator.marketo_site import START, Site, served

ALL = (Stream.CAMPAIGNS, Stream.REMOVALS, Stream.PEOPLE, Stream.ACTIVITIES)
HOURLESS = (Stream.REMOVALS, Stream.PEOPLE, Stream.ACTIVITIES)
STATUS = "Change Status in Progression"

FIELDS = {
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "company": "company",
    "title": "title",
    "phone": "phone",
    "country": "country",
    "employees": "numberOfEmployees",
    "status": "leadStatus",
    "owner_id": "sfdcLeadOwnerId",
    "crm_lead_id": "sfdcLeadId",
    "crm_contact_id": "sfdcContactId",
    "unsubscribed": "unsubscribed",
    "score": "mqlScore",
    "grade": "mqlGrade",
    "stage": "mqlStage",
    "last_mql_at": "mqlLastDate",
}
RULES = [
    ActivityRule(native="Visit Webpage", kind=ActivityKind.PAGE_VISIT),
    ActivityRule(native="Fill Out Form", asset=r"(?i)\btrial\b", kind=ActivityKind.TRIAL_SIGNUP),
    ActivityRule(native="Fill Out Form", kind=ActivityKind.FORM_FILL),
    ActivityRule(native="Send Email", kind=ActivityKind.EMAIL_SENT),
    ActivityRule(native="Click Email", kind=ActivityKind.EMAIL_CLICK),
    ActivityRule(native=STATUS, channel="Webinar", status="On-demand", kind=ActivityKind.WEBINAR_ON_DEMAND),
    ActivityRule(native=STATUS, channel="Webinar", status="^Attended", kind=ActivityKind.WEBINAR_ATTENDED),
    ActivityRule(native=STATUS, kind=ActivityKind.PROGRAM_STATUS),
    ActivityRule(native="Third-Party Intent", kind=ActivityKind.THIRD_PARTY_INTENT),
    ActivityRule(native="New Lead", kind=ActivityKind.PERSON_CREATED),
    ActivityRule(native="Change Score", kind=ActivityKind.SCORE_CHANGE),
    ActivityRule(native="Change Data Value", kind=ActivityKind.VALUE_CHANGE),
]
SETTINGS = Marketo(
    people_since=date(2026, 1, 1),
    activities_days=40,
    calls_per_20_seconds=100,
    fields=FIELDS,
    writes=["score", "grade", "stage", "last_mql_at"],
    activities=RULES,
)


HASTE = 100
"""How much faster waits, the rate limit and the lives of tokens run in these tests."""


@dataclass
class Naps:
    """A sleep that is remembered, and slept a hundred times shorter."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(seconds / HASTE)


@dataclass
class Reading:
    """What one pull brought, by stream."""

    pages: list[Page]
    failures: list[StreamFailure]

    def rows(self, stream: Stream) -> pl.DataFrame:
        """All rows of a stream, as the door lets them in."""
        found = [page.rows for page in self.pages if page.stream is stream]
        admitted = admit(pl.concat(found), MODELS[stream], natural_key(stream))
        assert admitted.rejected.is_empty(), admitted.rejected
        return admitted.good

    def keys(self, stream: Stream) -> list[str]:
        return sorted(self.rows(stream)[natural_key(stream)].to_list())


@dataclass
class Subscription:
    """The site, the connection, and the cursors that a ledger would keep."""

    site: Site
    connection: MarketoConnection
    naps: Naps
    cursors: dict[Stream, Cursor] = field(default_factory=dict)

    def pull(self, streams: Sequence[Stream] = HOURLESS, **options: Any) -> Reading:
        """One sync's reading: the platform's time, then every stream through it."""
        through = self.connection.source.server_time()
        requests = [StreamRequest(stream, self.cursors.get(stream), **options) for stream in streams]
        reading = Reading([], [])
        for found in self.connection.source.pull(requests, through):
            if isinstance(found, StreamFailure):
                reading.failures.append(found)
            else:
                reading.pages.append(found)
                self.cursors[found.stream] = found.cursor
        return reading

    def calls(self) -> int:
        """Requests since the last look, as the platform counts them: neither token calls nor empty pages."""
        counted = self.site.world.calls.total("marketo")
        self.site.world.calls.reset()
        return counted

    def advance(self, **span: float) -> datetime:
        self.site.world.clock.advance(timedelta(**span).total_seconds())
        return self.site.world.clock.now()

    def let_jobs_run(self) -> None:
        """Bulk jobs take a moment of wall time here; the second reading looks for its job once a pull."""
        overlap = self.cursors[Stream.ACTIVITIES]["overlap"]
        if overlap.get("job", {}).get("stage") == "queued":
            time.sleep(0.35)

    def restart(self) -> None:
        """The same cursors in a new process: nothing is remembered but them."""
        self.connection.close()
        self.connection = connected(self.site, self.naps)


def connected(
    site: Site,
    naps: Naps,
    settings: Marketo = SETTINGS,
    handover: Handover | None = None,
) -> MarketoConnection:
    return connect(
        site.url + "/rest/",
        Credentials(MARKETO.client_id, SecretStr(MARKETO.client_secret)),
        settings,
        {"line": ExtraField(marketo="businessLine")},
        handover,
        timing=replace(Timing(), sleep=naps, clock=lambda: HASTE * time.monotonic()),
    )


@contextmanager
def subscription() -> Iterator[Subscription]:
    with served() as site:
        site.instance.add_campaign("Sync to CRM", triggerable=True)
        naps = Naps()
        opened = Subscription(site, connected(site, naps), naps)
        try:
            yield opened
        finally:
            opened.connection.close()


def person(site: Site, number: int = 1, **values: Any) -> int:
    """Somebody who came some days ago."""
    known: Mapping[str, Any] = {
        "email": f"p{number}@acme.example",
        "firstName": "Pat",
        "lastName": f"Person {number}",
        "company": "Acme",
        "title": "Engineer",
    }
    at = START - timedelta(days=5) + timedelta(minutes=number)
    return site.instance.create_lead({**known, **values}, at=at, source="Web form fillout")


def visit(site: Site, lead: int, at: datetime, visible_at: datetime | None = None) -> str:
    return site.instance.add_activity(
        1,
        lead,
        at=at,
        primary_id=2001,
        primary_value="www.northbeam.example/pricing",
        attributes={"Webpage URL": "/pricing", "Client IP Address": "203.0.113.9"},
        visible_at=visible_at,
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
