"""Everybody the company knows, found by number, by record id, or by lot."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime
from random import Random

from simulator.company.people import EAGERNESS, Person, worth


class Population:
    """People in the order in which they came, so that a moment of the past knows who was there by then."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.by_marketo: dict[int, Person] = {}
        self.by_lead: dict[str, Person] = {}
        self.by_contact: dict[str, Person] = {}
        self._created: list[datetime] = []
        self._eagerness: list[float] = []  # running sums

    def add(self, person: Person) -> None:
        """`person` is younger than everybody so far."""
        self.people.append(person)
        self._created.append(person.created)
        before = self._eagerness[-1] if self._eagerness else 0.0
        # Those whom the product suits are the keener ones.
        self._eagerness.append(before + EAGERNESS[person.temper] * (0.4 + worth(person)))

    def note_records(self, person: Person) -> None:
        """Called whenever a person has got a record on a platform."""
        if person.marketo_id is not None:
            self.by_marketo[person.marketo_id] = person
        if person.lead_id is not None:
            self.by_lead[person.lead_id] = person
        if person.contact_id is not None:
            self.by_contact[person.contact_id] = person

    def of_record(self, lead_id: str | None, contact_id: str | None) -> Person | None:
        found = self.by_lead.get(lead_id) if lead_id else None
        return found or (self.by_contact.get(contact_id) if contact_id else None)

    def known_by(self, moment: datetime) -> int:
        """How many had come by then."""
        return bisect_right(self._created, moment)

    def draw(self, rng: Random, moment: datetime) -> Person | None:
        """Somebody who was there by then, the eager ones more often; None where nobody is found."""
        known = self.known_by(moment)
        if known == 0:
            return None
        for _ in range(5):
            place = bisect_left(self._eagerness, rng.random() * self._eagerness[known - 1], 0, known - 1)
            person = self.people[place]
            if not person.gone and person.marketo_id is not None:
                return person
        return None

    def __len__(self) -> int:
        return len(self.people)
