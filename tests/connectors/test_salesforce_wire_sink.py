"""Pushing into an org over HTTP: one outcome per record, the owner that we set stays, nothing is done twice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from connectors.errors import Misconfigured, QuotaExhausted, RequestRefused, Unavailable
from connectors.ports import Outcome, RecordChange, Sink
from tests.connectors.salesforce_org import Naps, Site, connected, served, settings

MQL_AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
RULE_OWNER = "Default Lead Owner"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def change(native_id: str, **values: Any) -> RecordChange:
    return RecordChange(values, native_id=native_id)


def cycle(key: str, **values: Any) -> RecordChange:
    return RecordChange(values, external_key=key)


def states(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.state, outcome.code) for outcome in outcomes]


def test_a_handover_sets_status_owner_and_stamps(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    values = {"status": "Marketing Qualified", "owner_id": rep, "stage": "mql", "first_mql_at": MQL_AT}
    with connected(site) as connection:
        sink: Sink = connection.sink
        (outcome,) = sink.write("lead", [change(lead, **values)])
    assert outcome == Outcome(lead, "applied", native_id=lead)
    stored = site.get("Lead", lead)
    assert (stored["Status"], stored["OwnerId"], stored["MQL_Stage__c"]) == (
        "Marketing Qualified",
        rep,
        "mql",
    )
    assert stored["First_MQL_Date__c"] == "2026-03-02T08:30:00.000+0000"


def test_without_the_header_the_orgs_rule_would_take_the_lead(site: Site) -> None:
    """What the header is for: the same write by a client that does not send it."""
    rep, lead = site.user("Rita Rep"), site.lead()
    with connected(site) as connection:
        token = connection.client.token.value
        body = {"records": [{"attributes": {"type": "Lead"}, "Id": lead, "OwnerId": rep}]}
        path = "/services/data/v66.0/composite/sobjects"
        requests.patch(site.url + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        assert site.get("Lead", lead)["OwnerId"] == site.org.user_named(RULE_OWNER)
        connection.sink.write("lead", [change(lead, owner_id=rep)])
        assert site.get("Lead", lead)["OwnerId"] == rep


@pytest.mark.parametrize(
    "fault", ["session_expired", "drop_before", "drop_after", "concurrent_limit", "lock_row"]
)
def test_the_owner_that_we_set_stays_through_every_kind_of_retry(site: Site, fault: str) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    with connected(site) as connection:
        connection.sink.write("lead", [change(lead, stage="known")])
        match = {"object": "Lead"} if fault == "lock_row" else {"path": "/composite/sobjects"}
        site.fault(fault, match=match)
        (outcome,) = connection.sink.write("lead", [change(lead, owner_id=rep)])
    assert outcome.state == "applied"
    assert site.world.faults.peek("salesforce", fault) == []
    assert site.get("Lead", lead)["OwnerId"] == rep


def test_leads_that_we_create_or_write_in_bulk_keep_their_owner_too(site: Site) -> None:
    rep, leads = site.user("Rita Rep"), site.leads(40)
    with connected(site, bulk_above=10) as connection:
        outcomes = connection.sink.write("lead", [change(lead, owner_id=rep) for lead in leads])
        new = RecordChange({"last_name": "New", "company": "Acme", "owner_id": rep}, external_key="p-1")
        (created,) = connection.sink.create("lead", [new])
    assert {outcome.state for outcome in outcomes} == {"applied"}
    assert site.calls()["by_endpoint"]["POST /jobs/ingest"] == 1
    assert created.native_id is not None
    assert {site.get("Lead", lead)["OwnerId"] for lead in (*leads, created.native_id)} == {rep}


@pytest.mark.parametrize("bulk_above", [2_000, 1], ids=["collections", "bulk"])
def test_the_hand_over_write_of_crm_rules_runs_the_orgs_own_rule(site: Site, bulk_above: int) -> None:
    rep = site.user("Rita Rep")
    leads = [site.lead(f"Lead {i}", OwnerId=rep) for i in range(2)]
    with connected(site, bulk_above=bulk_above) as connection:
        changes = [change(lead, status="Marketing Qualified") for lead in leads]
        outcomes = connection.sink.write("lead", changes, crm_rules=True)
    assert {outcome.state for outcome in outcomes} == {"applied"}
    assert {site.get("Lead", lead)["OwnerId"] for lead in leads} == {site.org.user_named(RULE_OWNER)}


def test_crm_rules_without_an_active_rule_is_a_misconfiguration(site: Site) -> None:
    lead = site.lead()
    (rule,) = site.org.find("AssignmentRule")
    with site.world.lock:
        site.org.store.connection.execute(
            'UPDATE "AssignmentRule" SET "Active" = 0 WHERE "Id" = ?', [rule["Id"]]
        )
    with connected(site) as connection, pytest.raises(Misconfigured, match="no active lead assignment rule"):
        connection.sink.write("lead", [change(lead, status="Marketing Qualified")], crm_rules=True)


def test_every_refused_record_has_its_own_outcome_and_the_others_are_written(site: Site) -> None:
    rep, gone = site.user("Rita Rep"), site.user("Gil Gone", IsActive=False)
    free = site.user("Chat Free", UserType="CsnOnly")
    good, converted, deleted, inactive, chatter, long = (site.lead(f"Lead {i}") for i in range(6))
    with site.world.lock:
        site.org.convert_lead(converted, by=rep)
    site.delete("Lead", deleted)
    changes = [
        change(good, owner_id=rep),
        change(converted, owner_id=rep),
        change(deleted, owner_id=rep),
        change(inactive, owner_id=gone),
        change(chatter, owner_id=free),
        change(long, stage="x" * 41),
        change("00Q5f0000009999AAA", stage="mql"),
    ]
    for bulk_above in (2_000, 1):
        with connected(site, bulk_above=bulk_above) as connection:
            outcomes = connection.sink.write("lead", changes)
        assert [outcome.key for outcome in outcomes] == [one.key for one in changes]
        assert [outcome.state for outcome in outcomes] == ["applied", *["rejected"] * 6]
        assert [outcome.code for outcome in outcomes[1:6]] == [
            "CANNOT_UPDATE_CONVERTED_LEAD",
            "ENTITY_IS_DELETED",
            "INACTIVE_OWNER_OR_USER",
            "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
            "STRING_TOO_LONG",
        ]
        assert "xxx" not in outcomes[5].message


def test_a_locked_row_is_tried_again_and_then_deferred_while_the_others_are_written(site: Site) -> None:
    leads = [site.lead(f"Lead {i}") for i in range(3)]
    naps = Naps()
    with connected(site, naps=naps) as connection:
        site.fault("lock_row", times=1, match={"id": leads[1]})
        changes = [change(lead, stage="mql") for lead in leads]
        assert {outcome.state for outcome in connection.sink.write("lead", changes)} == {"applied"}
        site.fault("lock_row", times=99, match={"id": leads[1]})
        outcomes = connection.sink.write("lead", changes)
    assert states(outcomes) == [("applied", ""), ("deferred", "UNABLE_TO_LOCK_ROW"), ("applied", "")]
    assert 1 < sum(naps.slept) < 20


def test_more_than_200_records_take_as_many_calls_as_they_need(site: Site) -> None:
    leads = site.leads(450)
    with connected(site) as connection:
        outcomes = connection.sink.write("lead", [change(lead, stage="known") for lead in leads])
    assert [outcome.key for outcome in outcomes] == leads
    assert {outcome.state for outcome in outcomes} == {"applied"}
    assert site.calls()["by_endpoint"]["PATCH /composite/sobjects"] == 3
    assert site.calls()["total"] == 4  # and one to see whether every field is there


def test_two_changes_of_one_record_are_both_written_in_their_order(site: Site) -> None:
    lead = site.lead()
    with connected(site) as connection:
        outcomes = connection.sink.write("lead", [change(lead, stage="known"), change(lead, stage="mql")])
    assert states(outcomes) == [("applied", ""), ("applied", "")]
    assert site.get("Lead", lead)["MQL_Stage__c"] == "mql"


def test_a_missing_field_is_told_before_anything_is_written(site: Site) -> None:
    lead = site.lead()
    site.fault("missing_field", object="Contact", field="MQL_Status__c")
    site.fault("missing_field", object="MQL__c", field="Grade__c")
    with connected(site) as connection, pytest.raises(Misconfigured) as told:
        connection.sink.write("lead", [change(lead, stage="mql")])
    assert "field MQL_Status__c of Contact is missing" in str(told.value)
    assert "field Grade__c of MQL__c is missing" in str(told.value)
    assert site.get("Lead", lead)["MQL_Stage__c"] is None


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [("http_status", {"status": 503}, Unavailable), ("request_limit", {}, QuotaExhausted)],
)
def test_a_platform_that_fails_before_anything_was_written_raises(
    site: Site, kind: str, options: dict[str, Any], error: type[Exception]
) -> None:
    leads = site.leads(3)
    with connected(site) as connection:
        site.fault(kind, times=99, match={"path": "/composite/sobjects"}, **options)
        with pytest.raises(error):
            connection.sink.write("lead", [change(lead, stage="known") for lead in leads])


def test_what_was_written_before_the_allowance_ran_out_is_told_and_the_rest_deferred(site: Site) -> None:
    leads = site.leads(250)

    def spend_the_allowance(seconds: float) -> None:
        site.fault("request_limit", times=99, match={"path": "/composite/sobjects"})

    with connected(site, sleep=spend_the_allowance) as connection:
        site.fault("lock_row", match={"id": leads[7]})  # so that there is a second round after a pause
        outcomes = connection.sink.write("lead", [change(lead, stage="mql") for lead in leads])
    assert outcomes[7].state == "deferred"
    assert outcomes[7].code == "REQUEST_LIMIT_EXCEEDED"
    assert {outcome.state for outcome in outcomes[:7] + outcomes[8:]} == {"applied"}


def test_an_mql_record_is_created_once_and_updated_after(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    values = {
        "lead_id": lead,
        "status": "Open",
        "kind": "mql",
        "owner_id": rep,
        "mql_at": MQL_AT,
        "score": 72,
        "lines": '{"engagement": [1, 2]}',
    }
    with connected(site) as connection:
        site.fault("drop_after", match={"path": "/composite/sobjects/MQL__c"})
        (created,) = connection.sink.write("mql_record", [cycle("c-1", **values)])
        (updated,) = connection.sink.write("mql_record", [cycle("c-1", status="Working", accepted_at=MQL_AT)])
    (record,) = site.org.find("MQL__c")
    assert (created.state, updated.state) == ("applied", "applied")
    assert created.native_id == updated.native_id == record["Id"]
    assert (record["Status__c"], record["Total_Score__c"], record["OwnerId"]) == ("Working", 72, rep)
    assert record["MQL_At__c"] == "2026-03-02T08:30:00.000+0000"


def test_mql_records_in_bulk_are_joined_on_their_key(site: Site) -> None:
    leads = site.leads(30)
    changes = [cycle(f"c-{i}", lead_id=lead, status="Open", score=None) for i, lead in enumerate(leads)]
    changes[7] = cycle("c-7", status="Open")  # of nobody: the org's validation rule refuses it
    with connected(site, bulk_above=10) as connection:
        outcomes = connection.sink.write("mql_record", changes)
    stored = {record["External_Key__c"]: record["Id"] for record in site.org.find("MQL__c")}
    assert [outcome.native_id for outcome in outcomes] == [stored.get(f"c-{i}") for i in range(30)]
    assert outcomes[7].state == "rejected"
    assert outcomes[7].code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


HOSTILE = [
    *(
        "a\rb",
        "a\r\nb",
        "a\nb",
        'he said "no", twice',
        " ' \\ ",
        "=1+1",
        "#N/A.",
        "tab\there",
        "a;b|c^d`e",
        "TRUE",
    ),
    *("line\u2028end", "next\u0085line", "\ufeffmark", "😀 é", "\x00\x07", "%0A", "-0"),
]


@pytest.mark.parametrize("bulk_above", [2_000, 1], ids=["collections", "bulk"])
def test_hostile_texts_are_written_as_they_are(site: Site, bulk_above: int) -> None:
    lead = site.lead()
    changes = [
        cycle(f"c-{i}", lead_id=lead, summary=text, campaign_name=text) for i, text in enumerate(HOSTILE)
    ]
    with connected(site, bulk_above=bulk_above) as connection:
        outcomes = connection.sink.write("mql_record", changes)
    assert {outcome.state for outcome in outcomes} == {"applied"}
    stored = {record["External_Key__c"]: record for record in site.org.find("MQL__c")}
    assert [stored[f"c-{i}"]["Summary__c"] for i in range(len(HOSTILE))] == HOSTILE
    assert [stored[f"c-{i}"]["Campaign_Name__c"] for i in range(len(HOSTILE))] == HOSTILE


def test_null_empties_a_field_in_collections_and_in_bulk(site: Site) -> None:
    for bulk_above in (2_000, 1):
        first, second = (site.lead(f"Lead {i}", MQL_Stage__c="mql") for i in range(2))
        with connected(site, bulk_above=bulk_above) as connection:
            changes = [change(first, stage=None), change(second, status="Working")]
            connection.sink.write("lead", changes)
        assert site.get("Lead", first)["MQL_Stage__c"] is None
        assert site.get("Lead", second)["MQL_Stage__c"] == "mql"
        assert site.get("Lead", first)["Status"] == "Open"


def test_a_bulk_job_that_fails_half_way_tells_which_records_were_written(site: Site) -> None:
    leads = site.leads(20)
    with connected(site, bulk_above=10) as connection:
        site.fault("bulk_fail", after=5)
        outcomes = connection.sink.write("lead", [change(lead, stage="mql") for lead in leads])
        assert [outcome.state for outcome in outcomes] == ["applied"] * 5 + ["deferred"] * 15
        site.fault("bulk_fail")
        with pytest.raises(Unavailable):
            connection.sink.write("lead", [change(lead, stage="sal") for lead in leads])


@pytest.mark.parametrize("path", ["/batches", "/jobs/ingest/75"])
def test_a_bulk_step_whose_answer_was_lost_does_not_stop_the_job(site: Site, path: str) -> None:
    leads = site.leads(20)
    with connected(site, bulk_above=10) as connection:
        connection.sink.write("lead", [change(leads[0], stage="known")])
        site.fault("drop_after", match={"path": path})
        outcomes = connection.sink.write("lead", [change(lead, stage="mql") for lead in leads])
    assert {outcome.state for outcome in outcomes} == {"applied"}


def test_a_task_is_created_once_even_if_the_answer_is_lost(site: Site) -> None:
    rep, lead = site.user("Rita Rep"), site.lead()
    task = cycle("c-1", subject="Call Ada", person_native_id=lead, owner_id=rep, due_at=MQL_AT)
    with connected(site) as connection:
        connection.sink.write("lead", [change(lead, stage="mql")])
        site.fault("drop_after", match={"path": "/composite/sobjects", "method": "POST"})
        (created,) = connection.sink.write("task", [task])
        (again,) = connection.sink.write("task", [task])
        (updated,) = connection.sink.write("task", [cycle("c-1", subject="Call Ada now")])
    (stored,) = site.org.find("Task")
    assert [outcome.state for outcome in (created, again, updated)] == ["applied"] * 3
    assert created.native_id == stored["Id"]
    assert (stored["Subject"], stored["ActivityDate"], stored["WhoId"]) == (
        "Call Ada now",
        "2026-03-02",
        lead,
    )


def test_two_changes_for_one_cycle_in_a_batch_make_one_task(site: Site) -> None:
    lead = site.lead()
    with connected(site) as connection:
        tasks = [cycle("c-1", subject="Call", person_native_id=lead)] * 2
        outcomes = connection.sink.write("task", tasks)
    assert [outcome.state for outcome in outcomes] == ["applied", "applied"]
    assert len(site.org.find("Task")) == 1


def test_a_task_that_somebody_deleted_is_not_created_again(site: Site) -> None:
    lead = site.lead()
    with connected(site) as connection:
        task = cycle("c-1", subject="Call", person_native_id=lead)
        (created,) = connection.sink.write("task", [task])
        assert created.native_id is not None
        site.delete("Task", created.native_id)
        (outcome,) = connection.sink.write("task", [task])
    assert (outcome.state, outcome.code) == ("rejected", "ENTITY_IS_DELETED")
    assert site.org.find("Task") == []


def test_a_lead_is_created_once_and_not_written_again_after(site: Site) -> None:
    creation = RecordChange(
        {
            "last_name": "Byron",
            "company": "Acme",
            "email": "ada@example.com",
            "status": "Marketing Qualified",
        },
        external_key="p-1",
    )
    with connected(site) as connection:
        site.fault("drop_after", match={"path": "/composite/sobjects/Lead"})
        (created,) = connection.sink.create("lead", [creation])
        assert created.native_id is not None
        site.update("Lead", created.native_id, Status="Working")
        (again,) = connection.sink.create("lead", [creation])
    (stored,) = site.org.find("Lead")
    assert (created.state, again.state, again.native_id) == ("applied", "applied", stored["Id"])
    assert (stored["Status"], stored["MQL_External_Key__c"]) == ("Working", "p-1")


def test_a_creation_that_lacks_what_the_crm_needs_is_refused_here(site: Site) -> None:
    lacking = RecordChange({"last_name": "Byron", "company": " "}, external_key="p-1")
    with connected(site) as connection:
        (outcome,) = connection.sink.create("lead", [lacking])
        with pytest.raises(RequestRefused):
            connection.sink.create("contact", [lacking])
    assert (outcome.state, outcome.code, outcome.message) == (
        "rejected",
        "REQUIRED_FIELD_MISSING",
        "the CRM needs company",
    )
    assert site.org.find("Lead") == []


def test_a_long_title_does_not_cost_the_lead_and_an_address_is_never_cut(site: Site) -> None:
    """Marketo holds 255 characters where a lead's title has 128."""
    values = {"last_name": "Byron", "company": "Acme", "title": "T" * 200, "first_name": "A" * 50}
    long_address = {**values, "email": f"{'a' * 80}@example.com"}
    with connected(site) as connection:
        made, refused = connection.sink.create(
            "lead",
            [RecordChange(values, external_key="p-1"), RecordChange(long_address, external_key="p-2")],
        )
    (lead,) = site.org.find("Lead")
    assert (made.state, lead["Title"], lead["FirstName"]) == ("applied", "T" * 128, "A" * 40)
    assert (refused.state, refused.code) == ("rejected", "STRING_TOO_LONG")


def test_a_created_lead_that_was_deleted_or_merged_is_not_created_again(site: Site) -> None:
    keep, gone, merged = site.lead("Keep Me"), site.lead("Gone", MQL_External_Key__c="p-1"), ""
    merged = site.lead("Merged", MQL_External_Key__c="p-2")
    site.delete("Lead", gone)
    site.delete("Lead", merged, merged_into=keep)
    creations = [
        RecordChange({"last_name": "X", "company": "Y"}, external_key=key) for key in ("p-1", "p-2", "p-3")
    ]
    with connected(site) as connection:
        first, second, third = connection.sink.create("lead", creations)
    assert (first.state, first.code) == ("rejected", "ENTITY_IS_DELETED")
    assert (second.state, second.native_id) == ("applied", keep)
    assert third.state == "applied"
    assert len(site.org.find("Lead")) == 2


def test_who_has_an_address_is_found_among_leads_and_contacts_whatever_its_spelling(site: Site) -> None:
    rep = site.user("Rita Rep")
    lead = site.lead(Email="o'neil@example.com", OwnerId=rep)
    contact = site.insert("Contact", LastName="ONeil", Email="O'Neil@Example.com")
    site.delete("Lead", site.lead("Deleted Twin", Email="o'neil@example.com"))
    with site.world.lock:
        site.org.convert_lead(site.lead("Converted Twin", Email="other@example.com"), by=rep)
    with connected(site) as connection:
        found = connection.sink.find(["O'Neil@example.com", "nobody@example.com", "other@example.com", "\\'"])
    assert {(one.email, one.object, one.native_id) for one in found if one.email.startswith("O")} == {
        ("O'Neil@example.com", "lead", lead),
        ("O'Neil@example.com", "contact", contact),
    }
    assert {one.object for one in found if one.email == "other@example.com"} == {"contact"}
    (told,) = [one for one in found if one.native_id == lead]
    assert (told.owner_id, told.details["status"]) == (rep, "Open")


def test_finding_a_thousand_addresses_takes_few_calls(site: Site) -> None:
    site.leads(1_000)
    with connected(site) as connection:
        found = connection.sink.find([f"person{i}@example.com" for i in range(1_000)])
    assert len(found) == 1_000
    assert site.calls()["total"] <= 6


def test_the_present_values_are_read_in_the_form_in_which_ours_are_compared(site: Site) -> None:
    gone, rep = site.user("Gil Gone"), site.user("Rita Rep")
    queue = site.queue("MQL Queue", rep)
    of_gone, of_queue, of_rep = (site.lead(f"L {i}", OwnerId=o) for i, o in enumerate((gone, queue, rep)))
    site.update("User", gone, IsActive=False)
    deleted = site.lead("Deleted")
    site.delete("Lead", deleted)
    fields = ["status", "owner_is_active", "first_mql_at", "unsubscribed"]
    with connected(site) as connection:
        connection.sink.write("lead", [change(of_rep, first_mql_at=MQL_AT)])
        site.reset_calls()
        read = connection.sink.read("lead", [of_gone, of_queue, of_rep, deleted, "nonsense"], fields)
        assert site.calls()["total"] == 2
    assert set(read) == {of_gone, of_queue, of_rep}
    assert [read[lead]["owner_is_active"] for lead in (of_gone, of_queue, of_rep)] == [
        "false",
        "true",
        "true",
    ]
    assert read[of_rep] == {
        "status": "Open",
        "owner_id": rep,
        "owner_is_active": "true",
        "first_mql_at": "2026-03-02T08:30:00Z",
        "unsubscribed": "false",
    }


def test_mql_records_and_tasks_are_read_by_their_cycle(site: Site) -> None:
    lead = site.lead()
    with connected(site) as connection:
        (mql,) = connection.sink.write("mql_record", [cycle("c-1", lead_id=lead, status="Open", score=72)])
        connection.sink.write("task", [cycle("c-1", subject="Call", person_native_id=lead)])
        records = connection.sink.read("mql_record", ["c-1", "c-2"], ["native_id", "status", "score"])
        tasks = connection.sink.read("task", ["c-1"], ["subject", "is_deleted"])
    assert records == {"c-1": {"native_id": mql.native_id, "status": "Open", "score": "72"}}
    assert tasks == {"c-1": {"subject": "Call", "is_deleted": "false"}}


def test_an_mql_record_that_was_deleted_is_gone(site: Site) -> None:
    with connected(site) as connection:
        (mql,) = connection.sink.write("mql_record", [cycle("c-1", lead_id=site.lead(), status="Open")])
        assert mql.native_id is not None
        site.delete("MQL__c", mql.native_id)
        assert connection.sink.read("mql_record", ["c-1"], ["status"]) == {}


def test_whether_a_new_owner_is_active_can_be_asked_of_the_user(site: Site) -> None:
    rep, gone = site.user("Rita Rep"), site.user("Gil Gone", IsActive=False)
    with connected(site) as connection:
        read = connection.sink.read("user", [rep, gone], ["is_active", "name"])
    assert read == {
        rep: {"is_active": "true", "name": "Rita Rep"},
        gone: {"is_active": "false", "name": "Gil Gone"},
    }


def test_text_of_every_kind_is_written_and_read_back_unchanged(site: Site) -> None:
    texts = ['O\'Neil \\ "x"', "line one\nline two", "comma, semicolon; tab\t.", "日本語 ✓", "=1+1", "#N/A?"]
    keys = [f"c-{i}" for i in range(len(texts))]
    lead = site.lead()
    for bulk_above in (2_000, 1):
        with connected(site, bulk_above=bulk_above) as connection:
            changes = [cycle(key, lead_id=lead, summary=text) for key, text in zip(keys, texts, strict=True)]
            assert {o.state for o in connection.sink.write("mql_record", changes)} == {"applied"}
            read = connection.sink.read("mql_record", keys, ["summary"])
        assert [read[key]["summary"] for key in keys] == texts


def test_a_playbook_without_a_field_for_the_cycle_key_makes_no_tasks(site: Site) -> None:
    without = settings().model_copy(update={"task": {}})
    with (
        connected(site, settings=without) as connection,
        pytest.raises(Misconfigured, match=r"task\.cycle_key"),
    ):
        connection.sink.write("task", [cycle("c-1", subject="Call")])
