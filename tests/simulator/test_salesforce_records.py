import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.salesforce_site import Site, served

NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "blns.json"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def test_a_record_lives_from_creation_to_deletion(site: Site) -> None:
    made = site.send("POST", "/sobjects/Lead", json={"LastName": "Ada", "Company": "Engines"})
    assert made.status_code == 201
    assert made.json() == {"id": made.json()["id"], "success": True, "errors": []}
    lead = made.json()["id"]
    assert lead.startswith("00Q")
    assert len(lead) == 18
    site.later(minutes=5)
    changed = site.send("PATCH", f"/sobjects/Lead/{lead}", json={"Status": "Working"})
    assert (changed.status_code, changed.content) == (204, b"")
    read = site.send("GET", f"/sobjects/Lead/{lead[:15]}").json()
    assert read["attributes"] == {"type": "Lead", "url": f"/services/data/v66.0/sobjects/Lead/{lead}"}
    assert read["CreatedDate"] == "2026-03-02T09:00:00.000+0000"
    assert read["LastModifiedDate"] == read["SystemModstamp"] == "2026-03-02T09:05:00.000+0000"
    assert (read["Name"], read["Status"], read["IsConverted"]) == ("Ada", "Working", False)
    assert site.send("DELETE", f"/sobjects/Lead/{lead}").status_code == 204
    gone = site.send("GET", f"/sobjects/Lead/{lead}")
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


def test_fields_can_be_chosen_on_reading(site: Site) -> None:
    lead = site.lead()
    read = site.send("GET", f"/sobjects/Lead/{lead}", params={"fields": "lastname,Company"}).json()
    assert set(read) == {"attributes", "LastName", "Company", "Id"}


def test_upsert_by_external_id_creates_once_and_then_updates(site: Site) -> None:
    lead = site.lead()
    path = "/sobjects/MQL__c/External_Key__c/cycle%2F1"
    first = site.send("PATCH", path, json={"Lead__c": lead, "Grade__c": "A1"})
    second = site.send("PATCH", path, json={"Grade__c": "B1"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first.json()["id"] == second.json()["id"]
    (row,) = site.org.find("MQL__c")
    assert (row["External_Key__c"], row["Grade__c"], row["Name"]) == ("cycle/1", "B1", "MQL-000001")


def test_before_version_46_an_upsert_that_updates_answers_nothing(site: Site) -> None:
    lead = site.lead()
    path = "/services/data/v45.0/sobjects/MQL__c/External_Key__c/k"
    made = site.send("PATCH", path, json={"Lead__c": lead})
    assert (made.status_code, set(made.json())) == (201, {"id", "success", "errors"})
    updated = site.send("PATCH", path, json={"Grade__c": "A1"})
    assert (updated.status_code, updated.content) == (204, b"")


def test_update_only_creates_nothing(site: Site) -> None:
    answer = site.send("PATCH", "/sobjects/MQL__c/External_Key__c/k?updateOnly=true", json={"Grade__c": "A1"})
    assert answer.status_code == 404
    assert site.org.find("MQL__c") == []


def test_an_external_id_that_several_records_have_answers_300_with_their_addresses(site: Site) -> None:
    ids = site.org.load("Lead", [{"LastName": "x", "Company": "x", "MQL_External_Key__c": "k"}] * 2)
    answer = site.send("PATCH", "/sobjects/Lead/MQL_External_Key__c/k", json={"Title": "CEO"})
    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v66.0/sobjects/Lead/{i}" for i in ids]


def test_a_parent_may_be_named_by_its_external_id(site: Site) -> None:
    lead = site.lead(MQL_External_Key__c="person-1")
    answer = site.send(
        "POST",
        "/sobjects/MQL__c",
        json={"Lead__r": {"MQL_External_Key__c": "person-1"}, "External_Key__c": "c"},
    )
    assert answer.status_code == 201
    assert site.org.find("MQL__c")[0]["Lead__c"] == lead
    missing = site.send("POST", "/sobjects/MQL__c", json={"Lead__r": {"MQL_External_Key__c": "nobody"}})
    assert missing.json()[0]["errorCode"] == "INVALID_FIELD"


def test_owners_are_checked_as_the_platform_does(site: Site) -> None:
    lead = site.lead()
    gone = site.user("Gone Rep", IsActive=False)
    chatter = site.user("Chatter Free", UserType="CsnOnly")
    leads_only = site.queue("EMEA Queue", "Lead")
    mql_queue = site.queue("MQL Queue", "Lead", "MQL__c")

    def refusal(object_name: str, record_id: str, owner: str) -> Any:
        answer = site.send("PATCH", f"/sobjects/{object_name}/{record_id}", json={"OwnerId": owner})
        return answer.json()[0] if answer.content else None

    assert refusal("Lead", lead, gone) == {
        "message": f"operation performed with inactive user [{gone[:15]}] as owner of lead",
        "errorCode": "INACTIVE_OWNER_OR_USER",
    }
    assert refusal("Lead", lead, chatter) == {
        "message": "Operation not valid for this user type",
        "errorCode": "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
    }
    assert refusal("Lead", lead, "0055f0000000999AAA")["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal("Lead", lead, lead)["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal("Lead", lead, "nonsense")["errorCode"] == "MALFORMED_ID"
    assert refusal("Lead", lead, leads_only) is None
    by = site.org.user_named("Marketo Sync")
    contact = site.org.insert("Contact", {"LastName": "Ada"}, by=by)
    assert refusal("Contact", contact, leads_only)["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    mql = site.org.insert("MQL__c", {"Lead__c": lead}, by=by)
    assert refusal("MQL__c", mql, leads_only)["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal("MQL__c", mql, mql_queue) is None


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({"LastName": "Ada"}, "REQUIRED_FIELD_MISSING", ["Company"]),
        ({"LastName": "x" * 81, "Company": "x"}, "STRING_TOO_LONG", ["LastName"]),
        (
            {"LastName": "x", "Company": "x", "Status": "Nope"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            ["Status"],
        ),
        ({"LastName": "x", "Company": "x", "Nope__c": 1}, "INVALID_FIELD", ["Nope__c"]),
        (
            {"LastName": "x", "Company": "x", "Name": "x", "SystemModstamp": None},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            ["Name", "SystemModstamp"],
        ),
        (
            {"LastName": "x", "Company": "x", "NumberOfEmployees": "many"},
            "JSON_PARSER_ERROR",
            ["NumberOfEmployees"],
        ),
        (
            {"LastName": "x", "Company": "x", "Last_MQL_Date__c": "soon"},
            "JSON_PARSER_ERROR",
            ["Last_MQL_Date__c"],
        ),
    ],
)
def test_a_bad_lead_is_refused_with_code_and_fields(
    site: Site, body: dict[str, Any], code: str, fields: list[str]
) -> None:
    answer = site.send("POST", "/sobjects/Lead", json=body)
    assert answer.status_code == 400
    (error,) = answer.json()
    assert error["errorCode"] == code
    assert error["fields"] == fields
    assert site.org.find("Lead") == []


def test_an_overlong_text_is_named_by_its_label_and_limit(site: Site) -> None:
    body = {"LastName": "x" * 81, "Company": "x"}
    (error,) = site.send("POST", "/sobjects/Lead", json=body).json()
    assert error["message"] == f"Last Name: data value too large: {'x' * 81} (max length=80)"


def test_an_mql_needs_a_person_and_a_reason_for_rejection(site: Site) -> None:
    orphan = site.send("POST", "/sobjects/MQL__c", json={"External_Key__c": "k"})
    assert orphan.json()[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    lead = site.lead()
    made = site.send("POST", "/sobjects/MQL__c", json={"External_Key__c": "k", "Lead__c": lead}).json()["id"]
    path = f"/sobjects/MQL__c/{made}"
    bare = site.send("PATCH", path, json={"Status__c": "Rejected"})
    assert bare.json()[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert (
        site.send("PATCH", path, json={"Status__c": "Rejected", "Closed_As__c": "expired"}).status_code == 204
    )


def test_a_unique_key_is_taken_once(site: Site) -> None:
    lead = site.lead()
    first = site.send("POST", "/sobjects/MQL__c", json={"External_Key__c": "k", "Lead__c": lead}).json()["id"]
    (error,) = site.send("POST", "/sobjects/MQL__c", json={"External_Key__c": "K", "Lead__c": lead}).json()
    assert error["errorCode"] == "DUPLICATE_VALUE"
    assert first[:15] in error["message"]


def test_a_converted_lead_is_never_written_again(site: Site) -> None:
    rep = site.user("Rita Rep")
    lead = site.lead(LastName="Ada", Email="ada@example.com", OwnerId=rep)
    done = site.org.convert_lead(lead, by=rep)
    row = site.send("GET", f"/sobjects/Lead/{lead}").json()
    assert row["IsConverted"] is True
    assert row["Status"] == "Qualified"
    assert row["ConvertedDate"] == "2026-03-02"
    assert (row["ConvertedAccountId"], row["ConvertedContactId"]) == (done.account_id, done.contact_id)
    refused = site.send("PATCH", f"/sobjects/Lead/{lead}", json={"Title": "CEO"})
    assert refused.json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    contact = site.org.get("Contact", done.contact_id)
    assert contact is not None
    assert (contact["Email"], contact["OwnerId"]) == ("ada@example.com", rep)
    fields = site.found(f"SELECT Field FROM LeadHistory WHERE LeadId = '{lead}' ORDER BY Id")
    assert fields == ["created", "Status", "leadConverted"]


def test_a_queue_cannot_convert(site: Site) -> None:
    lead = site.lead(OwnerId=site.queue("MQL Queue", "Lead"))
    rep = site.user("Rita Rep")
    with pytest.raises(Exception, match="owned by a queue"):
        site.org.convert_lead(lead, by=rep)
    assert site.org.find("Account") == []
    site.org.convert_lead(lead, by=rep, owner_id=rep)
    assert site.org.find("Account")[0]["OwnerId"] == rep


def test_history_keeps_status_and_both_rows_of_an_owner(site: Site) -> None:
    rep = site.user("Rita Rep")
    lead = site.lead()
    site.send("PATCH", f"/sobjects/Lead/{lead}", json={"OwnerId": rep, "Status": "Working", "Title": "CEO"})
    rows = site.query(
        f"SELECT Field, OldValue, NewValue, CreatedBy.Name FROM LeadHistory WHERE LeadId = '{lead}'"
    )
    marketo = site.org.user_named("Marketo Sync")
    assert [(r["Field"], r["OldValue"], r["NewValue"]) for r in rows["records"]] == [
        ("created", None, None),
        ("Status", "Open", "Working"),
        ("Owner", marketo, rep),
        ("Owner", "Marketo Sync", "Rita Rep"),
    ]
    assert rows["records"][1]["CreatedBy"]["Name"] == "Mqlflow Integration"


def test_mql_status_has_a_history_of_its_own(site: Site) -> None:
    by = site.org.user_named("Marketo Sync")
    mql = site.org.insert("MQL__c", {"Lead__c": site.lead()}, by=by)
    site.org.update("MQL__c", mql, {"Status__c": "Working"}, by=by)
    rows = site.query("SELECT ParentId, Field, NewValue FROM MQL__History ORDER BY Id")["records"]
    assert [(r["ParentId"], r["Field"], r["NewValue"]) for r in rows] == [
        (mql, "created", None),
        (mql, "Status__c", "Working"),
    ]


def test_a_task_moves_only_the_system_stamp_of_its_person(site: Site) -> None:
    lead = site.lead()
    site.later(hours=1)
    site.send("POST", "/sobjects/Task", json={"WhoId": lead, "Subject": "Call", "Status": "Completed"})
    row = site.org.get("Lead", lead)
    assert row is not None
    assert row["LastModifiedDate"] == "2026-03-02T09:00:00.000+0000"
    assert row["SystemModstamp"] == "2026-03-02T10:00:00.000+0000"
    assert row["LastActivityDate"] == "2026-03-02"
    (task,) = site.query("SELECT Who.Name, Who.Type, IsClosed FROM Task")["records"]
    assert (task["Who"]["Type"], task["IsClosed"]) == ("Lead", True)


def test_get_updated_and_get_deleted_tell_ids_and_up_to_when(site: Site) -> None:
    site.later(minutes=10)
    kept, gone = site.lead(), site.lead()
    site.org.delete("Lead", gone, by=site.org.user_named("Marketo Sync"))
    site.later(minutes=10)
    window = {"start": "2026-03-02T09:05:30+00:00", "end": "2026-03-02T09:15:59+00:00"}
    updated = site.send("GET", "/sobjects/Lead/updated/", params=window).json()
    assert updated == {"ids": [kept], "latestDateCovered": "2026-03-02T09:15:00.000+0000"}
    deleted = site.send("GET", "/sobjects/Lead/deleted", params=window).json()
    assert deleted["deletedRecords"] == [{"id": gone, "deletedDate": "2026-03-02T09:10:00.000+0000"}]
    assert set(deleted) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    old = {"start": "2026-01-01T00:00:00+00:00", "end": "2026-03-02T00:00:00+00:00"}
    assert (
        site.send("GET", "/sobjects/Lead/updated", params=old).json()[0]["errorCode"]
        == "INVALID_REPLICATION_DATE"
    )


def test_describe_tells_types_lengths_targets_and_what_is_writable(site: Site) -> None:
    described = site.send("GET", "/sobjects/Lead/describe").json()
    fields = {f["name"]: f for f in described["fields"]}
    assert (described["keyPrefix"], described["custom"], described["createable"]) == ("00Q", False, True)
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert fields["OwnerId"]["polymorphicForeignKey"] is True
    assert (fields["IsConverted"]["createable"], fields["IsConverted"]["updateable"]) == (True, False)
    assert (fields["LastName"]["length"], fields["LastName"]["nillable"]) == (80, False)
    assert fields["Description"]["filterable"] is False
    key = fields["MQL_External_Key__c"]
    assert (key["externalId"], key["unique"], key["idLookup"], key["custom"]) == (True, True, True, True)
    assert [v["value"] for v in fields["Status"]["picklistValues"]][:2] == ["Open", "Nurturing"]
    assert fields["Status"]["restrictedPicklist"] is True
    assert site.send("GET", "/sobjects/Nope/describe").json()[0]["errorCode"] == "NOT_FOUND"
    names = {o["name"] for o in site.send("GET", "/sobjects").json()["sobjects"]}
    assert {"Lead", "MQL__c", "LeadHistory", "AssignmentRule", "GroupMember"} <= names


def test_an_unchanged_description_is_304(site: Site) -> None:
    first = site.send("GET", "/sobjects/Lead/describe")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    again = site.send("GET", "/sobjects/Lead/describe", headers=since)
    assert (again.status_code, again.content) == (304, b"")


def test_hostile_texts_come_back_as_they_went_in(site: Site) -> None:
    for text in (
        "'; DROP TABLE Lead; --",
        "\u202eright to left",
        "é\u0301🧨",
        "<script>",
        "line\nbreak\u2028",
        "\x01",
    ):
        lead = site.send("POST", "/sobjects/Lead", json={"LastName": text, "Company": "x"}).json()["id"]
        assert site.send("GET", f"/sobjects/Lead/{lead}").json()["LastName"] == text
    half = site.send("POST", "/sobjects/Lead", data=b'{"LastName": "\\ud800", "Company": "x"}')
    assert (half.status_code, half.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_set_up_objects_can_be_read_and_not_written(site: Site) -> None:
    assert site.found("SELECT MasterLabel FROM LeadStatus WHERE IsConverted = TRUE") == ["Qualified"]
    assert site.found("SELECT Name FROM AssignmentRule WHERE Active = TRUE AND SobjectType = 'Lead'") == [
        "Standard lead rule"
    ]
    refused = site.send("POST", "/sobjects/LeadStatus", json={"MasterLabel": "x"})
    assert refused.json()[0]["errorCode"] == "CANNOT_INSERT_ENTITY"


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the list of naughty strings is not beside the repository")
def test_every_naughty_string_comes_back_as_it_went_in_and_can_be_searched(site: Site) -> None:
    strings = [s for s in json.loads(NAUGHTY.read_text()) if s and len(s) <= 255]
    for start in range(0, len(strings), 200):
        part = strings[start : start + 200]
        records = [{"attributes": {"type": "Lead"}, "LastName": "x", "Company": text} for text in part]
        made = site.send("POST", "/composite/sobjects", json={"records": records}).json()
        assert all(result["success"] for result in made)
        body = {"ids": [result["id"] for result in made], "fields": ["Company"]}
        read = site.send("POST", "/composite/sobjects/Lead", json=body).json()
        assert [record["Company"] for record in read] == part
    for text in strings:
        quoted = text.replace("\\", "\\\\").replace("'", "\\'")
        assert text in site.found(f"SELECT Company FROM Lead WHERE Company = '{quoted}'")
