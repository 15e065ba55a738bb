"""What somebody looks at: the pages of one visit, and the visits of one spell of interest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from simulator.company.catalogue import FORMS_OF, PAGES_OF, Form, Page
from simulator.company.hours import moment_on
from simulator.company.people import Person, worth

# (kind of page, how likely it is looked at) in the order in which people come by them
_VISITS: dict[str, tuple[tuple[str, float], ...]] = {
    "reading": (("blog", 1.0), ("blog", 0.5), ("blog", 0.2), ("home", 0.3), ("product", 0.15)),
    "looking": (
        ("home", 0.8),
        ("product", 1.0),
        ("case_study", 0.35),
        ("integration", 0.15),
        ("pricing", 0.12),
        ("docs", 0.2),
        ("about", 0.2),
        ("webinar", 0.1),
    ),
    "evaluating": (
        ("product", 0.9),
        ("pricing", 0.8),
        ("integration", 0.5),
        ("comparison", 0.5),
        ("case_study", 0.6),
        ("case_study", 0.3),
        ("docs", 0.5),
        ("pricing", 0.3),
        ("legal", 0.15),
        ("product", 0.5),
        ("about", 0.3),
    ),
    "applying": (("careers", 1.0), ("careers", 0.8), ("careers", 0.5)),
    "supporting": (("support", 1.0), ("docs", 0.8), ("docs", 0.4)),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that somebody will do: `what` is visit, form, register; `detail` says which."""

    at: datetime
    what: str
    detail: str


def pages_of_visit(kind: str, line: str | None, rng: Random) -> list[Page]:
    """The pages in order; of a kind with pages per line, those of the person's line are preferred."""
    found: list[Page] = []
    for wanted, chance in _VISITS[kind]:
        if rng.random() >= chance:
            continue
        choices = PAGES_OF[wanted]
        own = [page for page in choices if page.line == line] if line else []
        page = rng.choice(own) if own and rng.random() < 0.75 else rng.choice(choices)
        if not found or found[-1] is not page:
            found.append(page)
    return found or [PAGES_OF["home"][0]]


def form_of(kind: str, line: str | None, rng: Random) -> Form:
    choices = FORMS_OF[kind]
    own = [form for form in choices if form.line == line] if line else []
    return rng.choice(own) if own and rng.random() < 0.7 else rng.choice(choices)


def spell(person: Person, begin: datetime, rng: Random) -> list[Move]:
    """A spell of interest of one to two weeks: visits on most working days, content, sometimes a hand raise."""
    moves: list[Move] = []
    days = rng.randrange(4, 11)
    zone = person.country.zone
    for number in range(days):
        day = begin + timedelta(days=number)
        if day.weekday() >= 5 and rng.random() < 0.85:
            continue
        if rng.random() < 0.72:
            moves.append(
                Move(moment_on(day, zone, rng), "visit", "evaluating" if rng.random() < 0.72 else "looking")
            )
    for what, detail, chance in (
        ("form", "whitepaper", 0.6),
        ("form", "tool", 0.22),
        ("register", "webinar", 0.4),
    ):
        if rng.random() < chance:
            moves.append(
                Move(moment_on(begin + timedelta(days=rng.randrange(days)), zone, rng), what, detail)
            )
    if rng.random() < 0.08 + 0.22 * worth(person):
        kind = rng.choice(("demo", "demo", "contact", "trial"))
        moves.append(
            Move(moment_on(begin + timedelta(days=rng.randrange(2, days + 1)), zone, rng), "form", kind)
        )
    return sorted((m for m in moves if m.at > begin), key=lambda move: move.at)


def welcome(person: Person, channel: str, at: datetime, rng: Random) -> list[Move]:
    """What follows the first act: little for most, a spell for some."""
    if person.temper == "silent":
        return []
    moves: list[Move] = []
    zone = person.country.zone
    keen = {"dormant": 0.1, "reader": 0.5, "researcher": 1.6, "buyer": 2.6}[person.temper]
    kind = {"job": "applying", "support": "supporting"}.get(channel, "looking")
    for _ in range(int(keen + rng.random())):
        day = at + timedelta(days=1 + int(rng.expovariate(1 / 8)))
        seen = "reading" if kind == "looking" and rng.random() < 0.4 else kind
        moves.append(Move(moment_on(day, zone, rng), "visit", seen))
    chance = {"dormant": 0.02, "reader": 0.08, "researcher": 0.28, "buyer": 0.5}[person.temper] * (
        0.4 + worth(person)
    )
    if channel not in ("job", "support", "newsletter") and rng.random() < chance:
        moves += spell(person, at + timedelta(days=rng.randrange(0, 9), minutes=5), rng)
    return sorted((m for m in moves if m.at > at), key=lambda move: move.at)
