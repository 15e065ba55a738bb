"""Names of people and firms, e-mail addresses, phone numbers.

People's names come from Faker's word lists (fixed by its own seed, so that the same Faker version gives the same
names); drawing from pools of them is some fifty times as fast as asking Faker for every person. Firms' domains end
in `.example`, which nobody can register.

leadforge 1.0.0 was judged for the whole company and not taken: it generates closed data sets for teaching (one
vendor, one ninety-day horizon, day steps, parquet frames, labels), without names, e-mail addresses, platform ids,
forms or mails, and its population cannot react to what a sync writes. It would also bring pandas, pyarrow and
networkx. Its thought of one named random stream per thing is taken over in `dice.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from random import Random

from faker import Faker

from simulator.company.market import Country

OWN_DOMAIN = "northbeam.example"
COMPETITOR_DOMAINS = ("cobaltworks.example", "planwise.example", "tidegrid.example", "opsmeridian.example")
COMPETITOR_NAMES = ("Cobaltworks", "Planwise", "Tidegrid", "Opsmeridian")
ROLE_LOCALS = ("info", "sales", "office", "contact", "admin", "support")
_FREE_MAIL: dict[str, tuple[str, ...]] = {
    "DE": ("gmx.de", "web.de", "gmail.com"),
    "AT": ("gmx.at", "gmail.com"),
    "FR": ("orange.fr", "gmail.com", "free.fr"),
    "IT": ("libero.it", "gmail.com"),
    "JP": ("yahoo.co.jp", "gmail.com"),
    "IN": ("gmail.com", "rediffmail.com"),
    "GB": ("gmail.com", "hotmail.co.uk", "btinternet.com"),
    "KR": ("naver.com", "gmail.com"),
    "BR": ("uol.com.br", "gmail.com"),
}
_FREE_MAIL_ELSEWHERE = ("gmail.com", "gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com")
_TRADES = {
    "Technology": ("Systems", "Software", "Labs", "Cloud", "Digital"),
    "Manufacturing": ("Works", "Industries", "Components", "Tooling"),
    "Finance": ("Capital", "Bank", "Financial"),
    "Retail": ("Stores", "Retail", "Markets"),
    "Transportation": ("Logistics", "Freight", "Transport"),
    "Shipping": ("Shipping", "Lines", "Forwarding"),
    "Telecommunications": ("Telecom", "Networks"),
    "Healthcare": ("Health", "Clinics", "Medical"),
    "Insurance": ("Insurance", "Mutual"),
    "Energy": ("Energy", "Power", "Renewables"),
    "Consulting": ("Consulting", "Advisory", "Partners"),
    "Education": ("University", "Academy", "College"),
    "Gambling": ("Casinos", "Betting"),
    "Tobacco": ("Tobacco",),
}
_TRADES_ELSEWHERE = ("Group", "Holdings", "Services", "Solutions", "International")
_FORMS = {
    "DE": "GmbH",
    "AT": "GmbH",
    "CH": "AG",
    "FR": "SAS",
    "IT": "S.p.A.",
    "NL": "B.V.",
    "GB": "Ltd",
    "US": "Inc.",
}
# How people whose own script is not Latin write themselves when they fill an English form.
_ROMANIZED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "zh_CN": (
        ("Wei", "Li", "Jing", "Hao", "Xin", "Mei", "Lei"),
        ("Wang", "Zhang", "Chen", "Liu", "Zhao", "Huang"),
    ),
    "ko_KR": (("Minjun", "Seoyeon", "Jiho", "Hana", "Yuna"), ("Kim", "Lee", "Park", "Choi", "Jung")),
    "ar_SA": (("Omar", "Layla", "Khalid", "Noura", "Faisal"), ("Haddad", "Nasser", "Saleh", "Mansour")),
    "he_IL": (("Noam", "Tamar", "Eitan", "Shira", "Yael"), ("Cohen", "Levi", "Mizrahi", "Peretz")),
    "el_GR": (("Nikos", "Eleni", "Giorgos", "Sofia"), ("Papadakis", "Ioannou", "Georgiou")),
    "fa_IR": (("Reza", "Maryam", "Ali", "Sara"), ("Hosseini", "Karimi", "Rahimi")),
    "ja_JP": (("Haruto", "Yui", "Ren", "Aoi", "Sota"), ("Sato", "Suzuki", "Takahashi", "Tanaka", "Ito")),
}
# Salesforce keeps eighty characters of an address.
_DOMAIN, _LOCAL = 30, 36
_POOL_SIZE = 240
_POLISHED_LATIN = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "å": "a"})


class Names:
    """Draws names; the pools of a locale are made when a country of it is first met."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pools: dict[str, tuple[list[str], list[str]]] = {}
        self._addresses: set[str] = set()
        self._domains: set[str] = {OWN_DOMAIN, *COMPETITOR_DOMAINS}

    def person(self, rng: Random, country: Country) -> tuple[str, str]:
        """First and last name; in the script of the country for some, romanised for the others."""
        if country.locale in _ROMANIZED and rng.random() < 0.65:
            return self.in_latin(rng, country)
        firsts, lasts = self._pool(country.locale)
        return rng.choice(firsts), rng.choice(lasts)

    def in_latin(self, rng: Random, country: Country) -> tuple[str, str]:
        firsts, lasts = _ROMANIZED.get(country.locale) or self._pool(country.locale)
        return rng.choice(firsts), rng.choice(lasts)

    def firm(self, rng: Random, country: Country, industry: str) -> tuple[str, str]:
        """A firm's name and a domain that no other firm has."""
        locale = country.locale if country.locale not in _ROMANIZED else "en_US"
        surname = rng.choice(self._pool(locale)[1])
        trade = rng.choice(_TRADES.get(industry, _TRADES_ELSEWHERE))
        name = f"{surname} {trade}"
        if rng.random() < 0.3:
            name = f"{surname} & {rng.choice(self._pool(locale)[1])} {trade}"
        slug = re.sub(r"[^a-z0-9]+", "-", ascii_letters(name))[:_DOMAIN].strip("-")
        domain = next(d for d in _numbered(slug, "{}{}.example") if d not in self._domains)
        self._domains.add(domain)
        form = _FORMS.get(country.code)
        return (f"{name} {form}" if form and rng.random() < 0.6 else name), domain

    def address(self, rng: Random, first: str, last: str, domain: str) -> str:
        """An address that nobody else has; names without Latin letters give a number."""
        local = ".".join(part for part in (ascii_letters(first), ascii_letters(last)) if part)
        local = re.sub(r"[^a-z.]+", "", local)[:_LOCAL].strip(".") or f"u{rng.randrange(1000, 9999)}"
        address = next(a for a in _numbered(local, "{}{}@" + domain) if a not in self._addresses)
        self._addresses.add(address)
        return address

    def free_mail_domain(self, rng: Random, country: Country) -> str:
        return rng.choice(_FREE_MAIL.get(country.code, _FREE_MAIL_ELSEWHERE))

    def _pool(self, locale: str) -> tuple[list[str], list[str]]:
        if locale not in self._pools:
            fake = Faker(locale)
            fake.seed_instance(f"{self._seed}:{locale}")
            firsts = [fake.first_name() for _ in range(_POOL_SIZE)]
            self._pools[locale] = firsts, [fake.last_name() for _ in range(_POOL_SIZE)]
        return self._pools[locale]


def ascii_letters(text: str) -> str:
    """Lower-case ASCII of a text, accents folded; what has no Latin form falls away."""
    folded = unicodedata.normalize("NFKD", text.translate(_POLISHED_LATIN))
    return folded.encode("ascii", "ignore").decode().lower().replace(" ", "").replace("&", "-")


def phone(rng: Random, country: Country) -> str:
    """A number as forms get it: with the country's code for most, local and spaced for the rest."""
    digits = "".join(str(rng.randrange(10)) for _ in range(7))
    code = {
        "US": "+1 212",
        "CA": "+1 416",
        "GB": "+44 20 7",
        "DE": "+49 30 ",
        "FR": "+33 1 4",
        "AU": "+61 2 9",
    }
    if country.code in code:
        return f"{code[country.code]} {digits[:3]} {digits[3:]}"
    return f"0{rng.randrange(10, 99)} {digits}"


def _numbered(stem: str, shape: str) -> Iterator[str]:
    yield shape.format(stem, "")
    number = 2
    while True:
        yield shape.format(stem, number)
        number += 1
