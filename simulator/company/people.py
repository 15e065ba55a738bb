"""The people that the company knows, apart from any platform's record of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from simulator.company.accounts import Directory, Firm
from simulator.company.catalogue import LINES
from simulator.company.dice import Weighted
from simulator.company.market import COUNTRIES, SPELLINGS, Country
from simulator.company.names import Names, phone
from simulator.company.titles import Job, draw_job

# By what act somebody becomes known.
ARRIVALS = Weighted(
    [
        ("whitepaper", 27),
        ("ebook", 11),
        ("webinar", 17),
        ("newsletter", 11),
        ("event", 8),
        ("tool", 4),
        ("demo", 3.2),
        ("contact", 4.3),
        ("trial", 4.2),
        ("support", 2.2),
        ("job", 3.1),
        ("outbound", 4.5),
    ]
)
_SOURCES = Weighted(
    [
        ("Web", 52),
        ("Paid Search", 20),
        ("Content Syndication", 13),
        ("Partner Referral", 7),
        ("Social", 6),
        ("Other", 2),
    ]
)
_SOURCE_OF = {"webinar": "Webinar", "event": "Event", "outbound": "Outbound"}
# How eager somebody is; most people never do more than receive mail. The silent do only what was planted.
_TEMPERS = Weighted([("dormant", 46), ("reader", 31), ("researcher", 16), ("buyer", 7)])
EAGERNESS = {"silent": 0.0, "dormant": 0.05, "reader": 1.0, "researcher": 3.2, "buyer": 6.0}
_DEPARTMENT_WORTH = {
    "Operations": 1.0,
    "IT": 1.0,
    "Engineering": 0.6,
    "Finance": 0.5,
    "Marketing": 0.5,
    "Sales": 0.5,
}
_SENIORITY_WORTH = {"c_level": 1.0, "vp": 0.85, "director": 0.7, "manager": 0.45, "other": 0.15}
_TARGET_INDUSTRIES = ("Technology", "Manufacturing", "Finance", "Transportation", "Shipping", "Retail")


@dataclass(slots=True)
class Person:
    """One human. `company`, `title`, `country_text`... are what their records say, None where nobody knows."""

    number: int
    first: str | None
    last: str
    email: str | None
    firm: Firm | None
    company: str | None
    job: Job | None
    title: str | None
    country: Country
    country_text: str | None
    phone: str | None
    industry: str | None
    employees: int | None
    channel: str
    source: str
    line: str | None
    created: datetime
    temper: str = "reader"
    mailable: bool = True
    gone: bool = False  # deleted or merged: nobody there any more
    marketo_id: int | None = None
    lead_id: str | None = None
    contact_id: str | None = None

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}" if self.first else self.last


def worth(person: Person) -> float:
    """Roughly how well somebody fits the company's ideal buyer, 0 to 1; reps and buyers' zeal go by it."""
    if person.job is None or person.firm is None:
        return 0.15
    size = 1.0 if 100 <= person.firm.employees <= 10_000 else 0.4
    trade = 1.0 if person.firm.industry in _TARGET_INDUSTRIES else 0.4
    department = _DEPARTMENT_WORTH.get(person.job.department, 0.1)
    return 0.3 * _SENIORITY_WORTH[person.job.seniority] + 0.2 * department + 0.25 * size + 0.25 * trade


def draw_person(
    number: int,
    rng: Random,
    names: Names,
    directory: Directory,
    created: datetime,
    *,
    firm: Firm | None = None,
    contact: bool = False,
) -> Person:
    """Somebody new, with the gaps that real records have."""
    known_firm = firm is not None
    firm = firm or (directory.for_contact(rng) if contact else directory.any_firm(rng))
    country = firm.country if rng.random() < 0.85 else COUNTRIES.draw(rng)
    first, last = names.person(rng, country)
    private = not contact and not known_firm and rng.random() < 0.15
    domain = names.free_mail_domain(rng, country) if private else firm.domain
    job = draw_job(rng)
    channel = ARRIVALS.draw(rng)
    temper = _TEMPERS.draw(rng)
    known_country = rng.random() < 0.93
    spelled = country.name
    if known_country and rng.random() < 0.06 and country.code in SPELLINGS:
        spelled = rng.choice(SPELLINGS[country.code])
    return Person(
        number=number,
        first=first if rng.random() < 0.98 else None,
        last=last,
        email=names.address(rng, first, last, domain),
        firm=firm,
        company=firm.name if contact or rng.random() < (0.6 if private else 0.96) else None,
        job=job,
        title=job.title if rng.random() < 0.9 else None,
        country=country,
        country_text=spelled if known_country else None,
        phone=phone(rng, country) if rng.random() < 0.6 else None,
        industry=firm.industry if rng.random() < 0.8 else None,
        employees=firm.employees if rng.random() < 0.76 else None,
        channel=channel,
        source=_SOURCE_OF.get(channel) or _SOURCES.draw(rng),
        line=rng.choice(LINES) if rng.random() < 0.55 else None,
        created=created,
        temper=temper,
        mailable=rng.random() < 0.9,
    )


def draw_created(rng: Random, start: datetime) -> datetime:
    """Four of five people came in the last fourteen months; the first ones came three years ago."""
    days = rng.random() ** 1.05 * 425 if rng.random() < 0.8 else 425 + rng.random() * 670
    return (
        start - timedelta(days=days, seconds=rng.randrange(3600)) - timedelta(microseconds=start.microsecond)
    )
