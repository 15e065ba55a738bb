from collections.abc import Iterator
from typing import Any

import pytest

from simulator.marketo.custom_object_store import ObjectField
from tests.simulator.marketo_site import Site, served

CYCLES = "/rest/v1/customobjects/mqlCycle_c.json"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def outcomes(site: Site, records: list[dict[str, Any]], **options: Any) -> list[str]:
    rows = site.post(CYCLES, {"input": records, **options})["result"]
    assert [row["seq"] for row in rows] == list(range(len(records)))
    return [row["reasons"][0]["code"] if row["status"] == "skipped" else row["status"] for row in rows]


def test_a_type_is_listed_and_described(site: Site) -> None:
    (listed,) = site.get("/rest/v1/customobjects.json", names="mqlCycle_c")["result"]
    (described,) = site.get("/rest/v1/customobjects/mqlCycle_c/describe.json")["result"]
    assert listed["idField"] == "marketoGUID"
    assert listed["dedupeFields"] == ["cycleId"]
    assert listed["searchableFields"] == [["cycleId"], ["marketoGUID"], ["leadId"]]
    updateable = {field["name"] for field in described["fields"] if field["updateable"]}
    assert updateable >= {"cycleId", "leadId", "status"}
    assert "marketoGUID" not in updateable
    assert site.code(site.get("/rest/v1/customobjects/nothing_c/describe.json")) == "1013"


def test_records_are_created_updated_found_and_deleted(site: Site) -> None:
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    one = {"cycleId": "c1", "leadId": lead, "status": "Open"}
    assert outcomes(site, [one, {"cycleId": "c2", "leadId": lead}]) == ["created", "created"]
    assert outcomes(site, [{"cycleId": "c1", "status": "Working"}]) == ["updated"]
    found = site.get(CYCLES, filterType="leadId", filterValues=str(lead), fields="cycleId,status,leadId")
    assert [(row["cycleId"], row["status"], row["leadId"]) for row in found["result"]] == [
        ("c1", "Working", lead),
        ("c2", None, lead),
    ]
    by_input = site.post(CYCLES, {"filterType": "dedupeFields", "input": [{"cycleId": "c2"}]}, _method="GET")
    guid = by_input["result"][0]["marketoGUID"]
    assert outcomes(
        site, [{"marketoGUID": guid, "status": "Won"}], action="updateOnly", dedupeBy="idField"
    ) == ["updated"]
    gone = site.post(
        "/rest/v1/customobjects/mqlCycle_c/delete.json", {"input": [{"cycleId": "c1"}, {"cycleId": "x"}]}
    )
    assert [row["status"] for row in gone["result"]] == ["deleted", "skipped"]
    assert gone["result"][1]["reasons"][0]["code"] == "1013"


def test_faulty_records_are_skipped_with_their_reason(site: Site) -> None:
    assert outcomes(site, [{"cycleId": "c1"}]) == ["created"]
    assert outcomes(site, [{"cycleId": "c1"}], action="createOnly") == ["1017"]
    assert outcomes(site, [{"cycleId": "c9"}], action="updateOnly") == ["1013"]
    assert outcomes(site, [{"cycleId": "d"}, {"cycleId": "d"}]) == ["created", "1036"]
    assert outcomes(
        site, [{"status": "Open"}, {"cycleId": "e", "odd": 1}, {"cycleId": "f", "leadId": 5}]
    ) == [
        "1002",
        "1006",
        "1004",
    ]
    assert site.code(site.post(CYCLES, {"input": [{"cycleId": "c1"}], "dedupeBy": "idField"})) == "1003"
    assert site.code(site.get(CYCLES, filterType="status", filterValues="Open")) == "1003"


def test_a_compound_key_is_asked_for_as_json(site: Site) -> None:
    fields = [ObjectField("make", "Make", "string"), ObjectField("model", "Model", "string")]
    site.instance.add_custom_object_type("car_c", "Car", fields, dedupe=["make", "model"])
    path = "/rest/v1/customobjects/car_c.json"
    cars = [{"make": make, "model": model} for make in "AB" for model in "12"]
    site.post(path, {"input": cars})
    wanted = {"filterType": "dedupeFields", "fields": ["make", "model"], "input": [cars[1], cars[2]]}
    found = site.post(path, wanted, _method="GET")["result"]
    assert [(row["make"], row["model"]) for row in found] == [("A", "2"), ("B", "1")]


def test_a_query_needs_a_searchable_field_and_a_value_for_each_part_of_its_key(site: Site) -> None:
    assert outcomes(site, [{"cycleId": "c1"}]) == ["created"]

    def asked(**body: Any) -> str:
        return site.code(site.post(CYCLES, body, _method="GET"))

    assert asked(filterType="status", input=[{"status": "Open"}]) == "1003"
    assert asked(filterType="dedupeFields", input=[{"leadId": 1}]) == "1002"
    assert asked(filterType="leadId", input=[{"leadId": None}]) == "1002"
    assert asked(filterType="dedupeFields") == "1002"
