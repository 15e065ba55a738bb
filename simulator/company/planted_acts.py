"""Acts that are planted: scanners that click, late and unreadable activities, hand raises with a catch.

Some lie in the past, for backfills and for the first look; others happen in the first days of the story, because
only new acts open a handover.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

from simulator.company import activities
from simulator.company.activities import Row, after
from simulator.company.acts import Acts
from simulator.company.catalogue import FORMS_OF, MAILS_OF, PAGES_OF, Page
from simulator.company.hours import moment_on, next_at_work
from simulator.company.journeys import Move
from simulator.company.opportunities import NEW_BUSINESS, Deal
from simulator.company.people import Person
from simulator.company.planted_records import amount
from simulator.company.scene import Scene

_MISSES = (
    "a demanding visitor, a perfect fit, but nothing asked for: three pricing pages on one day and no more",
    "a trial by somebody who does not fit",
    "an MQL fourteen days ago and a full spell of interest since",
    "an MQL sixteen days ago and a full spell of interest since",
    "reads every blog article and fits",
    "raises a hand, but as a request for support",
)


class PlantedActs:
    def __init__(self, scene: Scene, acts: Acts) -> None:
        self._scene = scene
        self._acts = acts
        self._start = scene.start

    def plant(self, people: int, chosen: dict[int, str], deals: Sequence[Deal]) -> None:
        each = amount(people)
        if not each:
            return
        rng = self._scene.dice("planted acts")
        known = [
            p for p in self._scene.population.people if p.marketo_id and p.temper in ("dormant", "reader")
        ]
        free = [
            p for p in rng.sample(known, len(known)) if p.number not in chosen and p.created < self._start
        ]
        self._bots(free[:each], rng)
        self._no_bots(free[each : each + 3], rng)
        self._late(free[each + 3 : 2 * each + 3], rng)
        self._unreadable(free[2 * each + 3], rng)
        self._orphans(rng)
        self._with_sales(each, deals, rng)
        for kind, act in (
            ("job_seeker", self._careers_only),
            ("near_miss", self._near_miss),
            ("clear_case", self._clear_case),
        ):
            members = [self._scene.population.people[n] for n, k in sorted(chosen.items()) if k == kind]
            for place, person in enumerate(members):
                if person.marketo_id is not None:
                    act(person, place, rng)
        # The hard cases raise their hands as well: no exclusion is worth anything that a form fill gets past.
        for number, kind in sorted(chosen.items()):
            person = self._scene.population.people[number]
            raises = kind in (
                "student",
                "no_student",
                "competitor",
                "own_staff",
                "unsupported_region",
                "unsupported_vertical",
            )
            if raises and person.marketo_id is not None and number % 3 == 0:
                self._soon(person, "form", "demo", rng)

    # Scanners ----------------------------------------------------------------------------------------------------

    def _bots(self, people: Sequence[Person], rng: Random) -> None:
        for place, person in enumerate(people):
            mail = MAILS_OF["newsletter"][place % len(MAILS_OF["newsletter"])]
            at = self._lately(rng) if place % 2 == 0 else self._start + timedelta(hours=rng.uniform(1, 60))
            flagged = place % 3 == 0
            clicks = [
                activities.clicked(
                    person, person.marketo_id or 0, after(at, s), mail, 9000, s // 3, bot=flagged
                )
                for s in (0, 3, 6)
            ]
            self._add(
                "flagged_bot" if flagged else "bot_clicks",
                clicks,
                f"three links within six seconds, {at:%Y-%m-%d %H:%M}",
            )

    def _no_bots(self, people: Sequence[Person], rng: Random) -> None:
        mail = MAILS_OF["nurture"][0]
        for person, (links, seconds, note) in zip(
            people,
            (
                ((0, 1), (0, 7), "two links within ten seconds"),
                ((0, 1, 2), (0, 14, 28), "three links within half a minute"),
                ((1, 1, 1), (0, 2, 5), "one link three times"),
            ),
            strict=False,
        ):
            at, who = self._lately(rng), person.marketo_id or 0
            rows = [
                activities.clicked(person, who, after(at, s), mail, 9001, link)
                for link, s in zip(links, seconds, strict=True)
            ]
            self._add("no_bot", rows, note)

    # Late, broken, orphaned --------------------------------------------------------------------------------------

    def _late(self, people: Sequence[Person], rng: Random) -> None:
        for place, person in enumerate(people):
            at = (self._start - timedelta(hours=rng.uniform(2, 40))).replace(microsecond=0)
            row = activities.visit(person, person.marketo_id or 0, at, PAGES_OF["pricing"][0], rng)
            if place % 3 == 0:
                row = activities.form_fill(person, person.marketo_id or 0, at, FORMS_OF["demo"][0], rng)
            row["visible_at"] = seen = self._start + timedelta(minutes=rng.randrange(30, 1800))
            self._add("late_activity", [row], f"of {at:%Y-%m-%d %H:%M}, visible {seen:%Y-%m-%d %H:%M}")

    def _unreadable(self, person: Person, rng: Random) -> None:
        who, at = person.marketo_id or 0, self._lately(rng)
        url = activities.visit(person, who, at, Page(2999, "http://[::1/pricing", "pricing"), rng)
        url["primary_value"] = "http://[::1/pricing"
        self._add("broken_row", [url], "a page address that is none")
        form = activities.form_fill(person, who, after(at, 60), FORMS_OF["ebook"][0], rng)
        form["attributes"]["Form Fields"] = form["attributes"]["Form Fields"][:40]
        self._add("broken_row", [form], "form fields cut off")
        moment = activities.interesting_moment(who, after(at, 90), "Web", "once upon a time")
        moment["attributes"]["Date"] = "0000-00-00 00:00:00"
        self._add("broken_row", [moment], "a date that is none")

    def _orphans(self, rng: Random) -> None:
        gone = [e["id"] for e in self._scene.truth.as_dict().get("deleted", []) if e["platform"] == "marketo"]
        ghost = next(p for p in self._scene.population.people if p.marketo_id)
        for who in (*gone, 999_999_001):
            rows = [activities.visit(ghost, who, self._lately(rng), PAGES_OF["product"][0], rng)]
            self._add("orphan_activity", rows, f"of lead {who}, who does not exist")

    # People with a catch -----------------------------------------------------------------------------------------

    def _with_sales(self, each: int, deals: Sequence[Deal], rng: Random) -> None:
        selling = [d for d in deals if d.row["Type"] == NEW_BUSINESS and d.people and d.people[0].marketo_id]
        for deal in selling[:each]:
            at = self._soon(deal.people[0], "form", "contact", rng)
            note = f"contact form at {at:%Y-%m-%d %H:%M}, opportunity {deal.id}"
            self._scene.truth.add(
                "open_opportunity_hand_raise", "marketo", "lead", deal.people[0].marketo_id, note
            )
        busy = {id(d.firm) for d in selling}
        customers = [
            p
            for p in self._scene.population.people
            if p.contact_id
            and p.marketo_id
            and p.firm
            and p.firm.standing == "customer"
            and id(p.firm) not in busy
        ]
        for person in customers[:each]:
            at = self._soon(person, "form", "demo", rng)
            note = f"demo request at {at:%Y-%m-%d %H:%M}"
            self._scene.truth.add("customer_hand_raise", "marketo", "lead", person.marketo_id, note)

    def _careers_only(self, person: Person, place: int, rng: Random) -> None:
        moves = [Move(self._lately(rng), "visit", "applying") for _ in range(3)]
        self._acts.schedule(person, sorted(moves, key=lambda move: move.at))
        self._soon(person, "visit", "applying", rng)

    def _near_miss(self, person: Person, place: int, rng: Random) -> None:
        who, case = person.marketo_id or 0, place % len(_MISSES)
        if case in (2, 3) and person.lead_id is None:
            case = 0  # the date of an MQL stands in Salesforce, where this person is not known
        if case == 0:
            at = self._first_days(person, rng)
            rows = [
                activities.visit(person, who, after(at, s), PAGES_OF["pricing"][0], rng) for s in (0, 90, 600)
            ]
            self._scene.write(rows)
        elif case == 1:
            person.title = "Receptionist"
            self._rewrite(person, {"title": "Receptionist", "industry": "Education", "numberOfEmployees": 3})
            self._soon(person, "form", "trial", rng)
        elif case in (2, 3):
            self._stamped(person, 14 if case == 2 else 16)
            self._busy_days(person, rng)
        elif case == 4:
            self._scene.write(
                activities.visit(person, who, self._lately(rng), page, rng) for page in PAGES_OF["blog"][:8]
            )
        else:
            self._soon(person, "form", "support", rng)
        self._scene.truth.add("near_miss", "marketo", "lead", who, _MISSES[case])

    def _clear_case(self, person: Person, place: int, rng: Random) -> None:
        who = person.marketo_id or 0
        if place % 2 == 0:
            at = self._soon(person, "form", "demo", rng)
            note = f"fits, and asks for a demo at {at:%Y-%m-%d %H:%M}"
        else:
            self._busy_days(person, rng)
            note = "fits, and a full spell of interest in the days around the start"
        self._scene.truth.add("clear_case", "marketo", "lead", who, note)

    def _busy_days(self, person: Person, rng: Random) -> None:
        """Pricing on four days, everything else that buyers read, a whitepaper and a tool; the last day is to come."""
        who = person.marketo_id or 0
        for back in (5, 4, 1):
            at = moment_on(self._start - timedelta(days=back), person.country.zone, rng)
            pages = [
                PAGES_OF[k][0] for k in ("product", "pricing", "integration", "comparison", "case_study")
            ]
            self._scene.write(
                activities.visit(person, who, after(at, 70 * i), page, rng) for i, page in enumerate(pages)
            )
        self._acts.schedule(person, [Move(self._start - timedelta(days=3, hours=2), "form", "whitepaper")])
        at = self._first_days(person, rng)
        self._scene.write(
            activities.visit(person, who, after(at, 80 * i), PAGES_OF[k][i % len(PAGES_OF[k])], rng)
            for i, k in enumerate(("pricing", "integration", "case_study", "comparison"))
        )
        self._acts.schedule(person, [Move(after(at, 900), "form", "tool")])

    # Inside ------------------------------------------------------------------------------------------------------

    def _add(self, kind: str, rows: Sequence[Row], note: str) -> None:
        """Written at once, because the truth names each activity by its GUID."""
        for row in rows:
            self._scene.truth.add(kind, "marketo", "activity", self._scene.marketo.add_activity(**row), note)

    def _lately(self, rng: Random) -> datetime:
        return (self._start - timedelta(days=rng.uniform(1, 20))).replace(microsecond=0)

    def _first_days(self, person: Person, rng: Random) -> datetime:
        """At work, in the first two days of the story."""
        opening = next_at_work(self._start + timedelta(minutes=20), person.country.zone)
        moment = opening + timedelta(minutes=rng.randrange(10, 400), days=rng.randrange(2))
        return moment.replace(microsecond=0)

    def _soon(self, person: Person, what: str, detail: str, rng: Random) -> datetime:
        at = self._first_days(person, rng)
        self._scene.at(at, partial(self._acts.perform, person, Move(at, what, detail)))
        return at

    def _rewrite(self, person: Person, values: dict[str, object]) -> None:
        assert person.marketo_id is not None
        self._scene.marketo.leads.write(person.marketo_id, values)
        if person.lead_id is not None:
            org = self._scene.org
            names = {"title": "Title", "industry": "Industry", "numberOfEmployees": "NumberOfEmployees"}
            org.store.update(org.sobject("Lead"), person.lead_id, {names[n]: v for n, v in values.items()})

    def _stamped(self, person: Person, days: int) -> None:
        """An MQL date in Salesforce."""
        assert person.lead_id is not None
        at = self._start - timedelta(days=days)
        values = {
            name: at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
            for name in ("First_MQL_Date__c", "Last_MQL_Date__c")
        }
        self._scene.org.store.update(self._scene.org.sobject("Lead"), person.lead_id, values)
