"""What opens a cycle, and what does not."""

import json
from datetime import datetime, timedelta

import polars as pl
import pytest

from schemas.playbook.organisation import Organisation
from tests.engine.world import DAY, HOUR, LIFECYCLE, START, World

SOON = START + HOUR


@pytest.fixture
def world() -> World:
    """Ada has been there for a month; the ledger has looked once, at START."""
    world = World()
    world.person("ada")
    world.run(START)
    return world


def only_cycle(world: World) -> dict[str, object]:
    cycles = world.ledger.cycles()
    assert cycles.height == 1
    return cycles.row(0, named=True)


def test_a_hand_raise_opens_an_mql_cycle_whatever_the_score(world: World) -> None:
    fact = world.raises_hand("ada", SOON, campaign_id="c1", campaign_name="Spring", campaign_type="Webform")
    world.becomes("ada", SOON, score=12.5, engagement=0.0)
    world.run(START + 2 * HOUR)
    cycle = only_cycle(world)
    assert (cycle["kind"], cycle["state"], cycle["opened_at"], cycle["acted_at"]) == (
        "mql",
        "open",
        SOON,
        SOON,
    )
    assert (cycle["trigger_rule"], cycle["trigger_fact"], cycle["hand_raised_at"]) == (
        "hand_raise",
        fact,
        SOON,
    )
    assert (cycle["score"], cycle["grade"], cycle["campaign_name"], cycle["number"]) == (
        1250,
        "B4",
        "Spring",
        1,
    )
    assert (cycle["is_trial"], cycle["origin"], cycle["playbook_version"]) == (False, "live", "v1")
    assert world.ledger.stage("ada") == "mql"


def test_a_score_over_the_threshold_opens_a_cycle_at_the_act_that_crossed(world: World) -> None:
    world.act("ada", START + timedelta(minutes=10))
    fact = world.act("ada", SOON)
    world.becomes("ada", SOON, score=65.0, engagement=80.0)
    world.run(START + 2 * HOUR)
    cycle = only_cycle(world)
    assert (cycle["trigger_rule"], cycle["trigger_fact"], cycle["opened_at"]) == ("score", fact, SOON)
    reasons = json.loads(str(cycle["reasons"]))
    assert (reasons["rule"], reasons["fact"]) == ("score", fact)
    assert reasons["condition"] == "(score >= 65 AND fit >= 40)"
    assert reasons["values"] == {
        "fit": 50.0,
        "score": 65.0,
    }


def test_the_threshold_is_inclusive_and_just_below_is_nothing(world: World) -> None:
    world.act("ada", SOON)
    world.becomes("ada", SOON, score=64.99)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()


def test_passing_time_makes_no_mql_but_is_listed(world: World) -> None:
    world.becomes("ada", SOON, score=80.0)  # no act of anybody: a rule changed, or evidence of others
    decided = world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()
    assert decided.would_qualify.select("line", "rule_id", "why").rows() == [
        ("default", "score", "no_new_act")
    ]
    world.act("ada", START + 3 * HOUR)
    decided = world.run(START + 4 * HOUR)
    assert only_cycle(world)["opened_at"] == START + 3 * HOUR
    assert decided.would_qualify.is_empty()


def test_a_change_of_an_attribute_that_rules_read_is_an_act(world: World) -> None:
    world.becomes("ada", SOON, score=70.0, fit=60.0, is_act=True)
    world.run(START + 2 * HOUR)
    assert only_cycle(world)["trigger_rule"] == "score"


@pytest.mark.parametrize("kind", ["email_sent", "email_open", "value_change", "score_change", "unsubscribe"])
def test_what_the_person_did_not_do_crosses_no_threshold(world: World, kind: str) -> None:
    world.becomes("ada", SOON, score=80.0)
    world.act("ada", SOON, kind)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()


def test_a_bot_opens_nothing(world: World) -> None:
    world.raises_hand("ada", SOON, is_bot=True)
    world.becomes("ada", SOON, score=80.0)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()


def test_a_trigger_of_act_and_state_needs_both(world: World) -> None:
    world.person("bob", fit=30.0)
    world.run(START + timedelta(minutes=30))
    for key in ("ada", "bob"):
        world.act(key, SOON, "trial_signup")
    world.run(START + 2 * HOUR)
    assert only_cycle(world)["person_key"] == "ada"
    assert only_cycle(world)["hand_raised_at"] is None


def test_acts_before_the_first_look_open_nothing() -> None:
    world = World()
    world.person("ada", score=90.0)
    world.raises_hand("ada", START - DAY)
    decided = world.run(START)
    assert world.ledger.cycles().is_empty()
    assert decided.would_qualify["rule_id"].to_list() == ["score"]


def test_a_person_created_after_the_first_look_may_raise_a_hand_at_once(world: World) -> None:
    world.person("bob", SOON)
    world.raises_hand("bob", SOON)
    world.run(START + 2 * HOUR)
    cycle = only_cycle(world)
    assert (cycle["person_key"], cycle["opened_at"]) == ("bob", SOON)
    assert world.ledger.transitions().filter(pl.col("person_key") == "bob")["to_stage"].to_list() == [
        "known",
        "engaged",
        "mql",
    ]


def test_somebody_who_was_there_but_is_learned_of_late_is_a_baseline_and_may_raise_a_hand(
    world: World,
) -> None:
    world.run(START + 3 * HOUR)
    world.person("bob", START - DAY)
    world.raises_hand("bob", START + 2 * HOUR, learned_at=START + 4 * HOUR)
    world.run(START + 4 * HOUR)
    cycle = only_cycle(world)
    assert (cycle["opened_at"], cycle["acted_at"]) == (START + 4 * HOUR, START + 2 * HOUR)
    first = world.ledger.transitions().filter(pl.col("person_key") == "bob").row(0, named=True)
    assert (first["to_stage"], first["origin"], first["at"]) == ("known", "adopted", START + 4 * HOUR)


def test_an_act_before_a_rule_came_into_force_does_not_meet_it(world: World) -> None:
    world.in_force_since = {"lifecycle.hand_raise": SOON}
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()
    world.raises_hand("ada", START + 3 * HOUR)
    world.run(START + 4 * HOUR)
    assert only_cycle(world)["opened_at"] == START + 3 * HOUR


def test_a_trigger_is_an_act_later_than_the_last_close(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="no budget")
    world.act("ada", START + 3 * HOUR)  # at the very instant: not later
    world.becomes("ada", START + 3 * HOUR, score=90.0)
    decided = world.run(START + 4 * HOUR)
    assert world.ledger.cycles()["state"].to_list() == ["rejected"]
    assert decided.would_qualify["why"].to_list() == ["recent_mql"]


def test_a_second_mql_of_a_person_has_the_next_number(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    world.verdict("ada", START + DAY, "rejected", reason="no budget")
    world.run(START + 2 * DAY)
    world.becomes("ada", START + 20 * DAY, score=90.0)
    world.act("ada", START + 20 * DAY)
    world.run(START + 21 * DAY)
    assert world.ledger.cycles()["number"].to_list() == [1, 2]
    place = world.ledger.tables["stages"]["ada", "default"]
    assert (place["first_mql_at"], place["last_mql_at"]) == (SOON, START + 20 * DAY)


def test_of_a_hand_raise_and_a_score_at_one_instant_the_hand_raise_opens(world: World) -> None:
    world.becomes("ada", SOON, score=90.0)
    world.act("ada", SOON)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert only_cycle(world)["trigger_rule"] == "hand_raise"


def test_an_act_in_an_open_cycle_opens_no_other(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.becomes("ada", SOON, score=90.0)
    for hours in (2, 3, 4):
        world.act("ada", START + hours * HOUR)
    world.run(START + 5 * HOUR)
    assert world.ledger.cycles().height == 1
    assert world.ledger.tables["blocks"] == {}


def test_a_hand_raise_in_an_open_cycle_upgrades_it(world: World) -> None:
    world.act("ada", SOON)
    world.becomes("ada", SOON, score=90.0)
    world.run(START + 2 * HOUR)
    assert only_cycle(world)["hand_raised_at"] is None
    fact = world.raises_hand("ada", START + 3 * HOUR)
    world.run(START + 4 * HOUR)
    cycle = only_cycle(world)
    assert (cycle["kind"], cycle["number"], cycle["hand_raised_at"]) == ("mql", 1, START + 3 * HOUR)
    raised = world.ledger.events().filter(pl.col("kind") == "hand_raised")
    assert raised.select("fact_key", "at").rows() == [(fact, START + 3 * HOUR)]


@pytest.mark.parametrize(("before", "counts_from"), [(HOUR / 2, START + 3 * HOUR), (0 * HOUR, START + HOUR)])
def test_a_hand_raise_that_we_learn_of_after_the_cycle_opened_upgrades_it_too(
    world: World, before: timedelta, counts_from: datetime
) -> None:
    world.becomes("ada", START + HOUR, score=90.0)
    world.act("ada", START + HOUR)
    world.run(START + 2 * HOUR)
    world.raises_hand("ada", START + HOUR - before, learned_at=START + 3 * HOUR)
    world.run(START + 3 * HOUR)
    [cycle] = world.ledger.cycles().to_dicts()
    assert (cycle["kind"], cycle["trigger_rule"]) == ("mql", "score")
    # One of before the cycle counts from when the owner could know of it.
    assert cycle["hand_raised_at"] == counts_from
    assert world.ledger.events()["kind"].to_list() == ["opened", "hand_raised"]


def test_a_lead_that_jumps_gets_the_stages_between_as_passed_through(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    steps = world.ledger.transitions().filter(pl.col("at") == SOON)
    assert steps.select("from_stage", "to_stage", "pass_through").rows() == [
        ("known", "engaged", True),
        ("engaged", "mql", False),
    ]


def test_stages_below_mql_follow_conditions_forth_and_back(world: World) -> None:
    world.becomes("ada", SOON, engagement=10.0)
    world.run(START + 2 * HOUR)
    assert world.ledger.stage("ada") == "engaged"
    world.becomes("ada", START + 3 * HOUR, engagement=9.0)
    world.run(START + 4 * HOUR)
    assert world.ledger.stage("ada") == "known"
    steps = world.ledger.transitions().filter(pl.col("at") > START)
    assert steps["rule_id"].to_list() == ["stages.engaged", "stages.known"]
    assert json.loads(steps["reasons"][0])["values"] == {"engagement": 10.0}


def test_at_most_one_open_cycle_on_each_line() -> None:
    rules = World().rules.model_validate(
        {
            **LIFECYCLE,
            "triggers": [
                {"id": "a", "activity": "asset_name = 'A'", "fast_track": True, "line": "default"},
                {"id": "b", "activity": "asset_name = 'B'", "fast_track": True, "line": "beta"},
            ],
        }
    )
    lines = Organisation.model_validate(
        {"name": "Test", "lines": [{"id": "default", "opportunity": "true"}, {"id": "beta"}]}
    )
    world = World(rules=rules, organisation=lines)
    world.person("ada")
    world.run(START)
    for hours, asset in ((1, "A"), (2, "B"), (3, "A")):
        world.act("ada", START + hours * HOUR, "form_fill", asset_name=asset)
    world.run(START + 4 * HOUR)
    assert world.ledger.cycles().select("line", "state").rows() == [("default", "open"), ("beta", "open")]
    assert world.ledger.stage("ada", "beta") == "mql"


def test_reasons_show_no_personal_values(world: World) -> None:
    rules = {**LIFECYCLE, "triggers": [{"id": "x", "person": "score >= 1 AND account_id IS NULL"}]}
    world.rules = world.rules.model_validate(rules)
    world.becomes("ada", SOON, score=5.0, account_id=None)
    world.act("ada", SOON)
    world.run(START + 2 * HOUR)
    assert json.loads(str(only_cycle(world)["reasons"]))["values"] == {"score": 5.0}


def test_an_act_outside_campaigns_is_credited_to_the_last_campaign(world: World) -> None:
    world.act("ada", START - 100 * DAY, campaign_id="old", campaign_name="Old")
    world.act("ada", START - 3 * DAY, campaign_id="c7", campaign_name="Webinar", campaign_type="Webinar")
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert only_cycle(world)["campaign_id"] == "c7"


def test_a_young_late_act_that_a_step_outran_is_decided_when_learned_and_keeps_its_instant(
    world: World,
) -> None:
    world.becomes("ada", START + 5 * HOUR, engagement=50.0)
    world.run(START + 6 * HOUR)
    assert world.ledger.stage("ada") == "engaged"
    world.raises_hand("ada", START + 4 * HOUR, learned_at=START + 7 * HOUR)
    world.run(START + 7 * HOUR)
    cycle = only_cycle(world)
    assert (cycle["opened_at"], cycle["acted_at"]) == (START + 7 * HOUR, START + 4 * HOUR)
