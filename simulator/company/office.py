"""What else happens in a sales office: leave, leavers, owners changed by hand, records merged and deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from random import Random

from simulator.company.dice import count
from simulator.company.handover import Desk
from simulator.company.hours import busy_share, moment_on
from simulator.company.people import Person
from simulator.company.scene import Scene
from simulator.company.staff import Rep
from simulator.salesforce.errors import RecordError

_LEAVE_PER_DAY, _GOING_PER_DAY = 0.012, 0.0007  # per rep and working day
_LEAST_PRESENT = 0.6  # nobody leaves a team that has become that small


class Office:
    def __init__(self, scene: Scene, desk: Desk) -> None:
        self._scene = scene
        self._desk = desk

    def open(self) -> None:
        """Some are on leave already on the first day."""
        reps = list(self._scene.staff.reps.values())
        for rep in reps[3::11]:
            rng = self._scene.dice("leave before", rep.id)
            self._go(rep, rng.randrange(1, 6), self._scene.start)

    def plan(self, day: datetime) -> None:
        """Puts the office's part of a calendar day on the agenda; `day` is its midnight, UTC."""
        if day.weekday() >= 5:
            return
        rng = self._scene.dice("office", day)
        active = [rep for rep in self._scene.staff.reps.values() if rep.active]
        for rep in active:
            if rng.random() < _LEAVE_PER_DAY:
                self._on(day, rep, rng, partial(self._leave, rep, rng.choice((1, 1, 2, 4, 5, 10))))
            if rng.random() < _GOING_PER_DAY and len(active) > _LEAST_PRESENT * len(self._scene.staff.reps):
                self._on(day, rep, rng, partial(self._quit, rep))
        for number in range(count(rng, len(active) * 0.025 * busy_share(day))):
            manager = self._scene.staff.managers[rng.choice(active).region]
            self._scene.at(
                day + timedelta(hours=rng.uniform(8, 16)), partial(self._reassign, manager, day, number)
            )
        for number in range(count(rng, len(self._scene.population) / 9000)):
            self._scene.at(day + timedelta(hours=rng.uniform(8, 16)), partial(self._clean, day, number))

    def _on(self, day: datetime, rep: Rep, rng: Random, action: partial[None]) -> None:
        moment = moment_on(day + timedelta(hours=12), rep.zone, rng)
        self._scene.at(moment, action)

    def _leave(self, rep: Rep, days: int, at: datetime) -> None:
        user = self._scene.org.get("User", rep.id)
        if rep.active and user is not None and not user["Away_Until__c"]:
            self._go(rep, days, at)

    def _go(self, rep: Rep, days: int, at: datetime) -> None:
        """The rep's manager notes the last day of absence; it is taken out again on return, or forgotten."""
        last = at.astimezone(rep.zone).date() + timedelta(days=days)
        self._change_user(rep, {"Away_Until__c": last}, at)
        self._scene.truth.add("away", "salesforce", "user", rep.id, f"until {last}")
        if self._scene.dice("return", rep.id, at).random() < 0.65:
            back = datetime.combine(last + timedelta(days=1), at.time(), at.tzinfo)
            self._scene.at(back, partial(self._return, rep))

    def _return(self, rep: Rep, at: datetime) -> None:
        self._change_user(rep, {"Away_Until__c": None}, at)

    def _quit(self, rep: Rep, at: datetime) -> None:
        if rep.active and self._change_user(rep, {"IsActive": False}, at):
            rep.active = False
            self._scene.truth.add("left", "salesforce", "user", rep.id, f"{at:%Y-%m-%d}")

    def _change_user(self, rep: Rep, values: dict[str, object], at: datetime) -> bool:
        manager = self._scene.staff.managers.get(rep.region, self._scene.staff.default_owner)
        return self._desk.change("User", rep.id, values, manager, at)

    def _reassign(self, manager: str, day: datetime, number: int, at: datetime) -> None:
        """A manager gives somebody's lead to another rep of the region."""
        rng = self._scene.dice("reassign", day, number)
        at = at.replace(microsecond=0)
        for person in self._some(rng, at):
            lead = (
                self._scene.org.get("Lead", person.lead_id)
                if person.lead_id and not person.contact_id
                else None
            )
            if (
                lead is None
                or lead["IsConverted"]
                or lead["IsDeleted"]
                or lead["OwnerId"] not in self._scene.staff.reps
            ):
                continue
            others = [
                r for r in self._scene.staff.of_region(person.country.region) if r.id != lead["OwnerId"]
            ]
            if others and self._desk.change(
                "Lead", lead["Id"], {"OwnerId": rng.choice(others).id}, manager, at
            ):
                self._scene.truth.add(
                    "manual_owner_change", "salesforce", "lead", lead["Id"], f"{at:%Y-%m-%d %H:%M}"
                )
                return

    def _clean(self, day: datetime, number: int, at: datetime) -> None:
        """Somebody cleans up: a record is deleted on one platform, or an idle one marked as spam."""
        rng = self._scene.dice("clean", day, number)
        at, truth = at.replace(microsecond=0), self._scene.truth
        for person in self._some(rng, at):
            if person.temper != "dormant" or person.marketo_id is None or person.contact_id:
                continue
            if person.lead_id is None:
                person.gone = True
                truth.add("deleted", "marketo", "lead", person.marketo_id, f"{at:%Y-%m-%d %H:%M}")
                self._scene.marketo.delete_lead(person.marketo_id, at=at)
            elif rng.random() < 0.5:
                by = self._scene.staff.managers[person.country.region]
                if self._desk.change("Lead", person.lead_id, {"Status": "SPAM"}, by, at):
                    truth.add("spam", "salesforce", "lead", person.lead_id, f"{at:%Y-%m-%d %H:%M}")
            else:
                self._delete_lead(person.lead_id, person.country.region, at)
            return

    def _delete_lead(self, id: str, region: str, at: datetime) -> None:
        try:
            self._scene.org.delete("Lead", id, by=self._scene.staff.managers[region], at=at)
        except RecordError:
            return
        self._scene.truth.add("deleted", "salesforce", "lead", id, f"{at:%Y-%m-%d %H:%M}")

    def _some(self, rng: Random, at: datetime) -> list[Person]:
        """A few hundred people by lot, the eager and the idle alike."""
        people = self._scene.population.people[: self._scene.population.known_by(at)]
        return [p for p in rng.sample(people, min(300, len(people))) if not p.gone]
