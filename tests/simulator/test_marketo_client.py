"""marketorestpython, a client that others wrote, works unchanged but for the address."""

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from marketorestpython.client import MarketoClient

from simulator.credentials import MARKETO
from simulator.marketo.identity import Identity
from tests.simulator.marketo_site import START, Site, served


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@pytest.fixture(scope="module")
def client(site: Site) -> Any:
    client = MarketoClient("123-ABC-456", MARKETO.client_id, MARKETO.client_secret, max_retry_time=5)
    client.host = site.url
    return client


def test_people_are_written_read_and_deleted(client: Any) -> None:
    written = client.execute(
        method="create_update_leads",
        leads=[{"email": "one@example.com", "firstName": "Ada"}, {"email": "two@example.com"}],
        action="createOrUpdate",
        lookupField="email",
        asyncProcessing="false",
        partitionName="Default",
    )
    ids = [row["id"] for row in written]
    assert [row["status"] for row in written] == ["created", "created"]
    by_id = client.execute(method="get_lead_by_id", id=ids[0], fields=["email", "firstName"])
    assert by_id == [{"id": ids[0], "email": "one@example.com", "firstName": "Ada"}]
    by_filter = client.execute(
        method="get_multiple_leads_by_filter_type",
        filterType="email",
        filterValues=["one@example.com", "two@example.com"],
        fields=["email"],
        batchSize=1,
    )
    assert [lead["id"] for lead in by_filter] == ids
    deleted = client.execute(method="delete_lead", id=[ids[1]])
    assert deleted == [{"id": ids[1], "status": "deleted"}]
    gone = client.execute(method="get_deleted_leads", sinceDatetime="2026-03-01")
    assert [row["leadId"] for row in gone] == [ids[1]]


def test_two_people_are_merged(client: Any, site: Site) -> None:
    one, two = site.instance.load_leads([{"email": "m1@example.com"}, {"email": "m2@example.com"}])
    assert client.execute(method="merge_lead", id=one, leadIds=[two], mergeInCRM=False) is True
    assert site.instance.get_lead(two) is None


def test_fields_and_activity_types_are_described(client: Any) -> None:
    assert any(
        field.get("rest", {}).get("name") == "leadScore" for field in client.execute(method="describe")
    )
    assert client.execute(method="describe2")[0]["name"] == "API Lead"
    assert {row["id"] for row in client.execute(method="get_activity_types")} >= {1, 2, 12, 13, 22, 104}


def test_activities_and_changes_come_to_an_end_over_empty_pages(client: Any, site: Site) -> None:
    (lead,) = site.instance.load_leads([{"email": "busy@example.com"}])
    row = {"lead_id": lead, "at": START, "primary_id": 1, "primary_value": "x", "attributes": {"Device": "x"}}
    site.instance.load_activities({**row, "type_id": 11 if number == 2500 else 10} for number in range(3000))
    site.instance.update_lead(lead, {"leadScore": 10}, source="User")
    found = client.execute(method="get_lead_activities", activityTypeIds=["11"], sinceDatetime="2026-03-01")
    assert [activity["leadId"] for activity in found] == [lead]
    batches = list(
        client.get_lead_activities_yield(
            activityTypeIds=["11", "22"], sinceDatetime="2026-03-01", leadIds=[lead]
        )
    )
    assert [activity["activityTypeId"] for batch in batches for activity in batch] == [11, 22]
    token = client.execute(method="get_paging_token", sinceDatetime="2026-03-02T08:00:00Z")
    changes = client.execute(method="get_lead_changes", fields=["leadScore"], nextPageToken=token)
    changed = [change for change in changes if change["leadId"] == lead]
    assert changed[0]["fields"] == [{"id": 146, "name": "leadScore", "newValue": "10", "oldValue": None}]


def test_lists_are_browsed_filled_and_emptied(client: Any, site: Site) -> None:
    members = site.instance.add_list("Client list", program_name="Spring")
    (lead,) = site.instance.load_leads([{"email": "list@example.com"}])
    assert [row["name"] for row in client.execute(method="get_multiple_lists")] == ["Client list"]
    assert [row["id"] for row in client.execute(method="browse_lists")] == [members]
    assert client.execute(method="get_list_by_id", id=members)[0]["name"] == "Client list"
    assert client.execute(method="add_leads_to_list", listId=members, id=[lead])[0]["status"] == "added"
    assert client.execute(method="member_of_list", listId=members, id=[lead])[0]["status"] == "memberof"
    listed = client.execute(method="get_multiple_leads_by_list_id", listId=members, fields=["email"])
    assert listed == [{"id": lead, "email": "list@example.com"}]
    assert (
        client.execute(method="remove_leads_from_list", listId=members, id=[lead])[0]["status"] == "removed"
    )


def test_programs_and_campaigns_are_read_and_requested(client: Any, site: Site) -> None:
    asked: list[list[int]] = []
    for number in range(25):
        site.instance.add_program(f"Client program {number:02d}")
    program = site.instance.add_program("Client webinar", channel="Webinar")
    campaign = site.instance.add_campaign("Client campaign", triggerable=True, on_request=asked.append)
    (lead,) = site.instance.load_leads([{"email": "campaign@example.com"}])
    site.instance.add_member(program, lead, "Registered")
    assert len(client.execute(method="browse_programs")) == 26
    assert client.execute(method="get_program_by_name", name="Client webinar")[0]["id"] == program
    assert client.execute(method="get_program_by_id", id=program)[0]["channel"] == "Webinar"
    members = client.execute(method="get_multiple_leads_by_program_id", programId=program, fields=["email"])
    assert members[0]["membership"]["progressionStatus"] == "Registered"
    moved = client.execute(method="change_lead_program_status", id=program, leadIds=[lead], status="Attended")
    assert moved == [{"id": lead, "status": "updated"}]
    assert client.execute(method="get_multiple_campaigns", id=[campaign])[0]["name"] == "Client campaign"
    assert client.execute(method="get_campaign_by_id", id=campaign)[0]["type"] == "trigger"
    assert client.execute(method="request_campaign", id=campaign, leads=[lead], tokens={"my.x": "1"})
    assert asked == [[lead]]


def test_custom_objects_are_written_and_found(client: Any, site: Site) -> None:
    (lead,) = site.instance.load_leads([{"email": "object@example.com"}])
    record = {"cycleId": "client-1", "leadId": lead}
    assert client.execute(method="get_list_of_custom_objects")[0]["name"] == "mqlCycle_c"
    assert client.execute(method="describe_custom_object", name="mqlCycle_c")[0]["idField"] == "marketoGUID"
    written = client.execute(method="create_update_custom_objects", name="mqlCycle_c", input=[record])
    found = client.execute(
        method="get_custom_objects",
        name="mqlCycle_c",
        filterType="dedupeFields",
        input=[{"cycleId": "client-1"}],
    )
    assert (written[0]["status"], found[0]["cycleId"]) == ("created", "client-1")
    deleted = client.execute(
        method="delete_custom_objects", name="mqlCycle_c", input=[{"cycleId": "client-1"}]
    )
    assert deleted[0]["status"] == "deleted"


@pytest.mark.parametrize("thing", ["leads", "activities"])
def test_a_bulk_extract_is_made_and_fetched(client: Any, site: Site, thing: str) -> None:
    site.instance.create_lead({"email": f"bulk-{thing}@example.com"}, source="User")
    window = {"createdAt": {"startAt": "2026-02-20T00:00:00Z", "endAt": "2026-03-10T00:00:00Z"}}
    fields = ["id", "email"] if thing == "leads" else None
    job = client.execute(method=f"create_{thing}_export_job", fields=fields, filters=window)[0]["exportId"]
    assert client.execute(method=f"enqueue_{thing}_export_job", job_id=job)[0]["status"] == "Queued"
    status = ""
    while status != "Completed":
        time.sleep(0.1)
        status = client.execute(method=f"get_{thing}_export_job_status", job_id=job)[0]["status"]
    content = client.execute(method=f"get_{thing}_export_job_file", job_id=job)
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert rows
    assert job in {row["exportId"] for row in client.execute(method=f"get_{thing}_export_jobs_list")}


def test_a_file_of_people_is_imported(client: Any, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("email,firstName\nimported@example.com,Bo\n")
    batch = client.execute(method="import_lead", format="csv", file=str(table))[0]["batchId"]
    time.sleep(0.3)
    status = client.execute(method="get_import_lead_status", id=batch)[0]
    assert (status["status"], status["numOfLeadsProcessed"]) == ("Complete", 1)


def test_usage_and_errors_are_read(client: Any, site: Site) -> None:
    site.fault("code", code="1035", message="Unsupported filter type for target subscription: updatedAt")
    with pytest.raises(Exception, match="1035"):
        client.execute(method="get_multiple_lists")
    client.execute(method="get_activity_types")
    assert client.execute(method="get_daily_usage")[0]["users"][0]["userId"] == site.instance.api_user
    assert {"errorCode": "1035", "count": 1} in client.execute(method="get_daily_errors")[0]["errors"]


def test_an_ended_token_is_renewed() -> None:
    with served(identity=Identity(lifetime=1)) as site:
        client = MarketoClient("123-ABC-456", MARKETO.client_id, MARKETO.client_secret)
        client.host = site.url
        client.execute(method="get_multiple_lists")
        first = client.token
        time.sleep(1.1)
        assert client.execute(method="get_multiple_lists") == []
        assert client.token != first
