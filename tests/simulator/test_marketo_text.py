"""Text comes back as it went in: hostile strings through people and activities, over REST and in bulk."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.marketo_site import Site, served

STRINGS = Path(__file__).parents[3] / "shared" / "data" / "blns.json"
WINDOW = {"startAt": "2026-03-01T00:00:00Z", "endAt": "2026-03-03T00:00:00Z"}
# What the platform has no way to say: "" is no value, and in a file the word null is none either.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(
    lambda t: t != "null"
)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def round_trip(site: Site, strings: list[str]) -> None:
    """Every string as a person's comment and as an activity's attribute, in each way of writing and reading."""
    site.world.clock.advance(60)
    marks = [f"{site.instance.leads.count() + number}@text.example" for number in range(len(strings))]
    people = [{"email": mark, "comments": text} for mark, text in zip(marks, strings, strict=True)]
    written: list[dict[str, Any]] = []
    for start in range(0, len(people), 300):
        written += site.post("/rest/v1/leads.json", {"input": people[start : start + 300]})["result"]
    assert {row["status"] for row in written} == {"created"}
    ids = [row["id"] for row in written]
    now = site.world.clock.now()
    for lead, text in zip(ids, strings, strict=True):
        site.instance.add_activity(
            10, lead, at=now, primary_id=1, primary_value=text, attributes={"User Agent": text, text: "name"}
        )
    assert _read_people(site, ids) == strings
    assert _read_activities(site, ids) == strings
    assert _extract_people(site, ids) == strings
    assert _extract_activities(site, ids) == strings


def _read_people(site: Site, ids: list[int]) -> list[str]:
    found: dict[int, str] = {}
    for start in range(0, len(ids), 300):
        values = ",".join(map(str, ids[start : start + 300]))
        page = site.get("/rest/v1/leads.json", filterType="id", filterValues=values, fields="comments")
        found |= {lead["id"]: lead["comments"] for lead in page["result"]}
    return [found[lead] for lead in ids]


def _read_activities(site: Site, ids: list[int]) -> list[str]:
    found: dict[int, str] = {}
    token, more = site.since(site.world.clock.now()), True
    while more:
        page = site.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="10")
        for activity in page.get("result", []):
            pairs = {pair["name"]: pair["value"] for pair in activity["attributes"]}
            text = activity["primaryAttributeValue"]
            assert pairs == {"User Agent": text} | {text: "name"}
            found[activity["leadId"]] = text
        token, more = page["nextPageToken"], page["moreResult"]
    return [found[lead] for lead in ids]


def _extract_people(site: Site, ids: list[int]) -> list[str]:
    wish = {"fields": ["id", "comments"], "filter": {"createdAt": WINDOW}}
    rows = _rows(site.file("leads", site.extract("leads", wish)).content)
    found = {int(row["id"]): row["comments"] for row in rows}
    return [found[lead] for lead in ids]


def _extract_activities(site: Site, ids: list[int]) -> list[str]:
    wish = {"filter": {"createdAt": WINDOW, "activityTypeIds": [10]}}
    rows = _rows(site.file("activities", site.extract("activities", wish)).content)
    found = {int(row["leadId"]): row for row in rows}
    for row in rows:
        text = row["primaryAttributeValue"]
        assert json.loads(row["attributes"]) == {"User Agent": text} | {text: "name"}
    return [found[lead]["primaryAttributeValue"] for lead in ids]


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_the_list_of_naughty_strings_survives(site: Site) -> None:
    if not STRINGS.exists():
        pytest.skip("the list of naughty strings is not beside this repository")
    strings = [text for text in json.loads(STRINGS.read_text(encoding="utf-8")) if text not in {"", "null"}]
    assert len(strings) > 400
    round_trip(site, strings)


@settings(max_examples=8, deadline=None)
@given(strings=st.lists(texts, min_size=1, max_size=40))
def test_any_text_survives(site: Site, strings: list[str]) -> None:
    round_trip(site, strings)


def test_line_breaks_nul_and_separators_survive(site: Site) -> None:
    round_trip(
        site, ["a\r\nb", "a\rb", "a\nb", "a\x00b", "a\u2028b\u2029c", '"', '""', ",", " blank ", "\ufeffx"]
    )


def test_a_text_that_is_empty_is_no_value(site: Site) -> None:
    (row,) = site.post("/rest/v1/leads.json", {"input": [{"email": "e@text.example", "comments": ""}]})[
        "result"
    ]
    lead = site.instance.get_lead(row["id"])
    assert lead is not None
    assert lead["comments"] is None
