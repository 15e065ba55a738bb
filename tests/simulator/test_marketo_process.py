"""The simulated Marketo of a whole company, in a process of its own."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from tests.simulator.marketo_site import START
from tests.simulator_process import Simulator, start_simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator(people=300, seed=11, activity_days=30) as simulator:
        yield simulator


class Client:
    def __init__(self, simulator: Simulator) -> None:
        self._url = simulator.env["MQLFLOW_MARKETO_URL"]
        question = {
            "grant_type": "client_credentials",
            "client_id": simulator.env["MQLFLOW_MARKETO_CLIENT_ID"],
            "client_secret": simulator.env["MQLFLOW_MARKETO_CLIENT_SECRET"],
        }
        granted = requests.get(f"{self._url}/identity/oauth/token", params=question, timeout=10).json()
        self._headers = {"Authorization": f"Bearer {granted['access_token']}"}

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        return self._checked(
            requests.get(self._url + path, params=parameters, headers=self._headers, timeout=10)
        )

    def post(self, path: str, body: Any) -> dict[str, Any]:
        return self._checked(requests.post(self._url + path, json=body, headers=self._headers, timeout=10))

    def activities(self, since: datetime, types: list[int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = self.get("/rest/v1/activities/pagingtoken.json", sinceDatetime=since.isoformat())
        while True:
            question = {"nextPageToken": page["nextPageToken"], "activityTypeIds": types}
            page = self.get("/rest/v1/activities.json", **question)
            found += page.get("result", [])
            if not page["moreResult"]:
                return found

    @staticmethod
    def _checked(answer: requests.Response) -> dict[str, Any]:
        shown: dict[str, Any] = answer.json()
        assert shown["success"], shown
        return shown


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Client:
    return Client(simulator)


def test_the_company_speaks_only_in_types_and_attributes_that_are_declared(client: Client) -> None:
    types = client.get("/rest/v1/activities/types.json")["result"]
    declared = {row["id"]: {pair["name"] for pair in row["attributes"]} for row in types}
    found = client.activities(START - timedelta(days=14), [1, 2, 6, 7, 8, 10, 11, 12, 13, 104])
    assert len(found) > 100
    for activity in found:
        assert {pair["name"] for pair in activity["attributes"]} <= declared[activity["activityTypeId"]]


def test_what_is_paged_is_what_is_stored(client: Client, simulator: Simulator) -> None:
    since = START - timedelta(days=5)
    paged = client.activities(since, [2])
    stored = [
        row
        for row in simulator.records("marketo", "activities")
        if row["activityTypeId"] == 2 and row["activityDate"] >= since.strftime("%Y-%m-%dT%H:%M:%SZ")
    ]
    assert paged == stored


def test_a_person_requested_for_the_crm_has_a_crm_id_a_little_later(
    client: Client, simulator: Simulator
) -> None:
    (campaign,) = client.get("/rest/v1/campaigns.json", name="Sync to CRM", isTriggerable="true")["result"]
    new = {"email": "handover@newcomer.example", "lastName": "Newcomer", "company": "Newcomer Ltd"}
    (created,) = client.post("/rest/v1/leads.json", {"input": [new]})["result"]
    body = {"input": {"leads": [{"id": created["id"]}]}}
    client.post(f"/rest/v1/campaigns/{campaign['id']}/trigger.json", body)
    path, fields = f"/rest/v1/lead/{created['id']}.json", "sfdcLeadId,sfdcType"
    before = client.get(path, fields=fields)["result"][0]
    simulator.advance(300)
    after = client.get(path, fields=fields)["result"][0]
    assert before["sfdcLeadId"] is None
    assert after["sfdcType"] == "Lead"
    assert simulator.record("salesforce", "Lead", after["sfdcLeadId"])["Email"] == new["email"]
