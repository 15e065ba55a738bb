"""Writing to the simulated subscription over HTTP: one outcome per record, whatever happens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AccessDenied, Misconfigured, RequestRefused, Unavailable
from connectors.marketo.api import Api
from connectors.ports import RecordChange, Sink, Source
from schemas.playbook.platforms import Handover
from schemas.vocabulary import Stream
from simulator.marketo.changes import LeadChange
from tests.connectors.marketo_subscription import (
    FIELDS,
    SETTINGS,
    Subscription,
    connected,
    person,
    subscription,
)


@pytest.fixture
def marketo() -> Iterator[Subscription]:
    with subscription() as opened:
        yield opened


def change(lead: int | str, **values: object) -> RecordChange:
    return RecordChange(values or {"score": 50}, native_id=str(lead))


def test_the_connection_offers_both_ports(marketo: Subscription) -> None:
    source: Source = marketo.connection.source
    sink: Sink = marketo.connection.sink
    assert source.platform is sink.platform


def test_values_written_are_the_values_read_back(marketo: Subscription) -> None:
    lead = person(marketo.site)
    when = datetime(2026, 3, 1, 8, 30, 15, tzinfo=UTC)
    written = {"score": 71, "grade": "A1", "stage": "mql", "last_mql_at": when}
    [outcome] = marketo.connection.sink.write("person", [change(lead, **written)])
    assert outcome.state == "applied"
    shown = marketo.connection.sink.read("person", [str(lead), "999999"], [*written, "last_name"])
    assert shown == {
        str(lead): {
            "score": "71",
            "grade": "A1",
            "stage": "mql",
            "last_mql_at": "2026-03-01T08:30:15Z",
            "last_name": "Person 1",
        }
    }
    marketo.connection.sink.write("person", [change(lead, last_mql_at=None)])
    assert (
        marketo.connection.sink.read("person", [str(lead)], ["last_mql_at"])[str(lead)]["last_mql_at"] is None
    )


def test_outcomes_stand_in_the_order_of_the_changes_over_all_batches(marketo: Subscription) -> None:
    leads = [person(marketo.site, number) for number in range(310)]
    changes = [change(lead, score=number % 100) for number, lead in enumerate(leads)]
    changes[5] = change(99_999_999, score=1)
    marketo.calls()
    outcomes = marketo.connection.sink.write("person", changes)
    assert marketo.calls() == 3  # describe2 and two batches of at most 300
    assert [outcome.key for outcome in outcomes] == [change.key for change in changes]
    assert [place for place, outcome in enumerate(outcomes) if outcome.state != "applied"] == [5]
    assert (outcomes[5].state, outcomes[5].code) == ("rejected", "1004")


def test_two_changes_of_one_person_go_in_two_calls(marketo: Subscription) -> None:
    lead, other = person(marketo.site, 1), person(marketo.site, 2)
    changes = [change(lead, score=1), change(other, score=2), change(lead, score=3, grade="B1")]
    assert [outcome.state for outcome in marketo.connection.sink.write("person", changes)] == ["applied"] * 3
    assert marketo.site.instance.get_lead(lead)["mqlScore"] == 3  # type: ignore[index]


def test_what_native_sync_owns_is_refused_and_never_sent(marketo: Subscription) -> None:
    lead = person(marketo.site)
    settings = SETTINGS.model_copy(update={"writes": ["score", "status"]})
    connection = connected(marketo.site, marketo.naps, settings)
    outcomes = connection.sink.write("person", [change(lead, status="Working"), change(lead, score=5)])
    assert [(outcome.state, outcome.code) for outcome in outcomes] == [
        ("rejected", "crm_managed"),
        ("applied", ""),
    ]
    assert marketo.site.instance.get_lead(lead)["leadStatus"] is None  # type: ignore[index]
    connection.close()


def test_a_field_that_is_not_ours_is_refused(marketo: Subscription) -> None:
    lead = person(marketo.site)
    [outcome] = marketo.connection.sink.write("person", [change(lead, last_name="Other")])
    assert (outcome.state, outcome.code) == ("rejected", "not_ours")
    assert marketo.site.instance.get_lead(lead)["lastName"] == "Person 1"  # type: ignore[index]


def test_a_missing_custom_field_is_named_before_the_first_write(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.site.fault("missing_field", field="mqlGrade")
    marketo.calls()
    with pytest.raises(Misconfigured, match="mqlGrade"):
        marketo.connection.sink.write("person", [change(lead, grade="A1")])
    assert marketo.calls() == 1


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("1004", "rejected"),
        ("1007", "rejected"),
        ("1001", "rejected"),
        ("1022", "deferred"),
        ("713", "deferred"),
    ],
)
def test_a_refused_record_leaves_the_others_alone(marketo: Subscription, code: str, state: str) -> None:
    leads = [person(marketo.site, number) for number in range(3)]
    marketo.site.fault("record_code", code=code, message="said of p1@acme.example")
    first, *others = marketo.connection.sink.write("person", [change(lead) for lead in leads])
    assert (first.state, first.code) == (state, code)
    assert "acme.example" not in first.message
    assert [outcome.state for outcome in others] == ["applied"] * 2


def test_a_batch_that_times_out_is_halved_until_it_passes(marketo: Subscription) -> None:
    leads = [person(marketo.site, number) for number in range(8)]
    marketo.site.fault("code", code="604", message="Request timed out", times=3, match={"method": "POST"})
    outcomes = marketo.connection.sink.write("person", [change(lead) for lead in leads])
    assert [outcome.state for outcome in outcomes] == ["applied"] * 8
    sent = marketo.connection.client.calls.by_endpoint["POST /rest/v1/leads.json"]
    assert sent == 7  # 8, 4, 2 timed out; then 1, 1, 2 and 4 went through


def test_a_record_that_times_out_alone_waits_for_the_next_run(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.site.fault("code", code="604", message="Request timed out", times=1, match={"method": "POST"})
    [outcome] = marketo.connection.sink.write("person", [change(lead)])
    assert (outcome.state, outcome.code) == ("deferred", "604")


def test_a_write_whose_answer_is_lost_is_sent_again(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.site.fault("drop_after", match={"path": "/rest/v1/leads.json", "method": "POST"})
    [outcome] = marketo.connection.sink.write("person", [change(lead, score=64)])
    assert outcome.state == "applied"
    assert marketo.site.instance.get_lead(lead)["mqlScore"] == 64  # type: ignore[index]


def test_what_was_done_before_the_platform_went_away_is_told(marketo: Subscription) -> None:
    leads = [person(marketo.site, number) for number in range(601)]

    def go_away(change: LeadChange) -> None:
        if change.id == leads[599]:
            marketo.site.fault("http_status", status=503, times=99, match={"method": "POST"})

    marketo.site.instance.on_change.append(go_away)
    outcomes = marketo.connection.sink.write("person", [change(lead, score=9) for lead in leads])
    assert [outcome.state for outcome in outcomes] == ["applied"] * 600 + ["deferred"]
    with pytest.raises(Unavailable):
        marketo.connection.sink.write("person", [change(lead, score=9) for lead in leads])


def test_an_ended_token_in_the_middle_of_a_push_is_renewed(marketo: Subscription) -> None:
    leads = [person(marketo.site, number) for number in range(3)]
    marketo.connection.sink.write("person", [change(leads[0])])
    marketo.site.fault("token_expired", match={"method": "POST"})
    assert [
        outcome.state for outcome in marketo.connection.sink.write("person", [change(lead) for lead in leads])
    ] == ["applied"] * 3
    marketo.site.fault("code", code="603", message="Access denied", times=5, match={"method": "POST"})
    with pytest.raises(AccessDenied):
        marketo.connection.sink.write("person", [change(leads[0])])


def test_requesting_the_sync_campaign_defers_and_the_link_appears_later(marketo: Subscription) -> None:
    asked: list[int] = []
    marketo.site.instance.add_campaign("Hand over", triggerable=True, on_request=asked.extend)
    connection = connected(marketo.site, marketo.naps, handover=Handover(campaign="Hand over"))
    leads = [person(marketo.site, number) for number in range(130)]
    outcomes = connection.sink.create("person", [change(lead) for lead in leads])
    assert {outcome.state for outcome in outcomes} == {"deferred"}
    assert asked == leads
    assert connection.client.calls.requests == 3  # the campaign's id, then at most a hundred people a call
    connection.close()
    marketo.pull()
    marketo.advance(minutes=2)
    marketo.site.instance.update_lead(leads[0], {"sfdcLeadId": "00Q000000000001AAA"}, source="SFDC sync")
    rows = marketo.pull().rows(Stream.PEOPLE)
    assert dict(rows.select("native_id", "crm_lead_id").rows()) == {str(leads[0]): "00Q000000000001AAA"}


def test_a_person_who_is_gone_does_not_keep_the_others_from_being_handed_over(marketo: Subscription) -> None:
    asked: list[int] = []
    marketo.site.instance.add_campaign("Hand over", triggerable=True, on_request=asked.extend)
    connection = connected(marketo.site, marketo.naps, handover=Handover(campaign="Hand over"))
    leads = [person(marketo.site, number) for number in range(5)]
    marketo.site.instance.delete_lead(leads[2])
    outcomes = connection.sink.create("person", [change(lead) for lead in leads])
    assert [(outcome.state, outcome.code) for outcome in outcomes][2] == ("rejected", "1004")
    assert sorted(asked) == [leads[0], leads[1], leads[3], leads[4]]
    connection.close()


def test_a_campaign_that_cannot_be_requested_is_named(marketo: Subscription) -> None:
    lead = person(marketo.site)
    marketo.site.instance.add_campaign("Asleep", triggerable=True, active=False)
    for name in ("No such campaign", "Asleep"):
        connection = connected(marketo.site, marketo.naps, handover=Handover(campaign=name))
        with pytest.raises(Misconfigured, match=name):
            connection.sink.create("person", [change(lead)])
        connection.close()


def test_a_request_whose_answer_is_lost_is_not_sent_twice(marketo: Subscription) -> None:
    asked: list[int] = []
    marketo.site.instance.add_campaign("Hand over", triggerable=True, on_request=asked.extend)
    connection = connected(marketo.site, marketo.naps, handover=Handover(campaign="Hand over"))
    lead = person(marketo.site)
    marketo.site.fault("drop_after", match={"path": "trigger"})
    [outcome] = connection.sink.create("person", [change(lead)])
    assert outcome.state == "deferred"
    assert asked == [lead]
    connection.close()


def test_everybody_with_an_address_is_found_with_their_crm_records(marketo: Subscription) -> None:
    first = person(marketo.site, 1, sfdcLeadId="00Q000000000001AAA")
    double = person(marketo.site, 2, email="p1@acme.example")
    wanted = ["p1@acme.example", "nobody@acme.example", "a,b@acme.example"] + [
        f"x{n}@acme.example" for n in range(400)
    ]
    found = marketo.connection.sink.find(wanted)
    assert [(one.native_id, one.details["crm_lead_id"]) for one in found] == [
        (str(first), "00Q000000000001AAA"),
        (str(double), None),
    ]


def test_a_reading_too_long_for_an_address_goes_as_a_form(marketo: Subscription) -> None:
    ids = [str(10**11 + number) for number in range(300)]
    lead = person(marketo.site)
    connection = connected(marketo.site, marketo.naps)
    assert set(connection.sink.read("person", [*ids[:299], str(lead)], list(FIELDS))) == {str(lead)}
    api = Api(connection.client)
    assert api.leads([*ids[:299], str(lead)], ["id"] + ["businessLine"] * 300)[0]["id"] == lead
    assert connection.client.calls.by_endpoint["POST /rest/v1/leads.json"] == 1
    connection.close()


def test_other_objects_than_people_are_refused(marketo: Subscription) -> None:
    with pytest.raises(RequestRefused, match="lead"):
        marketo.connection.sink.write("lead", [])


def test_our_own_write_comes_back_as_our_own(marketo: Subscription) -> None:
    """The next pull shows the record with our value, and an activity that names the API as its source."""
    lead = person(marketo.site)
    marketo.pull()
    marketo.advance(minutes=5)
    marketo.connection.sink.write("person", [change(lead, score=33)])
    marketo.advance(minutes=5)
    reading = marketo.pull()
    [row] = reading.rows(Stream.PEOPLE).to_dicts()
    assert row["score"] == 33
    changes = reading.rows(Stream.ACTIVITIES).filter(field="mqlScore", kind="value_change").to_dicts()
    assert [(one["new_value"], one["source"]) for one in changes] == [("33", "Web service API")]
    assert row["changed_at"] - marketo.site.world.clock.now() == -timedelta(minutes=5)
