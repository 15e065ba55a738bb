"""What `doctor` is told about an org."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from connectors.ports import Finding
from connectors.salesforce import ClientCredentials
from schemas.playbook.platforms import StatusRow
from simulator.credentials import SALESFORCE
from tests.connectors.salesforce_org import Site, connected, served, settings


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


def examined(site: Site, **options: object) -> dict[str, Finding]:
    """Findings by check; several of one check are joined under numbered names."""
    with connected(site, **options) as connection:
        findings = connection.source.examine()
    named: dict[str, Finding] = {}
    for finding in findings:
        name = finding.check if finding.check not in named else f"{finding.check} {len(named)}"
        named[name] = finding
        assert finding.ok == (not finding.mend), finding
    return named


def test_an_org_with_everything_deployed_has_nothing_to_mend(site: Site) -> None:
    site.queue("MQL Queue")
    found = examined(site)
    assert [finding for finding in found.values() if not finding.ok] == []
    assert site.org.organization_id in found["connection"].detail
    assert "Mqlflow Integration" in found["integration user"].detail
    assert "used in 24 hours" in found["API calls"].detail


def test_examining_changes_nothing(site: Site) -> None:
    before = site.org.store.connection.total_changes
    examined(site)
    assert site.org.store.connection.total_changes == before


def test_every_missing_field_and_object_is_named_with_its_cure(site: Site) -> None:
    site.fault("missing_field", object="Lead", field="MQL_Stage__c")
    site.fault("missing_field", object="Account", field="Target_Account__c")
    site.fault("missing_object", object="MQL__c")
    found = [finding for name, finding in examined(site).items() if name.startswith("missing")]
    assert [finding.detail for finding in found] == [
        "field MQL_Stage__c of Lead, which the playbook names as lead.stage",
        "object MQL__c, which the playbook names as mql_record",
        "field Target_Account__c of Account, which the playbook names as account.is_target",
    ]
    assert all("deploy connectors/salesforce/metadata" in finding.mend for finding in found)


@pytest.mark.parametrize("sobject", ["Campaign", "CampaignMember", "OpportunityContactRole"])
def test_an_object_of_a_stream_that_cannot_be_read_is_told(site: Site, sobject: str) -> None:
    """Of an object that a user may not read the API speaks as of one that is not there."""
    site.fault("missing_object", object=sobject)
    (found,) = [finding for finding in examined(site).values() if not finding.ok]
    assert (found.check, found.detail) == (f"permission on {sobject}", "can't be read")
    assert "permission set Mqlflow" in found.mend


def test_a_field_of_the_playbook_that_no_org_has_is_told_with_where_to_correct_it(site: Site) -> None:
    lead = {**settings().lead, "title": "Titel", "website": "Web__c", "company": "Owner.Name"}
    found = examined(site, settings=settings().model_copy(update={"lead": lead}))
    missing = {finding.detail.split(" ")[1]: finding.mend for finding in found.values() if not finding.ok}
    assert set(missing) == {"Titel", "Web__c"}
    assert "correct or remove the line in playbook/platforms.yaml" in missing["Titel"]
    assert "Setup → Object Manager → Lead" in missing["Web__c"]


def test_status_words_that_the_org_does_not_have_are_told_with_those_that_it_has(site: Site) -> None:
    rows = [
        StatusRow(stage="mql", meaning="handed_over", lead=["Hot"], contact=["Any"], mql_record=["Fresh"])
    ]
    found = examined(site, statuses=rows)
    assert found["status words of Lead"].detail == "the org has no Hot"
    assert "Marketing Qualified" in found["status words of Lead"].mend
    assert found["status words of MQL__c"].detail == "the org has no Fresh"
    assert found["status words of Contact"].ok  # a text field takes any word


def test_owners_of_many_leads_who_are_no_reps_are_proposed_as_placeholders(site: Site) -> None:
    rep, gone = site.user("Rita Rep"), site.user("Gil Gone")
    queue = site.queue("Junk Queue")
    sync = site.org.user_named("Marketo Sync")
    for owner, number in ((rep, 30), (gone, 30), (queue, 5), (sync, 40)):
        for i in range(number):
            site.lead(f"Lead {i}", OwnerId=owner)
    site.update("User", gone, IsActive=False)
    detail = examined(site)["placeholder owners"].detail
    assert "Marketo Sync (40 open leads)" in detail
    assert "Rita" not in detail
    assert "Gil" not in detail
    assert "5 open leads belong to queues" in detail


def test_an_active_assignment_rule_makes_it_advise_decide_only(site: Site) -> None:
    assert "decide_only" in examined(site)["lead assignment rule"].detail
    with site.world.lock:
        site.org.store.connection.execute('UPDATE "AssignmentRule" SET "Active" = 0')
    assert examined(site)["lead assignment rule"].detail == "none is active"


def test_a_queue_that_can_own_leads_only_is_told(site: Site) -> None:
    queue = site.insert("Group", Name="Half Queue", Type="Queue")
    site.insert("QueueSobject", QueueId=queue, SobjectType="Lead")
    assert "Half Queue" in examined(site)["queues"].detail


def test_a_playbook_without_a_cycle_key_for_tasks_is_told(site: Site) -> None:
    found = examined(site, settings=settings().model_copy(update={"task": {}}))
    assert "salesforce.task.cycle_key" in found["tasks"].mend


def test_an_api_version_that_is_not_offered_is_told(site: Site) -> None:
    (told,) = examined(site, settings=settings().model_copy(update={"api_version": "99.0"})).values()
    assert told.detail == "99.0 is not offered"
    assert "set salesforce.api_version in playbook/platforms.yaml" in told.mend


def test_wrong_credentials_are_one_finding_and_nothing_else_is_asked(site: Site) -> None:
    wrong = ClientCredentials(SALESFORCE.client_id, SecretStr("nope"))
    found = examined(site, credentials=wrong)
    assert list(found) == ["API version", "connection"]
    assert "client id and secret" in found["connection"].detail
    assert site.calls()["total"] == 1


def test_one_check_that_fails_leaves_the_others(site: Site) -> None:
    site.fault("http_status", times=99, status=500, match={"path": "/limits"})
    found = examined(site)
    assert not found["API calls"].ok
    assert found["placeholder owners"].ok
