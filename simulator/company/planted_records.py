"""Records that spoil a clean base: doubles, shared addresses, merged, deleted and broken ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulator.company.pair import lead_row, marketo_values
from simulator.company.people import Person
from simulator.company.scene import Scene

_SHARE = 0.0012  # of all people, per kind
_BROKEN_ADDRESSES = (
    "not-an-address",
    "two@at@signs.example",
    "nobody@",
    "@nowhere.example",
    "spaces in@it.example",
)
_BROKEN_SIZES = (-5, 2_147_483_648, 999_999_999_999)


def amount(people: int) -> int:
    """How many of each kind; none in a company too small to lose some."""
    return 0 if people < 100 else max(1, round(people * _SHARE))


def extra_records(people: int) -> int:
    """How many people these kinds leave in Marketo; the founding makes room for them."""
    each = amount(people)
    return 2 * each + (each + 1) // 2 + len(_BROKEN_ADDRESSES) + len(_BROKEN_SIZES) + 1 if each else 0


class PlantedRecords:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._start = scene.start

    def plant(self, people: int) -> None:
        each = amount(people)
        if not each:
            return
        rng = self._scene.dice("planted records")
        known = [p for p in self._scene.population.people if p.temper != "silent" and p.email and p.firm]
        rng.shuffle(known)
        leads = [p for p in known if p.lead_id and not p.contact_id and p.marketo_id]
        contacts = [p for p in known if p.contact_id and not p.lead_id]
        loose = [p for p in known if p.marketo_id and not p.lead_id and not p.contact_id]
        for place, person in enumerate(_take(leads, each)):
            self._double_lead(person, rng, in_marketo=place % 2 == 0)
        for person in _take(contacts, each):
            self._lead_of_contact(person, rng)
        for person in _take(loose, each):
            self._double_person(person, rng)
        for person in _take(leads, each):
            self._shared_address(person, rng)
        for person in _take(loose, each):
            self._merged_person(person, rng)
        for person in _take(leads, each):
            self._merged_lead(person, rng)
        for person in _take(loose, each):
            self._deleted(person, rng)
        self._broken(rng)

    def _double_lead(self, person: Person, rng: Random, *, in_marketo: bool) -> None:
        created = self._between(person.created, rng)
        values = {
            "OwnerId": self._scene.staff.sync_user,
            "Status": "Open",
            "CreatedById": self._scene.staff.sync_user,
        }
        [twin_id] = self._scene.org.load("Lead", [lead_row(person, created, **values)])
        self._scene.truth.add(
            "duplicate_leads", "salesforce", "lead", person.lead_id, f"same address as {twin_id}"
        )
        self._scene.truth.add(
            "duplicate_leads", "salesforce", "lead", twin_id, f"same address as {person.lead_id}"
        )
        if in_marketo:
            link = {"sfdcType": "Lead", "sfdcId": twin_id, "sfdcLeadId": twin_id, "leadStatus": "Open"}
            row = {
                **marketo_values(person),
                **link,
                "sfdcLeadOwnerId": values["OwnerId"],
                "createdAt": created,
            }
            row["company"] = lead_row(person, created)["Company"]
            [twin] = self._scene.marketo.load_leads([row])
            self._scene.truth.add(
                "duplicate_people", "marketo", "lead", twin, f"double of {person.marketo_id}, synced"
            )

    def _lead_of_contact(self, person: Person, rng: Random) -> None:
        created = self._between(person.created, rng)
        owner = self._scene.staff.default_owner
        [twin_id] = self._scene.org.load("Lead", [lead_row(person, created, OwnerId=owner, Status="Open")])
        self._scene.truth.add(
            "lead_and_contact", "salesforce", "lead", twin_id, f"is contact {person.contact_id}"
        )
        self._scene.truth.add(
            "lead_and_contact", "salesforce", "contact", person.contact_id, f"is lead {twin_id}"
        )

    def _double_person(self, person: Person, rng: Random) -> None:
        row = {**marketo_values(person), "createdAt": self._between(person.created, rng), "leadScore": 0}
        [twin] = self._scene.marketo.load_leads([row])
        self._scene.truth.add(
            "duplicate_people", "marketo", "lead", person.marketo_id, f"same address as {twin}"
        )
        self._scene.truth.add(
            "duplicate_people", "marketo", "lead", twin, f"same address as {person.marketo_id}"
        )

    def _shared_address(self, person: Person, rng: Random) -> None:
        """Another human of the firm, entered under a colleague's address."""
        first, last = self._scene.names.person(rng, person.country)
        row = {**marketo_values(person), "firstName": first, "lastName": last, "title": None, "phone": None}
        row["createdAt"] = self._between(person.created, rng)
        [other] = self._scene.marketo.load_leads([row])
        self._scene.truth.add(
            "shared_address", "marketo", "lead", person.marketo_id, f"address also used by {other}"
        )
        self._scene.truth.add(
            "shared_address", "marketo", "lead", other, f"address also used by {person.marketo_id}"
        )

    def _merged_person(self, person: Person, rng: Random) -> None:
        row = {**marketo_values(person), "createdAt": self._between(person.created, rng)}
        row["email"] = f"old.{row['email']}"
        [loser] = self._scene.marketo.load_leads([row])
        assert person.marketo_id is not None
        at = self._recently(rng)
        self._scene.marketo.merge_leads(person.marketo_id, [loser], at=at)
        self._scene.truth.add(
            "merged", "marketo", "lead", loser, f"into {person.marketo_id} at {at:%Y-%m-%d %H:%M}"
        )

    def _merged_lead(self, person: Person, rng: Random) -> None:
        row = lead_row(person, self._between(person.created, rng), OwnerId=self._scene.staff.default_owner)
        row["Email"] = f"old.{row['Email']}"
        [loser] = self._scene.org.load("Lead", [row])
        at, by = self._recently(rng), self._scene.staff.managers[person.country.region]
        self._scene.org.delete("Lead", loser, by=by, at=at, merged_into=person.lead_id)
        self._scene.truth.add(
            "merged", "salesforce", "lead", loser, f"into {person.lead_id} at {at:%Y-%m-%d %H:%M}"
        )

    def _deleted(self, person: Person, rng: Random) -> None:
        """Two records that are gone, one on each platform; some activities of the person stay behind."""
        row = {**marketo_values(person), "createdAt": self._between(person.created, rng)}
        row["email"] = f"gone.{row['email']}"
        [gone] = self._scene.marketo.load_leads([row])
        at = self._recently(rng)
        self._scene.marketo.delete_lead(gone, at=at)
        self._scene.truth.add("deleted", "marketo", "lead", gone, f"{at:%Y-%m-%d %H:%M}")
        lead = lead_row(person, self._between(person.created, rng), OwnerId=self._scene.staff.default_owner)
        lead["Email"] = f"gone.{lead['Email']}"
        [lost] = self._scene.org.load("Lead", [lead])
        self._scene.org.delete("Lead", lost, by=self._scene.staff.managers[person.country.region], at=at)
        self._scene.truth.add("deleted", "salesforce", "lead", lost, f"{at:%Y-%m-%d %H:%M}")

    def _broken(self, rng: Random) -> None:
        for number, address in enumerate(_BROKEN_ADDRESSES):
            created = self._start - timedelta(days=rng.randrange(5, 200))
            values = {"firstName": "Bro", "lastName": f"Ken{number}", "email": address, "createdAt": created}
            self._plant_both(values, f"invalid address {address!r}")
        for number, size in enumerate(_BROKEN_SIZES):
            created = self._start - timedelta(days=rng.randrange(5, 200))
            values = {
                "firstName": "Siz",
                "lastName": f"Eless{number}",
                "email": f"siz.eless{number}@size.example",
            }
            self._plant_both({**values, "numberOfEmployees": size, "createdAt": created}, f"{size} employees")
        self._without_creation()

    def _plant_both(self, values: dict[str, Any], note: str) -> None:
        """The broken value once in Marketo and once in Salesforce, not linked to each other."""
        created = values["createdAt"]
        [who] = self._scene.marketo.load_leads([{**values, "leadSource": "31.02.2025", "company": "Select"}])
        self._scene.truth.add("broken_row", "marketo", "lead", who, note)
        row = {
            "FirstName": values["firstName"],
            "LastName": values["lastName"],
            "Email": f"x{values['email']}",
            "Company": "Select",
            "Title": "0000-00-00",
            "Country": "Select",
            "NumberOfEmployees": values.get("numberOfEmployees"),
            "OwnerId": self._scene.staff.sync_user,
            "CreatedDate": created,
        }
        [lead_id] = self._scene.org.load("Lead", [row])
        self._scene.truth.add("broken_row", "salesforce", "lead", lead_id, note)

    def _without_creation(self) -> None:
        """Records whose creation date was lost in an import."""
        org, marketo = self._scene.org, self._scene.marketo
        owner = self._scene.staff.default_owner
        row = {
            "LastName": "Undated",
            "Company": "Undated",
            "Email": "undated@undated.example",
            "OwnerId": owner,
        }
        [lead_id] = org.load("Lead", [row])
        org.store.update(org.sobject("Lead"), lead_id, {"CreatedDate": None})
        self._scene.truth.add("broken_row", "salesforce", "lead", lead_id, "no CreatedDate")
        [who] = marketo.load_leads([{"lastName": "Undated", "email": "undated.too@undated.example"}])
        marketo.leads.write(who, {"createdAt": None})
        self._scene.truth.add("broken_row", "marketo", "lead", who, "no createdAt")

    def _between(self, created: datetime, rng: Random) -> datetime:
        return (created + (self._start - created) * rng.random() * 0.9).replace(microsecond=0)

    def _recently(self, rng: Random) -> datetime:
        return (self._start - timedelta(days=rng.uniform(0.2, 12))).replace(microsecond=0)


def _take(people: list[Person], number: int) -> list[Person]:
    """The next ones of the list, which nobody takes again."""
    taken = people[:number]
    del people[:number]
    return taken
