"""Past handovers as a table: what each decision saw, and nothing that came later."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.open import Ledger
from ledger.tables.decisions import cycles
from schemas.conditions_columns import HAS_COLUMNS, PEOPLE_COLUMNS
from schemas.vocabulary import Stream
from tasks.learning.handovers import NOT_LEARNED_FROM, SIGNAL, Handovers, past_handovers
from tests.data.pages import moment, person
from tests.flows.told import Company
from tests.ledger_fixtures import *  # noqa: F403  the real databases

WHO = {"email": "ada@alder.example", "last_name": "Berg", "company": "Alder Freight"}


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Ledger.open(f"sqlite:///{tmp_path / 'company.db'}") as opened:
        opened.upgrade()
        yield Company(opened)


def sales_says(company: Company, state: str) -> None:
    with company.ledger.engine.begin() as connection:
        connection.execute(sa.update(cycles).values(state=state, accepted_at=cycles.c.opened_at))


def handovers(company: Company, since: datetime | None = None) -> Handovers:
    return past_handovers(company.ledger, company.wiring.playbook, "accepted", since)


def test_a_row_is_the_person_and_the_behaviour_as_they_were_when_the_handover_began(company: Company) -> None:
    company.person("1")
    company.sync(0)
    company.visits("a", "1", 1)
    company.raises_hand("b", "1", 2)
    company.sync(3)
    # Later: another job, more visits, and one from before that nobody had seen when the run decided.
    company.marketo.tell(
        Stream.PEOPLE, person("1", changed=4, title="Student", country="France", employees=3, **WHO)
    )
    company.visits("c", "1", 5)
    company.visits("d", "1", 0.5, "/integrations/crm", appears=6)
    company.sync(7)
    sales_says(company, "working")
    found = handovers(company).frame.row(0, named=True)
    assert (found["accepted"], found["seniority"], found["country"], found["employees"]) == (
        "yes", "director", "DE", 900,
    )  # fmt: skip
    assert found[f"{SIGNAL}pricing_page"] == 15.0
    assert found[f"{SIGNAL}integration_or_comparison_page"] == 0.0
    assert found["opened_at"] == f"{moment(2):%Y-%m-%dT%H:%M:%SZ}"


def test_the_points_of_the_signals_add_up_to_the_engagement_that_was_decided(company: Company) -> None:
    for who in ("1", "2", "3"):
        company.person(who)
    company.sync(0)
    for number, at in enumerate([1, 2, 30, 31, 50]):
        company.visits(f"v{number}", "1", at)
        company.visits(f"w{number}", "2", at, "/compare/x-vs-y")
        company.act(f"e{number}", "3", at, "event_attended", asset_name="Fair")
        company.sync(at + 0.5)
    for who in ("1", "2", "3"):
        company.raises_hand(f"h{who}", who, 60)
    company.sync(61)
    sales_says(company, "working")
    found = handovers(company).frame
    names = [name for name in found.columns if name.startswith(SIGNAL)]
    with company.ledger.read() as connection:
        decided = sorted(connection.scalars(sa.select(cycles.c.engagement)))
    sums = [round(100 * min(100, max(0, sum(row)))) for row in found.select(names).iter_rows()]
    assert sorted(sums) == decided
    assert max(decided) > 0


def test_no_column_tells_who_somebody_is_or_what_sales_did(ledger: Ledger) -> None:
    company = Company(ledger)
    company.person("1")
    company.sync(0)
    company.raises_hand("a", "1", 1)
    company.sync(2)
    sales_says(company, "working")
    found = handovers(company)
    assert not NOT_LEARNED_FROM & set(found.frame.columns)
    values = {str(value) for value in found.frame.row(0)}
    assert not any("alder" in value.lower() or "@" in value for value in values)


def test_every_attribute_that_conditions_know_was_decided_about() -> None:
    """A new attribute must be put on one side: what sales writes would know the verdict."""
    learned = set(PEOPLE_COLUMNS) - NOT_LEARNED_FROM
    assert set(PEOPLE_COLUMNS) >= NOT_LEARNED_FROM
    assert learned == {
        "completeness", "country", "department", "email_invalid", "employees", "industry", "is_competitor",
        "is_job_seeker", "is_personal_email", "is_role_address", "is_student", "is_target_account", "lead_source",
        "region", "seniority", "unsubscribed", *(f"has_{name}" for name in HAS_COLUMNS),
    }  # fmt: skip


def test_what_a_backfill_brought_says_that_its_attributes_were_seen_later(company: Company) -> None:
    company.person("1", changed=-24)  # when, of what it shows now, was said, nobody knows
    company.raises_hand("a", "1", -20 * 24)
    company.sync(0)
    company.backfill("2026-02-01", "2026-03-01")
    sales_says(company, "working")
    found = handovers(company)
    assert (dict(found.origins), found.assumed, found.frame.height) == ({"backfill": 1}, 1, 1)


def test_only_what_was_opened_since_the_day_that_is_asked_for(company: Company) -> None:
    company.person("1")
    company.person("2")
    company.sync(0)
    for who, at in (("1", 1), ("2", 200)):
        company.raises_hand(who, who, at)
        company.sync(at + 1)
    sales_says(company, "working")
    assert handovers(company).frame.height == 2
    assert handovers(company, moment(100)).frame.height == 1


def test_an_empty_ledger_has_no_handovers(company: Company) -> None:
    assert handovers(company).frame.is_empty()
