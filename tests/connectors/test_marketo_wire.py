"""Reading from the simulated subscription over HTTP: first pull, increments, and what the wire does to them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import AccessDenied, Damaged, Misconfigured, QuotaExhausted, Unavailable
from connectors.ports import Page, StreamRequest
from schemas.vocabulary import Stream
from simulator.marketo.activity_types import ActivityType
from tests.connectors.marketo_subscription import (
    ALL,
    HOURLESS,
    STATUS,
    Subscription,
    person,
    subscription,
    visit,
)
from tests.simulator.marketo_site import START


@pytest.fixture
def marketo() -> Iterator[Subscription]:
    with subscription() as opened:
        yield opened


def test_a_first_pull_brings_everybody_with_their_history(marketo: Subscription) -> None:
    ids = [person(marketo.site, number) for number in range(1, 8)]
    guid = visit(marketo.site, ids[0], START - timedelta(days=35))
    reading = marketo.pull(ALL)
    assert not reading.failures
    people = reading.rows(Stream.PEOPLE)
    assert sorted(map(int, people["native_id"])) == ids
    assert set(people["object"]) == {"person"}
    activities = reading.rows(Stream.ACTIVITIES)
    assert set(activities["kind"]) == {"page_visit", "person_created"}
    [page_visit] = activities.filter(native_key=guid).to_dicts()
    assert page_visit["url"] == "www.northbeam.example/pricing"
    assert [page.stream for page in reading.pages if page.is_last] == list(ALL)


def test_people_before_people_since_and_activities_before_since_are_not_asked_for(
    marketo: Subscription,
) -> None:
    lead = person(marketo.site)
    visit(marketo.site, lead, START - timedelta(days=30))
    recent = visit(marketo.site, lead, START - timedelta(days=3))
    reading = marketo.pull([Stream.PEOPLE, Stream.ACTIVITIES], since=START - timedelta(days=4))
    assert reading.rows(Stream.PEOPLE).is_empty()
    assert reading.keys(Stream.ACTIVITIES) == [recent]


def test_an_increment_brings_exactly_who_changed_and_what_happened(marketo: Subscription) -> None:
    first, second, _ = (person(marketo.site, number) for number in range(3))
    marketo.pull()
    now = marketo.advance(minutes=20)
    marketo.site.instance.update_lead(second, {"title": "Director"}, at=now, source="Web form fillout")
    guid = visit(marketo.site, first, now)
    marketo.advance(minutes=1)
    reading = marketo.pull()
    [row] = reading.rows(Stream.PEOPLE).to_dicts()
    assert (row["native_id"], row["title"]) == (str(second), "Director")
    assert guid in reading.keys(Stream.ACTIVITIES)


def test_a_change_of_a_custom_field_is_dated_by_its_activity(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.pull()
    changed = marketo.advance(minutes=30)
    marketo.site.instance.update_lead(lead, {"mqlScore": 42, "businessLine": "Payments"}, source="User")
    [row] = marketo.pull().rows(Stream.PEOPLE).to_dicts()
    assert row["score"] == 42
    assert row["extra"] == '{"line":"Payments"}'
    assert row["changed_at"] == changed
    assert row["changed_at"] > row["created_at"]


def test_a_merge_is_told_and_its_winner_is_read_again(marketo: Subscription) -> None:
    winner, loser, gone = (
        person(marketo.site, 1, title=""),
        person(marketo.site, 2, title="CTO"),
        person(marketo.site, 3),
    )
    marketo.pull()
    marketo.advance(minutes=5)
    marketo.site.instance.merge_leads(winner, [loser])
    marketo.site.instance.delete_lead(gone)
    marketo.advance(minutes=5)
    reading = marketo.pull()
    removed = {row["removed_id"]: row["into_id"] for row in reading.rows(Stream.REMOVALS).to_dicts()}
    assert removed == {str(loser): str(winner), str(gone): None}
    assert reading.rows(Stream.PEOPLE).select("native_id", "title").rows() == [(str(winner), "CTO")]


def test_merges_before_the_first_pull_are_known_from_it(marketo: Subscription) -> None:
    winner, loser = (person(marketo.site, number) for number in range(2))
    marketo.site.instance.merge_leads(winner, [loser], at=START - timedelta(days=30))
    removed = marketo.pull().rows(Stream.REMOVALS)
    assert dict(removed.select("removed_id", "into_id").rows()) == {str(loser): str(winner)}


def test_a_backfill_of_removals_brings_the_deletions_that_are_still_kept(marketo: Subscription) -> None:
    gone, before = person(marketo.site, 1), person(marketo.site, 2)
    marketo.site.instance.delete_lead(gone, at=START - timedelta(days=2))
    marketo.site.instance.delete_lead(before, at=START - timedelta(days=4))
    reading = marketo.pull(
        [Stream.REMOVALS], since=START - timedelta(days=3), until=START - timedelta(days=1)
    )
    assert reading.rows(Stream.REMOVALS)["removed_id"].to_list() == [str(gone)]


def test_a_pull_that_brings_nothing_makes_at_most_eight_calls(marketo: Subscription) -> None:
    person(marketo.site)
    marketo.pull(ALL)
    for hours in (0.1, 1.2, 25, 4, 4, 4):
        for streams in (ALL, HOURLESS):
            marketo.advance(hours=hours)
            marketo.let_jobs_run()
            marketo.restart()
            marketo.calls()
            reading = marketo.pull(streams)
            assert not reading.failures
            assert sum(len(page.rows) for page in reading.pages if page.stream is not Stream.CAMPAIGNS) <= 1
            assert marketo.calls() <= 8, (hours, streams)


def test_an_activity_committed_late_with_its_early_date_is_found(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.pull()
    now = marketo.advance(hours=1)
    guid = visit(marketo.site, lead, now, visible_at=now + timedelta(minutes=40))
    marketo.advance(minutes=10)
    assert guid not in marketo.pull().keys(Stream.ACTIVITIES)
    marketo.advance(minutes=45)
    assert guid in marketo.pull().keys(Stream.ACTIVITIES)


def test_what_tokens_miss_is_found_by_the_second_reading_without_anybody_waiting(
    marketo: Subscription,
) -> None:
    """Dated before the first pull's token, committed hours after it: no token ever shows it."""
    lead = person(marketo.site)
    guid = visit(marketo.site, lead, START - timedelta(hours=1), visible_at=START + timedelta(hours=5))
    marketo.pull(ALL, since=START - timedelta(days=1))
    found: list[str] = []
    for _ in range(24):
        marketo.advance(hours=2)
        marketo.let_jobs_run()
        marketo.calls()
        reading = marketo.pull()
        assert marketo.calls() <= 8
        assert not reading.failures
        found += [key for key in reading.keys(Stream.ACTIVITIES) if key == guid]
    assert found == [guid]


@pytest.mark.parametrize(("before", "after"), [(2, 1), (2, 30), (23, 11), (40, 1), (40, 30)])
def test_what_happened_before_the_first_pull_may_be_committed_a_day_after_it(
    marketo: Subscription, before: int, after: int
) -> None:
    lead = person(marketo.site)
    guid = visit(
        marketo.site, lead, START - timedelta(hours=before), visible_at=START + timedelta(hours=after)
    )
    marketo.pull(ALL)
    found: list[str] = []
    for _ in range(16):
        marketo.advance(hours=4)
        marketo.let_jobs_run()
        found += marketo.pull().keys(Stream.ACTIVITIES)
    assert guid in found


def test_each_day_is_read_again_on_two_or_three_days_and_no_more(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.pull(ALL)
    guids = []
    read: list[str] = []
    for _ in range(44):
        guids.append(visit(marketo.site, lead, marketo.advance(hours=3)))
        marketo.let_jobs_run()
        read += marketo.pull().keys(Stream.ACTIVITIES)
    assert {read.count(guid) for guid in guids[:8]} == {3, 4}
    assert {read.count(guid) for guid in guids} == {1, 2, 3, 4}


def test_empty_pages_with_more_to_come_are_walked_through(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.pull()
    guid = visit(marketo.site, lead, marketo.advance(minutes=5))
    marketo.site.fault("empty_pages", n=12, match={"path": "/rest/v1/activities.json"})
    assert guid in marketo.pull().keys(Stream.ACTIVITIES)


@pytest.mark.parametrize("member", ["moreResult", "result", "nextPageToken"])
def test_a_missing_member_loses_nothing(marketo: Subscription, member: str) -> None:
    lead = person(marketo.site)
    marketo.pull()
    guid = visit(marketo.site, lead, marketo.advance(minutes=5))
    marketo.site.fault("missing_member", name=member, match={"path": "/rest/v1/activities"})
    reading = marketo.pull()
    assert not reading.failures
    again = marketo.pull()
    assert guid in reading.keys(Stream.ACTIVITIES) + again.keys(Stream.ACTIVITIES)


def test_a_list_of_people_or_of_types_without_its_result_is_asked_for_again(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.pull(ALL)
    guids = [visit(marketo.site, lead, marketo.advance(minutes=61))]
    marketo.site.instance.update_lead(lead, {"title": "Director"}, source="User")
    for path in ("/rest/v1/leads.json", "/activities/types.json"):
        marketo.site.fault("missing_member", name="result", match={"path": path})
    reading = marketo.pull()
    assert not marketo.site.world.faults.all()
    assert reading.rows(Stream.PEOPLE)["title"].to_list() == ["Director"]
    guids.append(visit(marketo.site, lead, marketo.advance(minutes=5)))
    assert {*reading.keys(Stream.ACTIVITIES), *marketo.pull().keys(Stream.ACTIVITIES)} >= {*guids}


@pytest.mark.parametrize("stream", HOURLESS)
def test_a_token_that_is_refused_is_replaced_by_an_earlier_one(marketo: Subscription, stream: Stream) -> None:
    lead = person(marketo.site)
    marketo.pull()
    now = marketo.advance(minutes=5)
    guid = visit(marketo.site, lead, now)
    marketo.site.instance.update_lead(lead, {"title": "Director"}, source="User")
    marketo.site.instance.merge_leads(lead, [person(marketo.site, 2)])
    marketo.advance(minutes=5)
    marketo.cursors[stream] = _tampered(marketo.cursors[stream])
    reading = marketo.pull()
    assert not reading.failures
    assert guid in reading.keys(Stream.ACTIVITIES)
    assert str(lead) in reading.keys(Stream.PEOPLE)
    assert len(reading.rows(Stream.REMOVALS)) == 1


def _tampered(value: Any) -> Any:
    """A cursor whose tokens, wherever they stand, were altered."""
    if isinstance(value, dict):
        tokens = {"token", "changes", "links", "deleted"}
        return {key: "AAAA" + item[4:] if key in tokens else _tampered(item) for key, item in value.items()}
    return [_tampered(item) for item in value] if isinstance(value, list) else value


def test_a_truncated_file_is_completed_by_asking_for_the_rest(marketo: Subscription) -> None:
    ids = [person(marketo.site, number) for number in range(40)]
    marketo.site.fault("truncate_file", bytes=100, match={"path": "/bulk/v1/leads"})
    assert len(marketo.pull([Stream.PEOPLE]).rows(Stream.PEOPLE)) == len(ids)


def test_a_corrupt_file_is_fetched_again(marketo: Subscription) -> None:
    ids = [person(marketo.site, number) for number in range(40)]
    marketo.site.fault("corrupt_file", times=2, match={"path": "/bulk/v1/leads"})
    assert len(marketo.pull([Stream.PEOPLE]).rows(Stream.PEOPLE)) == len(ids)


def test_a_file_that_stays_corrupt_is_an_error_with_nothing_stored_of_it(marketo: Subscription) -> None:
    person(marketo.site)
    visit(marketo.site, person(marketo.site, 2), START - timedelta(hours=1))
    marketo.site.fault("corrupt_file", times=3, match={"path": "/bulk/v1/leads"})
    reading = marketo.pull()
    [failure] = reading.failures
    assert failure.stream is Stream.PEOPLE
    assert isinstance(failure.error, Damaged)
    assert Stream.PEOPLE not in marketo.cursors
    assert len(reading.rows(Stream.ACTIVITIES)) == 3
    assert len(marketo.pull().rows(Stream.PEOPLE)) == 2


@pytest.mark.parametrize(
    ("code", "message"), [("611", "System error"), ("606", "Max rate limit '100' exceeded")]
)
def test_an_error_where_csv_should_be_is_no_csv(marketo: Subscription, code: str, message: str) -> None:
    person(marketo.site)
    marketo.site.fault("file_as_json_error", code=code, message=message)
    assert len(marketo.pull([Stream.PEOPLE]).rows(Stream.PEOPLE)) == 1


def test_an_ended_token_is_renewed_once_and_the_call_repeated(marketo: Subscription) -> None:
    person(marketo.site)
    marketo.pull()
    marketo.site.fault("token_expired")
    tokens = marketo.connection.client.calls.tokens
    assert not marketo.pull().failures
    assert marketo.connection.client.calls.tokens == tokens + 1


@pytest.mark.parametrize("code", ["601", "602"])
def test_a_token_that_is_refused_twice_is_fatal(marketo: Subscription, code: str) -> None:
    marketo.pull()
    before = marketo.connection.client.calls.requests
    marketo.site.fault("code", code=code, message="Access token invalid", times=50)
    with pytest.raises(AccessDenied):
        marketo.connection.source.server_time()
    assert marketo.connection.client.calls.requests == before + 2


def test_too_many_calls_are_answered_by_waiting_twenty_seconds(marketo: Subscription) -> None:
    marketo.pull()
    marketo.site.fault("code", code="606", message="Max rate limit '100' exceeded with in '20' secs")
    assert not marketo.pull().failures
    assert max(marketo.naps.slept) >= 20


def test_a_full_queue_of_jobs_is_waited_for(marketo: Subscription) -> None:
    person(marketo.site)
    marketo.site.fault(
        "code", code="1029", message="Too many jobs in queue", times=2, match={"path": "enqueue"}
    )
    assert len(marketo.pull([Stream.PEOPLE]).rows(Stream.PEOPLE)) == 1


def test_an_exhausted_bulk_allowance_stops_the_stream_until_midnight_in_chicago(
    marketo: Subscription,
) -> None:
    person(marketo.site)
    message = "Export daily quota 500MB exceeded."
    marketo.site.fault("code", code="1029", message=message, times=9, match={"path": "/bulk/v1/leads"})
    before = marketo.connection.client.calls.requests
    reading = marketo.pull()
    [failure] = reading.failures
    assert isinstance(failure.error, QuotaExhausted)
    assert failure.error.until == datetime(2026, 3, 3, 6, 5, tzinfo=UTC)
    sent = marketo.connection.client.calls.by_endpoint
    assert sent["POST /bulk/v1/leads/export/create.json"] == 1
    assert marketo.connection.client.calls.requests > before
    assert Stream.ACTIVITIES in marketo.cursors


def test_a_daily_quota_is_not_asked_for_again(marketo: Subscription) -> None:
    marketo.pull()
    marketo.site.fault("code", code="607", message="Daily API quota of '50000' reached", times=9)
    before = marketo.connection.client.calls.requests
    with pytest.raises(QuotaExhausted):
        marketo.connection.source.server_time()
    assert marketo.connection.client.calls.requests == before + 1


def test_a_missing_field_is_named(marketo: Subscription) -> None:
    person(marketo.site)
    marketo.site.fault("missing_field", field="mqlScore")
    reading = marketo.pull()
    [failure] = reading.failures
    assert isinstance(failure.error, Misconfigured)
    assert "mqlScore" in str(failure.error)
    assert Stream.ACTIVITIES in marketo.cursors


def test_a_lost_answer_is_asked_for_again(marketo: Subscription) -> None:
    person(marketo.site)
    for kind in ("drop_before", "drop_after"):
        marketo.site.fault(kind, match={"path": "export/create"})
        marketo.site.fault(kind, match={"path": "pagingtoken"})
    reading = marketo.pull()
    assert not reading.failures
    assert len(reading.rows(Stream.PEOPLE)) == 1


def test_a_stream_that_fails_leaves_the_others_alone(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.pull()
    cursor = marketo.cursors[Stream.PEOPLE]
    guid = visit(marketo.site, lead, marketo.advance(minutes=5))
    marketo.site.fault("http_status", status=503, times=20, match={"path": "leadchanges"})
    reading = marketo.pull()
    [failure] = reading.failures
    assert failure.stream is Stream.PEOPLE
    assert isinstance(failure.error, Unavailable)
    assert marketo.cursors[Stream.PEOPLE] == cursor
    assert guid in reading.keys(Stream.ACTIVITIES)


def test_an_interrupted_first_pull_goes_on_where_it_stopped(marketo: Subscription) -> None:
    """The cursor of each window's last page is enough; windows before it are not read again."""
    for day in (55, 45, 25, 15, 1):
        marketo.site.instance.create_lead(
            {"lastName": f"Day {day}"}, at=START - timedelta(days=day), source="User"
        )
    through = marketo.connection.source.server_time()
    pages = marketo.connection.source.pull([StreamRequest(Stream.PEOPLE)], through)
    first = next(pages)
    assert isinstance(first, Page)
    del pages
    marketo.cursors[Stream.PEOPLE] = first.cursor
    marketo.restart()
    rest = marketo.pull([Stream.PEOPLE])
    early = set(first.rows["last_name"])
    late = set(rest.rows(Stream.PEOPLE)["last_name"])
    assert early < {"Day 55", "Day 45", "Day 25", "Day 15", "Day 1"}
    assert early | late == {"Day 55", "Day 45", "Day 25", "Day 15", "Day 1"}
    assert not early & late
    assert "first" not in marketo.cursors[Stream.PEOPLE]


def test_a_backfill_reads_a_closed_range(marketo: Subscription) -> None:
    lead = person(marketo.site)
    since, until = START - timedelta(days=70), START - timedelta(days=30)
    inside = [visit(marketo.site, lead, moment) for moment in (since, START - timedelta(days=50), until)]
    visit(marketo.site, lead, since - timedelta(seconds=1))
    visit(marketo.site, lead, until + timedelta(seconds=1))
    reading = marketo.pull([Stream.ACTIVITIES], since=since, until=until)
    assert reading.keys(Stream.ACTIVITIES) == sorted(inside)
    assert [page.is_last for page in reading.pages][-1] is True
    again = marketo.pull([Stream.ACTIVITIES], since=since, until=until)
    assert again.rows(Stream.ACTIVITIES).is_empty()


def test_a_backfill_of_people_brings_who_was_created_in_the_range(marketo: Subscription) -> None:
    for day in (100, 50):
        marketo.site.instance.create_lead(
            {"lastName": f"Day {day}"}, at=START - timedelta(days=day), source="User"
        )
    reading = marketo.pull(
        [Stream.PEOPLE, Stream.REMOVALS], since=START - timedelta(days=110), until=START - timedelta(days=90)
    )
    assert reading.rows(Stream.PEOPLE)["last_name"].to_list() == ["Day 100"]
    assert not reading.failures


def test_status_changes_are_named_by_the_channel_of_their_program(marketo: Subscription) -> None:
    site, lead = marketo.site, person(marketo.site)
    webinar = site.instance.add_program("WBN Late Deliveries", channel="Webinar")
    content = site.instance.add_program("CNT Handbook", channel="Content")
    site.instance.add_member(webinar, lead, "Attended On-demand", START - timedelta(days=2))
    site.instance.add_member(content, lead, "Downloaded", START - timedelta(days=1))
    marketo.pull([Stream.ACTIVITIES])  # without the campaigns stream: channels are looked up
    reading = marketo.pull(ALL)
    assert dict(reading.rows(Stream.CAMPAIGNS).select("name", "type").rows()) == {
        "WBN Late Deliveries": "Webinar",
        "CNT Handbook": "Content",
    }
    marketo.cursors.clear()
    rows = (
        marketo.pull([Stream.ACTIVITIES])
        .rows(Stream.ACTIVITIES)
        .filter(native_kind="Change Status in Progression")
    )
    assert dict(rows.select("asset_name", "kind").rows()) == {
        "WBN Late Deliveries": "webinar_on_demand",
        "CNT Handbook": "program_status",
    }


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("code", {"code": "610"}),  # ends the stream
        ("missing_member", {"name": "result"}),  # without a result and without the warning that there is none
    ],
)
def test_a_status_change_is_not_misnamed_because_the_programs_could_not_be_read(
    marketo: Subscription, kind: str, options: dict[str, str]
) -> None:
    site, lead = marketo.site, person(marketo.site)
    webinar = site.instance.add_program("WBN Late Deliveries", channel="Webinar")
    site.instance.add_member(webinar, lead, "Attended On-demand", START - timedelta(days=2))
    site.fault(kind, match={"path": "programs.json"}, **options)
    rows = marketo.pull(ALL).rows(Stream.ACTIVITIES).filter(native_kind=STATUS)
    assert rows["kind"].to_list() == ["webinar_on_demand"]


def test_activities_wait_while_the_programs_cannot_be_read(marketo: Subscription) -> None:
    site, lead = marketo.site, person(marketo.site)
    webinar = site.instance.add_program("WBN Late Deliveries", channel="Webinar")
    site.instance.add_member(webinar, lead, "Attended On-demand", START - timedelta(days=2))
    site.fault("code", code="610", times=2, match={"path": "programs.json"})
    reading = marketo.pull(ALL)
    assert [failure.stream for failure in reading.failures] == [Stream.CAMPAIGNS, Stream.ACTIVITIES]
    assert Stream.ACTIVITIES not in marketo.cursors
    assert marketo.pull(ALL).rows(Stream.ACTIVITIES)["kind"].to_list().count("webinar_on_demand") == 1


def test_a_score_change_is_counted_once(marketo: Subscription) -> None:
    lead = person(marketo.site, leadScore=10)
    marketo.pull()
    marketo.advance(minutes=5)
    marketo.site.instance.update_lead(
        lead, {"leadScore": 25}, source="Marketo Flow Action", reason="Visited pricing"
    )
    rows = marketo.pull().rows(Stream.ACTIVITIES).filter(field="leadScore")
    assert sorted(rows["kind"]) == ["score_change", "value_change"]
    [score] = rows.filter(kind="score_change").to_dicts()
    assert (score["old_value"], score["new_value"]) == ("10", "25")


def test_a_type_that_was_added_is_read_from_then_on(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.pull()
    kind = ActivityType(
        100_001, "Third-Party Intent", "", ("Topic", "string"), (("Strength", "integer"),), api_name="i"
    )
    marketo.site.instance.activity_types[kind.id] = kind
    moment = marketo.advance(hours=2)
    marketo.site.instance.add_activity(
        kind.id, lead, at=moment, primary_id=None, primary_value="Route planning", attributes={"Strength": 80}
    )
    marketo.advance(minutes=1)
    [row] = marketo.pull().rows(Stream.ACTIVITIES).filter(kind="third_party_intent").to_dicts()
    assert (row["asset_name"], row["attributes"]) == ("Route planning", '{"Strength":80}')


def test_values_that_break_line_readers_come_back_unchanged(marketo: Subscription) -> None:
    hostile = 'a "quoted", value\r\nover\u2028lines; null'
    lead = person(marketo.site, company=hostile)
    guid = visit(marketo.site, lead, START - timedelta(days=1))
    marketo.site.instance.add_activity(
        8, lead, at=START, primary_id=1, primary_value="Mail", attributes={"Details": "550\r\nunknown"}
    )
    reading = marketo.pull()
    assert reading.rows(Stream.PEOPLE)["company"].to_list() == [hostile]
    assert guid in reading.keys(Stream.ACTIVITIES)


def test_somebody_whose_surname_is_null_keeps_it(marketo: Subscription) -> None:
    person(marketo.site, 1, lastName="null", company="null")
    person(marketo.site, 2, lastName="")
    person(marketo.site, 3)
    people = marketo.pull([Stream.PEOPLE]).rows(Stream.PEOPLE).sort("native_id")
    assert people["last_name"].to_list() == ["null", None, "Person 3"]
    assert people["company"].to_list() == ["null", "Acme", "Acme"]
    assert "doubtful" not in marketo.cursors[Stream.PEOPLE]


def test_the_clock_is_the_platforms_and_tells_the_calls_of_the_day(marketo: Subscription) -> None:
    marketo.advance(hours=3)
    assert marketo.connection.source.server_time() == marketo.site.world.clock.now()
    marketo.connection.source.server_time()
    usage = marketo.connection.source.usage()
    assert usage is not None
    assert (usage.used, usage.limit) == (1, 50_000)


def test_a_ledger_is_bound_to_the_api_user_where_the_host_names_no_subscription(
    marketo: Subscription,
) -> None:
    binding = marketo.connection.source.binding()
    domain = marketo.site.instance.api_user.partition("@")[2]
    assert binding.startswith(domain + "/")
    assert "@" not in binding
    marketo.restart()
    assert marketo.connection.source.binding() == binding


def test_a_long_backlog_of_activities_is_read_from_files(marketo: Subscription) -> None:
    """After a hundred pages a file is cheaper; nothing is lost between the file and the new tokens."""
    lead = person(marketo.site)
    marketo.pull()
    guids = [visit(marketo.site, lead, marketo.advance(days=1)) for _ in range(4)]
    late = visit(
        marketo.site, lead, marketo.advance(minutes=1), visible_at=START + timedelta(days=4, hours=1)
    )
    marketo.site.fault("empty_pages", n=150, match={"path": "/rest/v1/activities.json", "method": "GET"})
    created = marketo.connection.client.calls.by_endpoint
    before = created["POST /bulk/v1/activities/export/create.json"]
    found = marketo.pull([Stream.ACTIVITIES]).keys(Stream.ACTIVITIES)
    assert set(guids) <= set(found)
    assert created["POST /bulk/v1/activities/export/create.json"] == before + 1
    marketo.advance(hours=2)
    assert late in marketo.pull([Stream.ACTIVITIES]).keys(Stream.ACTIVITIES)


@pytest.mark.parametrize("offered", [True, False])
def test_a_long_backlog_of_people_is_read_from_files_where_they_can_be_filtered(
    marketo: Subscription, offered: bool
) -> None:
    leads = [person(marketo.site, number) for number in range(4)]
    marketo.pull()
    for lead in leads[:3]:
        marketo.advance(days=1)
        marketo.site.instance.update_lead(lead, {"title": "Director"}, source="User")
    marketo.advance(minutes=30)
    marketo.site.fault("empty_pages", n=120, match={"path": "leadchanges"})
    if not offered:
        marketo.site.fault(
            "code", code="1035", message="Unsupported filter type", match={"path": "leads/export"}
        )
    created = marketo.connection.client.calls.by_endpoint
    before = created["POST /bulk/v1/leads/export/create.json"]
    reading = marketo.pull([Stream.PEOPLE])
    assert not reading.failures
    assert set(reading.keys(Stream.PEOPLE)) == {str(lead) for lead in leads[:3]}
    assert created["POST /bulk/v1/leads/export/create.json"] == before + 1


def test_an_interrupted_first_reading_of_activities_loses_nothing(marketo: Subscription) -> None:
    lead = person(marketo.site)
    guids = [visit(marketo.site, lead, START - timedelta(days=day)) for day in (39, 20, 2)]
    through = marketo.connection.source.server_time()
    pages = marketo.connection.source.pull([StreamRequest(Stream.ACTIVITIES)], through)
    first = next(pages)
    assert isinstance(first, Page)
    assert not first.is_last
    del pages
    marketo.cursors[Stream.ACTIVITIES] = first.cursor
    guids.append(visit(marketo.site, lead, marketo.advance(hours=1)))
    marketo.advance(hours=1)
    marketo.restart()
    rest = marketo.pull([Stream.ACTIVITIES])
    assert set(first.rows["native_key"]) | set(rest.keys(Stream.ACTIVITIES)) >= set(guids)


def test_a_stream_that_marketo_has_not_is_refused(marketo: Subscription) -> None:
    with pytest.raises(Misconfigured, match="opportunities"):
        marketo.pull([Stream.OPPORTUNITIES])
