"""Whatever a client sends, the simulated Marketo names what is wrong with it; a system error is no answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.marketo.app import _table
from tests.simulator.marketo_site import Site, served

HUGE = "99999999999999999999999"
IDS = ("0", "1", "1001", "9223372036854775808", HUGE)
NAMES = ("mqlCycle_c", "leadScore", "nope", "%00", "é")
PARAMETERS = (
    "activityTypeIds assetIds batchSize earliestUpdatedAt endAt fields filterType filterValues folder format id"
    " includeTags isActive isTriggerable latestUpdatedAt leadId leadIds listId lookupField maxReturn mergeInCRM name"
    " names nextPageToken offset partitionName programName sinceDatetime startAt status workspaceName"
)
MEMBERS = (
    "action activityTypeIds columnHeaderNames createdAt dedupeBy deleteBy email endAt fields filter filterType"
    " filterValues format id input leadId leadScore leads length lookupField marketoGUID name nextPageToken"
    " partitionName primaryAttributeValueIds primaryAttributeValues startAt staticListId staticListName status"
    " statusName tokens updatedAt batchSize displayName dataType"
)
words = st.sampled_from(
    (
        "",
        "0",
        "-1",
        "1",
        "1001",
        "abc",
        HUGE,
        "1.5",
        "null",
        "true",
        "\0",
        "é",
        "1,2,,3",
        ",",
        "[]",
        "id",
        "email",
    )
    + ("updatedAt", "createdAt", "createOnly", "updateOnly", "idField", "dedupeFields", "CSV", "Default")
    + ("2026-01-01", "2026-02-30", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "٣", "NaN")
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from((0, 1, -1, 1001, 1.5, 1e308, 10**30)),
    words,
    st.just("\ud800"),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(MEMBERS.split()), inner, max_size=4)
    ),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from(MEMBERS.split()), values, max_size=5)
ROUTES = [(method, path) for method, path, _ in _table()]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, str, list[tuple[str, str]], str]:
    method, path = draw(st.sampled_from(ROUTES))

    def filled(place: re.Match[str]) -> str:
        return draw(st.sampled_from(IDS if place[1].startswith("id") else NAMES))

    query = draw(st.lists(st.tuples(st.sampled_from(PARAMETERS.split()), words), max_size=5))
    return method, re.sub(r"\{([^}]+)\}", filled, path), query, json.dumps(draw(bodies))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls())
def test_every_call_is_answered_or_refused_for_a_reason(
    site: Site, call: tuple[str, str, list[tuple[str, str]], str]
) -> None:
    method, path, query, body = call
    more: dict[str, Any] = {}
    if method != "GET":
        more = {"data": body, "headers": {"Content-Type": "application/json"}}
    answer = site.send(method, path, params=query, **more)
    if answer.status_code != 200:
        assert path.startswith("/bulk/")
        assert answer.status_code == 404
        return
    said = answer.json()
    assert said["success"] or said["errors"][0]["code"] != "611"


@pytest.mark.parametrize("number", ["9223372036854775808", HUGE])
def test_a_number_that_no_id_can_be_is_no_integer(site: Site, number: str) -> None:
    assert site.code(site.get(f"/rest/v1/lead/{number}.json")) == "1001"
    assert site.code(site.get("/rest/v1/lists.json", id=number)) == "1001"
    assert site.code(site.post("/rest/v1/leads/delete.json", {"input": [{"id": int(number)}]})) == "1001"


def test_a_word_that_is_no_boolean_is_not_taken_for_no(site: Site) -> None:
    assert site.code(site.get("/rest/v1/campaigns.json", isTriggerable="perhaps")) == "1001"


def test_json_without_an_end_is_invalid_json(site: Site) -> None:
    answer = site.send(
        "POST", "/rest/v1/leads.json", data="[" * 100_000, headers={"Content-Type": "application/json"}
    )
    assert site.code(answer.json()) == "609"


def test_a_removal_with_one_unreadable_record_removes_nobody(site: Site) -> None:
    program = site.instance.add_program("Webinar", channel="Webinar")
    lead = site.instance.create_lead({"email": "stays@example.com"}, source="User")
    site.instance.add_member(program, lead, "Registered")
    path = f"/rest/v1/programs/{program}/members/delete.json"
    assert site.code(site.post(path, {"input": [{"leadId": lead}, {"leadId": "x"}]})) == "1001"
    assert site.get(f"/rest/v1/programs/{program}/members.json")["result"][0]["leadId"] == lead


def test_years_of_less_than_four_digits_keep_their_place_in_time(site: Site) -> None:
    site.instance.create_lead({"email": "early@example.com"}, source="User")
    token = site.get("/rest/v1/activities/pagingtoken.json", sinceDatetime="0999-01-01T00:00:00Z")[
        "nextPageToken"
    ]
    assert site.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds=12)["result"]
