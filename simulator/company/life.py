"""The days of the company: who comes, who looks, who asks, planned one calendar day ahead.

A day's plan depends on the seed, the date and the people known by then. It is made at midnight of the day before,
so that the first morning of the day, in Auckland, is still to come.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial
from random import Random

from simulator.company import activities
from simulator.company.acts import Acts
from simulator.company.dice import Weighted, count
from simulator.company.founding import creation_source
from simulator.company.hours import busy_share, moment_on
from simulator.company.journeys import Move, spell, welcome
from simulator.company.mailings import Mailings
from simulator.company.native_sync import NativeSync
from simulator.company.office import Office
from simulator.company.pair import lead_row, marketo_values
from simulator.company.people import Person, draw_person
from simulator.company.planted_people import AMONG_NEWCOMERS, NEWCOMERS, Peculiar
from simulator.company.reps import Reps
from simulator.company.scene import Scene

# Shares of all people, per month or per usual working day.
NEW_PER_MONTH = 0.04
WORKING_DAYS = 21.7
_VISITS_PER_DAY = 0.0065
_SPELLS_PER_DAY = 0.009 / WORKING_DAYS
_HAND_RAISES_PER_DAY = 0.0034 / WORKING_DAYS
_SURVEYS_PER_DAY = 0.006 / WORKING_DAYS
_AD_CLICKS_PER_DAY = 0.02 / WORKING_DAYS
_FOUND_BY_SYNC = 0.5  # of new people: those whom a program sends to Salesforce by itself
_VISIT = Weighted([("reading", 56), ("looking", 37), ("evaluating", 7)])
_HAND_RAISE = Weighted([("contact", 44), ("demo", 40), ("trial", 16)])


class Life:
    def __init__(
        self,
        scene: Scene,
        acts: Acts,
        mailings: Mailings,
        office: Office,
        reps: Reps,
        sync: NativeSync,
        begin: datetime,
    ) -> None:
        self._scene = scene
        self._acts = acts
        self._mailings = mailings
        self._office = office
        self._reps = reps
        self._peculiar = Peculiar(scene.names, [])
        self._sync = sync
        self._begin = begin
        self._size = len(scene.population)

    def start(self) -> None:
        """Plans from the beginning of history on, and lets those come who came in that time."""
        first = datetime.combine(self._begin.date() - timedelta(days=1), time(0), UTC)
        self._scene.at(first, self._plan)
        for person in self._scene.population.people:
            if person.created >= self._begin and person.marketo_id is not None:
                self._scene.at(person.created, partial(self._came, person))
        self._events()

    def _plan(self, now: datetime) -> None:
        day = now + timedelta(days=1)
        self._scene.at(day, self._plan)
        self._scene.flush(now)
        if self._size == 0:
            return
        busy, size = busy_share(day), self._size
        self._mailings.plan(day)
        for what, per_day in (
            ("visit", _VISITS_PER_DAY),
            ("spell", _SPELLS_PER_DAY),
            ("hand raise", _HAND_RAISES_PER_DAY),
            ("survey", _SURVEYS_PER_DAY),
            ("ad", _AD_CLICKS_PER_DAY),
        ):
            rng = self._scene.dice(what, day)
            for _ in range(count(rng, size * per_day * busy)):
                person = self._scene.population.draw(rng, now)
                if person is not None:
                    self._do(what, person, day, rng)
        self._arrivals(day, size, busy)
        if day >= self._scene.start:
            self._office.plan(day)

    def _do(self, what: str, person: Person, day: datetime, rng: Random) -> None:
        moment = moment_on(day + timedelta(hours=12), person.country.zone, rng)
        if moment < max(self._begin, person.created):
            return
        if what == "visit":
            self._acts.schedule(person, [Move(moment, "visit", _VISIT.draw(rng))])
        elif what == "spell":
            self._acts.schedule(person, spell(person, moment, rng))
        elif what == "hand raise":
            self._acts.schedule(person, [Move(moment, "form", _HAND_RAISE.draw(rng))])
        elif what == "survey":
            self._acts.schedule(person, [Move(moment, "form", "survey")])
        else:
            program = rng.choice(self._scene.campaigns.ads)
            self._scene.at(moment, partial(self._acts.join, person, program, "Clicked"))
            self._acts.schedule(person, [Move(moment, "visit", "looking")])

    # Newcomers ---------------------------------------------------------------------------------------------------

    def _arrivals(self, day: datetime, size: int, busy: float) -> None:
        rng = self._scene.dice("arrivals", day)
        for number in range(count(rng, size * NEW_PER_MONTH / WORKING_DAYS * busy)):
            own = self._scene.dice("arrival", day, number)
            person = draw_person(-1, own, self._scene.names, self._scene.directory, day)
            kind = NEWCOMERS.draw(own) if own.random() < AMONG_NEWCOMERS else None
            if kind is not None:
                self._peculiar.make(person, kind, own)
            moment = moment_on(day + timedelta(hours=12), person.country.zone, own)
            if moment > self._scene.start:
                self._scene.at(moment, partial(self._arrive, person, kind, own))

    def _arrive(self, person: Person, kind: str | None, rng: Random, at: datetime) -> None:
        """Somebody becomes known, mostly by a form; a few are found by a rep and entered in Salesforce."""
        person.number, person.created = len(self._scene.population), at
        if person.channel == "outbound":
            rep = rng.choice(self._scene.staff.of_region(person.country.region, "SDR"))
            values = {k: v for k, v in lead_row(person, at).items() if k != "CreatedDate"}
            person.lead_id = self._scene.org.insert("Lead", {**values, "OwnerId": rep.id}, by=rep.id, at=at)
            self._reps.prospect(person.lead_id, rep, at)
        else:
            person.marketo_id = self._scene.marketo.create_lead(
                {**marketo_values(person), "personType": "contact"}, at=at, source=creation_source(person)
            )
        self._scene.population.add(person)
        self._scene.population.note_records(person)
        if kind is not None:
            self._scene.truth.add(kind, "marketo", "lead", person.marketo_id, f"came at {at:%Y-%m-%d %H:%M}")
            self._scene.truth.add(kind, "salesforce", "lead", person.lead_id, f"came at {at:%Y-%m-%d %H:%M}")
        if person.marketo_id is not None:
            self._first_moves(person, at, rng)
            if rng.random() < _FOUND_BY_SYNC:
                self._scene.at(
                    at + timedelta(seconds=rng.randrange(60, 600)), partial(self._to_sales, person)
                )

    def _to_sales(self, person: Person, at: datetime) -> None:
        if person.marketo_id is not None and not person.gone:
            self._sync.request([person.marketo_id])

    def _came(self, person: Person, at: datetime) -> None:
        """The past's newcomers are founded already; what is left to do is what they did first."""
        if person.marketo_id is None or person.gone:
            return
        self._scene.write(
            [activities.new_lead(person.marketo_id, at, creation_source(person), person.source)]
        )
        self._first_moves(person, at, self._scene.dice("came", person.number))

    def _first_moves(self, person: Person, at: datetime, rng: Random) -> None:
        if person.channel == "webinar":
            self._acts.perform(person, Move(at, "register", "webinar"), at)
        elif person.channel == "event":
            event = self._scene.campaigns.last_event(at)
            if event is not None:
                self._acts.visit_booth(person, event, at)
        elif person.channel != "outbound":
            self._acts.perform(person, Move(at, "form", person.channel), at)
        self._acts.schedule(person, welcome(person, person.channel, at, rng))

    def _events(self) -> None:
        """Whoever of the known people comes by the booth of a trade show."""
        for program in self._scene.campaigns.events:
            if program.held_at is not None and program.held_at >= self._begin and self._size:
                self._scene.at(program.held_at + timedelta(hours=9), partial(self._booth, program.id))

    def _booth(self, program_id: int, at: datetime) -> None:
        program = next(p for p in self._scene.campaigns.events if p.id == program_id)
        rng = self._scene.dice("booth", program_id)
        for _ in range(count(rng, self._size * 0.006)):
            person = self._scene.population.draw(rng, at)
            if person is not None:
                self._acts.visit_booth(person, program, at)
