from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.salesforce_site import DATA, Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def part(name: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    made: dict[str, Any] = {"referenceId": name, "method": method, "url": DATA + path}
    made["httpHeaders"] = {"Sforce-Auto-Assign": "FALSE"}
    return made if body is None else {**made, "body": body}


def composite(site: Site, *parts: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    answer = site.send("POST", "/composite", json={"allOrNone": all_or_none, "compositeRequest": list(parts)})
    assert answer.status_code == 200, answer.text
    responses: list[dict[str, Any]] = answer.json()["compositeResponse"]
    return responses


def test_later_calls_use_the_answers_of_earlier_ones(site: Site) -> None:
    responses = composite(
        site,
        part("lead", "POST", "/sobjects/Lead", {"LastName": "Ada", "Company": "x"}),
        part("mql", "POST", "/sobjects/MQL__c", {"Lead__c": "@{lead.id}", "Summary__c": "for @{lead.id}"}),
        part("read", "GET", "/sobjects/Lead/@{lead.id}?fields=LastName"),
        part("found", "GET", "/query?q=SELECT+Id,Lead__r.LastName+FROM+MQL__c"),
        part("again", "PATCH", "/sobjects/MQL__c/@{found.records[0].Id}", {"Grade__c": "A1"}),
    )
    assert [r["httpStatusCode"] for r in responses] == [201, 201, 200, 200, 204]
    assert [r["referenceId"] for r in responses] == ["lead", "mql", "read", "found", "again"]
    assert responses[2]["body"]["LastName"] == "Ada"
    assert responses[3]["body"]["records"][0]["Lead__r"]["LastName"] == "Ada"
    (mql,) = site.org.find("MQL__c")
    lead = responses[0]["body"]["id"]
    assert (mql["Lead__c"], mql["Summary__c"], mql["Grade__c"]) == (lead, f"for {lead}", "A1")


def test_a_failed_call_has_the_array_form_and_halts_those_that_need_it(site: Site) -> None:
    responses = composite(
        site,
        part("lead", "POST", "/sobjects/Lead", {"LastName": "Ada"}),
        part("mql", "POST", "/sobjects/MQL__c", {"Lead__c": "@{lead.id}"}),
        part("other", "POST", "/sobjects/Lead", {"LastName": "Bob", "Company": "x"}),
    )
    assert [r["httpStatusCode"] for r in responses] == [400, 400, 201]
    assert responses[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert responses[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_all_or_none_undoes_the_whole(site: Site) -> None:
    responses = composite(
        site,
        part("a", "POST", "/sobjects/Lead", {"LastName": "Ada", "Company": "x"}),
        part("b", "POST", "/sobjects/Lead", {"LastName": "Bob"}),
        part("c", "POST", "/sobjects/Lead", {"LastName": "Cid", "Company": "x"}),
        all_or_none=True,
    )
    codes = [r["body"][0]["errorCode"] for r in responses]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert site.org.find("Lead") == []


def test_a_key_of_any_characters_is_found_inside_as_it_is_outside(site: Site) -> None:
    path = "/sobjects/Lead/MQL_External_Key__c/k%2F1%20%25x"
    (made,) = composite(site, part("made", "PATCH", path, {"LastName": "Ada", "Company": "x"}))
    assert made["httpStatusCode"] == 201
    assert site.send("GET", path).json()["MQL_External_Key__c"] == "k/1 %x"
    batch = {"batchRequests": [{"method": "GET", "url": f"v66.0{path}"}]}
    (found,) = site.send("POST", "/composite/batch", json=batch).json()["results"]
    assert found["result"]["Id"] == made["body"]["id"]


@pytest.mark.parametrize("word", ["false", "FALSE"])
def test_all_or_none_may_be_a_word(site: Site, word: str) -> None:
    parts = [
        part("ada", "POST", "/sobjects/Lead", {"LastName": "Ada", "Company": "x"}),
        part("bob", "POST", "/sobjects/Lead", {"LastName": "Bob"}),
    ]
    answer = site.send("POST", "/composite", json={"allOrNone": word, "compositeRequest": parts})
    assert [r["httpStatusCode"] for r in answer.json()["compositeResponse"]] == [201, 400]
    answer = site.send("POST", "/composite", json={"allOrNone": "perhaps", "compositeRequest": parts})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_a_composite_is_one_call(site: Site) -> None:
    site.send("GET", "/limits")
    site.world.calls.reset()
    composite(site, *(part(f"r{i}", "GET", "/limits") for i in range(25)))
    assert site.world.calls.as_json()["salesforce"]["by_endpoint"] == {"POST /composite": 1}
    assert site.send("GET", "/limits").headers["Sforce-Limit-Info"].startswith("api-usage=3/")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([part(f"r{i}", "GET", "/limits") for i in range(26)], "at most 25"),
        ([part(f"q{i}", "GET", "/query?q=SELECT+Id+FROM+Lead") for i in range(6)], "at most 5"),
        (
            [part("c", "POST", "/composite/sobjects", {}) | {"referenceId": f"c{i}"} for i in range(6)],
            "at most 5",
        ),
        ([part("same", "GET", "/limits")] * 2, "duplicate referenceId"),
        ([part("bad name", "GET", "/limits")], "referenceId"),
        ([part("nested", "POST", "/composite", {})], "cannot hold another"),
        ([], "compositeRequest"),
    ],
)
def test_the_limits_of_a_composite(site: Site, parts: list[dict[str, Any]], message: str) -> None:
    answer = site.send("POST", "/composite", json={"compositeRequest": parts})
    assert answer.status_code == 400
    assert message in answer.json()[0]["message"]


def test_a_batch_answers_each_call_apart(site: Site) -> None:
    requests = [
        {"method": "GET", "url": "v66.0/limits"},
        {"method": "GET", "url": "v66.0/sobjects/Nope"},
        {"method": "POST", "url": "v66.0/sobjects/Lead", "richInput": {"LastName": "Ada", "Company": "x"}},
    ]
    answer = site.send("POST", "/composite/batch", json={"batchRequests": requests}).json()
    assert answer["hasErrors"] is True
    assert [r["statusCode"] for r in answer["results"]] == [200, 404, 201]
