"""Who is who, on both databases: links, addresses, merges, groups, deletions."""

import pytest

from ledger.open import Ledger
from ledger.tables.facts import merges, people, person_removals, proposed_duplicates, records
from schemas.vocabulary import Stream
from tests.data.pages import MARKETO, SALESFORCE, Pulling, contact, distinct, lead, moment, person


@pytest.fixture
def pulling(ledger: Ledger) -> Pulling:
    return Pulling(ledger)


def keys(pulling: Pulling) -> dict[str, str]:
    """native id → person key"""
    return dict(pulling.rows(records, "native_id", "person_key"))


def test_a_marketo_person_and_the_lead_it_names_are_one(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", crm_lead_id="L1", email="a@x.example", created=-10)])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email="other@x.example", created=-20)])
    assert pulling.settle().new_people == 1
    assert keys(pulling)["7"] == keys(pulling)["L1"]
    assert pulling.rows(people, "created_at") == [(moment(-20),)]
    assert pulling.due() == [keys(pulling)["7"]]


def test_a_converted_lead_and_its_contact_are_one(pulling: Pulling) -> None:
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email="a@x.example")])
    pulling.settle()
    before = keys(pulling)["L1"]
    pulling.at(1).page(
        SALESFORCE,
        Stream.LEADS,
        [lead("L1", email="a@x.example", changed=0.5, converted_at=moment(0.5), converted_contact_id="C1")],
    )
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1", email="a@x.example", created=0.5, changed=0.5)])
    pulling.settle()
    assert keys(pulling) == {"L1": before, "C1": before}


def test_an_address_joins_one_to_one(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="A@x.example ")])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email="a@X.example")])
    pulling.settle()
    assert distinct(keys(pulling).values()) == 1
    assert pulling.rows(proposed_duplicates, "person_key") == []


def test_an_address_of_two_leads_joins_nobody_and_proposes_duplicates_in_one_group(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="a@x.example", created=-30)])
    pulling.page(
        SALESFORCE,
        Stream.LEADS,
        [lead("L1", email="a@x.example", created=-20), lead("L2", email="a@x.example", created=-40)],
    )
    pulling.settle()
    found = keys(pulling)
    assert distinct(found.values()) == 3
    assert set(pulling.rows(proposed_duplicates, "person_key", "duplicate_of")) == {
        (found["7"], found["L2"]),
        (found["L1"], found["L2"]),
    }
    assert {group for (group,) in pulling.rows(people, "group_key")} == {found["L2"]}


def test_somebody_with_two_addresses_who_is_claimed_by_two_is_joined_to_neither(pulling: Pulling) -> None:
    converted = {"converted_at": moment(-5), "converted_contact_id": "C1"}
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email="a@x.example", **converted)])
    pulling.page(SALESFORCE, Stream.CONTACTS, [contact("C1", email="b@x.example")])
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="a@x.example"), person("8", email="b@x.example")])
    pulling.settle()
    found = keys(pulling)
    assert found["L1"] == found["C1"]
    assert distinct(found.values()) == 3


@pytest.mark.parametrize("address", ["info@x.example", "Sales@x.example", "support+de@x.example"])
def test_an_address_of_a_role_joins_nobody_and_proposes_nothing(pulling: Pulling, address: str) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email=address)])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email=address)])
    pulling.settle()
    assert distinct(keys(pulling).values()) == 2
    assert pulling.rows(proposed_duplicates, "person_key") == []


def test_a_marketo_person_that_names_another_lead_is_not_joined_by_address(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="a@x.example", crm_lead_id="L9")])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email="a@x.example")])
    pulling.settle()
    assert distinct(keys(pulling).values()) == 2


def test_a_link_that_comes_later_is_a_merge_in_which_the_older_records_key_survives(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", email="a@x.example", created=-10)])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1", email="b@x.example", created=-20)])
    pulling.settle()
    before = keys(pulling)
    assert distinct(before.values()) == 2
    pulling.decided()
    pulling.at(1).page(
        MARKETO,
        Stream.PEOPLE,
        [person("7", email="a@x.example", created=-10, changed=0.5, crm_lead_id="L1")],
    )
    assert pulling.settle().merged == 1
    assert set(keys(pulling).values()) == {before["L1"]}
    assert pulling.rows(merges, "person_key", "into_person_key", "occurred_at", "cause") == [
        (before["7"], before["L1"], moment(0.5), "crm_lead_id")
    ]
    assert pulling.rows(person_removals, "person_key", "into_person_key") == [(before["7"], before["L1"])]
    assert pulling.due() == [before["L1"]]


def test_a_chain_of_merges_ends_at_the_one_who_lives(pulling: Pulling) -> None:
    pulling.page(
        SALESFORCE,
        Stream.CONTACTS,
        [contact(f"C{n}", created=-10 * n, email=f"c{n}@x.example") for n in (1, 2, 3)],
    )
    pulling.settle()
    before = keys(pulling)
    for hours, gone, into in ((1, 1, 2), (2, 2, 3)):
        pulling.at(hours).page(
            SALESFORCE,
            Stream.CONTACTS,
            [
                contact(
                    f"C{gone}",
                    created=-10 * gone,
                    changed=hours - 0.5,
                    is_deleted=True,
                    merged_into=f"C{into}",
                )
            ],
        )
        pulling.settle()
    assert dict(pulling.rows(people, "person_key", "merged_into")) == {
        before["C1"]: before["C3"],
        before["C2"]: before["C3"],
        before["C3"]: None,
    }
    assert set(keys(pulling).values()) == {before["C3"]}


def test_a_person_whose_every_record_is_deleted_is_gone_once(pulling: Pulling) -> None:
    pulling.page(MARKETO, Stream.PEOPLE, [person("7", crm_lead_id="L1")])
    pulling.page(SALESFORCE, Stream.LEADS, [lead("L1")])
    pulling.settle()
    key = keys(pulling)["7"]
    pulling.at(1).page(SALESFORCE, Stream.LEADS, [lead("L1", changed=0.5, is_deleted=True)])
    assert pulling.settle().gone == 0
    pulling.at(2).page(
        MARKETO,
        Stream.REMOVALS,
        [{"native_id": "r1", "object": "person", "removed_id": "7", "occurred_at": moment(1.5)}],
    )
    assert pulling.settle().gone == 1
    assert pulling.rows(person_removals, "person_key", "into_person_key", "occurred_at") == [
        (key, None, moment(1.5))
    ]
    pulling.at(3).page(SALESFORCE, Stream.LEADS, [lead("L1", changed=2.5, is_deleted=True)])
    assert pulling.settle().gone == 0


def test_the_loser_of_a_marketo_merge_is_known_even_if_its_row_was_never_read(pulling: Pulling) -> None:
    pulling.page(
        MARKETO,
        Stream.REMOVALS,
        [
            {
                "native_id": "m1",
                "object": "person",
                "removed_id": "8",
                "into_id": "7",
                "occurred_at": moment(-1),
            }
        ],
    )
    pulling.page(MARKETO, Stream.PEOPLE, [person("7")])
    pulling.settle()
    assert distinct(keys(pulling).values()) == 1
    assert keys(pulling).keys() == {"7", "8"}


def test_a_removal_that_came_before_its_record_still_counts(pulling: Pulling) -> None:
    pulling.page(
        MARKETO,
        Stream.REMOVALS,
        [{"native_id": "r1", "object": "person", "removed_id": "7", "occurred_at": moment(-1)}],
    )
    pulling.settle()
    pulling.at(1).page(MARKETO, Stream.PEOPLE, [person("7")])
    assert pulling.settle().gone == 1
    assert pulling.rows(records, "is_deleted") == [(True,)]
    assert pulling.page(MARKETO, Stream.PEOPLE, [person("7")]).stored == 0
