"""The client profile of a ledger: customers as they were before the win, one vote a company."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.learning.profile import TooFewWon
from ledger.open import Ledger
from schemas.vocabulary import Platform, Stream
from tasks.learning.profile import ClientProfile, client_profile
from tests.data.pages import contact, lead, moment
from tests.flows.told import Company, Told
from tests.ledger_fixtures import *  # noqa: F403  the real databases

DAY = 24.0
WON = 32


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Ledger.open(f"sqlite:///{tmp_path / 'company.db'}") as opened:
        opened.upgrade()
        yield founded(opened)


def founded(ledger: Ledger) -> Company:
    """Thirty-two companies that bought sixty days ago, each with two contacts, and two hundred leads."""
    salesforce = Told(Platform.SALESFORCE)
    made = Company(ledger, others={Platform.SALESFORCE: salesforce})
    for n in range(WON):
        _customer(salesforce, n)
    for n in range(200):
        values = {"email": f"x@other{n}.example", "last_name": "Roe", "company": f"Other {n}"}
        salesforce.tell(
            Stream.LEADS,
            lead(
                f"L{n}",
                created=-90 * DAY,
                changed=-90 * DAY,
                title=TITLES[n % 4],
                industry="Retail",
                **values,
            ),
        )
    made.sync(0)
    return made


TITLES = ["Director of Operations", "Assistant", "Marketing Manager", "VP Sales"]


def _customer(salesforce: Told, n: int) -> None:
    account: dict[str, Any] = {
        "native_id": f"A{n}",
        "created_at": moment(-200 * DAY),
        "changed_at": moment(-200 * DAY),
        "is_deleted": False,
        "name": f"Alder {n}",
        "industry": "Technology",
        "employees": 900,
    }
    salesforce.tell(Stream.ACCOUNTS, account)
    for person in ("a", "b"):
        row = contact(
            f"C{n}{person}",
            created=-100 * DAY,
            changed=-100 * DAY,
            email=f"{person}@alder{n}.example",
            last_name="Berg",
            title="Director of Operations",
            account_id=f"A{n}",
        )
        salesforce.tell(Stream.CONTACTS, row)
    won: dict[str, Any] = {
        "native_id": f"O{n}",
        "created_at": moment(-60 * DAY),
        "changed_at": moment(-30 * DAY),
        "closed_at": moment(-30 * DAY),
        "is_deleted": False,
        "account_id": f"A{n}",
        "name": "New",
        "type": "New Business",
        "is_closed": True,
        "is_won": True,
        "amount": 1000.0 * (1 + n % 3),
        "currency": "EUR",
    }
    salesforce.tell(Stream.OPPORTUNITIES, won)
    role: dict[str, Any] = {
        "native_id": f"R{n}",
        "created_at": moment(-60 * DAY),
        "changed_at": moment(-60 * DAY),
        "is_deleted": False,
        "opportunity_id": f"O{n}",
        "contact_id": f"C{n}a",
    }
    salesforce.tell(Stream.CONTACT_ROLES, role)


def later(company: Company) -> None:
    """Ten hours on, on both platforms."""
    company.others[Platform.SALESFORCE].now = moment(10)
    company.sync(10)


def found(company: Company) -> ClientProfile:
    return client_profile(company.ledger, company.wiring.playbook)


def shares(profile: ClientProfile, attribute: str) -> dict[str, float]:
    return {c.value: c.won.share for c in profile.profile.cells if c.attribute == attribute}


def base_share(profile: ClientProfile, value: str) -> float:
    return next(c.base.share for c in profile.profile.cells if c.value == value)


def test_customers_are_the_people_with_a_role_in_the_first_win_and_what_they_share_is_proposed(
    ledger: Ledger,
) -> None:
    profile = found(founded(ledger))
    assert (profile.profile.companies, profile.people, profile.profile.weighted) == (WON, WON, True)
    assert shares(profile, "industry") == {"Technology": 1.0, "Retail": 0.0}
    assert [cell.value for cell in profile.profile.proposed if cell.attribute == "industry"] == ["Technology"]


def test_what_changed_after_the_win_is_not_taken_for_a_reason_of_it(company: Company) -> None:
    before = found(company)
    for n in range(WON):
        row = contact(f"C{n}a", created=-100 * DAY, changed=5, email=f"a@alder{n}.example", last_name="Berg")
        company.others[Platform.SALESFORCE].tell(
            Stream.CONTACTS, {**row, "title": "VP Sales", "account_id": f"A{n}"}
        )
    later(company)
    after = found(company)
    assert base_share(after, "vp") > base_share(before, "vp")  # it was seen
    assert shares(after, "seniority")["director"] == shares(before, "seniority")["director"] == 1.0
    assert not {"is_customer", "account_type", "open_opportunity", "status"} & {
        cell.attribute for cell in after.profile.cells
    }


def test_a_renewal_makes_no_customer(company: Company) -> None:
    for n in range(3):
        row = {**company.others[Platform.SALESFORCE].rows[Stream.OPPORTUNITIES][n][1]}
        row |= {"type": "Renewal", "changed_at": moment(5)}
        company.others[Platform.SALESFORCE].tell(Stream.OPPORTUNITIES, row)
    later(company)
    with pytest.raises(TooFewWon, match="29 companies"):
        found(company)


def test_a_ledger_without_anybody_refuses_in_one_line(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'empty.db'}") as opened:
        opened.upgrade()
        with pytest.raises(TooFewWon, match="0 companies were won"):
            found(Company(opened))
