from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.marketo_site import Site, served

LEADS = "/rest/v1/leads.json"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def outcomes(site: Site, records: list[dict[str, Any]], **options: Any) -> list[str]:
    """``created``, ``updated``, or the code of the skip, one per record."""
    answer = site.post(LEADS, {"input": records, **options})
    assert answer["success"] is True
    return [
        one["reasons"][0]["code"] if one["status"] == "skipped" else one["status"] for one in answer["result"]
    ]


def test_create_or_update_by_email_is_what_happens_unasked(site: Site) -> None:
    assert outcomes(site, [{"email": "a@example.com"}, {"email": "A@example.com", "leadScore": 4}]) == [
        "created",
        "updated",
    ]
    (lead,) = site.instance.find_leads("email", ["a@example.com"])
    assert (lead["email"], lead["leadScore"]) == ("A@example.com", 4)


def test_each_action_answers_for_known_and_unknown_people(site: Site) -> None:
    site.instance.create_lead({"email": "known@example.com"}, source="User")
    both = [{"email": "known@example.com", "title": "CTO"}, {"email": "new@example.com"}]
    assert outcomes(site, both, action="updateOnly") == ["updated", "1004"]
    assert outcomes(site, both, action="createOnly") == ["1005", "created"]
    assert outcomes(site, both, action="createDuplicate") == ["created", "created"]
    assert outcomes(site, both) == ["1007", "1007"]


def test_an_unchanged_value_is_updated_and_leaves_no_activity(site: Site) -> None:
    site.instance.create_lead({"email": "a@example.com", "title": "CTO"}, source="User")
    before = site.instance.activities.last_seq()
    assert outcomes(site, [{"email": "a@example.com", "title": "CTO"}]) == ["updated"]
    assert site.instance.activities.last_seq() == before


def test_null_and_the_empty_text_both_clear_a_field(site: Site) -> None:
    lead = site.instance.create_lead(
        {"email": "a@example.com", "title": "CTO", "city": "Bern"}, source="User"
    )
    assert outcomes(site, [{"email": "a@example.com", "title": None, "city": ""}]) == ["updated"]
    stored = site.instance.get_lead(lead)
    assert stored is not None
    assert (stored["title"], stored["city"]) == (None, None)


def test_an_id_identifies_only_for_update_only(site: Site) -> None:
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    by_id = {"lookupField": "id"}
    assert outcomes(site, [{"id": lead, "mqlScore": 70}, {"id": 1}], action="updateOnly", **by_id) == [
        "updated",
        "1004",
    ]
    assert outcomes(site, [{"id": lead}], **by_id) == ["1003"]
    assert outcomes(site, [{"id": lead, "email": "b@example.com"}], action="createOnly") == ["1003"]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"leadScore": 5}, "1002"),
        ({"email": "a@example.com", "leadScore": "many"}, "1001"),
        ({"email": "a@example.com", "leadScore": 2**31}, "1001"),
        ({"email": "a@example.com", "unsubscribed": "perhaps"}, "1001"),
        ({"email": "a@example.com", "mqlFirstDate": "yesterday"}, "1001"),
        ({"email": "a@example.com", "title": {"a": 1}}, "1001"),
        ({"email": "a@example.com", "title": "x" * 256}, "1001"),
        ({"email": "ä@example.com"}, "1001"),
        ({"email": "a@example.com", "nonsense": 1}, "1006"),
        ({"email": "a@example.com", "company": "Other Ltd"}, "1021"),
        ({"email": "a@example.com", "sfdcLeadId": "00Q000000000001"}, "1003"),
    ],
)
def test_a_faulty_record_is_skipped_whole_and_the_others_are_written(
    site: Site, record: dict[str, Any], code: str
) -> None:
    lead = site.instance.create_lead({"email": "a@example.com", "company": "One Ltd"}, source="User")
    before = site.instance.get_lead(lead)
    assert outcomes(site, [record, {"email": "b@example.com"}]) == [code, "created"]
    assert site.instance.get_lead(lead) == before


def test_a_company_may_be_given_to_a_new_person_or_repeated_for_a_known_one(site: Site) -> None:
    record = {"email": "a@example.com", "company": "One Ltd"}
    assert outcomes(site, [record, record]) == ["created", "updated"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"input": [{"email": "a@example.com"}], "lookupField": "userId"}, "1006"),
        ({"input": [{"email": "a@example.com"}], "lookupField": "firstName"}, "1011"),
        ({"input": [{"email": "a@example.com"}], "action": "upsert"}, "1003"),
        ({"input": [{"email": f"{n}@example.com"} for n in range(301)]}, "1003"),
        ({"input": []}, "1002"),
        ({}, "1002"),
        ({"input": [{"email": "a@example.com"}], "partitionName": "Elsewhere"}, "1008"),
        ({"input": [{"email": "a@example.com"}], "partitionName": "Default", "action": "updateOnly"}, "1003"),
    ],
)
def test_a_faulty_call_is_refused_whole(site: Site, body: dict[str, Any], code: str) -> None:
    assert site.code(site.post(LEADS, body)) == code
    assert site.instance.leads.count() == 0


def test_unknown_members_beside_the_input_are_ignored(site: Site) -> None:
    assert outcomes(site, [{"email": "a@example.com"}], **{"asyncProcessing ": False}) == ["created"]


def test_a_body_must_be_json_of_one_kind_and_not_too_large(site: Site) -> None:
    as_form = site.send("POST", LEADS, data={"input": "x"}).json()
    broken = site.send("POST", LEADS, data="{", headers={"Content-Type": "application/json"}).json()
    twice = site.send(
        "POST",
        LEADS,
        data='{"input":[{"email":"a@example.com","email":"b@example.com"}]}',
        headers={"Content-Type": "application/json"},
    ).json()
    large = site.send("POST", LEADS, json={"input": [{"email": "x" * 1_100_000}]})
    assert [site.code(answer) for answer in (as_form, broken, twice)] == ["612", "609", "609"]
    assert large.status_code == 413


def test_an_api_write_leaves_activities_that_name_their_source(site: Site) -> None:
    lead = site.instance.create_lead({"email": "a@example.com", "leadScore": 5}, source="User")
    token = site.since(site.world.clock.now())
    site.post(LEADS, {"input": [{"email": "a@example.com", "leadScore": 15, "unsubscribed": True}]})
    page = site.get("/rest/v1/activities.json", nextPageToken=token, activityTypeIds="13,22")
    shown = [
        (
            activity["activityTypeId"],
            activity["primaryAttributeValueId"],
            {pair["name"]: pair["value"] for pair in activity["attributes"]},
        )
        for activity in page["result"]
        if activity["leadId"] == lead
    ]
    score, value, flag = shown
    assert score == (
        22,
        146,
        {"Change Value": "+10", "New Value": 15, "Old Value": 5, "Reason": "Web service API"},
    )
    assert value[:2] == (13, 146)
    assert (value[2]["New Value"], value[2]["Old Value"]) == ("15", "5")
    assert (value[2]["Source"], value[2]["Reason"]) == ("Web service API", "Web service API")
    assert value[2]["Modifying User"] == site.instance.api_user
    assert flag[2]["New Value"] == "True"


def test_a_custom_field_moves_the_hidden_stamp_and_leaves_updated_at(site: Site) -> None:
    lead = site.instance.create_lead({"email": "a@example.com"}, source="User")
    site.world.clock.advance(60)
    outcomes(site, [{"email": "a@example.com", "mqlGrade": "A1"}])
    custom = site.instance.get_lead(lead)
    outcomes(site, [{"email": "a@example.com", "title": "CTO"}])
    standard = site.instance.get_lead(lead)
    assert custom is not None
    assert standard is not None
    assert (custom["updatedAt"], standard["updatedAt"]) == ("2026-03-02T09:00:00Z", "2026-03-02T09:01:00Z")


def test_people_are_deleted_by_body_by_query_and_the_old_way(site: Site) -> None:
    one, two, three = (
        site.instance.create_lead({"email": f"{n}@example.com"}, source="User") for n in range(3)
    )
    by_body = site.post("/rest/v1/leads/delete.json", {"input": [{"id": one}, {"id": one}]})
    by_query = site.post("/rest/v1/leads/delete.json", None, id=[two])
    old_way = site.send("DELETE", LEADS, json={"input": [{"id": three}]}).json()
    assert [row["status"] for row in by_body["result"]] == ["deleted", "skipped"]
    assert by_body["result"][1]["reasons"][0]["code"] == "1004"
    assert by_query["result"] == [{"id": two, "status": "deleted"}]
    assert old_way["result"] == [{"id": three, "status": "deleted"}]
    assert site.instance.leads.count() == 0


def test_a_merge_keeps_the_crm_contact_whatever_the_path_says(site: Site) -> None:
    plain = site.instance.create_lead({"email": "a@example.com", "city": "Bern"}, source="User")
    known = site.instance.create_lead({"email": "b@example.com", "sfdcContactId": "003X"}, source="User")
    answer = site.post(f"/rest/v1/leads/{plain}/merge.json", None, leadIds=str(known))
    survivor = site.instance.get_lead(known)
    assert set(answer) == {"requestId", "success"}
    assert site.instance.get_lead(plain) is None
    assert survivor is not None
    assert (survivor["email"], survivor["city"]) == ("b@example.com", "Bern")
    page = site.get(
        "/rest/v1/activities.json", nextPageToken=site.since(site.world.clock.now()), activityTypeIds="32"
    )
    attributes = {pair["name"]: pair["value"] for pair in page["result"][0]["attributes"]}
    assert (page["result"][0]["leadId"], attributes["Merge IDs"]) == (known, [plain])


def test_a_merge_of_too_many_or_unknown_people_changes_nothing(site: Site) -> None:
    one, two = (site.instance.create_lead({"email": f"{n}@example.com"}, source="User") for n in range(2))
    path = f"/rest/v1/leads/{one}/merge.json"
    many = ",".join(str(n) for n in range(26))
    assert site.code(site.post(path, None, leadIds=many)) == "1080"
    assert site.code(site.post(path, None, leadIds=f"{two},999999")) == "1004"
    assert site.code(site.post(path, None, leadIds=str(one))) == "1003"
    assert site.instance.leads.count() == 2
