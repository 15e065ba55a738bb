"""The same facts give the same decisions: however often one looks, on either database, and when they are replayed.

The whole chain over a real ledger, on histories of a small company: people come, act, change their jobs, and sales
answers on their leads.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from flows import chain
from ledger import lease
from ledger.facts import schedule
from ledger.open import Ledger
from ledger.tables.base import metadata
from schemas.vocabulary import Platform, Silo, Stream
from tasks.progress import Silent
from tasks.run import begin
from tasks.summary import Summary
from tests.data.pages import lead, moment
from tests.flows.test_backfill import rows
from tests.flows.told import Company, Told
from tests.ledger_fixtures import new_database, postgresql_server

__all__ = ["postgresql_server"]

DAY = 24
FIRST, LAST = -28 * DAY, 0
SEEDS = (1, 2, 3)
DECISIONS = (
    "transitions",
    "cycles",
    "cycle_events",
    "stages",
    "blocks",
    "would_qualify",
    "scores",
    "score_lines",
)
ANSWERS = (["Working"], ["Rejected"], ["Working", "Recycled"], ["Working", "Rejected"], [])


def tell(company: Company, seed: int) -> None:
    """Eight people, some of them there before the first run, some sharing an address; half of them are leads too."""
    chance = Random(seed)
    sales = company.others[Platform.SALESFORCE]
    for who in (str(number) for number in range(1, 9)):
        since = chance.choice([-200 * DAY, -200 * DAY, FIRST + chance.randrange(1, 20 * DAY)])
        values: dict[str, Any] = {"title": chance.choice(["Director of Operations", "Assistant"])}
        if chance.random() < 0.3:
            values["email"] = "both@alder.example"
        if chance.random() < 0.5:
            values["crm_lead_id"] = f"L{who}"
            shown = {"email": values.get("email", f"{who}@alder{who}.example"), "owner_id": "005A"}
            # Whom sales answered on before we first looked is a baseline, as it is found then.
            states = chance.choice(ANSWERS) if since < FIRST else []
            told = sorted(chance.randrange(max(since, FIRST) + 1, LAST) for _ in states)
            for at, status in zip([since, *told], ["Open", *states], strict=True):
                sales.tell(Stream.LEADS, lead(f"L{who}", created=since, changed=at, status=status, **shown))
        company.person(who, created=since, changed=since, **values)
        if chance.random() < 0.4:
            changed = chance.randrange(max(since, FIRST) + 1, LAST)
            company.person(
                who, created=since, changed=changed, **{**values, "title": "Chief Operating Officer"}
            )
        for number in range(chance.randrange(3, 14)):
            at = chance.randrange(max(since, FIRST - 20 * DAY), LAST) + chance.randrange(1, 59) / 60
            company.does_something(chance, f"{who}/{number}", who, at)


def company_at(ledger: Ledger, seed: int) -> Company:
    if ledger.revision() is None:
        ledger.upgrade()
    company = Company(ledger, others={Platform.SALESFORCE: Told(Platform.SALESFORCE)})
    tell(company, seed)
    return company


def look(company: Company, hours: float, *, at_everybody: bool = False) -> None:
    """A sync, with both platforms' clocks at the same instant; `at_everybody`: also at those who are not due."""
    company.others[Platform.SALESFORCE].now = moment(hours)
    if at_everybody:
        with company.ledger.begin(None) as tx, tx.silo(Silo.DATA):
            schedule.mark_everybody_due(tx)
    assert company.sync(hours).failures == []


def live(company: Company, moments: Sequence[float], *, at_everybody: bool = False) -> None:
    """Syncs at these hours; the last one scores everybody, so that all scores are of one instant."""
    for hours in moments:
        look(company, hours, at_everybody=at_everybody or hours == moments[-1])


def cuts(seed: int) -> list[float]:
    chance = Random(seed)
    return [FIRST, *sorted(chance.randrange(FIRST * 60, LAST * 60) / 60 for _ in range(9)), LAST]


def decided(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    """Every decision. Whom a cycle is given to is decided in the run that does it, and not compared."""
    found = {name: rows(ledger, name) for name in DECISIONS}
    for row in found["cycles"]:
        for name in ("owner_id", "owner_kind", "assigned_at"):
            del row[name]
    return found


def same(one: Ledger, other: Ledger) -> None:
    here, there = decided(one), decided(other)
    assert len(here["cycles"]) > 1
    assert len(here["transitions"]) > 10
    differences = {}
    for name in DECISIONS:
        ours, theirs = ([str(row) for row in found[name]] for found in (here, there))
        differences[name] = (
            [row for row in ours if row not in theirs],
            [row for row in theirs if row not in ours],
        )
    assert {name: both for name, both in differences.items() if both != ([], [])} == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ledger_kept_up_by_increments_decides_what_one_that_read_everything_at_once_does(
    tmp_path: Path, seed: int
) -> None:
    with (
        Ledger.open(f"sqlite:///{tmp_path / 'kept'}") as kept,
        Ledger.open(f"sqlite:///{tmp_path / 'full'}") as full,
    ):
        live(company_at(kept, seed), cuts(seed))
        live(company_at(full, seed), [FIRST, LAST])
        same(kept, full)


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_looking_at_everybody_at_every_midnight_decides_what_looking_at_stored_ticks_does(
    tmp_path: Path, seed: int
) -> None:
    midnights = [float(hour) for hour in range(FIRST - 9, LAST, DAY) if hour > FIRST]
    with (
        Ledger.open(f"sqlite:///{tmp_path / 'every'}") as every,
        Ledger.open(f"sqlite:///{tmp_path / 'due'}") as due,
    ):
        live(company_at(every, seed), [FIRST, *midnights, LAST], at_everybody=True)
        live(company_at(due, seed), [FIRST, LAST])
        same(every, due)


@pytest.mark.parametrize("seed", SEEDS[1:2])
def test_both_databases_decide_alike(tmp_path: Path, postgresql_server: str, seed: int) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(new_database(postgresql_server))
        one = stack.enter_context(Ledger.open(url))
        other = stack.enter_context(Ledger.open(f"sqlite:///{tmp_path / 'ledger'}"))
        for ledger in (one, other):
            live(company_at(ledger, seed), cuts(seed))
        same(one, other)


@pytest.mark.parametrize("seed", SEEDS[1:])
def test_replaying_the_ledgers_facts_gives_what_was_decided(tmp_path: Path, seed: int) -> None:
    """The same facts, as they were learned then, decided once more run by run in a ledger without decisions.

    How people were found by the first run is no decision, and is kept.
    """
    lived, first, again = (tmp_path / name for name in ("lived", "first", "again"))
    with Ledger.open(f"sqlite:///{lived}") as ledger:
        company = company_at(ledger, seed)
        live(company, [FIRST])
        ledger.scrub()
        copy(lived, first)
        live(company, cuts(seed)[1:])
        ledger.scrub()
        copy(lived, again)
        with Ledger.open(f"sqlite:///{again}") as emptied:
            moments = forget_decisions(emptied, first)
            for as_of in moments:
                decide(Company(emptied, company.marketo, company.others), as_of)
            same(ledger, emptied)


def forget_decisions(ledger: Ledger, first: Path) -> list[datetime]:
    """Puts the ledger's decisions back to those of its first run; when the later runs were."""
    kept = (
        *DECISIONS,
        "account_scores",
        "assignments",
        "pool_pointers",
        "runs",
        "schedule",
        "playbook_versions",
    )
    at = metadata.tables["runs"].c.as_of
    with ledger.read() as connection:
        moments = list(connection.scalars(sa.select(at).order_by(at)))
    with sa.create_engine(ledger.engine.url).begin() as plain:
        plain.exec_driver_sql(f"ATTACH '{first}' AS first")
        for name in kept:
            plain.exec_driver_sql(f"DELETE FROM {name}")
            plain.exec_driver_sql(f"INSERT INTO {name} SELECT * FROM first.{name}")
    return moments[1:]


def decide(company: Company, as_of: datetime) -> None:
    """What a run at this moment decides of everybody who was known then, from nothing but the ledger."""
    people = metadata.tables["people"].c
    company.marketo.now = company.others[Platform.SALESFORCE].now = as_of
    with company.ledger.begin(None) as tx, tx.silo(Silo.DATA):
        known = tx.connection.scalars(sa.select(people.person_key).where(people.first_learned_at <= as_of))
        schedule.enter(tx, pl.Series("person_key", list(known), dtype=pl.String))
        schedule.mark_everybody_due(tx)
    wiring, ledger = company.wiring, company.ledger
    with lease.acquire(ledger, "replay") as held:
        run = begin(
            ledger, held.token, wiring.sources, wiring.playbook, "replay", wiring.live_since, chain.wall_clock
        )
        assert run.as_of == as_of
        summary = Summary(run.id, run.flow, run.as_of, False)
        chain.decide_due(wiring, run, run.window(wiring.playbook), summary, Silent(), chain.plain)
