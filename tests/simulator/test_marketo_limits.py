import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
import requests

from simulator.marketo.limits import Limits
from tests.simulator.marketo_site import Json, Site, served

PATH = "/rest/v1/lists.json"


class Wall:
    seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def site(wall: Wall) -> Iterator[Site]:
    with served(limits=Limits(monotonic=wall, wall=wall, calls_per_day=150)) as site:
        yield site


def test_the_hundred_and_first_call_in_twenty_seconds_is_606(site: Site, wall: Wall) -> None:
    assert all(site.get(PATH)["success"] for _ in range(100))
    refused = site.get(PATH)
    wall.seconds += 20
    assert refused["errors"] == [
        {"code": "606", "message": "Max rate limit '100' exceeded with in '20' secs"}
    ]
    assert site.get(PATH)["success"]


def test_refused_calls_count_against_no_limit(site: Site, wall: Wall) -> None:
    for _ in range(120):
        assert site.code(site.get("/rest/v1/lead/1.json")) == "1004"
    assert site.get(PATH)["success"]


def test_the_daily_quota_is_607_until_midnight_in_central_time(site: Site, wall: Wall) -> None:
    for number in range(150):
        if number % 100 == 0:
            wall.seconds += 20
        assert site.get(PATH)["success"]
    wall.seconds += 20
    assert site.code(site.get(PATH)) == "607"
    site.world.clock.advance(2 * 24 * 3600)
    assert site.code(site.get(PATH)) == "607"
    wall.seconds += 24 * 3600
    assert site.get(PATH)["success"]


def test_an_eleventh_call_at_the_same_time_is_615() -> None:
    with served() as site:
        token = site.grant()["access_token"]
        started = threading.Barrier(11)

        def call(_: int) -> Json:
            started.wait()
            answer: Json = requests.get(
                site.url + PATH, headers={"Authorization": f"Bearer {token}"}, timeout=10
            ).json()
            return answer

        with ThreadPoolExecutor(11) as pool:
            with site.world.lock:  # everybody who is let in waits here
                calls = [pool.submit(call, number) for number in range(11)]
                first = next(as_completed(calls, timeout=10)).result()
            answers = [running.result() for running in calls]
        assert first["errors"] == [{"code": "615", "message": "Concurrent access limit '10' reached"}]
        assert sum(answer["success"] for answer in answers) == 10
        assert site.get(PATH)["success"]


def test_usage_tells_calls_by_user_and_errors_by_code(site: Site) -> None:
    site.get(PATH)
    site.get("/rest/v1/lead/1.json")
    (usage,) = site.get("/rest/v1/stats/usage.json")["result"]
    (errors,) = site.get("/rest/v1/stats/errors.json")["result"]
    assert usage == {
        "date": "2026-03-02",
        "total": 1,
        "users": [{"userId": site.instance.api_user, "count": 1}],
    }
    assert errors == {"date": "2026-03-02", "total": 1, "errors": [{"errorCode": "1004", "count": 1}]}
    site.world.clock.advance(24 * 3600)
    week = site.get("/rest/v1/stats/usage/last7days.json")["result"]
    assert [(day["date"], day["total"]) for day in week][:2] == [("2026-03-02", 3), ("2026-03-01", 0)]
    assert len(site.get("/rest/v1/stats/errors/last7days.json")["result"]) == 7


def test_too_long_a_uri_and_too_large_a_body_fail_at_the_door(site: Site) -> None:
    long = site.send("GET", "/rest/v1/leads.json", params={"filterType": "email", "filterValues": "x" * 8200})
    large = site.send("POST", "/rest/v1/leads.json", data=b"x" * (1024 * 1024 + 1))
    asset = site.send("GET", "/rest/asset/v1/program/byName.json", params={"name": "x" * 9000})
    assert (long.status_code, large.status_code, asset.status_code) == (414, 413, 200)
    assert not long.headers["Content-Type"].startswith("application/json")
