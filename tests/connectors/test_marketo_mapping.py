"""Marketo's words and ours, without any wire."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.marketo.activity_rows import activity_row, csv_activity, page_address
from connectors.marketo.dates import moment, windows
from connectors.marketo.kinds import Kinds
from connectors.marketo.mapping import PersonMapping
from connectors.rows import to_frame
from schemas.admission import admit
from schemas.playbook.platforms import ActivityRule, ExtraField
from schemas.streams import MODELS
from schemas.vocabulary import ActivityKind, Stream

MAPPING = PersonMapping.of(
    {
        "email": "email",
        "last_name": "lastName",
        "employees": "numberOfEmployees",
        "last_mql_at": "mqlLastDate",
    },
    {"line": ExtraField(marketo="businessLine"), "region": ExtraField(lead="Region__c")},
)
LEAD = {"id": 7, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-02T00:00:00Z"}


def typed(stream: Stream, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    frame, unreadable = to_frame(stream, rows)
    assert not unreadable
    admitted = admit(frame, MODELS[stream], "native_key" if stream is Stream.ACTIVITIES else "native_id")
    assert admitted.rejected.is_empty(), admitted.rejected
    return admitted.good.to_dicts()


def test_a_person_gets_canonical_names_types_and_the_own_attributes() -> None:
    lead = {
        **LEAD,
        "email": "a@acme.example",
        "lastName": "Ångström",
        "numberOfEmployees": 250.0,
        "businessLine": "P",
    }
    [row] = typed(Stream.PEOPLE, [MAPPING.row({**lead, "mqlLastDate": "2026-01-01 10:00:00"})])
    assert (row["object"], row["native_id"], row["employees"], row["is_deleted"]) == (
        "person",
        "7",
        250,
        False,
    )
    assert row["last_mql_at"] == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert row["extra"] == '{"line":"P"}'


def test_fields_that_are_absent_null_or_empty_mean_no_value() -> None:
    absent, null, empty = ({**LEAD, **more} for more in ({}, {"lastName": None}, {"lastName": ""}))
    assert [row["last_name"] for row in map(MAPPING.row, (absent, null, empty))] == [None, None, None]


def test_the_later_of_record_and_known_change_dates_a_person() -> None:
    assert MAPPING.row(LEAD, "2026-01-05T00:00:00+0000")["changed_at"] == "2026-01-05T00:00:00+0000"
    assert MAPPING.row(LEAD, "2026-01-01T12:00:00Z")["changed_at"] == "2026-01-02T00:00:00Z"
    assert MAPPING.row(LEAD, "no date")["changed_at"] == "2026-01-02T00:00:00Z"


def test_changes_of_our_fields_and_of_the_sync_mark_are_watched_and_stamps_are_not() -> None:
    assert set(MAPPING.tracked) == {
        "email",
        "lastName",
        "numberOfEmployees",
        "mqlLastDate",
        "businessLine",
        "sfdcType",
    }


def test_values_go_out_under_rest_names_with_whole_seconds_and_null_to_clear() -> None:
    late = datetime(2026, 1, 1, 10, 0, 0, 999_999, tzinfo=UTC)
    assert MAPPING.payload("7", {"last_mql_at": late, "last_name": None}) == {
        "id": 7,
        "mqlLastDate": "2026-01-01T10:00:00Z",
        "lastName": None,
    }


def test_what_is_shown_reads_as_what_was_written() -> None:
    shown = MAPPING.shown(
        {"mqlLastDate": "2026-01-01T10:00:00+0000", "lastName": ""}, ["last_mql_at", "last_name"]
    )
    assert shown == {"last_mql_at": "2026-01-01T10:00:00Z", "last_name": None}


@pytest.mark.parametrize(
    "text",
    [
        "2017-01-21T11:47:30Z",
        "2017-01-21T11:47:30+0000",
        "2017-01-21T11:47:30Z+0000",
        "2017-01-21T03:47:30-08:00",
        "2017-01-21 11:47:30",
        "2017-01-21T11:47:30.000Z",
    ],
)
def test_every_time_format_seen_on_the_wire_is_one_instant(text: str) -> None:
    assert moment(text) == datetime(2017, 1, 21, 11, 47, 30, tzinfo=UTC)
    visit = {"marketoGUID": "1", "leadId": 1, "activityDate": text, "activityTypeId": 1}
    [row] = typed(Stream.ACTIVITIES, [activity_row(visit, {1: "Visit Webpage"}, str)])
    assert row["occurred_at"] == datetime(2017, 1, 21, 11, 47, 30, tzinfo=UTC)


@given(
    start=st.integers(1_400_000_000, 1_900_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    span=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_windows_hold_each_second_of_a_range_exactly_once(start: datetime, span: timedelta) -> None:
    start = start.replace(microsecond=0)
    found = list(windows(start, start + span))
    assert found[0].start == start
    assert found[-1].end == (start + span).replace(microsecond=0)
    assert all(window.end - window.start < timedelta(days=31) for window in found)
    for one, following in pairwise(found):
        assert following.start - one.end == timedelta(seconds=1)


def rest(type_id: int, value: str | None = None, **attributes: Any) -> dict[str, Any]:
    listed = [{"name": name.replace("_", " "), "value": item} for name, item in attributes.items()]
    return {
        "id": 1,
        "marketoGUID": "g1",
        "leadId": 5,
        "activityDate": "2026-01-01T00:00:00Z",
        "activityTypeId": type_id,
        "primaryAttributeValueId": 9,
        "primaryAttributeValue": value,
        "attributes": listed,
    }


NAMES = {
    1: "Visit Webpage",
    3: "Click Link",
    10: "Open Email",
    11: "Click Email",
    13: "Change Data Value",
    104: "Status",
}


def test_a_page_and_a_file_give_the_same_row() -> None:
    page = rest(11, "Newsletter 1", Link="https://acme.example/a", Is_Bot_Activity=True)
    record = {
        "marketoGUID": "g1",
        "leadId": "5",
        "activityDate": "2026-01-01T00:00:00Z",
        "activityTypeId": "11",
        "campaignId": "null",
        "primaryAttributeValueId": "9",
        "primaryAttributeValue": "Newsletter 1",
        "attributes": json.dumps({"Link": "https://acme.example/a", "Is Bot Activity": True}),
    }
    from_page, from_file = (activity_row(item, NAMES, str) for item in (page, csv_activity(record)))
    assert typed(Stream.ACTIVITIES, [from_page]) == typed(Stream.ACTIVITIES, [from_file])
    assert from_page["link"] == "https://acme.example/a"
    assert from_page["is_bot"] is True


@pytest.mark.parametrize("word", [True, "True", "true", 1, "1"])
def test_a_bots_mark_counts_in_every_spelling(word: object) -> None:
    assert activity_row(rest(10, "Mail", Is_Bot_Activity=word), NAMES, str)["is_bot"] is True
    assert activity_row(rest(10, "Mail", Is_Bot_Activity=False), NAMES, str)["is_bot"] is False
    assert activity_row(rest(10, "Mail"), NAMES, str)["is_bot"] is False


def test_a_visited_page_has_its_host_where_the_platform_tells_it() -> None:
    assert page_address("www.acme.example/pricing", {"Webpage URL": "/pricing"}) == "www.acme.example/pricing"
    assert page_address("Pricing page", {"Webpage URL": "/pricing"}) == "/pricing"
    assert page_address(None, {"Webpage URL": "https://acme.example/a"}) == "https://acme.example/a"
    assert page_address("Contact Us", {"Referrer URL": "https://search.example/"}) is None
    assert page_address("Mail", {}) is None


def test_a_change_of_value_names_its_field_as_rest_does_and_keeps_both_values() -> None:
    change = rest(13, "Lead Score", New_Value=10, Old_Value="0", Reason="Flow", Source="Web service API")
    row = activity_row(change, NAMES, {"Lead Score": "leadScore"}.__getitem__)
    assert (row["field"], row["old_value"], row["new_value"], row["source"]) == (
        "leadScore",
        "0",
        10,
        "Web service API",
    )


def test_arrays_truths_and_numbers_in_attributes_keep_their_types() -> None:
    [row] = typed(
        Stream.ACTIVITIES,
        [activity_row(rest(104, "P", New_Status="Attended", Ids=[887], Success=True), NAMES, str)],
    )
    assert json.loads(row["attributes"]) == {"New Status": "Attended", "Ids": [887], "Success": True}
    assert row["status"] == "Attended"


def test_an_activity_without_its_key_is_unreadable_and_id_is_no_key() -> None:
    keyless = {name: value for name, value in rest(1).items() if name != "marketoGUID"}
    frame, unreadable = to_frame(Stream.ACTIVITIES, [activity_row(keyless, NAMES, str)])
    assert frame.is_empty()
    assert "native_key" in unreadable[0].reason


RULES = [
    ActivityRule(native="Visit Webpage", url="/careers", kind=ActivityKind.OTHER),
    ActivityRule(native="Visit Webpage", kind=ActivityKind.PAGE_VISIT),
    ActivityRule(
        native="Status", channel="(?i)webinar", status="(?i)on-demand", kind=ActivityKind.WEBINAR_ON_DEMAND
    ),
    ActivityRule(
        native="Status", channel="(?i)webinar", status="^Attended", kind=ActivityKind.WEBINAR_ATTENDED
    ),
]


def kinds_of(*activities: dict[str, Any], channels: dict[str, str] | None = None) -> list[str]:
    rows = [activity_row(activity, NAMES, str) for activity in activities]
    frame, _ = to_frame(Stream.ACTIVITIES, rows)
    return Kinds(RULES).name(frame, lambda ids: channels or {})["kind"].to_list()


def test_the_first_rule_that_matches_names_the_kind_and_none_means_other() -> None:
    pages = [rest(1, "x", Webpage_URL=url) for url in ("/careers/x", "/pricing")]
    assert kinds_of(*pages, rest(10, "Mail")) == ["other", "page_visit", "other"]


def test_a_status_means_what_the_channel_of_its_program_makes_it() -> None:
    changes = [
        rest(104, "P", New_Status=status) for status in ("Attended On-demand", "Attended", "Registered")
    ]
    webinar = kinds_of(*changes, channels={"9": "Webinar"})
    assert webinar == ["webinar_on_demand", "webinar_attended", "other"]
    assert kinds_of(*changes, channels={"9": "Nurture"}) == ["other"] * 3
    assert kinds_of(*changes, channels={}) == ["other"] * 3


def test_channels_are_looked_up_only_for_what_a_rule_wants_to_know() -> None:
    asked: list[list[str]] = []
    frame, _ = to_frame(Stream.ACTIVITIES, [activity_row(rest(1, "x", Webpage_URL="/a"), NAMES, str)])
    Kinds(RULES).name(frame, lambda ids: asked.append(list(ids)) or {})  # type: ignore[func-returns-value]
    assert asked == []


def test_a_pattern_that_cannot_be_searched_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ValidationError, match="look-around"):
        ActivityRule(native="Visit Webpage", url="(?=x)", kind=ActivityKind.OTHER)


@given(st.text(), st.text())
def test_any_text_of_a_page_comes_through_unchanged_or_not_at_all(name: str, url: str) -> None:
    frame, unreadable = to_frame(
        Stream.ACTIVITIES, [activity_row(rest(1, name, Webpage_URL=url or "/"), NAMES, str)]
    )
    named = Kinds(RULES).name(frame, lambda ids: {})
    if not unreadable:
        assert named["asset_name"].to_list() == [name]
        assert json.loads(named["attributes"][0])["Webpage URL"] == (url or "/")
