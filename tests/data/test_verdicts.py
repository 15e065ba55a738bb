"""What sales said: heard once, at its instant, and never our own voice."""

from typing import Any

import pytest

from ledger.facts import read
from ledger.open import Ledger
from ledger.tables import facts as tables
from schemas.vocabulary import Stream
from tests.data.pages import SALESFORCE, START, Pulling, contact, lead, moment


@pytest.fixture
def pulling(ledger: Ledger) -> Pulling:
    return Pulling(ledger)


def said(pulling: Pulling) -> list[tuple[Any, ...]]:
    return pulling.rows(tables.verdicts, "kind", "occurred_at", "reason", "source")


def change(
    key: str, record: str, at: float, old: str | None, new: str, object: str = "lead"
) -> dict[str, Any]:
    return {
        "native_id": key,
        "object": object,
        "record_id": record,
        "field": "status",
        "old_value": old,
        "new_value": new,
        "changed_at": moment(at),
        "changed_by": "005R",
    }


def mql(status: str, changed: float, **values: Any) -> dict[str, Any]:
    return {
        "native_id": "a0X1",
        "created_at": moment(-1),
        "changed_at": moment(changed),
        "changed_by": "005R",
        "is_deleted": False,
        "external_key": "cycle-1",
        "lead_id": "L1",
        "status": status,
        **values,
    }


def opportunity(created: float, **values: Any) -> dict[str, Any]:
    return {
        "native_id": "006A",
        "created_at": moment(created),
        "changed_at": moment(created),
        "is_deleted": False,
        "is_closed": False,
        "is_won": False,
        **values,
    }


def test_the_state_in_which_a_lead_is_first_seen_is_no_verdict(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Working")])
    assert pulling.settle().verdicts == 0


def test_a_status_set_by_somebody_else_is_a_verdict_with_its_reason(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Marketing Qualified")])
    pulling.settle()
    pulling.decided()
    pulling.at(1).page(SALESFORCE, Stream.LEADS, [lead("L1", status="working ", changed=0.5)])
    assert pulling.settle().verdicts == 1
    pulling.at(2).page(
        SALESFORCE,
        Stream.LEADS,
        [lead("L1", status="Rejected", reject_reason="Not Ideal Profile", changed=1.5)],
    )
    pulling.settle()
    assert said(pulling) == [
        ("accepted", moment(0.5), None, "lead"),
        ("rejected", moment(1.5), "Not Ideal Profile", "lead"),
    ]
    assert len(pulling.due()) == 1


def test_a_status_that_we_wrote_is_no_verdict_on_either_way(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Open")])
    pulling.applied("lead", "L1", "status", '"Marketing Qualified"')
    pulling.applied("lead", "L1", "status", '"Working"')
    pulling.at(1).page(SALESFORCE, Stream.LEADS, [lead("L1", status="Working", changed=0.9)])
    pulling.page(
        SALESFORCE,
        Stream.FIELD_HISTORY,
        [
            change("h1", "L1", 0.5, "Open", "Marketing Qualified"),
            change("h2", "L1", 0.9, "Marketing Qualified", "Working"),
        ],
    )
    pulling.settle()
    assert said(pulling) == []


def test_the_field_history_tells_exact_instants_and_what_came_between(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Marketing Qualified")])
    pulling.settle()
    pulling.at(3).page(
        SALESFORCE, Stream.LEADS, [lead("L1", status="Recycled", reject_reason="No Timing", changed=2.5)]
    )
    pulling.page(
        SALESFORCE,
        Stream.FIELD_HISTORY,
        [
            change("h1", "L1", 1, "Marketing Qualified", "Working"),
            change("h2", "L1", 2, "Working", "Recycled"),
        ],
    )
    pulling.settle()
    assert said(pulling) == [
        ("accepted", moment(1), None, "lead"),
        ("recycled", moment(2), "No Timing", "lead"),
    ]


def test_a_history_that_comes_a_run_later_tells_nothing_twice(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", status="Marketing Qualified")])
    pulling.settle()
    pulling.at(3).page(SALESFORCE, Stream.LEADS, [lead("L1", status="Working", changed=2.5)])
    pulling.settle()
    pulling.at(4).page(
        SALESFORCE, Stream.FIELD_HISTORY, [change("h1", "L1", 1, "Marketing Qualified", "Working")]
    )
    assert pulling.settle().verdicts == 0
    pulling.at(5).page(SALESFORCE, Stream.FIELD_HISTORY, [change("h2", "L1", 4.5, "Working", "Recycled")])
    assert pulling.settle().verdicts == 1


def test_the_history_of_a_lead_from_before_us_is_told_as_it_happened(pulling: Pulling) -> None:
    pulling.page(
        SALESFORCE,
        Stream.FIELD_HISTORY,
        [change("h1", "L1", -90, "Open", "Working"), change("h2", "L1", -80, "Working", "Rejected")],
    )
    pulling.page(
        SALESFORCE, Stream.LEADS, [lead("L1", status="Rejected", reject_reason="Bad Data", changed=-80)]
    )
    pulling.settle()
    assert said(pulling) == [
        ("accepted", moment(-90), None, "lead"),
        ("rejected", moment(-80), "Bad Data", "lead"),
    ]


def test_a_verdict_on_mql__c_names_its_cycle(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1")])
    pulling.applied("mql_record", "cycle-1", "status", '"Open"')
    pulling.page(SALESFORCE, Stream.MQL_RECORDS, [mql("Open", -1)])
    pulling.settle()
    pulling.decided()
    pulling.at(1).page(SALESFORCE, Stream.MQL_RECORDS, [mql("Working", 0.5)])
    pulling.settle()
    pulling.at(2).page(SALESFORCE, Stream.MQL_RECORDS, [mql("Rejected", 1.5, recycle_reason="No Budget")])
    pulling.settle()
    [key] = pulling.due()
    with pulling.ledger.read() as connection:
        verdicts = read.verdicts(connection, [key], moment(2))
    assert verdicts.select("cycle_key", "kind", "reason", "occurred_at", "said_by", "source").rows() == [
        ("cycle-1", "accepted", None, moment(0.5), "005R", "mql_record"),
        ("cycle-1", "recycled", "No Budget", moment(1.5), "005R", "mql_record"),
    ]


def test_what_we_wrote_on_mql__c_makes_nobody_due(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1")])
    pulling.applied("mql_record", "cycle-1", "status", '"Open"')
    pulling.page(SALESFORCE, Stream.MQL_RECORDS, [mql("Open", -1)])
    pulling.settle()
    pulling.decided()
    for field, value in (("status", "Rejected"), ("closed_as", "recycled"), ("recycle_reason", "No Need")):
        pulling.applied("mql_record", "cycle-1", field, f'"{value}"')
    pulling.at(1).page(
        SALESFORCE,
        Stream.MQL_RECORDS,
        [mql("Rejected", 0.5, closed_as="recycled", recycle_reason="No Need", changed_by="005I")],
    )
    pulling.settle()
    assert pulling.due() == []
    assert said(pulling) == []


def test_set_back_to_open_by_somebody_is_reopened(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1")])
    pulling.applied("mql_record", "cycle-1", "status", '"Open"')
    pulling.applied("mql_record", "cycle-1", "status", '"Working"')
    pulling.page(SALESFORCE, Stream.MQL_RECORDS, [mql("Working", -1)])
    pulling.settle()
    pulling.at(1).page(SALESFORCE, Stream.MQL_RECORDS, [mql("Open", 0.5)])
    pulling.settle()
    assert said(pulling) == [("reopened", moment(0.5), None, "mql_record")]


def test_a_conversion_is_one_verdict_and_its_opportunity_another_however_often_it_is_told(
    pulling: Pulling,
) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1")])
    pulling.settle()
    role = {
        "native_id": "00K1",
        "created_at": moment(0.5),
        "changed_at": moment(0.5),
        "is_deleted": False,
        "opportunity_id": "006A",
        "contact_id": "C1",
    }
    converted = lead(
        "L1",
        status="Qualified",
        changed=0.5,
        converted_at=moment(0.5),
        converted_contact_id="C1",
        converted_opportunity_id="006A",
    )
    pulling.at(1).page(SALESFORCE, Stream.CONTACT_ROLES, [role])
    pulling.page(SALESFORCE, Stream.OPPORTUNITIES, [opportunity(0.5)])
    pulling.page(SALESFORCE, Stream.LEADS, [converted])
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1", created=0.5, changed=0.5)])
    assert pulling.settle().verdicts == 2
    pulling.at(2).page(SALESFORCE, Stream.LEADS, [{**converted, "changed_at": moment(1.5), "title": "CEO"}])
    pulling.page(SALESFORCE, Stream.CONTACT_ROLES, [{**role, "changed_at": moment(1.5), "role": "Decider"}])
    assert pulling.settle().verdicts == 0
    [(key,)] = pulling.rows(tables.people, "person_key")
    with pulling.ledger.read() as connection:
        verdicts = read.verdicts(connection, [key], moment(2))
    assert verdicts.select("kind", "occurred_at", "opportunity_id", "source").sort("kind").rows() == [
        ("converted_lead", moment(0.5), "006A", "conversion"),
        ("opportunity", moment(0.5), "006A", "conversion"),
    ]


def test_an_opportunity_counts_for_each_contact_on_it_whichever_stream_comes_first(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1"), contact("C2")])
    pulling.settle()
    pulling.decided()
    pulling.at(1).page(SALESFORCE, Stream.OPPORTUNITIES, [opportunity(0.25)])
    assert pulling.settle().verdicts == 0
    roles = [
        {
            "native_id": f"00K{n}",
            "created_at": moment(1.5),
            "changed_at": moment(1.5),
            "is_deleted": False,
            "opportunity_id": "006A",
            "contact_id": f"C{n}",
        }
        for n in (1, 2)
    ]
    pulling.at(2).page(SALESFORCE, Stream.CONTACT_ROLES, roles)
    assert pulling.settle().verdicts == 2
    assert said(pulling) == [("opportunity", moment(0.25), None, "opportunity")] * 2
    assert len(pulling.due()) == 2


def test_an_opportunity_younger_than_the_run_is_told_when_its_instant_has_come(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1")])
    role = {
        "native_id": "00K1",
        "created_at": moment(0.5),
        "changed_at": moment(0.5),
        "is_deleted": False,
        "opportunity_id": "006A",
        "contact_id": "C1",
    }
    pulling.page(SALESFORCE, Stream.OPPORTUNITIES, [opportunity(0.5)])
    pulling.page(SALESFORCE, Stream.CONTACT_ROLES, [role])
    assert pulling.settle().verdicts == 0
    assert pulling.at(1).settle().verdicts == 1


def test_a_verdict_follows_its_record_to_the_person_who_lives_on(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1", created=-10), contact("C2", created=-20)])
    pulling.settle()
    pulling.at(1).page(
        SALESFORCE, Stream.CONTACTS, [contact("C1", created=-10, changed=0.5, status="Working")]
    )
    pulling.settle()
    pulling.at(2).page(
        SALESFORCE,
        Stream.CONTACTS,
        [contact("C1", created=-10, changed=1.5, status="Working", is_deleted=True, merged_into="C2")],
    )
    pulling.settle()
    living = dict(pulling.rows(tables.records, "native_id", "person_key"))["C2"]
    with pulling.ledger.read() as connection:
        assert read.verdicts(connection, [living], moment(2))["kind"].to_list() == ["accepted"]
        assert read.removals(connection, [living], moment(2))["into_person_key"].to_list() == [living]
        assert read.verdicts(connection, [living], START).is_empty()
