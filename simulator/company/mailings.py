"""Mailings: who gets which mail when, and what comes back: opens, clicks, bounces, scanners, goodbyes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from random import Random

from simulator.company import activities
from simulator.company.activities import Row, after
from simulator.company.campaigns import Program
from simulator.company.catalogue import LINES, MAILS_OF, Mail, invitation, recording
from simulator.company.people import Person
from simulator.company.scene import Scene

# One firm in so many has a mail gateway that follows every link before the mail is delivered to the desk.
_GATEWAY_EVERY = 27
_OPENS = {"silent": 0.0, "dormant": 0.06, "reader": 0.24, "researcher": 0.34, "buyer": 0.42}
_CLICKS = {"silent": 0.0, "dormant": 0.004, "reader": 0.035, "researcher": 0.08, "buyer": 0.14}
Landing = Callable[[Person, datetime, str], None]


class Mailings:
    """`landing` is called with person, moment and link when a human click opens a page."""

    def __init__(self, scene: Scene, landing: Landing) -> None:
        self._scene = scene
        self._landing = landing

    def plan(self, day: datetime) -> None:
        """Puts the day's mailings on the agenda; `day` is its midnight, UTC."""
        week = day.toordinal() // 7
        if day.weekday() == 1:
            letters = MAILS_OF["newsletter"]
            mail = letters[week % len(letters)]
            self._schedule(day, 13, mail, week, partial(_every, 4, week))
        if day.weekday() == 3:
            for place, line in enumerate(LINES):
                nurture = [m for m in MAILS_OF["nurture"] if f" {line} " in m.name]
                mail = nurture[week % len(nurture)]
                self._schedule(day, 9 + place, mail, week, partial(_of_line, line, 9, week))
        if day.weekday() == 0:
            self._about(
                day, 12, self._scene.campaigns.next_webinar(day + timedelta(hours=20)), invitation, week, 3
            )
        if day.weekday() == 4:
            self._about(day, 10, self._scene.campaigns.last_webinar(day), recording, week, 6)

    def _about(
        self,
        day: datetime,
        hour: int,
        webinar: Program,
        mail_of: Callable[[str], Mail],
        week: int,
        parts: int,
    ) -> None:
        if webinar.line is not None:
            wanted = partial(_of_line, webinar.line, parts, week)
            self._schedule(day, hour, mail_of(webinar.line), week, wanted)

    def _schedule(
        self, day: datetime, hour: int, mail: Mail, week: int, wanted: Callable[[Person], bool]
    ) -> None:
        moment = datetime.combine(day.date(), time(hour), UTC)
        self._scene.at(moment, partial(self._send, mail, week, wanted))

    def _send(self, mail: Mail, run: int, wanted: Callable[[Person], bool], at: datetime) -> None:
        known = self._scene.population.known_by(at)
        rng = self._scene.dice("mailing", mail.id, at)
        rows: list[Row] = []
        for person in self._scene.population.people[:known]:
            if person.mailable and not person.gone and person.marketo_id is not None and wanted(person):
                rows += self._one(person, person.marketo_id, mail, run, after(at, rng.randrange(240)), rng)
        self._scene.write(rows)

    def _one(
        self, person: Person, who: int, mail: Mail, run: int, at: datetime, rng: Random
    ) -> Iterable[Row]:
        sent = activities.sent(who, at, mail, run)
        if rng.random() < 0.1:  # handed over by the mail server later, with its early date
            sent["visible_at"] = after(at, rng.randrange(300, 3000))
        yield sent
        if person.email is None or rng.random() < 0.008:
            yield activities.bounced(who, after(at, 5), mail, run, person.email)
            return
        got = after(at, rng.randrange(3, 90))
        yield activities.delivered(who, got, mail, run)
        if has_gateway(person):
            yield from scanned(person, who, mail, run, got, rng)
        if rng.random() >= _OPENS[person.temper]:
            return
        opened = after(got, rng.expovariate(1 / 9000) + 20)
        yield activities.opened(person, who, opened, mail, run, bot=rng.random() < 0.08)
        if rng.random() < _CLICKS[person.temper] / _OPENS[person.temper]:
            link = rng.randrange(len(mail.links))
            clicked = after(opened, rng.randrange(5, 200))
            yield activities.clicked(person, who, clicked, mail, run, link)
            self._scene.at(clicked, partial(self._land, person, mail.links[link]))
        if rng.random() < 0.006:
            yield activities.unsubscribed(person, who, after(opened, 60), mail, run)
            self._scene.at(after(opened, 60), partial(self._goodbye, person))

    def _land(self, person: Person, link: str, at: datetime) -> None:
        self._landing(person, at, link)

    def _goodbye(self, person: Person, at: datetime) -> None:
        person.mailable = False
        who = person.marketo_id
        if who is None or person.gone or self._scene.marketo.get_lead(who) is None:
            return
        if self._scene.history:
            self._scene.marketo.leads.write(who, {"unsubscribed": True})
            self._in_salesforce(person)
        else:
            self._scene.marketo.update_lead(who, {"unsubscribed": True}, at=at, source="Unsubscribe link")

    def _in_salesforce(self, person: Person) -> None:
        """The past's effect on the partner; from the start on, native sync carries it over."""
        for sobject, record_id in (("Lead", person.lead_id), ("Contact", person.contact_id)):
            if record_id is not None:
                org = self._scene.org
                org.store.update(org.sobject(sobject), record_id, {"HasOptedOutOfEmail": True})


def has_gateway(person: Person) -> bool:
    if person.firm is None or person.email is None or not person.email.endswith(person.firm.domain):
        return False
    return sum(person.firm.domain.encode()) % _GATEWAY_EVERY == 0


def scanned(person: Person, who: int, mail: Mail, run: int, got: datetime, rng: Random) -> Iterable[Row]:
    """A gateway's visit: every link of the mail within ten seconds; half of them are recognised and flagged."""
    flagged = sum((person.email or "").encode()) % 2 == 0
    for link in range(len(mail.links)):
        yield activities.clicked(person, who, after(got, 1 + link * 2), mail, run, link, bot=flagged)


def _every(parts: int, week: int, person: Person) -> bool:
    return person.number % parts == week % parts


def _of_line(line: str, parts: int, week: int, person: Person) -> bool:
    return person.line == line and person.number % parts == week % parts
