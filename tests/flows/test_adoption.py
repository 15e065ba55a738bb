"""Adopting a live organisation, as an administrator lives it: examine, watch in silence, go live, first pushes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from tests.flows.acts import OURS, Written, by_id, everything, fill, newcomer, written
from tests.flows.operator import Operator, Ran, at_work

pytestmark = pytest.mark.xdist_group("adoption")
HANDOVER = {"Status", "OwnerId", "MQL_Stage__c", "First_MQL_Date__c", "Last_MQL_Date__c"}


@dataclass
class Story:
    """What happened, step by step; the tests look at it in any order."""

    operator: Operator
    ran: dict[str, Ran] = field(default_factory=dict)
    wrote: dict[str, Written] = field(default_factory=dict)
    known: dict[str, str | int] = field(default_factory=dict)

    def sync(self, name: str) -> None:
        before = everything(self.operator.simulator)
        self.ran[name] = self.operator.sync()
        self.wrote[name] = written(before, everything(self.operator.simulator))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with at_work(tmp_path_factory.mktemp("adoption"), people=300, live=False) as operator:
        told, simulator = Story(operator), operator.simulator
        told.known["founded"] = simulator.now()
        told.ran["doctor"] = operator.run("doctor")
        told.sync("first")
        simulator.advance(600)
        told.known["early"] = newcomer(simulator, "Early")
        fill(simulator, int(told.known["early"]))
        simulator.advance(600)
        told.sync("silent")
        told.ran["silent again"] = operator.run("sync")
        told.known["assigned"] = operator.query("SELECT count(*) FROM assignments").item()
        told.known["soon"] = newcomer(simulator, "Soon")
        fill(simulator, int(told.known["soon"]))
        simulator.advance(600)
        date = datetime.fromisoformat(simulator.now()) + timedelta(minutes=5)
        operator.go_live(date.isoformat())
        told.sync("dated")
        told.ran["why"] = operator.run("why", operator.person("marketo", told.known["soon"]))
        told.ran["dated again"] = operator.run("sync")
        told.ran["dated doctor"] = operator.run("doctor")
        simulator.advance(600)
        told.sync("first live")
        told.known["late"] = newcomer(simulator, "Late")
        fill(simulator, int(told.known["late"]))
        told.known["open"] = _adopted(operator, "open")
        told.known["recycled"] = _recycled(operator)
        fill(simulator, int(told.known["open"]))
        fill(simulator, int(told.known["recycled"]))
        for step in ("second live", "third live"):
            simulator.advance(600)
            told.sync(step)
        yield told


def _adopted(operator: Operator, state: str) -> int:
    """The Marketo id of somebody whom sales had in this state before us."""
    found = operator.query(
        "SELECT min(r.native_id) AS id FROM cycles c JOIN records r ON r.person_key = c.person_key "
        "WHERE c.origin = 'adopted' AND c.state = :state AND r.platform = 'marketo'",
        state=state,
    )
    return int(found.item())


def _recycled(operator: Operator) -> int:
    """The Marketo id of somebody ordinary whom sales gave back before us."""
    found = operator.query(
        "SELECT m.native_id AS id FROM records l JOIN records m ON m.person_key = l.person_key "
        "WHERE l.object = 'lead' AND l.status = 'Recycled' AND l.first_mql_at IS NOT NULL AND m.platform = 'marketo'"
    )
    peculiar = {str(row["id"]) for rows in operator.simulator.truth().values() for row in rows}
    return int(min(set(found["id"]) - peculiar))


def test_the_doctor_finds_a_healthy_set_up_well_and_says_that_nothing_will_be_written(story: Story) -> None:
    doctor = story.ran["doctor"]
    assert doctor.status == 0
    assert "all well" in doctor.out
    assert "nothing is written" in doctor.out
    assert "not bound yet" in doctor.out
    assert "proposed for assignment.placeholder_owners: Marketo Sync" in doctor.out
    assert "placeholder owners: assignment.yaml names Marketo Sync, Default Lead Owner" in doctor.out


@pytest.mark.parametrize("step", ["first", "silent", "dated"])
def test_a_silent_run_writes_nothing_at_all(story: Story, step: str) -> None:
    assert story.wrote[step] == {}
    assert story.ran[step].data["writes"] == 0
    assert story.ran[step].data["is_live"] is False


def test_a_silent_run_says_what_it_would_do(story: Story) -> None:
    assert story.ran["first"].data["asked"]["person scores"] > 50
    assert story.ran["silent"].data["opened"]["trial"] == 1
    assert "silent: nothing is written until live_since is set" in " ".join(
        story.ran["silent again"].out.split()
    )


def test_a_silent_run_says_who_would_get_its_trials_and_records_nothing_of_it(story: Story) -> None:
    silent = story.ran["silent"].data
    assert silent["assigned"] == {"rule": 1}
    assert silent["asked"]["person request_sync"] == 1
    assert story.known["assigned"] == 0
    assert "owner would be found" not in story.ran["silent again"].out  # nothing new


def test_why_tells_of_a_trial_who_would_get_it(story: Story) -> None:
    assert re.search(r"open, a trial, .*\n.*\n    would go to \w+.* by rule emea", story.ran["why"].out)


def test_a_date_in_the_future_changes_nothing_before_it_comes(story: Story) -> None:
    dated = story.ran["dated"].data
    assert dated["opened"]["trial"] == 1
    assert dated["assigned"] == {"rule": 1}
    assert dated["asked"]["person request_sync"] == 1
    assert dated["asked"]["person scores"] >= 1
    assert "silent: nothing is written before 2026-03-02" in " ".join(story.ran["dated again"].out.split())
    assert "live_since: nothing is written before 2026-03-02" in story.ran["dated doctor"].out


def test_whom_sales_has_open_is_adopted_with_owner_and_age(story: Story) -> None:
    simulator, operator = story.operator.simulator, story.operator
    cycles = operator.query(
        "SELECT r.native_id AS id, c.opened_at, c.is_trial FROM cycles c JOIN records r ON r.person_key = c.person_key "
        "WHERE c.origin = 'adopted' AND r.object = 'lead'"
    )
    planted = {row["id"] for row in simulator.truth("legacy_mql")}
    assert set(cycles["id"]) == planted
    assert not any(cycles["is_trial"])
    # An adopted handover began when the CRM says it began, not when we came.
    assert (
        cycles["opened_at"].max()
        < datetime.fromisoformat(str(story.known["founded"])).timestamp() * 1_000_000
    )


def test_the_first_live_run_pushes_scores_and_hands_over_nobody_who_was_there_before(story: Story) -> None:
    wrote = story.wrote["first live"]
    assert set(wrote) == {"person"}
    assert {name for fields in wrote["person"].values() for name in fields} <= set(OURS)
    assert len(wrote["person"]) > 50


@pytest.mark.parametrize("who", ["early", "soon"])
def test_whoever_qualified_before_live_since_is_listed_and_not_handed_over(story: Story, who: str) -> None:
    operator = story.operator
    key = operator.person("marketo", story.known[who])
    cycle = operator.query(
        "SELECT state, close_reason, is_trial FROM cycles WHERE person_key = :key", key=key
    )
    assert cycle.rows() == [("void", "not_live", True)]
    listed = operator.query("SELECT why FROM would_qualify WHERE person_key = :key", key=key)
    assert listed["why"].to_list() == ["not_live"]
    assert operator.simulator.record("marketo", "leads", int(story.known[who]))["sfdcLeadId"] is None


def test_whoever_raises_a_hand_after_live_since_is_brought_into_the_crm_and_handed_over(story: Story) -> None:
    simulator = story.operator.simulator
    person = simulator.record("marketo", "leads", int(story.known["late"]))
    lead = simulator.record("salesforce", "Lead", person["sfdcLeadId"])
    assert lead["Status"] == "Marketing Qualified"
    assert lead["MQL_Stage__c"] == "mql"
    assert lead["First_MQL_Date__c"] is not None
    owner = by_id(simulator.records("salesforce", "User"))[lead["OwnerId"]]
    assert owner["Name"] not in ("Marketo Sync", "Default Lead Owner")
    [record] = [row for row in simulator.records("salesforce", "MQL__c") if row["Lead__c"] == lead["Id"]]
    assert (record["OwnerId"], record["Status__c"], record["Kind__c"]) == (lead["OwnerId"], "Open", "mql")


def test_a_hand_raise_in_an_adopted_handover_gets_its_record_and_leaves_the_owner(story: Story) -> None:
    simulator = story.operator.simulator
    person = simulator.record("marketo", "leads", int(story.known["open"]))
    lead_id, writes = person["sfdcLeadId"], [*story.wrote.values()]
    touched = [set(wrote["Lead"][lead_id]) for wrote in writes if lead_id in wrote.get("Lead", {})]
    assert not set().union(*touched) & {"OwnerId", "Status", "First_MQL_Date__c", "Last_MQL_Date__c"}
    [record] = [row for row in simulator.records("salesforce", "MQL__c") if row["Lead__c"] == lead_id]
    assert record["Hand_Raised_At__c"] is not None
    assert record["OwnerId"] == simulator.record("salesforce", "Lead", lead_id)["OwnerId"]


def test_a_stamp_that_was_there_is_never_overwritten(story: Story) -> None:
    """Whoever was an MQL long ago and is one again now keeps the first date; only the last one moves."""
    person = story.operator.simulator.record("marketo", "leads", int(story.known["recycled"]))
    wrote = story.wrote["second live"]["Lead"][person["sfdcLeadId"]]
    assert wrote["Status"] == "Marketing Qualified"
    assert wrote["Last_MQL_Date__c"].startswith("2026-03-02")
    assert "First_MQL_Date__c" not in wrote


def test_adopted_leads_keep_owner_status_and_stamps(story: Story) -> None:
    planted = {row["id"] for row in story.operator.simulator.truth("legacy_mql")}
    changed = {
        (id, name)
        for wrote in story.wrote.values()
        for id, fields in wrote.get("Lead", {}).items()
        for name in fields
        if id in planted
    }
    assert not {name for _, name in changed} & HANDOVER


def test_the_old_score_field_is_never_written(story: Story) -> None:
    for wrote in story.wrote.values():
        assert not [id for id, fields in wrote.get("person", {}).items() if "leadScore" in fields]
