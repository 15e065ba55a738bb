"""What `doctor` learns of a subscription, and how connections are refused before any is made."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from connectors.errors import AccessDenied, Misconfigured
from connectors.marketo import Credentials, connect
from connectors.marketo.auth import base_url
from connectors.ports import Finding
from schemas.playbook.platforms import Handover
from simulator.credentials import MARKETO
from tests.connectors.marketo_subscription import SETTINGS, Subscription, connected, subscription


@pytest.fixture
def marketo() -> Iterator[Subscription]:
    with subscription() as opened:
        yield opened


def faults(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings if not finding.ok}


def test_a_well_made_subscription_has_no_faults_and_is_not_changed(marketo: Subscription) -> None:
    findings = list(marketo.connection.source.examine())
    assert faults(findings) == {}
    assert any("filtered by change" in finding.detail for finding in findings)
    assert "mqlflow@" not in " ".join(finding.detail for finding in findings)


def test_a_missing_field_is_named_with_the_way_to_create_it(marketo: Subscription) -> None:
    marketo.site.fault("missing_field", field="mqlScore")
    marketo.site.fault("missing_field", field="mqlLastDate")
    found = faults(list(marketo.connection.source.examine()))
    assert set(found) == {"lead field mqlScore", "lead field mqlLastDate"}
    assert "type Integer" in found["lead field mqlScore"].mend
    assert "type Datetime" in found["lead field mqlLastDate"].mend


def test_fields_that_native_sync_owns_or_nobody_may_update_are_told(marketo: Subscription) -> None:
    settings = SETTINGS.model_copy(update={"writes": ["score", "status", "crm_lead_id"]})
    connection = connected(marketo.site, marketo.naps, settings)
    found = faults(list(connection.source.examine()))
    assert set(found) == {"lead field leadStatus", "lead field sfdcLeadId"}
    assert "marketo.writes" in found["lead field leadStatus"].mend
    connection.close()


def test_a_campaign_that_is_absent_is_told_where_it_is_needed(marketo: Subscription) -> None:
    absent = Handover(campaign="No such campaign")
    for handover, expected in (
        (absent, {"hand-over campaign"}),
        (absent.model_copy(update={"create": "crm"}), set()),
    ):
        connection = connected(marketo.site, marketo.naps, handover=handover)
        assert set(faults(list(connection.source.examine()))) == expected
        connection.close()


def test_a_missing_permission_is_told_and_the_other_questions_are_asked(marketo: Subscription) -> None:
    marketo.site.fault("code", code="603", message="Access denied", match={"path": "activities/types"})
    found = faults(list(marketo.connection.source.examine()))
    assert set(found) == {"activity types"}
    assert "Read-Only Activity" in found["activity types"].mend


def test_a_subscription_without_the_change_filter_is_no_fault(marketo: Subscription) -> None:
    marketo.site.fault(
        "code", code="1035", message="Unsupported filter type", match={"path": "leads/export/create"}
    )
    findings = list(marketo.connection.source.examine())
    assert faults(findings) == {}


def test_wrong_credentials_are_one_clear_finding(marketo: Subscription) -> None:
    wrong = connect(marketo.site.url, Credentials(MARKETO.client_id, SecretStr("not the secret")), SETTINGS)
    [finding] = wrong.source.examine()
    assert not finding.ok
    assert "CLIENT_SECRET" in finding.mend
    with pytest.raises(AccessDenied) as refused:
        wrong.source.server_time()
    assert "not the secret" not in str(refused.value)
    wrong.close()


def test_usage_that_may_not_be_read_is_no_obstacle(marketo: Subscription) -> None:
    marketo.site.fault("code", code="603", message="Access denied", match={"path": "usage"})
    assert marketo.connection.source.server_time() == marketo.site.world.clock.now()
    assert marketo.connection.source.usage() is None


@pytest.mark.parametrize(
    "url",
    [
        "https://123-ABC-456.mktorest.com",
        "https://123-ABC-456.mktorest.com/rest",
        "https://123-ABC-456.mktorest.com/rest/",
        "https://123-ABC-456.mktorest.com/identity",
    ],
)
def test_every_form_in_which_the_endpoint_is_shown_is_taken(url: str) -> None:
    assert base_url(url) == "https://123-ABC-456.mktorest.com"
    made = connect(url, Credentials("id", SecretStr("secret")), SETTINGS)
    assert made.source.binding() == "123-ABC-456"


@pytest.mark.parametrize("url", ["http://123-ABC-456.mktorest.com/rest", "ftp://host", "nonsense"])
def test_an_address_that_would_show_the_token_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured):
        connect(url, Credentials("id", SecretStr("secret")), SETTINGS)
