"""Facts as the engine reads them, and people as somebody looks for them."""

from typing import Any

import polars as pl
import pytest

from ledger.facts import find, read, read_accounts, read_sales
from ledger.open import Ledger
from ledger.tables import facts as tables
from schemas.frames import facts as frames
from schemas.frames.base import dtypes
from schemas.vocabulary import Stream
from tests.data.pages import MARKETO, SALESFORCE, START, Pulling, act, contact, lead, moment, person


@pytest.fixture
def pulling(ledger: Ledger) -> Pulling:
    return Pulling(ledger)


def opportunity(
    native_id: str, created: float, changed: float | None = None, **values: Any
) -> dict[str, Any]:
    return {
        "native_id": native_id,
        "created_at": moment(created),
        "changed_at": moment(created if changed is None else changed),
        "is_deleted": False,
        "is_closed": False,
        "is_won": False,
        **values,
    }


def account(native_id: str, **values: Any) -> dict[str, Any]:
    dated = {"created_at": moment(-90), "changed_at": moment(-80), "is_deleted": False}
    return {"native_id": native_id, **dated, **values}


def keys(pulling: Pulling) -> dict[str, str]:
    return dict(pulling.rows(tables.records, "native_id", "person_key"))


def opportunities_of(pulling: Pulling, key: str, hours: float = 0) -> list[tuple[Any, ...]]:
    with pulling.ledger.read() as connection:
        found = read_accounts.opportunity_versions(connection, [key], moment(hours))
    return found.select(
        "opportunity_id", "link", "linked_at", "valid_from", "is_closed", "is_won", "is_deleted"
    ).rows()


def test_every_frame_has_the_columns_and_types_that_were_agreed(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7")])
    pulling.page(SALESFORCE, Stream.OWNERS, [])
    pulling.settle()
    key = keys(pulling)["7"]
    with pulling.ledger.read() as connection:
        for model, found in {
            frames.People: read.people(connection, [key]),
            frames.Records: read.records(connection, [key]),
            frames.RecordVersions: read.record_versions(connection, [key], START),
            frames.Activities: read.activities(connection, [key], START),
            frames.AccountVersions: read_accounts.account_versions(connection, [key], START),
            frames.OpportunityVersions: read_accounts.opportunity_versions(connection, [key], START),
            frames.Verdicts: read.verdicts(connection, [key], START),
            frames.Removals: read.removals(connection, [key], START),
            frames.Owners: read.owners(connection),
        }.items():
            assert dict(found.schema) == dtypes(model)
            model.validate(found)


def test_an_activity_carries_its_campaigns_name_and_type(pulling: Pulling) -> None:
    pulling.page(
        MARKETO, Stream.CAMPAIGNS, [{"native_id": "1001", "name": "WBN Platform", "type": "Webinar"}]
    )
    pulling.page(SALESFORCE, Stream.CAMPAIGNS, [{"native_id": "1001", "name": "Other", "type": "Other"}])
    pulling.page(MARKETO, Stream.PEOPLE, [person("7")])
    pulling.page(
        MARKETO,
        Stream.ACTIVITIES,
        [act("g1", "7", -2, campaign_id="1001"), act("g2", "7", -1, "score_change")],
    )
    pulling.settle()
    with pulling.ledger.read() as connection:
        found = read.activities(connection, list(keys(pulling).values()), START)
        everything = read.activities(connection, list(keys(pulling).values()), START, with_changes=True)
    assert found.select("activity_key", "campaign_name", "campaign_type").rows() == [
        ("marketo:g1", "WBN Platform", "Webinar")
    ]
    assert everything["kind"].to_list() == ["page_visit", "score_change"]


def test_only_what_was_known_by_then_is_read(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", title="CEO")])
    pulling.settle()
    pulling.at(1).page(MARKETO, Stream.PEOPLE, [person("7", title="CFO", changed=0.5)])
    pulling.page(MARKETO, Stream.ACTIVITIES, [act("g1", "7", -1)])
    pulling.settle()
    key = keys(pulling)["7"]
    with pulling.ledger.read() as connection:
        assert read.record_versions(connection, [key], START)["title"].to_list() == ["CEO"]
        assert read.record_versions(connection, [key], moment(1))["title"].to_list() == ["CEO", "CFO"]
        assert read.activities(connection, [key], START).is_empty()


def test_an_opportunity_that_was_closed_when_first_seen_was_open_until_its_close_date(
    pulling: Pulling,
) -> None:
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1")])
    role = {"opportunity_id": "O1", "contact_id": "C1", "created_at": moment(-60), "changed_at": moment(-60)}
    pulling.page(SALESFORCE, Stream.CONTACT_ROLES, [{**role, "native_id": "K1", "is_deleted": False}])
    closed = opportunity("O1", -70, -5, is_closed=True, is_won=True, closed_at=moment(-30))
    pulling.page(SALESFORCE, Stream.OPPORTUNITIES, [closed])
    pulling.settle()
    assert opportunities_of(pulling, keys(pulling)["C1"]) == [
        ("O1", "role", moment(-60), moment(-70), False, False, False),
        ("O1", "role", moment(-60), moment(-30), True, True, False),
    ]


def test_an_accounts_opportunity_is_a_persons_for_as_long_as_the_person_belongs_to_it(
    pulling: Pulling,
) -> None:
    pulling.page(SALESFORCE, Stream.ACCOUNTS, [account("A1"), account("A2")])
    pulling.page(SALESFORCE, Stream.OPPORTUNITIES, [opportunity("O1", -70, account_id="A1")])
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1", account_id="A1", created=-60)])
    pulling.settle()
    pulling.at(2).page(SALESFORCE, Stream.CONTACTS, [contact("C1", account_id="A2", created=-60, changed=1)])
    pulling.settle()
    assert opportunities_of(pulling, keys(pulling)["C1"], 2) == [
        ("O1", "account", moment(-60), moment(-70), False, False, False),
        ("O1", "account", moment(-60), moment(1), False, False, True),
    ]


def test_a_person_without_account_belongs_to_the_one_that_has_the_domain(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.ACCOUNTS, [account("A1", domain="https://www.acme.example/")])
    pulling.page(SALESFORCE, Stream.OPPORTUNITIES, [opportunity("O1", -70, account_id="A1")])
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="a@acme.example", created=-40)])
    pulling.settle()
    [(_, link, linked_at, *_)] = opportunities_of(pulling, keys(pulling)["7"])
    assert (link, linked_at) == ("account", moment(-40))
    pulling.at(1).page(SALESFORCE, Stream.ACCOUNTS, [account("A2", domain="acme.example")])
    assert opportunities_of(pulling, keys(pulling)["7"], 1) == []
    with pulling.ledger.read() as connection:
        both = read_accounts.account_versions(connection, [keys(pulling)["7"]], moment(1))
    assert both["account_id"].to_list() == ["A1", "A2"]


def test_a_deleted_contact_role_makes_an_opportunity_nobodys(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1")])
    role = {"native_id": "K1", "opportunity_id": "O1", "contact_id": "C1", "created_at": moment(-60)}
    pulling.page(SALESFORCE, Stream.OPPORTUNITIES, [opportunity("O1", -70)])
    pulling.page(SALESFORCE, Stream.CONTACT_ROLES, [{**role, "changed_at": moment(-60), "is_deleted": False}])
    pulling.settle()
    assert len(opportunities_of(pulling, keys(pulling)["C1"])) == 1
    pulling.at(1).page(
        SALESFORCE, Stream.CONTACT_ROLES, [{**role, "changed_at": moment(0.5), "is_deleted": True}]
    )
    assert opportunities_of(pulling, keys(pulling)["C1"], 1) == []


def test_completed_sales_activity_is_read_with_its_instant(pulling: Pulling) -> None:
    task = {"created_at": moment(-9), "changed_at": moment(-8), "is_deleted": False, "person_native_id": "L1"}
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1")])
    pulling.page(
        SALESFORCE,
        Stream.TASKS,
        [
            {**task, "native_id": "T1", "kind": "call", "is_completed": True, "completed_at": moment(-8)},
            {**task, "native_id": "T2", "kind": "email", "is_completed": False},
        ],
    )
    pulling.settle()
    key = keys(pulling)["L1"]
    with pulling.ledger.read() as connection:
        assert read_sales.touches(connection, [key], START).rows() == [(key, moment(-8), START)]


def test_a_person_is_found_by_whatever_somebody_has_at_hand(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="A.Person@x.example", crm_lead_id="00Q1")])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("00Q1")])
    mql = {"native_id": "a0X1", "external_key": "cycle-1", "lead_id": "00Q1", "status": "Open"}
    dated = {"created_at": moment(-1), "changed_at": moment(-1), "is_deleted": False}
    pulling.page(SALESFORCE, Stream.MQL_RECORDS, [{**mql, **dated}])
    pulling.settle()
    key = keys(pulling)["7"]
    with pulling.ledger.read() as connection:
        for text in (key, key.upper(), "7", "00Q1", "00q1", "a0X1", "cycle-1", " a.person@X.EXAMPLE "):
            assert find.find_person(connection, text) == [key]
        assert find.find_person(connection, "nobody@x.example") == []


def test_ids_that_differ_in_case_alone_are_two(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("00Qa"), lead("00QA")])
    pulling.settle()
    with pulling.ledger.read() as connection:
        assert find.find_person(connection, "00Qa") == [keys(pulling)["00Qa"]]
        assert len(find.find_person(connection, "00qa")) == 2


def test_a_merged_person_is_found_as_the_one_who_lives_on(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1", created=-10), contact("C2", created=-20)])
    pulling.settle()
    before = keys(pulling)
    gone = contact("C1", created=-10, changed=0.5, is_deleted=True, merged_into="C2")
    pulling.at(1).page(SALESFORCE, Stream.CONTACTS, [gone])
    pulling.settle()
    with pulling.ledger.read() as connection:
        assert find.find_person(connection, before["C1"]) == [before["C2"]]
        assert read.people(connection, list(before.values()))["person_key"].to_list() == [before["C2"]]


@pytest.mark.parametrize("oldest", ["L1", "L2", "L3"])
def test_a_group_is_everybody_who_shares_an_address(pulling: Pulling, oldest: str) -> None:
    rows = [("L1", "a@x.example"), ("L2", "a@x.example"), ("L3", "b@x.example")]
    since = {"L1": -50, "L2": -50, "L3": -50, oldest: -90}
    pulling.page(SALESFORCE, Stream.LEADS, [lead(id, email=email, created=since[id]) for id, email in rows])
    pulling.settle()
    found = keys(pulling)
    groups = dict(pulling.rows(tables.people, "person_key", "group_key"))
    assert groups[found["L1"]] == groups[found["L2"]] != groups[found["L3"]]
    pulling.at(1).page(
        SALESFORCE, Stream.LEADS, [lead("L2", email="b@x.example", created=since["L2"], changed=0.5)]
    )
    pulling.settle()
    groups = dict(pulling.rows(tables.people, "person_key", "group_key"))
    assert groups[found["L2"]] == groups[found["L3"]] != groups[found["L1"]]


def test_any_number_of_people_is_read_at_once(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person(str(n)) for n in range(3000)])
    pulling.settle()
    due = pulling.due()
    with pulling.ledger.read() as connection:
        assert len(read.record_versions(connection, due, START)) == len(due) == 3000
        assert read.people(connection, due)["decided_through"].null_count() == 3000
    assert pl.Series(due).is_sorted()
