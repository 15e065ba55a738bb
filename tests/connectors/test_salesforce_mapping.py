"""Salesforce's words into ours and back, one record at a time."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Misconfigured
from connectors.salesforce import mapping, roster
from connectors.salesforce.ids import is_id, to_18
from connectors.salesforce.values import encoded
from connectors.salesforce.words import Words
from tests.connectors.salesforce_org import platforms

USER = "0055f0000000001AAA"


def words(**changes: Any) -> Words:
    playbook = platforms()
    return Words(playbook.salesforce.model_copy(update=changes), playbook.extra)


def test_a_lead_that_sales_converted_tells_when_and_into_what() -> None:
    record = {
        "Id": "00Q1",
        "ConvertedDate": "2026-03-02",
        "LastModifiedDate": "2026-03-02T17:30:00.000+0000",
        "ConvertedContactId": "003x",
        "ConvertedOpportunityId": None,
    }
    row = mapping.person(words(), "lead", record)
    assert row["converted_at"] == "2026-03-02T17:30:00Z"
    assert (row["converted_contact_id"], row["converted_opportunity_id"]) == ("003x", None)


@pytest.mark.parametrize(
    ("changed", "instant"),
    [
        ("2026-03-01T11:00:00.000+0000", "2026-03-01T11:00:00Z"),  # already the 2nd in Auckland
        ("2026-03-03T07:00:00.000+0000", "2026-03-03T07:00:00Z"),  # still the 2nd in Honolulu
        ("2026-05-01T07:00:00.000+0000", "2026-03-02T00:00:00Z"),  # touched again much later
        (None, "2026-03-02T00:00:00Z"),
    ],
)
def test_the_instant_of_a_conversion_is_the_last_change_if_that_lies_on_its_day(
    changed: str | None, instant: str
) -> None:
    assert mapping.converted_at({"ConvertedDate": "2026-03-02", "LastModifiedDate": changed}) == instant


def test_a_field_path_is_read_from_nested_and_from_bulk_rows_alike() -> None:
    contact = {**platforms().salesforce.contact, "company": "Account.Name"}
    with_company = words(contact=contact)
    nested = mapping.person(with_company, "contact", {"Id": "003x", "Account": {"Name": "Acme"}})
    flat = mapping.person(with_company, "contact", {"Id": "003x", "Account.Name": "Acme"})
    none = mapping.person(with_company, "contact", {"Id": "003x", "Account": None})
    assert (nested["company"], flat["company"], none["company"]) == ("Acme", "Acme", None)


def test_attributes_of_the_organisation_come_as_an_object_under_their_own_names() -> None:
    assert mapping.person(words(), "lead", {"Id": "1", "Business_Line__c": "Cloud"})["extra"] == {
        "business_line": "Cloud"
    }
    assert mapping.person(words(), "lead", {"Id": "1", "Business_Line__c": None})["extra"] is None


def test_a_bounce_date_means_that_the_address_is_invalid() -> None:
    contact = {**platforms().salesforce.contact, "email_invalid": "EmailBouncedDate"}
    bounced = {"Id": "1", "EmailBouncedDate": "2026-03-02T17:30:00.000+0000"}
    assert mapping.person(words(contact=contact), "contact", bounced)["email_invalid"] is True
    assert mapping.person(words(contact=contact), "contact", {"Id": "1"})["email_invalid"] is None


def test_the_close_date_of_an_open_opportunity_is_no_closing() -> None:
    record = {"Id": "006x", "CloseDate": "2026-12-31", "IsClosed": False, "IsWon": False}
    assert mapping.opportunity(words(), record)["closed_at"] is None
    assert mapping.opportunity(words(), {**record, "IsClosed": "true"})["closed_at"] == "2026-12-31"


@pytest.mark.parametrize(
    ("subtype", "kind", "expected"),
    [
        ("Call", None, "call"),
        ("Email", None, "email"),
        ("Task", "Call", "call"),
        ("Task", "Meeting", "meeting"),
        ("Task", "Other", "other"),
        (None, None, "other"),
    ],
)
def test_the_kind_of_a_task(subtype: str | None, kind: str | None, expected: str) -> None:
    assert mapping.task(words(), {"Id": "00T", "TaskSubtype": subtype, "Type": kind})["kind"] == expected


def test_a_meeting_of_the_calendar_is_a_task_that_is_done_when_it_ends() -> None:
    row = mapping.event(words(), {"Id": "00U", "WhoId": "00Q", "EndDateTime": "2026-03-05T10:00:00.000+0000"})
    assert (row["kind"], row["is_completed"]) == ("meeting", True)
    assert row["completed_at"] == "2026-03-05T10:00:00.000+0000"


def test_a_change_of_owner_is_one_row_with_ids_and_the_row_with_names_is_left_out() -> None:
    fields = {"Owner": "owner_id", "Status": "status"}
    change = {
        "Id": "017x",
        "LeadId": "00Q",
        "Field": "Owner",
        "OldValue": USER,
        "NewValue": "00G5f0000000001EAA",
    }
    row = mapping.history("lead", "LeadId", fields, change)
    assert row is not None
    assert (row["field"], row["new_value"], row["record_id"]) == ("owner_id", "00G5f0000000001EAA", "00Q")
    names = {**change, "OldValue": "Rita Rep", "NewValue": "MQL Queue"}
    assert mapping.history("lead", "LeadId", fields, names) is None


def test_members_of_a_queue_are_its_users_and_those_of_groups_within() -> None:
    def member(group: str, who: str, kind: str) -> dict[str, Any]:
        return {"GroupId": group, "UserOrGroupId": who, "Group": {"Type": kind}}

    rows = [
        member("Q1", "005a", "Queue"),
        member("Q1", "G1", "Queue"),
        member("G1", "005b", "Regular"),
        member("G1", "G2", "Regular"),
        member("G2", "005a", "Regular"),
        member("G2", "G1", "Regular"),  # a circle
    ]
    pairs = [(row["queue_id"], row["user_id"]) for row in roster.queue_members(rows)]
    assert pairs == [("Q1", "005a"), ("Q1", "005b")]


def test_a_queue_that_is_gone_is_told_as_inactive() -> None:
    rows = roster.queues(
        [{"Id": "00G1", "Name": "EMEA"}], [{"QueueId": "00G1"}], {"00G1": "EMEA", "00G2": "APAC"}
    )
    assert [(row["name"], row["is_active"], row["can_own"]) for row in rows] == [
        ("EMEA", True, True),
        ("APAC", False, False),
    ]


@pytest.mark.parametrize(
    ("site", "domain"),
    [
        ("https://www.Example.com/about", "example.com"),
        ("example.co.uk", "example.co.uk"),
        ("http://me@example.com:80", "example.com"),
        ("none", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_the_domain_of_a_web_address(site: str | None, domain: str | None) -> None:
    assert mapping.domain(site) == domain


@given(st.text(max_size=40))
def test_the_domain_of_anything_is_text_without_spaces_or_nothing(site: str) -> None:
    found = mapping.domain(site)
    assert found is None or (found and not any(c.isspace() for c in found))


def test_a_name_that_mqlflow_does_not_know_is_refused_with_those_that_it_does() -> None:
    with pytest.raises(Misconfigured, match=r"salesforce.lead: shoe_size is no name .* known are .*company"):
        words(lead={**platforms().salesforce.lead, "shoe_size": "Shoe__c"})


def test_writing_a_name_without_a_field_says_which_line_to_add() -> None:
    with pytest.raises(
        Misconfigured, match=r"add a line salesforce.contact.stage to playbook/platforms.yaml"
    ):
        words().field("contact", "stage")


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("datetime", datetime(2026, 3, 2, 9, 0, 0, 999, tzinfo=UTC), "2026-03-02T09:00:00Z"),
        ("datetime", "2026-03-02T10:00:00.000+0100", "2026-03-02T09:00:00Z"),
        ("date", datetime(2026, 3, 2, 23, tzinfo=UTC), "2026-03-02"),
        ("date", "2026-03-02T23:00:00Z", "2026-03-02"),
        ("date", "2026-03-02", "2026-03-02"),
        ("double", "42", 42),
        ("double", 42, 42),
        ("double", 4.5, 4.5),
        ("double", "many", "many"),
        ("boolean", "true", True),
        ("boolean", False, False),
        ("string", "5.0", "5.0"),
        ("string", 5, "5"),
        ("string", "", None),
        ("string", "  ", None),
        ("textarea", "a\nb", "a\nb"),
        ("string", None, None),
        ("", 5, 5),
        ("", "x", "x"),
    ],
)
def test_a_value_takes_the_form_of_its_fields_type(kind: str, value: Any, sent: Any) -> None:
    assert encoded(kind, value) == sent
    assert type(encoded(kind, value)) is type(sent)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("00D000000000062", "00D000000000062EAA"),
        ("003A000000abcDe", "003A000000abcDeIAI"),
        (USER, USER),
        ("x", "x"),
    ],
)
def test_an_id_of_15_characters_gets_its_three(short: str, long: str) -> None:
    assert to_18(short) == long


def test_what_is_an_id() -> None:
    assert is_id(USER)
    assert is_id(USER[:15])
    assert not is_id("Rita Rep")
    assert not is_id("0055f000000000'")
