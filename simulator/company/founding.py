"""Puts the people into both platforms, each record agreeing with its partner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulator.company.accounts import Directory, Firm
from simulator.company.dice import dice
from simulator.company.hours import moment_on
from simulator.company.names import Names
from simulator.company.opportunities import NEW_BUSINESS, Deal, deal, load_deals, past_deals
from simulator.company.pair import contact_row, lead_row, link_values, marketo_values
from simulator.company.past import Past, kept, past_of
from simulator.company.people import Person, draw_created, draw_person
from simulator.company.planted_people import Peculiar, ideal_firms
from simulator.company.population import Population
from simulator.company.staff import Staff
from simulator.marketo.instance import Instance
from simulator.salesforce.org import Org

# Where somebody's records are, up to this share of people.
_MARKETO_ONLY, _LEAD, _CONTACT = 0.46, 0.84, 0.96
_CONVERTED = 0.5  # of the contacts: those whom sales found as a lead first


class Founding:
    def __init__(
        self,
        org: Org,
        marketo: Instance,
        staff: Staff,
        names: Names,
        firms: list[Firm],
        seed: int,
        start: datetime,
    ) -> None:
        self._org = org
        self._marketo = marketo
        self._staff = staff
        self._names = names
        self._firms = firms
        self._directory = Directory(firms)
        self._seed = seed
        self._start = start
        self.population = Population()
        self.pasts: dict[int, Past] = {}  # by number, of people who are or were leads
        self.chosen: dict[int, str] = {}  # by number: what is peculiar about whom
        self.open_deals: list[Deal] = []
        self._sales_created: dict[int, datetime] = {}

    def settle(self, people: int, chosen: Mapping[int, str]) -> None:
        """Everything about people and deals that is true at the start; `chosen` are the peculiar ones."""
        where = self._draw_people(people, chosen)
        contacts = [p for p in self.population.people if where[p.number] == "contact"]
        deals = self._convert(contacts)
        self._load_contacts(contacts)
        deals += past_deals(self._firms, self.population.people, self._seed, self._start)
        load_deals(self._org, deals, self._seed)
        self.open_deals = [d for d in deals if not d.row["StageName"].startswith("Closed")]
        made = {d.converted_from.number: d for d in deals if d.converted_from is not None}
        self._load_leads([p for p in self.population.people if where[p.number] in ("lead", "crm")], made)
        self._load_marketo([p for p in self.population.people if where[p.number] != "crm"])
        for person in self.population.people:
            self.population.note_records(person)

    def _draw_people(self, people: int, chosen: Mapping[int, str]) -> dict[int, str]:
        """Draws everybody, then numbers them in the order in which they came; answers where each has records."""
        lots = dice(self._seed, "created")
        peculiar = Peculiar(self._names, ideal_firms(self._firms))
        drawn: list[tuple[Person, str]] = []
        for number, day in enumerate(sorted(draw_created(lots, self._start) for _ in range(people))):
            rng = dice(self._seed, "person", number)
            place = _place(rng) if number not in chosen else rng.choice(("marketo", "lead"))
            person = draw_person(number, rng, self._names, self._directory, day, contact=place == "contact")
            if number in chosen:
                peculiar.make(person, chosen[number], dice(self._seed, "peculiar", number))
            moment = moment_on(day, person.country.zone, rng)
            person.created = moment if moment < self._start - timedelta(minutes=30) else day
            drawn.append((person, place))
        drawn.sort(key=lambda pair: (pair[0].created, pair[0].number))
        where: dict[int, str] = {}
        for number, (person, place) in enumerate(drawn):
            if person.number in chosen:
                self.chosen[number] = chosen[person.number]
            person.number, where[number] = number, place
            if place == "contact" and person.firm is not None:
                person.firm.contacts.append(number)
            self.population.add(person)
        return where

    def _load_contacts(self, contacts: list[Person]) -> None:
        rows = []
        for person in contacts:
            rng = dice(self._seed, "contact", person.number)
            owner = person.firm.owner if person.firm and person.firm.owner else self._staff.default_owner
            if rng.random() < 0.2:
                owner = rng.choice(self._staff.of_region(person.country.region)).id
            past = self.pasts.get(person.number)
            created = past.values["LastModifiedDate"] if past else self._in_salesforce(person, rng)
            changed = created + (self._start - created) * rng.random()
            stamps = (
                {name: value for name, value in past.values.items() if name.endswith("Date__c")}
                if past
                else {}
            )
            rows.append(
                contact_row(
                    person,
                    created,
                    OwnerId=owner,
                    CreatedById=owner,
                    LastModifiedDate=changed,
                    LastModifiedById=owner,
                    **stamps,
                )
            )
        for person, contact_id in zip(contacts, self._org.load("Contact", rows), strict=True):
            person.contact_id = contact_id

    def _convert(self, contacts: list[Person]) -> list[Deal]:
        """The deals that lead conversions made; the leads themselves are written afterwards."""
        deals = []
        for person in contacts:
            rng = dice(self._seed, "converted", person.number)
            if rng.random() >= _CONVERTED or person.firm is None:
                continue
            created = self._in_salesforce(person, rng)
            past = past_of(person, self._staff, rng, created, self._start, converted=True)
            if past.rep is None:
                continue
            self.pasts[person.number] = past
            if rng.random() < 0.55:
                opened = past.values["LastModifiedDate"]
                made = deal(rng, person.firm, [person], "Prospecting", NEW_BUSINESS, opened, person.line)
                _let_pass(made, rng, self._start)
                made.converted_from = person
                made.row["OwnerId"] = made.row["CreatedById"] = past.rep.id
                deals.append(made)
        return deals

    def _load_leads(self, leads: list[Person], made: dict[int, Deal]) -> None:
        converted = [p for p in self.population.people if p.number in self.pasts]
        rows, everyone = [], sorted([*leads, *converted], key=lambda p: p.number)
        for person in everyone:
            rng = dice(self._seed, "lead", person.number)
            created = self._in_salesforce(person, rng)
            past = self.pasts.get(person.number)
            more: dict[str, Any] = {}
            if past is None:
                past = past_of(person, self._staff, rng, created, self._start, converted=False)
                self.pasts[person.number] = past
            else:
                deal_made = made.get(person.number)
                more = {
                    "IsConverted": True,
                    "ConvertedDate": past.values["LastModifiedDate"].date(),
                    "ConvertedContactId": person.contact_id,
                    "ConvertedAccountId": person.firm.account_id if person.firm else None,
                    "ConvertedOpportunityId": deal_made.id if deal_made else None,
                }
            by = self._staff.sync_user
            more |= {"Status": past.status, "OwnerId": past.owner, "CreatedById": by, **past.values}
            more["Lead_Score__c"] = legacy_score(person, self._seed)
            rows.append(lead_row(person, created, **more))
        for person, lead_id in zip(everyone, self._org.load("Lead", rows), strict=True):
            person.lead_id = lead_id
        self._load_past(everyone)

    def _load_past(self, leads: list[Person]) -> None:
        history, tasks = [], []
        for person in leads:
            past = self.pasts[person.number]
            history += [{**row, "LeadId": person.lead_id} for row in kept(past.history, self._start)]
            who = person.contact_id or person.lead_id
            tasks += [{**row, "WhoId": who, "LastModifiedDate": row["CreatedDate"]} for row in past.tasks]
        self._org.load("LeadHistory", sorted(history, key=lambda row: row["CreatedDate"]))
        self._org.load("Task", sorted(tasks, key=lambda row: row["CreatedDate"]))

    def _load_marketo(self, people: list[Person]) -> None:
        rows = []
        for person in people:
            rng = dice(self._seed, "marketo", person.number)
            past = self.pasts.get(person.number)
            updated = person.created + (self._start - person.created) * rng.random() ** 0.5
            rows.append(
                {
                    **marketo_values(person),
                    **link_values(person, past.owner if past else None, past.status if past else None),
                    "leadScore": legacy_score(person, self._seed),
                    "originalSourceType": creation_source(person),
                    "personType": "contact",
                    "createdAt": person.created,
                    "updatedAt": max(updated, person.created),
                }
            )
        for person, marketo_id in zip(people, self._marketo.load_leads(rows), strict=True):
            person.marketo_id = marketo_id

    def _in_salesforce(self, person: Person, rng: Random) -> datetime:
        """When the sync made the Salesforce record: minutes after the first act for most, days for others."""
        if person.number not in self._sales_created:
            wait = timedelta(seconds=rng.randrange(30, 400))
            if rng.random() < 0.3:
                wait = timedelta(days=rng.random() * 30)
            latest = self._start - timedelta(minutes=10)
            self._sales_created[person.number] = max(min(person.created + wait, latest), person.created)
        return self._sales_created[person.number]


def legacy_score(person: Person, seed: int) -> int:
    """The score that marketing kept before: points for everything, no fit, no end."""
    rng = dice(seed, "legacy score", person.number)
    base = {"silent": 0, "dormant": 4, "reader": 22, "researcher": 55, "buyer": 90}[person.temper]
    return max(0, int(base * rng.lognormvariate(0, 0.5)))


def creation_source(person: Person) -> str:
    """Marketo's Source Type of the record."""
    return {"event": "List import", "outbound": "SFDC Sync"}.get(person.channel, "Web form fillout")


def _place(rng: Random) -> str:
    lot = rng.random()
    if lot < _MARKETO_ONLY:
        return "marketo"
    if lot < _LEAD:
        return "lead"
    return "contact" if lot < _CONTACT else "crm"


def _let_pass(made: Deal, rng: Random, start: datetime) -> None:
    """Moves a deal that was opened in the past to where it stands at the start."""
    age = (start - made.row["CreatedDate"]).days
    if age > 90 or rng.random() < age / 180:
        made.row["StageName"] = "Closed Won" if rng.random() < 0.25 else "Closed Lost"
        closed = made.row["CreatedDate"] + (start - made.row["CreatedDate"]) * rng.uniform(0.3, 0.95)
        made.row |= {"CloseDate": closed.date(), "LastModifiedDate": closed}
    else:
        made.row["StageName"] = rng.choice(("Prospecting", "Qualification", "Proposal"))
