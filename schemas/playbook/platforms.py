"""`playbook/platforms.yaml`: which platform field holds what, what statuses mean, how native activities are named."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.playbook.base import Part, Scattered
from schemas.playbook.names import Found, unknown_names, unmapped
from schemas.playbook.patterns import Pattern
from schemas.vocabulary import ActivityKind

Minutes = Annotated[int, Field(ge=0)]
Fields = dict[str, str]
"""Canonical name (a column of `schemas.frames.door`) → the platform's field name."""


class StatusRow(Part):
    """One line of the status table: our stage and how each record spells it. The first spelling is what we write."""

    stage: str
    meaning: Literal["open", "handed_over", "accepted", "recycled", "rejected", "converted"]
    lead: list[str] = []
    contact: list[str] = []
    mql_record: list[str] = []


class ExtraField(Part):
    """An organisation's own attribute, usable in every condition under its key."""

    type: Literal["text", "number", "boolean"] = "text"
    marketo: str | None = None
    lead: str | None = None
    contact: str | None = None


class ActivityRule(Part):
    """The first rule that matches names an activity's kind. All but `native` and `kind` are regular expressions."""

    native: str  # activity type as the platform names it
    asset: Pattern | None = None
    url: Pattern | None = None
    status: Pattern | None = None
    channel: Pattern | None = None  # of the program that the activity belongs to
    kind: ActivityKind


class Answer(Part):
    """An answer that activities carry (survey, self-assessment, form), usable in activity conditions under its key.

    `attribute`: the activity's attribute; `form_field`: a field of the form that was filled in. Either, not both.
    """

    type: Literal["text", "number", "boolean"] = "text"
    attribute: str | None = None
    form_field: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Answer":
        if (self.attribute is None) == (self.form_field is None):
            raise ValueError("an answer is an attribute or a form_field; name one of them")
        return self


class Freshness(Part):
    """How old, in minutes, a stream's last reading may be before the stages that need it stop."""

    owners: Minutes = 60
    queue_members: Minutes = 60
    campaigns: Minutes = 60


class Salesforce(Part):
    api_version: str = "66.0"
    people_since: date | None = None  # null: everybody
    facts_since: date | None = None
    lead: Fields
    contact: Fields
    account: Fields
    opportunity: Fields
    mql_record: Fields
    user: Fields = {}
    task: Fields = {}
    writes: dict[Literal["lead", "contact"], list[str]]
    """Canonical fields that mqlflow owns on each record; nothing else is ever written there, but owner and status."""


class Marketo(Part):
    people_since: date
    activities_days: Annotated[int, Field(ge=1, le=760)] = 90
    calls_per_20_seconds: Annotated[int, Field(ge=1, le=100)] = 50
    daily_calls: Annotated[int, Field(ge=1000)] = 50_000
    fields: Fields
    writes: list[str]
    activities: list[ActivityRule]


class Handover(Part):
    """How a qualified person who is not in the CRM yet gets there."""

    create: Literal["marketo", "crm", "none"] = "marketo"
    campaign: str = "Sync to CRM"
    alarm_after: Minutes = 30
    required: list[str] = ["last_name", "company"]
    default_owner: str | None = None  # by name; for create: crm


class Push(Part):
    score_step: Annotated[int, Field(ge=1, le=100)] = 5
    score_quota: Annotated[float, Field(gt=0, le=1)] = 0.5  # share of the daily calls that scores may use


class Quarantine(Part):
    share: Annotated[float, Field(gt=0, le=1)] = 0.05
    from_rows: Annotated[int, Field(ge=1)] = 200


class Platforms(Part):
    salesforce: Salesforce
    marketo: Marketo
    native_sync: bool = True
    statuses: list[StatusRow]
    extra: dict[str, ExtraField] = {}
    answers: dict[str, Answer] = {}
    freshness: Freshness = Freshness()
    handover: Handover = Handover()
    push: Push = Push()
    quarantine: Quarantine = Quarantine()

    @model_validator(mode="after")
    def _names_are_known_and_words_mean_one_thing(self) -> "Platforms":
        crm = self.salesforce
        objects = ("lead", "contact", "account", "opportunity", "user", "task", "mql_record")
        faults = [
            *unknown_names({name: getattr(crm, name) for name in objects}, self.marketo.fields),
            *unmapped(("marketo", "writes"), self.marketo.writes, self.marketo.fields),
            *(
                fault
                for name, writes in crm.writes.items()
                for fault in unmapped(("salesforce", "writes", name), writes, getattr(crm, name))
            ),
            *_faults_of_statuses(self.statuses),
        ]
        if faults:
            raise Scattered(faults)
        return self


def _faults_of_statuses(statuses: list[StatusRow]) -> Iterator[Found]:
    """A word means one thing on a record, and `MQL__c` needs a word for everything that becomes of a handover."""
    said: dict[tuple[str, str], str] = {}
    for number, row in enumerate(statuses):
        for object in ("lead", "contact", "mql_record"):
            for position, spelling in enumerate(getattr(row, object)):
                word = spelling.strip().lower()
                if said.setdefault((object, word), row.meaning) != row.meaning:
                    path = ("statuses", number, object, position)
                    yield path, f"{word!r} means {said[object, word]} already"
    for meaning in ("handed_over", "accepted", "rejected", "converted"):
        if not any(row.mql_record for row in statuses if row.meaning == meaning):
            rows = (number for number, row in enumerate(statuses) if row.meaning == meaning)
            yield ("statuses", *list(rows)[:1]), f"no status of MQL__c means {meaning}"
