"""What must hold for whatever the platforms show: order and splitting of pages make no difference, storing again
changes nothing, our own voice is never heard, and both databases agree."""

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.open import Ledger
from ledger.tables import complete_metadata
from ledger.tables import facts as tables
from ledger.unit_of_work import UnitOfWork
from schemas.vocabulary import Platform, Stream
from tasks.data.settle import settle_facts
from tests.data.pages import MARKETO, SALESFORCE, Pulling, act, moment, person

Row = Mapping[str, Any]
Delivery = list[tuple[Platform, Stream, list[Row]]]
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
_files = count(1)


@pytest.fixture(scope="module")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: much faster than migrating one for each example."""
    file = tmp_path_factory.mktemp("ledgers") / "empty.db"
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.upgrade()
        with ledger.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@contextmanager
def fresh(empty: Path) -> Iterator[Pulling]:
    file = empty.with_name(f"{next(_files)}.db")
    shutil.copy(empty, file)
    with Ledger.open(f"sqlite:///{file}") as ledger:
        yield Pulling(ledger)
    for leftover in file.parent.glob(f"{file.name}*"):
        leftover.unlink()


def stored(pulling: Pulling, *without: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every fact in the ledger."""
    names = [name for name in vars(tables) if isinstance(getattr(tables, name), sa.Table)]
    found = {}
    for name in names:
        table: sa.Table = getattr(tables, name)
        found[name] = pulling.rows(table, *(c.name for c in table.c if c.name not in without))
    found["schedule"] = pulling.rows(complete_metadata().tables["schedule"], "person_key", "is_due")
    return found


# Few ids, addresses and values, so that everything meets everything.
ADDRESSES = st.sampled_from([None, "a@x.example", "b@x.example", "info@x.example"])
STATUSES = st.sampled_from([None, "Open", "Working", "Rejected", "Marketing Qualified"])
HOURS = st.integers(-40, 0)
LEADS, CONTACTS, PEOPLE = ["L1", "L2"], ["C1", "C2"], ["1", "2", "3"]


@st.composite
def states(draw: st.DrawFn, kind: str, ids: Sequence[str]) -> list[Row]:
    """Up to three states of each of these records, in order."""
    rows: list[Row] = []
    for native_id in ids:
        created = draw(st.integers(-90, -50))
        for changed in draw(st.lists(HOURS, max_size=3, unique=True)):
            links: dict[str, Any] = {"title": draw(st.sampled_from(["CEO", "CFO"])), "status": draw(STATUSES)}
            if kind == "person":
                links["crm_lead_id"] = draw(st.sampled_from([None, None, *LEADS]))
                links["crm_contact_id"] = draw(st.sampled_from([None, None, None, *CONTACTS]))
            if kind == "lead" and draw(st.integers(0, 3)) == 0:
                links |= {
                    "converted_at": moment(changed),
                    "converted_contact_id": draw(st.sampled_from(CONTACTS)),
                }
                links["converted_opportunity_id"] = draw(st.sampled_from([None, "O1"]))
            if kind == "contact":
                links["account_id"] = draw(st.sampled_from([None, "A1"]))
            rows.append(
                person(
                    native_id,
                    object=kind,
                    created=created,
                    changed=changed,
                    email=draw(ADDRESSES),
                    **{**links, "is_deleted": draw(st.integers(0, 5)) == 0},
                )
            )
    return rows


@st.composite
def worlds(draw: st.DrawFn) -> dict[tuple[Platform, Stream], list[Row]]:
    """What both platforms show in one run."""
    acts = draw(st.lists(st.tuples(st.integers(1, 6), st.sampled_from([*PEOPLE, "9"]), HOURS), max_size=6))
    history = [
        {
            "native_id": f"h{n}",
            "object": "lead",
            "record_id": draw(st.sampled_from(LEADS)),
            "field": "status",
            "old_value": draw(STATUSES),
            "new_value": draw(STATUSES),
            "changed_at": moment(draw(HOURS)),
        }
        for n in range(draw(st.integers(0, 3)))
    ]
    removals = [
        {
            "native_id": f"r{n}",
            "object": "person",
            "removed_id": draw(st.sampled_from(PEOPLE)),
            "into_id": draw(st.sampled_from([None, "1"])),
            "occurred_at": moment(draw(HOURS)),
        }
        for n in range(draw(st.integers(0, 2)))
    ]
    people = draw(states("person", PEOPLE))
    # Who was removed may live again, but not through several states: of equal ones in a row those in the middle are
    # not kept (engine.data.versions), and a removal among them, told later, would make them say something new.
    removals = [
        one
        for one in removals
        if sum(
            row["native_id"] == one["removed_id"] and row["changed_at"] > one["occurred_at"] for row in people
        )
        < 2
    ]
    dated = {"created_at": moment(-45), "changed_at": moment(-5), "is_deleted": False}
    opportunity = {**dated, "native_id": "O1", "account_id": "A1", "is_closed": False, "is_won": False}
    role = {**dated, "native_id": "K1", "opportunity_id": "O1", "contact_id": "C1"}
    account = {**dated, "native_id": "A1", "domain": "x.example", "name": "X"}
    return {
        (MARKETO, Stream.PEOPLE): people,
        (SALESFORCE, Stream.LEADS): draw(states("lead", LEADS)),
        (SALESFORCE, Stream.CONTACTS): draw(states("contact", CONTACTS)),
        (MARKETO, Stream.ACTIVITIES): [
            act(f"g{n}", who, at) for n, who, at in {one[0]: one for one in acts}.values()
        ],
        (MARKETO, Stream.REMOVALS): removals,
        (SALESFORCE, Stream.FIELD_HISTORY): history,
        (SALESFORCE, Stream.OPPORTUNITIES): [opportunity] if draw(st.booleans()) else [],
        (SALESFORCE, Stream.CONTACT_ROLES): [role] if draw(st.booleans()) else [],
        (SALESFORCE, Stream.ACCOUNTS): [account] if draw(st.booleans()) else [],
    }


def in_pages(world: Mapping[tuple[Platform, Stream], list[Row]], seed: int | None) -> Delivery:
    """The world's rows as pages; with a seed rows are shuffled, split, repeated, and streams interleaved."""
    if seed is None:
        return [(platform, stream, rows) for (platform, stream), rows in world.items()]
    chance = random.Random(seed)
    pages: Delivery = []
    for (platform, stream), rows in world.items():
        mixed = rows + [row for row in rows if chance.random() < 0.3]
        chance.shuffle(mixed)
        while mixed:
            size = chance.randint(1, len(mixed))
            pages.append((platform, stream, mixed[:size]))
            mixed = mixed[size:]
    chance.shuffle(pages)
    return pages


def deliver(pulling: Pulling, pages: Delivery) -> int:
    """Stores the pages; how many rows were new. Each page's counts add up (`Pulling.page` sees to it)."""
    return sum(pulling.page(platform, stream, rows).stored for platform, stream, rows in pages)


@given(worlds(), st.integers(0, 2**16))
@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
def test_order_and_splitting_of_pages_make_no_difference(
    empty_ledger: Path, world: dict[tuple[Platform, Stream], list[Row]], seed: int
) -> None:
    with fresh(empty_ledger) as one, fresh(empty_ledger) as other:
        deliver(one, in_pages(world, None))
        deliver(other, in_pages(world, seed))
        one.settle()
        other.settle()
        assert stored(one) == stored(other)


@given(worlds(), st.integers(0, 2**16))
@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
def test_storing_the_same_again_stores_nothing_and_makes_nobody_due(
    empty_ledger: Path, world: dict[tuple[Platform, Stream], list[Row]], seed: int
) -> None:
    with fresh(empty_ledger) as pulling:
        deliver(pulling, in_pages(world, seed))
        pulling.settle()
        pulling.decided()
        before = stored(pulling)
        pulling.at(1)
        assert deliver(pulling, in_pages(world, seed + 1)) == 0
        settled = pulling.settle()
        assert (settled.new_people, settled.merged, settled.verdicts) == (0, 0, 0)
        assert pulling.due() == []
        assert stored(pulling) == before


@given(worlds(), st.integers(0, 2**16))
@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
def test_a_run_that_dies_between_storing_and_settling_is_made_up_for_by_the_next(
    empty_ledger: Path, world: dict[tuple[Platform, Stream], list[Row]], seed: int
) -> None:
    pages = in_pages(world, seed)
    with fresh(empty_ledger) as one, fresh(empty_ledger) as other:
        deliver(one, pages)
        one.at(1).settle()
        deliver(other, pages)
        other.at(1)
        deliver(other, pages[: len(pages) // 2])
        other.settle()
        assert stored(one) == stored(other)


@given(worlds(), worlds(), st.integers(1, 4))
@settings(max_examples=10, deadline=None, suppress_health_check=SLOW)
def test_how_news_are_split_into_transactions_makes_no_difference(
    empty_ledger: Path,
    world: dict[tuple[Platform, Stream], list[Row]],
    later: dict[tuple[Platform, Stream], list[Row]],
    at_once: int,
) -> None:
    with fresh(empty_ledger) as one, fresh(empty_ledger) as other:
        for number, told in enumerate((world, later)):
            for pulling in (one, other):
                deliver(pulling.at(number), in_pages(told, None))
            assert one.settle() == other.settle(at_once)
            assert stored(one) == stored(other)


class Killed(Exception):
    """What ends a test's run in the place of a kill."""


@given(worlds(), st.integers(1, 4), st.integers(0, 12))
@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
def test_settling_that_dies_between_two_transactions_is_ended_by_the_next_run(
    empty_ledger: Path, world: dict[tuple[Platform, Stream], list[Row]], at_once: int, turns: int
) -> None:
    with fresh(empty_ledger) as one, fresh(empty_ledger) as other:
        for pulling in (one, other):
            deliver(pulling, in_pages(world, None))
        one.settle()
        left = turns

        @contextmanager
        def mortal() -> Iterator[tuple[UnitOfWork, datetime]]:
            nonlocal left
            with other.turn() as (tx, as_of):
                yield tx, as_of
                if left == 0:
                    raise Killed  # the transaction that was open is undone
                left -= 1

        with suppress(Killed):
            settle_facts(mortal, other.platforms, other.data, at_once)
        deliver(other, in_pages(world, 1))
        other.settle(at_once)
        assert stored(one) == stored(other)


@pytest.mark.parametrize("turn", range(1, 7))
def test_what_another_run_stored_and_died_while_facts_were_settled_is_settled_by_the_next(
    empty_ledger: Path, turn: int
) -> None:
    """A backfill gives the ledger away between two transactions; a sync may be killed just then, after its pull."""
    merge = {
        "native_id": "m1",
        "object": "person",
        "removed_id": "2",
        "into_id": "1",
        "occurred_at": moment(0.5),
    }
    with fresh(empty_ledger) as pulling:
        pulling.page(MARKETO, Stream.PEOPLE, [person("1"), person("2")])
        pulling.page(MARKETO, Stream.ACTIVITIES, [act("g1", "1", -1)])
        turns = 0

        @contextmanager
        def shift() -> Iterator[tuple[UnitOfWork, datetime]]:
            nonlocal turns
            turns += 1
            if turns == turn:
                pulling.at(1).page(MARKETO, Stream.PEOPLE, [person("3")])
                pulling.page(SALESFORCE, Stream.LEADS, [person("L1", object="lead")])
                pulling.page(MARKETO, Stream.REMOVALS, [merge])
            with pulling.turn() as held:
                yield held

        settle_facts(shift, pulling.platforms, pulling.data, 1_000)
        assert turns >= turn
        pulling.at(2).settle()
        key_of = dict(pulling.rows(tables.records, "native_id", "person_key"))
        assert key_of["1"] == key_of["2"]
        assert len({key_of["1"], key_of["3"], key_of["L1"]} - {None}) == 3
        assert pulling.rows(tables.records, "native_id", is_deleted=True) == [("2",)]
        assert pulling.due() == sorted({key_of["1"], key_of["3"], key_of["L1"]})
        assert pulling.rows(tables.news, "subject") == []


@given(
    st.lists(st.tuples(st.sampled_from(["status", "owner_id"]), st.sampled_from(["x", "y", "z"])), max_size=6)
)
@settings(max_examples=10, deadline=None, suppress_health_check=SLOW)
def test_our_own_echo_makes_nobody_due_and_is_no_verdict(
    empty_ledger: Path, writes: list[tuple[str, str]]
) -> None:
    spelled = {"x": "Working", "y": "Rejected", "z": "Marketing Qualified"}
    shown: dict[str, Any] = {"status": "Open", "owner_id": "005A"}
    with fresh(empty_ledger) as pulling:
        pulling.page(SALESFORCE, Stream.LEADS, [person("L1", object="lead", **shown)])
        pulling.settle()
        pulling.decided()
        for hours, (name, value) in enumerate(writes, start=1):
            shown[name] = spelled[value] if name == "status" else f"005{value}"
            pulling.applied("lead", "L1", name, f'"{shown[name]}"')
            pulling.at(hours)
            echo = person("L1", object="lead", changed=hours - 0.5, **shown)
            pulling.page(SALESFORCE, Stream.LEADS, [echo])
            row = {"native_id": f"h{hours}", "object": "lead", "record_id": "L1", "field": name}
            told = {**row, "new_value": shown[name], "changed_at": moment(hours - 0.5)}
            pulling.page(SALESFORCE, Stream.FIELD_HISTORY, [told])
            assert pulling.settle().verdicts == 0
            assert pulling.due() == []
        assert pulling.rows(tables.records, "status", "owner_id") == [(shown["status"], shown["owner_id"])]
        versions = pulling.rows(tables.record_versions, "status", "owner_id")
        assert versions == [("Open", "005A")]


@given(st.permutations(range(7)), st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=SLOW)
def test_whom_platform_links_join_does_not_depend_on_the_run_in_which_a_record_comes(
    empty_ledger: Path, order: list[int], data: st.DataObject
) -> None:
    rows: list[tuple[Platform, Stream, Row]] = []
    for n in PEOPLE:
        links = {"crm_lead_id": data.draw(st.sampled_from([None, *LEADS]))}
        rows.append((MARKETO, Stream.PEOPLE, person(n, created=-int(n) * 10, **links)))
    for n in LEADS:
        into = data.draw(st.sampled_from([None, *CONTACTS]))
        converted = {"converted_at": moment(-1), "converted_contact_id": into} if into else {}
        rows.append((SALESFORCE, Stream.LEADS, person(n, object="lead", **converted)))
    rows += [(SALESFORCE, Stream.CONTACTS, person(n, object="contact")) for n in CONTACTS]

    def groups(pulling: Pulling) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for native_id, key in pulling.rows(tables.records, "native_id", "person_key"):
            found.setdefault(key, set()).add(native_id)
        return {frozenset(ids) for ids in found.values()}

    with fresh(empty_ledger) as one, fresh(empty_ledger) as other:
        for platform, stream, row in rows:
            one.page(platform, stream, [row])
        one.settle()
        for run, place in enumerate(order):
            platform, stream, row = rows[place]
            other.at(run).page(platform, stream, [row])
            other.settle()
        assert groups(one) == groups(other)
        living = other.rows(tables.people, "person_key", merged_into=None)
        assert {key for (key,) in living} == {
            key for _, key in other.rows(tables.records, "native_id", "person_key")
        }


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("seed", range(3))
def test_both_databases_hold_the_same_facts(ledger: Ledger, empty_ledger: Path, seed: int) -> None:
    chance = random.Random(seed)

    def rows(kind: str, ids: Sequence[str]) -> list[Row]:
        return [
            person(
                native_id,
                object=kind,
                changed=changed,
                email=chance.choice([None, "ä@x.example", "B@x.example"]),
                title=chance.choice(["CEO", "Größe", "日本"]),
                employees=chance.randint(0, 99),
                status=chance.choice(["Open", "Working"]),
                unsubscribed=chance.choice([None, True, False]),
                crm_lead_id=chance.choice([None, *LEADS]) if kind == "person" else None,
            )
            for native_id in ids
            for changed in (-30, -20, -10)
        ]

    world = {
        (MARKETO, Stream.PEOPLE): rows("person", PEOPLE),
        (SALESFORCE, Stream.LEADS): rows("lead", LEADS),
        (SALESFORCE, Stream.CONTACTS): rows("contact", CONTACTS),
        (MARKETO, Stream.ACTIVITIES): [act(f"g{n}", chance.choice(PEOPLE), -n, url="/ü") for n in range(300)],
    }
    with fresh(empty_ledger) as sqlite:
        both = [Pulling(ledger), sqlite]
        for pulling in both:
            deliver(pulling, in_pages(world, seed))
            pulling.settle()
        assert stored(both[0]) == stored(both[1])
