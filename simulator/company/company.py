"""The company as one thing: founded with a history, then lived in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.company import csv_leads
from simulator.company.accounts import Directory, make_firms, open_accounts
from simulator.company.acts import Acts
from simulator.company.campaigns import Campaigns
from simulator.company.deals import Deals
from simulator.company.founding import Founding
from simulator.company.life import Life
from simulator.company.mailings import Mailings
from simulator.company.members import Members
from simulator.company.names import Names
from simulator.company.native_sync import NativeSync
from simulator.company.office import Office
from simulator.company.past import Past
from simulator.company.planted_acts import PlantedActs
from simulator.company.planted_people import choose
from simulator.company.planted_records import PlantedRecords, extra_records
from simulator.company.reps import Reps
from simulator.company.scene import Scene
from simulator.company.staff import Staff, hire
from simulator.company.truth import Truth

if TYPE_CHECKING:
    from simulator.world import World

REPS = 24


class Company:
    """A seeded company on both platforms of a world.

    The same seed, size, start and number of days give the same records, and the same story however its time is
    cut into steps. What a sync writes meanwhile is part of the story: reps react to it.
    """

    def __init__(self, scene: Scene, reps: Reps, sync: NativeSync) -> None:
        self._scene = scene
        self._reps = reps
        self.sync = sync

    @classmethod
    def found(cls, world: World, *, people: int, seed: int, start: datetime, activity_days: int) -> Company:
        """Fills both platforms with everything that happened before `start`."""
        start = start.replace(microsecond=0)
        org, marketo, names = world.salesforce, world.marketo, Names(seed)
        staff = hire(org, seed, start, REPS)
        base = people - extra_records(people)
        firms = make_firms(names, seed, base)
        open_accounts(org, firms, staff, seed, start)
        campaigns = Campaigns(marketo, org, staff)
        campaigns.launch(start, activity_days)
        founding = Founding(org, marketo, staff, names, firms, seed, start)
        founding.settle(base, choose(seed, base))
        scene = Scene(
            seed=seed,
            start=start,
            clock=world.clock,
            org=org,
            marketo=marketo,
            staff=staff,
            names=names,
            directory=Directory(firms),
            campaigns=campaigns,
            population=founding.population,
            truth=Truth(),
        )
        return cls._move_in(scene, founding, people, start - timedelta(days=activity_days))

    @classmethod
    def _move_in(cls, scene: Scene, founding: Founding, people: int, begin: datetime) -> Company:
        members = Members(scene)
        acts, sync, deals = Acts(scene, members), NativeSync(scene), Deals(scene)
        reps = Reps(scene, deals)
        office = Office(scene, reps.desk)
        PlantedRecords(scene).plant(people)
        PlantedActs(scene, acts).plant(people, founding.chosen, founding.open_deals)
        Life(scene, acts, Mailings(scene, acts.land), office, reps, sync, begin).start()
        while (entry := scene.agenda.take(scene.start)) is not None:
            moment, action = entry
            action(moment)
        members.end_history()
        scene.end_history()
        _tell_truth(scene, founding.pasts, founding.chosen)
        sync.connect()
        reps.connect()
        if len(scene.population):
            office.open()
            deals.follow_open(founding.open_deals)
            for person in scene.population.people:
                past = founding.pasts.get(person.number)
                if past is not None and person.lead_id and past.status in ("Marketing Qualified", "Working"):
                    reps.resume(person.lead_id, past.owner, past.status, scene.start)
        return cls(scene, reps, sync)

    def live(self, until: datetime) -> None:
        """Lets everything happen that is on the agenda up to `until`, in order, moving the world's clock with it."""
        while (entry := self._scene.agenda.take(until)) is not None:
            moment, action = entry
            self._scene.clock.move_to(moment)
            self._scene.org.settle()
            action(moment)
        self._scene.clock.move_to(until)

    @property
    def staff(self) -> Staff:
        """Users and queues, with the habits that no platform shows."""
        return self._scene.staff

    def done(self) -> int:
        """How many things have happened, the past included."""
        return self._scene.agenda.taken

    def truth(self) -> dict[str, Any]:
        """What was planted: kind -> list of {platform, object, id, note}."""
        return self._scene.truth.as_dict()

    def load_csv(self, csv_path: str | Path, mapping_path: str | Path) -> int:
        """Loads a real lead list into Salesforce; see `csv_leads`."""
        return csv_leads.load_leads(self._scene, Path(csv_path), Path(mapping_path))


def _tell_truth(scene: Scene, pasts: Mapping[int, Past], chosen: Mapping[int, str]) -> None:
    """The kinds that are told by who somebody is or how their record stands."""
    told_by_acts = ("near_miss", "clear_case")
    for number, kind in sorted(chosen.items()):
        person = scene.population.people[number]
        if kind not in told_by_acts:
            scene.truth.add(kind, "marketo", "lead", person.marketo_id, person.title or "")
            scene.truth.add(kind, "salesforce", "lead", person.lead_id, person.title or "")
            scene.truth.add(kind, "salesforce", "contact", person.contact_id, person.title or "")
    for number, past in sorted(pasts.items()):
        lead = scene.population.people[number].lead_id
        if past.status == "SPAM":
            scene.truth.add("spam", "salesforce", "lead", lead)
        elif past.status in ("Marketing Qualified", "Working"):
            note = (
                f"{past.status} since {past.qualified_at:%Y-%m-%d %H:%M}"
                if past.qualified_at
                else past.status
            )
            scene.truth.add("legacy_mql", "salesforce", "lead", lead, note)
        if past.owner in scene.staff.gone and past.status != "Qualified":
            scene.truth.add("inactive_owner", "salesforce", "lead", lead, past.status)
