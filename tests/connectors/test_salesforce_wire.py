"""Pulling from an org over HTTP: every stream, every way of reading, in few calls."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from connectors.errors import AccessDenied, Misconfigured, Unavailable
from connectors.ports import Source, StreamRequest
from connectors.salesforce import ClientCredentials, JwtBearer
from schemas.admission import admit
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Stream
from simulator.credentials import SALESFORCE
from tests.connectors.salesforce_org import (
    START,
    STREAMS,
    Naps,
    Pulled,
    Site,
    connected,
    pull,
    served,
    settings,
)

LEADS = (Stream.LEADS,)
NAUGHTY = Path(__file__).resolve().parents[3] / "shared" / "data" / "blns.json"
HOURLESS = tuple(s for s in STREAMS if s not in (Stream.OWNERS, Stream.QUEUE_MEMBERS, Stream.CAMPAIGNS))


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def peopled(site: Site) -> dict[str, str]:
    """One of everything."""
    ids = {
        "rep": site.user("Rita Rep", Away_Until__c="2026-03-09"),
        "gone": site.user("Gil Gone", IsActive=False),
    }
    ids["queue"] = site.queue("MQL Queue", ids["rep"])
    ids["account"] = site.insert(
        "Account", Name="Acme", Website="https://www.acme.example", Target_Account__c=True
    )
    ids["lead"] = site.lead(Email="ada@example.com", OwnerId=ids["queue"], Business_Line__c="Cloud")
    ids["contact"] = site.insert(
        "Contact", LastName="Hopper", Email="grace@example.com", AccountId=ids["account"]
    )
    ids["opportunity"] = site.insert(
        "Opportunity",
        Name="Big",
        AccountId=ids["account"],
        StageName="Closed Won",
        CloseDate="2026-03-31",
        Amount=5000,
    )
    ids["role"] = site.insert(
        "OpportunityContactRole", OpportunityId=ids["opportunity"], ContactId=ids["contact"], Role="Evaluator"
    )
    ids["campaign"] = site.insert("Campaign", Name="Webinar 1", Type="Webinar")
    ids["member"] = site.insert(
        "CampaignMember", CampaignId=ids["campaign"], LeadId=ids["lead"], Status="Responded"
    )
    ids["task"] = site.insert(
        "Task",
        Subject="Called",
        WhoId=ids["lead"],
        OwnerId=ids["rep"],
        TaskSubtype="Call",
        Status="Completed",
    )
    ids["event"] = site.insert(
        "Event", Subject="Demo", WhoId=ids["lead"], OwnerId=ids["rep"], EndDateTime=START - timedelta(hours=1)
    )
    ids["mql"] = site.insert(
        "MQL__c", External_Key__c="c-1", Lead__c=ids["lead"], Status__c="Open", OwnerId=ids["rep"]
    )
    site.advance(60)
    site.update("Lead", ids["lead"], Status="Working", OwnerId=ids["rep"])
    site.update("MQL__c", ids["mql"], Status__c="Working")
    return ids


def admitted(pulled: Pulled, stream: Stream) -> list[dict[str, Any]]:
    """The stream's rows behind the door; none may be refused there."""
    through_door = admit(pulled.rows[stream], MODELS[stream], natural_key(stream))
    assert through_door.rejected.is_empty(), through_door.rejected.to_dicts()
    return through_door.good.to_dicts()


def test_every_stream_brings_its_rows_in_the_form_that_the_door_takes(site: Site) -> None:
    ids = peopled(site)
    with connected(site) as connection:
        pulled = pull(connection, site.now)
    assert pulled.failures == {}
    rows = {stream: admitted(pulled, stream) for stream in STREAMS}
    (lead,) = rows[Stream.LEADS]
    assert (lead["native_id"], lead["status"], lead["owner_id"]) == (ids["lead"], "Working", ids["rep"])
    assert (lead["changed_at"], lead["extra"]) == (site.now, '{"business_line":"Cloud"}')
    (contact,) = rows[Stream.CONTACTS]
    assert (contact["object"], contact["account_id"], contact["email"]) == (
        "contact",
        ids["account"],
        "grace@example.com",
    )
    (account,) = rows[Stream.ACCOUNTS]
    assert (account["domain"], account["is_target"]) == ("acme.example", True)
    (opportunity,) = rows[Stream.OPPORTUNITIES]
    assert (opportunity["is_won"], opportunity["amount"]) == (True, 5000.0)
    assert opportunity["closed_at"] == datetime(2026, 3, 31, tzinfo=UTC)
    (role,) = rows[Stream.CONTACT_ROLES]
    assert (role["opportunity_id"], role["contact_id"]) == (ids["opportunity"], ids["contact"])
    (member,) = rows[Stream.CAMPAIGN_MEMBERS]
    assert (member["person_object"], member["person_native_id"]) == ("lead", ids["lead"])
    tasks = {task["kind"]: task for task in rows[Stream.TASKS]}
    assert tasks["call"]["is_completed"]
    assert tasks["meeting"]["completed_at"] == START - timedelta(hours=1)
    (mql,) = rows[Stream.MQL_RECORDS]
    assert (mql["external_key"], mql["status"], mql["changed_by"]) == ("c-1", "Working", site.rep)
    (campaign,) = rows[Stream.CAMPAIGNS]
    assert campaign["name"] == "Webinar 1"
    owners = {owner["name"]: owner for owner in rows[Stream.OWNERS]}
    assert owners["Rita Rep"]["away_until"] == datetime(2026, 3, 9, tzinfo=UTC)
    assert not owners["Gil Gone"]["is_active"]
    assert (owners["MQL Queue"]["kind"], owners["MQL Queue"]["can_own"]) == ("queue", True)
    (pair,) = rows[Stream.QUEUE_MEMBERS]
    assert (pair["queue_id"], pair["user_id"]) == (ids["queue"], ids["rep"])


def test_field_history_tells_status_and_owner_changes_with_their_instants_once(site: Site) -> None:
    ids = peopled(site)
    with connected(site) as connection:
        rows = admitted(pull(connection, site.now, (Stream.FIELD_HISTORY,)), Stream.FIELD_HISTORY)
    changes = {(row["object"], row["field"]): row for row in rows if row["field"] != "created"}
    assert set(changes) == {("lead", "status"), ("lead", "owner_id"), ("mql_record", "status")}
    assert len(rows) == len(changes) + 2
    owner = changes["lead", "owner_id"]
    assert (owner["old_value"], owner["new_value"]) == (ids["queue"], ids["rep"])
    assert owner["changed_at"] == site.now


def test_a_sync_costs_five_calls_with_all_streams_and_four_without_the_hourly_ones(site: Site) -> None:
    peopled(site)
    with connected(site) as connection:
        through = connection.source.server_time()
        cursors = pull(connection, through).cursors
        for streams, most in ((STREAMS, 5), (HOURLESS, 4)):
            site.reset_calls()
            connection.source.server_time()
            connection.source.binding()
            pull(connection, through, streams, cursors)
            assert site.calls()["total"] <= most


def test_a_second_pull_brings_only_what_the_look_back_holds(site: Site) -> None:
    site.lead("Old Lead")
    site.advance(3600)
    with connected(site) as connection:
        first = pull(connection, site.now, LEADS)
        site.advance(300)
        late = site.lead("New Lead")
        second = pull(connection, site.now, LEADS, first.cursors)
        assert second.ids(Stream.LEADS) == [late]
        site.advance(700)
        third = pull(connection, site.now, LEADS, second.cursors)
        assert third.ids(Stream.LEADS) == [late]  # known already; told twice rather than never
        site.advance(900)
        assert pull(connection, site.now, LEADS, third.cursors).ids(Stream.LEADS) == []


def test_a_row_that_is_committed_late_with_an_earlier_stamp_is_not_lost(site: Site) -> None:
    with connected(site) as connection:
        site.fault("late_commit", seconds=120, match={"object": "Lead"})
        slow = site.lead("Slow Trigger")
        site.advance(60)
        fast = site.lead("Fast Trigger")
        first = pull(connection, site.now, LEADS)
        assert first.ids(Stream.LEADS) == [fast]
        site.advance(120)
        second = pull(connection, site.now, LEADS, first.cursors)
        assert set(second.ids(Stream.LEADS)) == {slow, fast}


def test_rows_after_the_end_of_the_window_wait_for_the_next(site: Site) -> None:
    early = site.lead("Early Bird")
    through = site.now
    site.advance(1)
    late = site.lead("Late Riser")
    with connected(site) as connection:
        first = pull(connection, through, LEADS)
        assert first.ids(Stream.LEADS) == [early]
        assert set(pull(connection, site.now, LEADS, first.cursors).ids(Stream.LEADS)) == {early, late}


def test_deleted_and_merged_leads_are_told(site: Site) -> None:
    keep, loser, gone = site.lead("Keep Me"), site.lead("Merge Me"), site.lead("Delete Me")
    site.delete("Lead", loser, merged_into=keep)
    site.delete("Lead", gone)
    with connected(site) as connection:
        pulled = pull(connection, site.now, LEADS)
    assert pulled.row(Stream.LEADS, loser)["merged_into"] == keep
    assert [pulled.row(Stream.LEADS, lead)["is_deleted"] for lead in (keep, loser, gone)] == [
        "false",
        "true",
        "true",
    ]


def test_a_conversion_is_told_with_its_instant_and_what_came_of_it(site: Site) -> None:
    rep = site.user("Rita Rep")
    lead = site.lead(OwnerId=rep)
    site.advance(3600)
    with site.world.lock:
        made = site.org.convert_lead(lead, by=rep)
    with connected(site) as connection:
        (row,) = admitted(pull(connection, site.now, LEADS), Stream.LEADS)
    assert row["converted_at"] == site.now
    assert (row["converted_contact_id"], row["converted_account_id"]) == (made.contact_id, made.account_id)


def test_large_pulls_go_through_a_bulk_job(site: Site) -> None:
    leads = site.leads(2_500)
    with connected(site) as connection:
        pulled = pull(connection, site.now, LEADS)
        assert sorted(pulled.ids(Stream.LEADS)) == sorted(leads)
        admitted(pulled, Stream.LEADS)
    assert site.calls()["by_endpoint"]["POST /jobs/query"] == 1
    assert "GET /query/{locator}" not in site.calls()["by_endpoint"]


def test_a_large_pull_brings_the_same_rows_by_pages_and_by_job(site: Site) -> None:
    site.leads(2_100)
    site.lead("Ada Byron", Title='say "hi",\nthen go', Phone="+49 30 1", Description="x" * 3000)
    with connected(site, bulk_above=10**9) as by_pages, connected(site) as by_job:
        paged = admitted(pull(by_pages, site.now, LEADS), Stream.LEADS)
        bulk = admitted(pull(by_job, site.now, LEADS), Stream.LEADS)
    assert len(paged) == 2_101
    by_id = itemgetter("native_id")
    assert sorted(paged, key=by_id) == sorted(bulk, key=by_id)


@pytest.mark.parametrize("bulk_above", [10**9, 0], ids=["pages", "bulk"])
def test_hostile_strings_come_unchanged_by_pages_and_by_job(site: Site, bulk_above: int) -> None:
    if not NAUGHTY.exists():
        pytest.skip(f"{NAUGHTY.name} is not beside this checkout")
    texts = json.loads(NAUGHTY.read_text(encoding="utf-8"))
    fields = {
        "company": "Company",
        "email": "Email",
        "phone": "Phone",
        "title": "Title",
        "stage": "MQL_Stage__c",
    }
    room = {path: field.length for path, field in site.org.sobject("Lead").fields.items()}
    fitting = [[(name, path) for name, path in fields.items() if len(text) <= room[path]] for text in texts]
    rows = [
        {"LastName": "Byron", "Company": "Acme"} | {path: text or None for _, path in fits}
        for text, fits in zip(texts, fitting, strict=True)
    ]
    with site.world.lock:
        leads = site.org.load("Lead", rows)
    site.fault("short_pages", times=10, size=200)
    with connected(site, bulk_above=bulk_above) as connection:
        pulled = pull(connection, site.now, LEADS)
    assert all(page.unreadable == () for page in pulled.pages)
    for lead, text, fits in zip(leads, texts, fitting, strict=True):
        row = pulled.row(Stream.LEADS, lead)
        assert [row[name] for name, _ in fits] == [text or None] * len(fits)


def test_pages_are_followed_to_the_end_even_when_the_platform_makes_them_short(site: Site) -> None:
    leads = site.leads(900)
    site.fault("short_pages", times=10, size=100)
    with connected(site) as connection:
        pulled = pull(connection, site.now, LEADS)
    assert pulled.ids(Stream.LEADS) == leads
    assert len(pulled.pages) == 9
    assert [page.is_last for page in pulled.pages] == [False] * 8 + [True]


def test_a_reading_that_breaks_off_goes_on_from_the_last_stored_page(site: Site) -> None:
    leads = site.leads(900, apart=60)
    site.fault("short_pages", times=100, size=100)
    with connected(site) as connection:
        pages = connection.source.pull([StreamRequest(Stream.LEADS)], site.now)
        stored = [next(pages) for _ in range(3)]
        seen = pl.concat([page.rows for page in stored])["native_id"].to_list()  # type: ignore[union-attr]
        cursor = stored[-1].cursor  # type: ignore[union-attr]
        rest = pull(connection, site.now, LEADS, {Stream.LEADS: cursor}).ids(Stream.LEADS)
    assert set(seen) | set(rest) == set(leads)
    assert len(set(seen) & set(rest)) <= 11  # the look-back of ten minutes


def test_an_expired_locator_is_gone_on_from_by_key_without_a_row_lost_or_told_twice(site: Site) -> None:
    same_second = site.leads(500, apart=0)
    site.fault("short_pages", times=10, size=100)
    site.fault("locator_expired", times=1)
    with connected(site) as connection:
        assert pull(connection, site.now, LEADS).ids(Stream.LEADS) == same_second
        assert site.world.faults.peek("salesforce", "locator_expired") == []


def test_a_locator_that_expires_at_every_page_still_brings_all_rows(site: Site) -> None:
    leads = site.leads(300, apart=0.5)
    site.fault("short_pages", times=1000, size=50)
    site.fault("locator_expired", times=1000)
    with connected(site) as connection:
        assert pull(connection, site.now, LEADS).ids(Stream.LEADS) == leads


def test_a_bulk_job_that_fails_is_replaced_by_pages(site: Site) -> None:
    leads = site.leads(2_100)
    site.fault("bulk_fail")
    with connected(site) as connection:
        assert sorted(pull(connection, site.now, LEADS).ids(Stream.LEADS)) == sorted(leads)


def test_a_bulk_job_is_resumed_by_the_next_run(site: Site) -> None:
    leads = site.leads(2_100)
    with connected(site) as first:
        pages = first.source.pull([StreamRequest(Stream.LEADS)], site.now)
        begun = next(pages)
        pages.close()  # type: ignore[attr-defined]
    cursor = begun.cursor  # type: ignore[union-attr]
    assert cursor["objects"]["Lead"]["job"]["locator"] is None
    site.advance(60)
    new = site.lead("Came Meanwhile")
    with connected(site) as second:
        pulled = pull(second, site.now, LEADS, {Stream.LEADS: cursor})
    assert set(pulled.ids(Stream.LEADS)) == {*leads, new}
    assert site.calls()["by_endpoint"]["POST /jobs/query"] == 1
    assert "job" not in pulled.cursors[Stream.LEADS]["objects"]["Lead"]


def test_a_cursor_with_a_job_that_is_gone_reads_the_window_again(site: Site) -> None:
    leads = site.leads(20)
    job = {"id": "7505f0000000009AAA", "locator": "x", "upper": "2026-03-02T09:00:00Z"}
    cursor = {"objects": {"Lead": {"job": job}}}
    with connected(site) as connection:
        assert pull(connection, site.now, LEADS, {Stream.LEADS: cursor}).ids(Stream.LEADS) == leads


def test_a_backfill_reads_its_range_alone_and_can_be_resumed(site: Site) -> None:
    leads = site.leads(600, apart=60)
    since, until = site.now - timedelta(minutes=399), site.now - timedelta(minutes=100)
    site.fault("short_pages", times=100, size=100)
    request = StreamRequest(Stream.LEADS, since=since, until=until)
    with connected(site) as connection:
        whole = pull(connection, site.now, LEADS, since=since, until=until)
        assert whole.ids(Stream.LEADS) == leads[200:500]
        first = next(iter(connection.source.pull([request], site.now)))
        resumed = pull(connection, site.now, LEADS, {Stream.LEADS: first.cursor}, since=since, until=until)  # type: ignore[union-attr]
        assert set(leads[300:500]) <= set(resumed.ids(Stream.LEADS)) < set(leads[200:500])
        other = pull(connection, site.now, LEADS, {Stream.LEADS: first.cursor}, since=since, until=site.now)  # type: ignore[union-attr]
        assert other.ids(Stream.LEADS) == leads[200:]


def test_a_missing_field_stops_its_stream_with_its_name_and_cure_and_no_other_stream(site: Site) -> None:
    peopled(site)
    site.fault("missing_field", object="Lead", field="MQL_Stage__c")
    with connected(site) as connection:
        pulled = pull(connection, site.now)
    assert set(pulled.failures) == {Stream.LEADS}
    error = pulled.failures[Stream.LEADS].error
    assert isinstance(error, Misconfigured)
    assert "field MQL_Stage__c of Lead" in str(error)
    assert "deploy connectors/salesforce/metadata" in str(error)


def test_an_org_without_field_history_or_calendar_has_empty_streams_there(site: Site) -> None:
    peopled(site)
    for sobject in ("LeadHistory", "MQL__History", "Event"):
        site.fault("missing_object", object=sobject)
    with connected(site) as connection:
        pulled = pull(connection, site.now)
    assert pulled.failures == {}
    assert pulled.rows[Stream.FIELD_HISTORY].is_empty()
    assert pulled.rows[Stream.TASKS]["kind"].to_list() == ["call"]


def test_an_org_without_the_mql_object_says_how_to_deploy_it(site: Site) -> None:
    site.fault("missing_object", object="MQL__c")
    with connected(site) as connection:
        pulled = pull(connection, site.now)
    assert set(pulled.failures) == {Stream.MQL_RECORDS}
    assert "object MQL__c does not exist" in str(pulled.failures[Stream.MQL_RECORDS].error)


def test_a_queue_that_was_deleted_is_told_inactive_once(site: Site) -> None:
    queue = site.queue("EMEA Queue")
    with connected(site) as connection:
        first = pull(connection, site.now, (Stream.OWNERS,))
        with site.world.lock:
            site.org.store.connection.execute('DELETE FROM "Group" WHERE "Id" = ?', [queue])
        second = pull(connection, site.now, (Stream.OWNERS,), first.cursors)
        assert second.row(Stream.OWNERS, queue)["is_active"] == "false"
        third = pull(connection, site.now, (Stream.OWNERS,), second.cursors)
        assert queue not in third.ids(Stream.OWNERS)


@pytest.mark.parametrize(
    ("fault", "times"),
    [("drop_before", 2), ("drop_after", 2), ("concurrent_limit", 2), ("session_expired", 1)],
)
def test_a_passing_fault_in_mid_pull_is_overcome(site: Site, fault: str, times: int) -> None:
    peopled(site)
    site.fault(fault, times=times, match={"path": "/composite"})
    with connected(site) as connection:
        pulled = pull(connection, site.now)
    assert pulled.failures == {}
    assert len(pulled.rows[Stream.LEADS]) == 1


def test_a_spent_daily_allowance_ends_every_stream_at_once_with_one_call(site: Site) -> None:
    site.fault("request_limit", times=99, match={"path": "/composite"})
    naps = Naps()
    with connected(site, naps=naps) as connection:
        pulled = pull(connection, site.now)
    assert set(pulled.failures) == set(STREAMS)
    assert {type(failure.error).__name__ for failure in pulled.failures.values()} == {"QuotaExhausted"}
    assert (site.calls()["total"], naps.slept) == (1, [])


def test_a_platform_that_is_down_is_asked_within_the_budget_and_then_given_up_for_this_run(
    site: Site,
) -> None:
    site.fault("http_status", times=999, status=503)
    naps = Naps()
    with connected(site, naps=naps) as connection:
        pulled = pull(connection, site.now)
    assert set(pulled.failures) == set(STREAMS)
    assert all(isinstance(failure.error, Unavailable) for failure in pulled.failures.values())
    assert sum(naps.slept) <= 60


def test_a_page_that_stays_broken_stops_its_stream_and_the_others_go_on(site: Site) -> None:
    leads = site.leads(300)
    peopled(site)
    site.fault("short_pages", size=200, match={"object": "Lead"})
    site.fault("http_status", times=99, status=500, match={"path": "/query/"})
    with connected(site) as connection:
        pulled = pull(connection, site.now)
    assert set(pulled.failures) == {Stream.LEADS}
    assert len(pulled.rows[Stream.LEADS]) == 200 < len(leads)
    assert len(pulled.rows[Stream.CONTACTS]) == 1


def test_the_clock_and_the_days_usage_cost_one_call_and_the_org_id_none(site: Site) -> None:
    with connected(site) as connection:
        source: Source = connection.source
        assert source.server_time() == site.now
        assert source.binding() == site.org.organization_id
        usage = connection.source.usage()
    assert usage is not None
    assert (usage.used, usage.left) == (1, usage.limit - 1)
    assert site.calls()["total"] == 1


def test_wrong_credentials_are_one_clear_line_without_the_secret(site: Site) -> None:
    wrong = ClientCredentials(SALESFORCE.client_id, SecretStr("wr0ng-secret"))
    with connected(site, credentials=wrong) as connection, pytest.raises(AccessDenied) as told:
        connection.source.server_time()
    assert "client id and secret" in str(told.value)
    assert "wr0ng" not in str(told.value)
    assert "wr0ng" not in repr(wrong)


def test_a_signed_assertion_opens_the_org_as_well(site: Site) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    site.keys.register(public.decode())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    username = site.get("User", str(site.org.user_named("Mqlflow Integration")))["Username"]
    bearer = JwtBearer(SALESFORCE.client_id, username, SecretStr(private))
    with connected(site, credentials=bearer) as connection:
        assert connection.source.server_time() == site.now
    broken = JwtBearer(SALESFORCE.client_id, username, SecretStr("no key"))
    with connected(site, credentials=broken) as connection, pytest.raises(AccessDenied, match="PEM"):
        connection.source.server_time()


def test_a_stream_that_salesforce_does_not_have_is_a_failure_of_that_stream(site: Site) -> None:
    with connected(site) as connection:
        pulled = pull(connection, site.now, (Stream.ACTIVITIES, Stream.LEADS))
    assert set(pulled.failures) == {Stream.ACTIVITIES}


def test_first_pulls_begin_where_the_playbook_says(site: Site) -> None:
    old = site.leads(3, at=START - timedelta(days=400))
    new = site.leads(2)
    since = settings().model_copy(update={"people_since": (START - timedelta(days=30)).date()})
    with connected(site, settings=since) as connection:
        assert pull(connection, site.now, LEADS).ids(Stream.LEADS) == new
    with connected(site) as connection:
        assert set(pull(connection, site.now, LEADS).ids(Stream.LEADS)) == {*old, *new}
