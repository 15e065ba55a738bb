from collections.abc import Iterator

import pytest
import requests

from simulator.credentials import MARKETO
from simulator.marketo.identity import Identity
from tests.simulator.marketo_site import Site, served

LEAD = "/rest/v1/leads/describe.json"


class Wall:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def site(wall: Wall) -> Iterator[Site]:
    with served(identity=Identity(monotonic=wall)) as site:
        yield site


def keys(**changed: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": MARKETO.client_id,
        "client_secret": MARKETO.client_secret,
        **changed,
    }


def test_a_token_is_granted_by_query_and_by_form_alike(site: Site) -> None:
    url = f"{site.url}/identity/oauth/token"
    by_query = requests.get(url, params=keys(), timeout=5)
    by_posted_query = requests.post(url, params=keys(), timeout=5).json()
    by_form = requests.post(url, data=keys(), timeout=5).json()
    granted = by_query.json()
    assert set(granted) == {"access_token", "token_type", "expires_in", "scope"}
    assert granted["token_type"] == "bearer"
    assert granted["scope"] == site.instance.api_user
    assert granted["access_token"] == by_posted_query["access_token"] == by_form["access_token"]
    assert by_query.headers["Cache-Control"] == "no-store"


def test_the_same_token_is_given_with_its_remaining_life_until_it_ends(site: Site, wall: Wall) -> None:
    first = site.grant()
    wall.seconds += 3000
    second = site.grant()
    wall.seconds += 600
    third = site.grant()
    assert first["expires_in"] == 3600
    assert (second["access_token"], second["expires_in"]) == (first["access_token"], 600)
    assert third["access_token"] != first["access_token"]


def test_the_simulated_clock_ends_no_token(site: Site) -> None:
    first = site.grant()
    site.world.clock.advance(7 * 24 * 3600)
    assert site.grant()["access_token"] == first["access_token"]
    assert site.get(LEAD)["success"]


@pytest.mark.parametrize("wrong", [{"client_secret": "no"}, {"client_id": "no"}, {"grant_type": "password"}])
def test_bad_credentials_are_http_401_with_an_error_of_their_own_shape(
    site: Site, wrong: dict[str, str]
) -> None:
    answer = requests.get(f"{site.url}/identity/oauth/token", params=keys(**wrong), timeout=5)
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "error_description"}


def test_an_ended_token_is_602_at_first_and_601_ever_after(site: Site, wall: Wall) -> None:
    site.grant()
    wall.seconds += 3600
    codes = [site.code(site.get(LEAD)) for _ in range(3)]
    assert codes == ["602", "601", "601"]
    site.grant()
    assert site.get(LEAD)["success"]


def test_an_unknown_token_is_601(site: Site) -> None:
    answer = requests.get(site.url + LEAD, headers={"Authorization": "Bearer nonsense:ab"}, timeout=5)
    assert answer.status_code == 200
    assert site.code(answer.json()) == "601"


def test_a_token_in_the_query_or_the_form_is_not_read(site: Site) -> None:
    token = {"access_token": site.grant()["access_token"]}
    by_query = requests.get(site.url + LEAD, params=token, timeout=5).json()
    form = {**token, "_method": "GET", "filterType": "email", "filterValues": "a@example.com"}
    by_form = requests.post(f"{site.url}/rest/v1/leads.json", data=form, timeout=5).json()
    assert site.code(by_query) == site.code(by_form) == "603"


def test_token_calls_are_counted_apart(site: Site) -> None:
    site.get(LEAD)
    calls = site.world.calls.as_json()["marketo"]
    assert (calls["token"], calls["total"]) == (1, 1)
