"""What people do on the site and in programs: visits, forms, registrations, attendance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from urllib.parse import urlsplit

from simulator.company import activities
from simulator.company.activities import Row, after
from simulator.company.campaigns import Program
from simulator.company.catalogue import PAGES, Form, Page
from simulator.company.dice import Weighted
from simulator.company.journeys import Move, form_of, pages_of_visit
from simulator.company.members import Members
from simulator.company.people import Person
from simulator.company.scene import Scene

REQUESTS = Weighted([("Sales", 62), ("Support", 13), ("Partnership", 6), ("Careers", 4), (None, 15)])
_COMMENTS = (
    "We plan to replace our spreadsheets this year and would like to see it.",
    "Please call me about prices for about 40 users.",
    "Our contract with another vendor ends in summer. What would a switch take?",
    "Does it work with SAP? Who can show us?",
    "Comparing three vendors, need a quote by the end of the month.",
    "",
)
_LEGACY_POINTS = {"contact": 50, "demo": 50, "trial": 40, "webinar": 10, "whitepaper": 10, "tool": 15}
_PATHS = {page.path: page for page in PAGES}


class Acts:
    def __init__(self, scene: Scene, members: Members) -> None:
        self._scene = scene
        self._members = members

    def schedule(self, person: Person, moves: Sequence[Move]) -> None:
        for move in moves:
            self._scene.at(move.at, partial(self.perform, person, move))

    def perform(self, person: Person, move: Move, at: datetime) -> None:
        """Does what was planned, unless the person's record is gone by then."""
        who = person.marketo_id
        if who is None or person.gone:
            return
        rng = self._scene.dice("move", person.number, at, move.what, move.detail)
        if move.what == "visit":
            self.browse(person, who, at, pages_of_visit(move.detail, person.line, rng), rng)
        elif move.what == "form":
            self.fill(person, who, at, form_of(move.detail, person.line, rng), rng)
        elif move.what == "register":
            self.register(person, who, at, rng)
        else:
            raise ValueError(f"nobody knows how to {move.what!r}")

    def browse(self, person: Person, who: int, at: datetime, pages: Sequence[Page], rng: Random) -> None:
        rows: list[Row] = []
        moment = at
        for page in pages:
            rows.append(activities.visit(person, who, moment, page, rng))
            moment = after(moment, 15 + rng.expovariate(1 / 70))
            if page.kind == "webinar" and rng.random() < 0.3:
                rows.append(activities.link_click(person, who, moment, page, rng))
        self._scene.write(rows)

    def land(self, person: Person, at: datetime, link: str) -> None:
        """A click in a mail opens its page and sometimes one or two more."""
        who, page = person.marketo_id, _PATHS.get(urlsplit(link).path)
        if who is None or person.gone or page is None:
            return
        rng = self._scene.dice("landing", person.number, at)
        rows = [activities.visit(person, who, after(at, 1), page, rng, query=urlsplit(link).query)]
        if rng.random() < 0.4:
            more = rng.choice(pages_of_visit("looking", person.line, rng))
            rows.append(activities.visit(person, who, after(at, 60 + rng.randrange(90)), more, rng))
        self._scene.write(rows)

    def fill(self, person: Person, who: int, at: datetime, form: Form, rng: Random) -> None:
        """The form's page, the form, and what the form's program makes of it."""
        filled = after(at, 25 + rng.randrange(90))
        extra: dict[str, str] = {}
        if form.kind in ("contact", "demo"):
            extra["Comments"] = rng.choice(_COMMENTS)
        if form.kind == "contact":
            extra["RequestType"] = REQUESTS.draw(rng) or ""
        rows = [
            activities.visit(person, who, at, form.page, rng),
            activities.form_fill(person, who, filled, form, rng, extra),
        ]
        if form.kind in ("contact", "demo", "trial") and rng.random() < 0.5:
            rows.append(activities.interesting_moment(who, filled, "Web", f"Filled out {form.name}"))
        self._scene.write(rows)
        self._scene.at(filled, partial(self._after_form, person, form, extra))

    def _after_form(self, person: Person, form: Form, extra: Mapping[str, str], at: datetime) -> None:
        program = self._scene.campaigns.content.get(form.name)
        if program is not None:
            self._members.progress(person, program, _DONE[program.channel], at)
        values: dict[str, object] = {
            "comments": extra.get("Comments"),
            "requestType": extra.get("RequestType"),
        }
        if form.line:
            values["businessLine"] = form.line
        self._set(person, {name: value for name, value in values.items() if value}, at, f"Form {form.name}")
        self._legacy(person, form.kind, at)

    def register(self, person: Person, who: int, at: datetime, rng: Random) -> None:
        """Registers for the coming webinar; half of those attend, some watch the recording."""
        program = self._scene.campaigns.next_webinar(at)
        held = program.held_at
        assert held is not None
        assert program.line is not None
        form = form_of("webinar", program.line, rng)
        filled = after(at, 20 + rng.randrange(60))
        self._scene.write(
            [
                activities.visit(person, who, at, form.page, rng),
                activities.form_fill(person, who, filled, form, rng),
            ]
        )
        self._later(person, program, "Registered", filled)
        self._scene.at(filled, partial(self._scored, person, "webinar"))
        lot = rng.random()
        if lot < 0.48:
            self._later(person, program, "Attended", after(held, 3600))
        else:
            self._later(person, program, "No Show", after(held, 3600))
            if lot < 0.66:
                watched = held + timedelta(hours=rng.uniform(18, 140))
                self._later(person, program, "Attended On-demand", watched.replace(microsecond=0))

    def visit_booth(self, person: Person, program: Program, at: datetime) -> None:
        self._members.progress(person, program, "Visited Booth", at)

    def join(self, person: Person, program: Program, status: str, at: datetime) -> None:
        self._members.progress(person, program, status, at)

    def _later(self, person: Person, program: Program, status: str, moment: datetime) -> None:
        self._scene.at(moment, partial(self.join, person, program, status))

    def _scored(self, person: Person, kind: str, at: datetime) -> None:
        self._legacy(person, kind, at)

    def _legacy(self, person: Person, kind: str, at: datetime) -> None:
        """Marketing's old score goes on counting: mqlflow neither reads nor writes it."""
        points, who = _LEGACY_POINTS.get(kind, 5), person.marketo_id
        lead = self._scene.marketo.get_lead(who) if who is not None else None
        if who is None or lead is None:
            return
        old, reason = int(lead.get("leadScore") or 0), f"Scored: {kind}"
        if self._scene.history:
            self._scene.marketo.leads.write(who, {"leadScore": old + points})
            self._scene.write(activities.legacy_score(who, at, old, old + points, reason))
        else:
            values = {"leadScore": old + points}
            self._scene.marketo.update_lead(who, values, at=at, source="Marketo Flow Action", reason=reason)

    def _set(self, person: Person, values: Mapping[str, object], at: datetime, reason: str) -> None:
        who = person.marketo_id
        if who is None or not values or self._scene.marketo.get_lead(who) is None:
            return
        if "businessLine" in values:
            values = (
                {**values}
                if person.line is None
                else {k: v for k, v in values.items() if k != "businessLine"}
            )
            person.line = person.line or str(values.get("businessLine"))
        if not values:
            return
        if self._scene.history:
            self._scene.marketo.leads.write(who, values)
            self._keep_line(person, values)
        else:
            self._scene.marketo.update_lead(who, values, at=at, source="Web form fillout", reason=reason)

    def _keep_line(self, person: Person, values: Mapping[str, object]) -> None:
        if "businessLine" not in values:
            return
        for sobject, record_id in (("Lead", person.lead_id), ("Contact", person.contact_id)):
            if record_id is not None:
                org = self._scene.org
                org.store.update(
                    org.sobject(sobject), record_id, {"Business_Line__c": values["businessLine"]}
                )


_DONE = {"Content": "Downloaded", "Web Form": "Filled-out Form"}
