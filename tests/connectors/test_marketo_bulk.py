"""Bulk jobs that end badly, and feeds and tokens that misbehave, answered by script."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.answers import Timing
from connectors.errors import AccessDenied, Damaged, Unavailable
from connectors.http import HttpClient
from connectors.marketo.api import Api
from connectors.marketo.auth import Credentials, authorise
from connectors.marketo.bulk import Exports, Patience
from connectors.marketo.dates import Window, windows
from connectors.marketo.envelope import judge
from connectors.marketo.feed import Feeds, follow
from tests.connectors.scripted_server import Script, scripted

CONTENT = b"id\n1\n2\n"
START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
PATH = "/bulk/v1/leads/export"


def ok(**result: Any) -> dict[str, Any]:
    return {"requestId": "1#1", "success": True, "result": [result]}


def page(token: str, *items: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"success": True, "result": list(items), "nextPageToken": token, "moreResult": more}


DONE = ok(
    exportId="a",
    status="Completed",
    numberOfRecords=2,
    fileSize=len(CONTENT),
    fileChecksum="sha256:" + hashlib.sha256(CONTENT).hexdigest(),
)


@contextmanager
def served(answers: dict[str, list[Any]]) -> Iterator[tuple[Api, Script, list[float]]]:
    with scripted(answers) as script:
        slept: list[float] = []
        client = HttpClient("marketo", script.url, judge, timing=Timing(sleep=slept.append))
        yield Api(client), script, slept
        client.close()


def exports(api: Api, slept: list[float], **patience: float) -> Exports:
    made = replace(Patience(), **patience)  # type: ignore[arg-type]
    return Exports(api, "leads", lambda window: {"filter": window.filter()}, slept.append, made)


def read_all(read: Exports, *spans: Window) -> list[Any]:
    return [record for _, records in read.read(spans) for record in records]


def job(status: list[Any], **more: list[Any]) -> dict[str, list[Any]]:
    return {
        f"{PATH}/create.json": [ok(exportId="a", status="Created"), ok(exportId="b", status="Created")],
        f"{PATH}/a/enqueue.json": [ok(exportId="a", status="Queued")],
        f"{PATH}/b/enqueue.json": [ok(exportId="b", status="Queued")],
        f"{PATH}/a/status.json": status,
        f"{PATH}/b/status.json": [DONE],
        f"{PATH}/a/file.json": [CONTENT],
        f"{PATH}/b/file.json": [CONTENT],
        f"{PATH}/a/cancel.json": [ok()],
        f"{PATH}/b/cancel.json": [ok()],
        **more,
    }


def test_polling_pauses_longer_each_time() -> None:
    waiting = [ok(status="Queued"), ok(status="Processing"), ok(status="Processing"), DONE]
    with served(job(waiting)) as (api, _, slept):
        assert read_all(exports(api, slept, first=1.0, longest=3.0), WINDOW) == [{"id": "1"}, {"id": "2"}]
    assert slept == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("state", ["Failed", "Cancelled", "Canceled"])
def test_a_job_that_ended_badly_is_made_once_more(state: str) -> None:
    with served(job([ok(status=state, errorMsg="?")])) as (api, script, slept):
        assert read_all(exports(api, slept), WINDOW) == [{"id": "1"}, {"id": "2"}]
    assert script.times("create") == 2


def test_a_job_that_ends_badly_twice_is_an_error() -> None:
    answers = job([ok(status="Failed")], **{f"{PATH}/b/status.json": [ok(status="Failed")]})
    with served(answers) as (api, _, slept), pytest.raises(Unavailable, match="Failed twice"):
        read_all(exports(api, slept), WINDOW)


def test_a_job_that_does_not_end_is_given_up_and_the_next_run_tries_again() -> None:
    gives_up = pytest.raises(Unavailable, match="did not end within 100 s")
    with served(job([ok(status="Queued")])) as (api, _, slept), gives_up:
        read_all(exports(api, slept, job=100.0), WINDOW)
    assert 100 <= sum(slept) < 250


def test_a_job_without_records_needs_no_file() -> None:
    with served(job([ok(status="Completed", numberOfRecords=0)])) as (api, script, slept):
        assert read_all(exports(api, slept), WINDOW) == []
    assert script.times("file.json") == 0


def test_enqueueing_may_be_answered_with_nothing_at_all() -> None:
    answers = job([DONE], **{f"{PATH}/a/enqueue.json": [b""]})
    with served(answers) as (api, _, slept):
        assert len(read_all(exports(api, slept), WINDOW)) == 2


def test_a_job_that_is_queued_already_is_as_good() -> None:
    already = {"success": False, "errors": [{"code": "1029", "message": "Job already queued"}]}
    with served(job([DONE], **{f"{PATH}/a/enqueue.json": [already]})) as (api, _, slept):
        assert len(read_all(exports(api, slept), WINDOW)) == 2


def test_a_completed_job_whose_file_is_not_there_yet_is_asked_again() -> None:
    answers = job([DONE], **{f"{PATH}/a/file.json": [(404, b"Export file not found"), CONTENT]})
    with served(answers) as (api, script, slept):
        assert len(read_all(exports(api, slept), WINDOW)) == 2
    assert script.times("file.json") == 2


def test_a_full_queue_reads_what_is_queued_before_it_queues_more() -> None:
    full = {"success": False, "errors": [{"code": "1029", "message": "Too many jobs in queue"}]}
    answers = job([DONE], **{f"{PATH}/b/enqueue.json": [full, ok(exportId="b")]})
    first, second = list(windows(START, START + timedelta(days=40)))
    with served(answers) as (api, script, slept):
        assert len(read_all(exports(api, slept), first, second)) == 4
    assert slept == []
    assert script.asked.index("GET /bulk/v1/leads/export/a/file.json") < len(script.asked) - 1


def test_jobs_that_nobody_will_read_are_cancelled() -> None:
    first, second = list(windows(START, START + timedelta(days=40)))
    with served(job([DONE])) as (api, script, slept):
        reading = exports(api, slept).read([first, second])
        next(reading)
        reading.close()  # type: ignore[attr-defined]
    assert script.times("b/cancel.json") == 1


def test_a_feed_that_offers_the_same_page_twice_is_damaged() -> None:
    answers = {"/rest/v1/activities/deletedleads.json": [page("b", more=True), page("a", more=True)]}
    with served(answers) as (api, script, _), pytest.raises(Damaged, match="same page twice"):
        list(follow(api.deleted_leads, "a"))
    assert len(script.asked) == 2


def test_a_feed_that_says_more_and_not_where_is_damaged() -> None:
    endless = {"success": True, "result": [], "moreResult": True}
    refused = pytest.raises(Damaged, match="not where")
    with served({"/rest/v1/activities/deletedleads.json": [endless]}) as (api, _, _), refused:
        list(follow(api.deleted_leads, "a"))


def test_the_end_of_a_feed_may_keep_its_token() -> None:
    with served({"/rest/v1/activities/deletedleads.json": [page("a")]}) as (api, _, _):
        assert [found.token for found in follow(api.deleted_leads, "a")] == ["a"]


def test_two_streams_that_ask_alike_are_answered_once() -> None:
    answers = {
        "/rest/v1/activities.json": [page("b")],
        "/rest/v1/activities/pagingtoken.json": [{"success": True, "nextPageToken": "t"}],
    }
    with served(answers) as (api, script, _):
        feeds = Feeds(api)
        assert feeds.links("a") == feeds.links("a")
        assert feeds.seed(START) == feeds.seed(START) == "t"
    assert len(script.asked) == 2


def token_reply(life: int) -> dict[str, Any]:
    return {
        "access_token": f"token-{life}",
        "token_type": "bearer",
        "expires_in": life,
        "scope": "api@acme.example",
    }


def authorised(script: Script, clock: list[float], slept: list[float]) -> HttpClient:
    timing = Timing(sleep=slept.append, clock=lambda: clock[0])
    credentials = Credentials("id", SecretStr("secret"))
    return HttpClient("marketo", script.url, judge, authorise=authorise(credentials), timing=timing)


USAGE = "/rest/v1/stats/usage.json"
IDENTITY = "/identity/oauth/token"


def test_a_token_with_no_life_left_is_asked_for_again_in_a_moment() -> None:
    with scripted({IDENTITY: [token_reply(0), token_reply(3600)], USAGE: [ok()]}) as script:
        slept: list[float] = []
        client = authorised(script, [0.0], slept)
        client.json("GET", USAGE)
        assert client.token.value == "token-3600"
        assert slept == [1.0]
        client.close()


def test_a_token_is_renewed_a_minute_before_it_ends() -> None:
    with scripted({IDENTITY: [token_reply(3600)], USAGE: [ok()]}) as script:
        clock = [0.0]
        client = authorised(script, clock, [])
        for now, fetched in ((0, 1), (3500, 1), (3541, 2)):
            clock[0] = now
            client.json("GET", USAGE)
            assert script.times(IDENTITY) == fetched
        client.close()


def test_a_token_in_its_last_minute_is_not_asked_for_before_every_call() -> None:
    with scripted({IDENTITY: [token_reply(30)], USAGE: [ok()]}) as script:
        client = authorised(script, [0.0], [])
        for _ in range(5):
            client.json("GET", USAGE)
        assert script.times(IDENTITY) == 1
        client.close()


def test_wrong_credentials_are_told_without_them() -> None:
    refusal = {"error": "invalid_client", "error_description": "Bad client credentials"}
    with scripted({IDENTITY: [(401, refusal)]}) as script:
        client = authorised(script, [0.0], [])
        with pytest.raises(AccessDenied, match="MQLFLOW_MARKETO_CLIENT_SECRET") as refused:
            client.json("GET", USAGE)
        assert "'secret'" not in repr(refused.value)
        assert script.times(IDENTITY) == 1
        client.close()
