"""The stage over a real ledger: what waits for an owner is found, decided, recorded, and then waits no more."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from ledger import decisions, outbox
from ledger.lease_token import LeaseToken
from ledger.open import Ledger
from ledger.outbox import Settlement
from ledger.tables import facts
from schemas.context import Versions, Window
from schemas.frames import decisions as frames
from schemas.playbook.load import Playbook, load_playbook
from schemas.vocabulary import Mode, OutboxState, Platform, Silo
from tasks.assignment import Assigned, assign
from tasks.run import Run
from tests.ledger.decided import T0, hours, rows, stored
from tests.ledger_fixtures import *  # noqa: F403 - pytest finds fixtures by their names here

REPOSITORY = Path(__file__).parents[2]
LEAD = {"platform": "salesforce", "object": "lead", "owner_id": "MQL"}
ROSTER = [
    {"kind": "queue", "native_id": "EMEA", "name": "EMEA Queue"},
    {"kind": "queue", "native_id": "MQL", "name": "MQL Queue"},
    {"kind": "user", "native_id": "ada", "name": "Ada"},
    {"kind": "user", "native_id": "ben", "name": "Ben"},
    {"kind": "user", "native_id": "zoe", "name": "Zoe"},
]


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return load_playbook(REPOSITORY / "playbook")


@pytest.fixture
def known(ledger: Ledger) -> Ledger:
    """Ada and Ben work the EMEA queue; four people in Berlin are leads, the last of them Zoe's."""
    people = [f"p{n}" for n in range(4)]
    with ledger.begin(None) as tx, tx.silo(Silo.DATA):
        tx.insert(facts.people, stored(facts.people, *({"person_key": p, "group_key": p} for p in people)))
        owned = [{**LEAD, "person_key": p, "native_id": f"lead {p}"} for p in people]
        owned[3] |= {"owner_id": "zoe"}
        tx.insert(facts.records, stored(facts.records, *owned))
        version = {"platform": "salesforce", "object": "lead", "country": "Germany", "last_name": "Muster"}
        versions = [{**version, "native_id": f"lead {p}"} for p in people]
        tx.insert(facts.record_versions, stored(facts.record_versions, *versions))
        roster = [{"is_active": True, "can_own": True, **owner} for owner in ROSTER]
        tx.insert(facts.owners, stored(facts.owners, *roster))
        members = [
            {"native_id": f"EMEA-{user}", "queue_id": "EMEA", "user_id": user} for user in ("ada", "ben")
        ]
        tx.insert(facts.queue_members, stored(facts.queue_members, *members))
    return ledger


def opens(ledger: Ledger, *people: str) -> None:
    values = {"state": "open", "kind": "mql", "opened_at": hours(1), "acted_at": hours(1)}
    with ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        given = ({"cycle_key": f"c-{person}", "person_key": person, **values} for person in people)
        decisions.write_cycles(tx, rows(frames.Cycles, *given))


def run(ledger: Ledger, playbook: Playbook, at: float, *, record: bool = True) -> Assigned | None:
    """Assigns at so many hours; a run that is killed before it records leaves nothing."""
    versions = Versions(playbook.versions)
    token = LeaseToken("none", T0)
    moment = Run("run", "sync", Mode.LIVE, hours(at), T0, T0, T0, versions, token, {})
    window = Window(hours(at), hours(at), T0, T0, ZoneInfo("UTC"), timedelta(days=1))
    assigned = assign(ledger, playbook, moment, window)
    if record and assigned is not None:
        with ledger.begin(None) as tx, tx.silo(Silo.ASSIGNMENT):
            decisions.write_assignments(tx, assigned.decisions.assignments)
            decisions.write_pool_pointers(tx, assigned.decisions.pointers)
            decisions.set_cycle_owner(tx, assigned.decisions.cycle_owners)
    return assigned


def owners(ledger: Ledger) -> dict[str, str]:
    with ledger.read() as connection:
        cycles = decisions.read_cycles(connection, [f"p{n}" for n in range(4)])
    return dict(cycles.select("person_key", "owner_id").iter_rows())


def test_everybody_who_waits_is_given_to_somebody_and_then_waits_no_more(
    known: Ledger, playbook: Playbook
) -> None:
    opens(known, "p0", "p1", "p2", "p3")
    assigned = run(known, playbook, 2)
    assert assigned is not None
    assert assigned.decisions.assignments.select("person_key", "how", "rule_id").sort(
        "person_key"
    ).rows() == [
        ("p0", "rule", "emea"),
        ("p1", "rule", "emea"),
        ("p2", "rule", "emea"),
        ("p3", "kept", "kept"),
    ]
    shares = sorted([owner for person, owner in owners(known).items() if person != "p3"])
    assert shares in (["ada", "ada", "ben"], ["ada", "ben", "ben"])
    assert owners(known)["p3"] == "zoe"
    assert dict(assigned.cycles.select("person_key", "owner_id").iter_rows()) == owners(known)
    assert set(assigned.facts.people["person_key"]) == {"p0", "p1", "p2", "p3"}
    assert run(known, playbook, 3) is None


def test_a_run_that_is_killed_before_it_recorded_is_caught_up_in_the_same_way(
    known: Ledger, playbook: Playbook
) -> None:
    opens(known, "p0", "p1", "p2")
    killed = run(known, playbook, 2, record=False)
    caught_up = run(known, playbook, 2)
    assert killed is not None
    assert caught_up is not None
    assert caught_up.decisions.assignments.equals(killed.decisions.assignments)
    assert caught_up.decisions.pointers.equals(killed.decisions.pointers)


def test_an_owner_that_we_wrote_is_no_persons_choice_in_the_next_cycle(
    known: Ledger, playbook: Playbook
) -> None:
    change = {
        "platform": "salesforce",
        "object": "lead",
        "target": "lead p3",
        "field": "owner_id",
        "value": '"zoe"',
        "person_key": "p3",
    }
    with known.begin(None) as tx, tx.silo(Silo.OUTBOX):
        outbox.record(tx, rows(frames.Changes, change), "run")
        claims = outbox.claim(tx, Platform.SALESFORCE, 10, T0)
        done = [Settlement(claim.ids, OutboxState.APPLIED) for claim in claims]
        outbox.settle(tx, done, T0)
    opens(known, "p3")
    run(known, playbook, 2)
    assert owners(known)["p3"] in ("ada", "ben")


def test_a_cycle_that_was_sent_back_gets_another_owner_once(known: Ledger, playbook: Playbook) -> None:
    opens(known, "p0")
    run(known, playbook, 2)
    first = owners(known)["p0"]
    back = {"event_key": "e1", "cycle_key": "c-p0", "person_key": "p0", "kind": "reassign", "at": hours(3)}
    with known.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
        decisions.write_cycle_events(tx, rows(frames.CycleEvents, {**back, "said_by": first}))
    run(known, playbook, 3)
    assert {first, owners(known)["p0"]} == {"ada", "ben"}
    assert run(known, playbook, 4) is None
    with known.read() as connection:
        assert decisions.read_assignments(connection, ["p0"])["owner_id"].to_list() == [
            first,
            owners(known)["p0"],
        ]


def test_what_nobody_can_take_waits_for_the_next_run(known: Ledger, playbook: Playbook) -> None:
    opens(known, "p0")
    with known.begin(None) as tx, tx.silo(Silo.DATA):
        tx.execute(facts.owners.update().values(is_active=False))
    first = run(known, playbook, 2)
    assert first is not None
    assert first.decisions.assignments["how"].to_list() == ["nobody"]
    again = run(known, playbook, 3)
    assert again is not None
    assert again.decisions.is_empty
    with known.begin(None) as tx, tx.silo(Silo.DATA):
        tx.execute(facts.owners.update().where(facts.owners.c.native_id == "ben").values(is_active=True))
    run(known, playbook, 4)
    assert owners(known)["p0"] == "ben"


def test_each_cycle_has_at_most_one_row_for_each_time_it_was_handed_over(
    known: Ledger, playbook: Playbook
) -> None:
    opens(known, "p0", "p1", "p3")
    for hour in range(2, 5):
        run(known, playbook, hour)
    with known.read() as connection:
        found = decisions.read_assignments(connection, ["p0", "p1", "p3"])
    assert found.group_by("cycle_key").len()["len"].to_list() == [1, 1, 1]
    assert found.filter(pl.col("owner_id").is_null()).is_empty()
