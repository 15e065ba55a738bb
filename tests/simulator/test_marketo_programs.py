from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.simulator.marketo_site import START, Site, served


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def test_programs_page_by_offset_and_end_with_a_warning_in_words(site: Site) -> None:
    for number in range(25):
        site.instance.add_program(f"Program {number}", channel="Webinar", start_date=START)
    first = site.get("/rest/asset/v1/programs.json")
    second = site.get("/rest/asset/v1/programs.json", offset=20, maxReturn=20)
    past = site.get("/rest/asset/v1/programs.json", offset=40)
    assert [len(first["result"]), len(second["result"])] == [20, 5]
    assert (first["errors"], first["warnings"]) == ([], [])
    assert first["result"][0]["createdAt"] == "2026-03-02T09:00:00Z+0000"
    assert first["result"][0]["startDate"] == "2026-03-02T09:00:00Z+0000"
    assert past["warnings"] == ["No assets found for the given search criteria."]
    assert past["success"] is True
    assert "result" not in past
    assert site.code(site.get("/rest/asset/v1/programs.json", maxReturn=201)) == "1003"


def test_one_program_by_id_or_name_has_its_tags_and_costs(site: Site) -> None:
    program = site.instance.add_program(
        "Spring", tags={"Business Line": "Edge"}, costs=[{"cost": 10}], sfdc_id="701X"
    )
    by_id = site.get(f"/rest/asset/v1/program/{program}.json")["result"]
    by_name = "/rest/asset/v1/program/byName.json"
    asked = site.get(by_name, name="Spring", includeTags="true", includeCosts="true")["result"]
    assert by_id == asked
    assert not {"tags", "costs"} & site.get(by_name, name="Spring")["result"][0].keys()
    assert by_id[0]["tags"] == [{"tagType": "Business Line", "tagValue": "Edge"}]
    assert (by_id[0]["costs"], by_id[0]["sfdcId"]) == ([{"cost": 10}], "701X")


def test_programs_can_be_asked_for_by_their_last_change(site: Site) -> None:
    site.instance.add_program("Old", at=START - timedelta(days=10))
    site.instance.add_program("New")
    since = site.get("/rest/asset/v1/programs.json", earliestUpdatedAt="2026-03-01T00:00:00Z")
    assert [program["name"] for program in since["result"]] == ["New"]


def test_a_member_moves_forward_and_never_back(site: Site) -> None:
    program = site.instance.add_program("Webinar", channel="Webinar")
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    path = f"/rest/v1/programs/{program}/members/status.json"

    def move(status: str, lead_id: int = lead) -> tuple[int, str]:
        (row,) = site.post(path, {"statusName": status, "input": [{"leadId": lead_id}]})["result"]
        return row["seq"], row["reasons"][0]["code"] if row["status"] == "skipped" else row["status"]

    assert move("Registered") == (0, "created")
    assert move("Attended") == (0, "updated")
    assert move("Registered") == (0, "1037")
    assert move("Attended") == (0, "1037")
    assert move("Dancing") == (0, "1025")
    assert move("Attended", 999_999) == (0, "1004")
    token = site.since(START)
    activities = site.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="104")["result"]
    steps = [{pair["name"]: pair["value"] for pair in row["attributes"]} for row in activities]
    assert [(step["Old Status"], step["New Status"], step["Success"]) for step in steps] == [
        ("Not in Program", "Registered", False),
        ("Registered", "Attended", True),
    ]
    assert {row["primaryAttributeValue"] for row in activities} == {"Webinar"}


def test_members_are_filtered_and_paged(site: Site) -> None:
    program = site.instance.add_program("Webinar", channel="Webinar")
    leads = site.instance.load_leads({"email": f"{n}@example.com"} for n in range(5))
    for lead in leads:
        site.instance.add_member(program, lead, "Registered")
    site.world.clock.advance(3600)
    site.instance.set_member_status(program, leads[0], "Attended")
    path = f"/rest/v1/programs/{program}/members.json"
    attended = site.get(path, filterType="statusName", filterValues="Attended")["result"]
    assert [(row["leadId"], row["reachedSuccess"], row["seq"]) for row in attended] == [(leads[0], True, 0)]
    assert attended[0]["reachedSuccessDate"] == "2026-03-02T10:00:00Z"
    by_lead = site.get(path, filterType="leadId", filterValues=f"{leads[1]},{leads[2]}")["result"]
    assert [row["leadId"] for row in by_lead] == leads[1:3]
    window = {"startAt": "2026-03-02T09:30:00Z", "endAt": "2026-03-02T10:30:00Z"}
    changed = site.get(path, filterType="updatedAt", **window)["result"]
    assert [row["leadId"] for row in changed] == leads[:1]
    first = site.get(path, batchSize=3)
    rest = site.get(path, batchSize=3, nextPageToken=first["nextPageToken"])
    assert [len(first["result"]), first["moreResult"], len(rest["result"]), rest["moreResult"]] == [
        3,
        True,
        2,
        False,
    ]
    long = {"startAt": "2026-03-01T00:00:00Z", "endAt": "2026-03-20T00:00:00Z"}
    assert site.code(site.get(path, filterType="updatedAt", **long)) == "1003"


def test_the_older_status_call_takes_members_alone(site: Site) -> None:
    program = site.instance.add_program("Webinar", channel="Webinar")
    inside, outside = (
        site.instance.create_lead({"email": f"{n}@example.com"}, source="User") for n in range(2)
    )
    site.instance.add_member(program, inside, "Invited")
    path = f"/rest/v1/leads/programs/{program}/status.json"
    rows = site.post(path, {"status": "Attended", "input": [{"id": inside}, {"id": outside}]})["result"]
    assert [(row["id"], row["status"]) for row in rows] == [(inside, "updated"), (outside, "skipped")]
    with_membership = site.get(f"/rest/v1/leads/programs/{program}.json")["result"]
    assert [(row["id"], row["membership"]["progressionStatus"]) for row in with_membership] == [
        (inside, "Attended")
    ]


def test_leads_of_a_list_page_without_more_result_on_both_paths(site: Site) -> None:
    members = site.instance.add_list("Some", program_name="Spring")
    leads = site.instance.load_leads({"email": f"{n}@example.com"} for n in range(5))
    site.instance.add_to_list(members, leads)
    for path in (f"/rest/v1/lists/{members}/leads.json", f"/rest/v1/list/{members}/leads.json"):
        first = site.get(path, batchSize=3)
        second = site.get(path, batchSize=3, nextPageToken=first["nextPageToken"])
        assert [lead["id"] for page in (first, second) for lead in page["result"]] == leads
        assert "moreResult" not in first
        assert "nextPageToken" not in second


def test_people_join_and_leave_a_list(site: Site) -> None:
    members = site.instance.add_list("Some")
    one, two = (site.instance.create_lead({"email": f"{n}@example.com"}, source="User") for n in range(2))
    path = f"/rest/v1/lists/{members}/leads.json"
    by_query = site.post(path, None, id=[one, 999_999])["result"]
    by_body = site.post(path, {"input": [{"id": two}]})["result"]
    asked = site.send(
        "GET", f"/rest/v1/lists/{members}/leads/ismember.json", params={"id": [one, two]}
    ).json()
    removed = site.send("DELETE", path, params={"id": [one, one]}).json()["result"]
    asked_again = site.get(f"/rest/v1/lists/{members}/leads/ismember.json", id=one)["result"]
    assert [row["status"] for row in by_query] == ["added", "skipped"]
    assert by_body == [{"id": two, "status": "added"}]
    assert [row["status"] for row in asked["result"]] == ["memberof", "memberof"]
    assert [row["status"] for row in removed] == ["removed", "skipped"]
    assert removed[1]["reasons"][0]["code"] == "1015"
    assert asked_again == [{"id": one, "status": "notmemberof"}]
    assert site.get(f"/rest/v1/leads/{two}/listMembership.json")["result"][0]["id"] == members


def test_lists_are_found_by_name_and_program(site: Site) -> None:
    site.instance.add_list("One", program_name="Spring")
    site.instance.add_list("Two")
    assert [row["name"] for row in site.get("/rest/v1/lists.json")["result"]] == ["One", "Two"]
    assert [row["name"] for row in site.get("/rest/v1/lists.json", programName="Spring")["result"]] == ["One"]
    assert site.code(site.get("/rest/v1/lists/5.json")) == "1013"


def test_lists_and_campaigns_of_the_asset_api_are_browsed_as_programs_are(site: Site) -> None:
    for number in range(3):
        site.instance.add_list(f"List {number}", at=START - timedelta(days=number))
        site.instance.add_campaign(
            f"Campaign {number}", triggerable=number > 0, active=number < 2, at=START - timedelta(days=number)
        )
    for path in ("/rest/asset/v1/staticLists.json", "/rest/asset/v1/smartCampaigns.json"):
        assert len(site.get(path, offset=1, maxReturn=1)["result"]) == 1
        recent = site.get(
            path, earliestUpdatedAt="2026-03-01T09:00:00Z", latestUpdatedAt="2026-03-02T08:00:00Z"
        )
        assert [row["name"][-1] for row in recent["result"]] == ["1"]
        for wrong in ({"maxReturn": 0}, {"offset": -1}, {"folder": '{"id":1,"type":"Folder"}'}):
            assert site.code(site.get(path, **wrong)) == "1003"
    active = site.get("/rest/asset/v1/smartCampaigns.json", isActive="true")["result"]
    assert [row["name"] for row in active] == ["Campaign 1"]


def test_other_workspaces_and_partitions_hold_nothing(site: Site) -> None:
    site.instance.add_campaign("Sync", triggerable=True)
    site.instance.add_list("All")
    for path in ("/rest/v1/campaigns.json", "/rest/v1/lists.json"):
        assert len(site.get(path, workspaceName="Default")["result"]) == 1
        assert site.get(path, workspaceName="Elsewhere")["result"] == []
    file = {"file": ("people.csv", "email\na@example.com\n", "text/csv")}
    parameters = {"format": "csv", "partitionName": "Elsewhere"}
    refused = site.send("POST", "/bulk/v1/leads.json", params=parameters, files=file).json()
    assert site.code(refused) == "1008"
    assert not site.instance.find_leads("email", ["a@example.com"])


def test_memberships_are_not_answered_as_if_a_filter_were_known(site: Site) -> None:
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    path = f"/rest/v1/leads/{lead}/programMembership.json"
    assert site.get(path)["result"] == []
    assert site.code(site.get(path, earliestUpdatedAt="2026-01-01T00:00:00Z")) == "1003"


def test_a_requested_campaign_gets_the_people_and_leaves_a_trace(site: Site) -> None:
    asked: list[list[int]] = []
    campaign = site.instance.add_campaign("Sync to CRM", triggerable=True, on_request=asked.append)
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    path = f"/rest/v1/campaigns/{campaign}/trigger.json"
    tokens = [{"name": "{{my.x}}", "value": "1"}]
    answer = site.post(path, {"input": {"leads": [{"id": lead}], "tokens": tokens}})
    assert answer["result"] == [{"id": campaign}]
    assert asked == [[lead]]
    page = site.get("/rest/v1/activities.json", nextPageToken=site.since(START), activityTypeIds="47")
    assert [(row["leadId"], row["primaryAttributeValue"]) for row in page["result"]] == [
        (lead, "Sync to CRM")
    ]


def test_a_request_that_cannot_be_run_reaches_nobody(site: Site) -> None:
    asked: list[list[int]] = []
    trigger = site.instance.add_campaign("Trigger", triggerable=True, on_request=asked.append)
    batch = site.instance.add_campaign("Batch", triggerable=False, on_request=asked.append)
    idle = site.instance.add_campaign("Idle", triggerable=True, active=False, on_request=asked.append)
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")

    def code(campaign: int, leads: list[int]) -> str:
        people = [{"id": one} for one in leads]
        return site.code(
            site.post(f"/rest/v1/campaigns/{campaign}/trigger.json", {"input": {"leads": people}})
        )

    assert code(5, [lead]) == "1013"
    assert code(batch, [lead]) == code(idle, [lead]) == "1003"
    assert code(trigger, [lead] * 101) == "1003"
    assert code(trigger, [lead, 999_999]) == "1004"
    assert code(trigger, []) == "1002"
    assert asked == []


def test_campaigns_are_listed_and_asked_for_by_trigger(site: Site) -> None:
    program = site.instance.add_program("Spring")
    trigger = site.instance.add_campaign("Trigger", triggerable=True, program_id=program)
    site.instance.add_campaign("Batch", triggerable=False)
    (found,) = site.get("/rest/v1/campaigns.json", isTriggerable="true")["result"]
    assert (found["id"], found["programName"], found["type"], found["active"]) == (
        trigger,
        "Spring",
        "trigger",
        True,
    )
    assert site.get(f"/rest/v1/campaigns/{trigger}.json")["result"] == [found]
    first = site.get("/rest/v1/campaigns.json", batchSize=1)
    second = site.get("/rest/v1/campaigns.json", batchSize=1, nextPageToken=first["nextPageToken"])
    assert [row["name"] for page in (first, second) for row in page["result"]] == ["Trigger", "Batch"]
