"""The firms that people work for; about half of them are accounts in Salesforce."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from simulator.company.dice import Weighted, dice
from simulator.company.market import COUNTRIES, INDUSTRIES, SIZES, Country
from simulator.company.names import Names
from simulator.company.staff import Staff
from simulator.salesforce.org import Org

ACCOUNTS_PER_PERSON = 0.3
FIRMS_PER_ACCOUNT = 1.9
# What an account is to the company. Of a thousand accounts, 150 are customers and 110 are being sold to.
_STANDING = Weighted([("customer", 15), ("selling", 11), ("lost", 12), ("partner", 3), ("quiet", 59)])
CURRENCY_OF = {"US": "USD", "CA": "USD", "GB": "GBP", "AU": "AUD", "JP": "JPY"}


@dataclass(slots=True)
class Firm:
    """`standing` is one of customer, selling, lost, partner, quiet for accounts and None for all other firms."""

    name: str
    domain: str
    industry: str
    employees: int
    country: Country
    standing: str | None = None
    target: bool = False
    account_id: str | None = None
    owner: str | None = None
    created: datetime | None = None
    contacts: list[int] = field(default_factory=list)  # numbers of the people who are contacts of the account


def make_firms(names: Names, seed: int, people: int) -> list[Firm]:
    """Accounts first, then the firms that nobody has opened an account for."""
    rng = dice(seed, "firms")
    accounts = max(4, round(people * ACCOUNTS_PER_PERSON)) if people else 0
    firms = []
    for number in range(round(accounts * FIRMS_PER_ACCOUNT)):
        country, industry = COUNTRIES.draw(rng), INDUSTRIES.draw(rng)
        name, domain = names.firm(rng, country, industry)
        firm = Firm(name, domain, industry, draw_employees(rng), country)
        if number < accounts:
            firm.standing = _STANDING.draw(rng)
            firm.target = rng.random() < (0.3 if firm.employees >= 500 else 0.06)
        firms.append(firm)
    return firms


def draw_employees(rng: Random) -> int:
    least, most = SIZES.draw(rng)
    number = int(least * (most / least) ** rng.random())
    return number if number < 100 or rng.random() < 0.4 else round(number, -1)


def open_accounts(org: Org, firms: Sequence[Firm], staff: Staff, seed: int, start: datetime) -> None:
    """Writes the accounts among the firms to Salesforce and remembers their ids and owners."""
    rng = dice(seed, "accounts")
    accounts = [firm for firm in firms if firm.standing is not None]
    rows = []
    for firm in accounts:
        executives = staff.of_region(firm.country.region, "AE")
        firm.owner = (
            rng.choice(executives).id if rng.random() < 0.93 or not staff.gone else rng.choice(staff.gone)
        )
        firm.created = start - timedelta(days=rng.randrange(60, 1000), seconds=rng.randrange(86400))
        rows.append(
            {
                "Name": firm.name,
                "Type": {"customer": "Customer", "partner": "Partner"}.get(firm.standing or "", "Prospect"),
                "Industry": firm.industry,
                "NumberOfEmployees": firm.employees if rng.random() < 0.9 else None,
                "BillingCountry": firm.country.name,
                "BillingState": firm.country.state,
                "Website": f"https://www.{firm.domain}",
                "Domain__c": firm.domain if rng.random() < 0.92 else None,
                "Target_Account__c": firm.target,
                "CurrencyIsoCode": CURRENCY_OF.get(firm.country.code, "EUR"),
                "OwnerId": firm.owner,
                "CreatedById": firm.owner,
                "CreatedDate": firm.created,
                "LastModifiedDate": firm.created + timedelta(days=rng.randrange(50)),
            }
        )
    for firm, account_id in zip(accounts, org.load("Account", rows), strict=True):
        firm.account_id = account_id


class Directory:
    """Draws a firm for a person: few firms employ many of the people that one meets."""

    def __init__(self, firms: Sequence[Firm]) -> None:
        self._firms = firms
        self._open = [f for f in firms if f.standing in ("customer", "selling", "lost")]
        self._accounts = [f for f in firms if f.standing is not None]

    def any_firm(self, rng: Random) -> Firm:
        return self._firms[int(len(self._firms) * rng.random() ** 1.5)]

    def for_contact(self, rng: Random) -> Firm:
        """Contacts are mostly kept where something was or is being sold."""
        pool = self._open if self._open and rng.random() < 0.8 else self._accounts
        return rng.choice(pool)
