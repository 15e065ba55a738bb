"""A company that was there before us: baselines, trials, going live."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from schemas.playbook.organisation import Organisation
from tests.engine.world import DAY, HOUR, START, World

SOON = START + HOUR


def found(world: World) -> dict[str, object]:
    cycles = world.ledger.cycles()
    assert cycles.height == 1
    return cycles.row(0, named=True)


def test_everybody_gets_a_first_place_by_the_state_found() -> None:
    world = World()
    for key, status in (
        ("a", "Open"),
        ("b", "Recycled"),
        ("c", "SPAM"),
        ("d", None),
        ("e", "Something else"),
    ):
        world.person(key)
        world.record(key, f"00Q{key}", status=status)
    world.person("f", engagement=30.0)
    world.run(START)
    assert [world.ledger.stage(key) for key in "abcdef"] == [
        "known", "recycled", "disqualified", "known", "known", "engaged",
    ]  # fmt: skip
    assert set(world.ledger.transitions()["origin"]) == {"adopted"}
    assert world.ledger.cycles().is_empty()


@pytest.mark.parametrize(
    ("status", "state", "stage"),
    [("Working", "working", "sal"), ("Marketing Qualified", "open", "mql")],
)
def test_where_sales_has_the_person_open_an_adopted_cycle_stands_for_it(
    status: str, state: str, stage: str
) -> None:
    world = World()
    world.person("ada")
    stamp = START - 20 * DAY
    world.record("ada", "00Q1", status=status, last_mql_at=stamp, owner_id="rep")
    decided = world.run(START)
    cycle = found(world)
    assert (cycle["state"], cycle["origin"], cycle["opened_at"], cycle["trigger_rule"]) == (
        state, "adopted", stamp, "adopted",
    )  # fmt: skip
    assert world.ledger.stage("ada") == stage
    place = world.ledger.tables["stages"]["ada", "default"]
    assert (place["first_mql_at"], place["last_mql_at"], place["origin"]) == (stamp, stamp, "adopted")
    assert decided.clocks["next_clock_at"].to_list() == [
        None
    ]  # what was there before us runs no clock of ours


def test_otherwise_a_stamp_is_only_a_stamp_and_counts_for_windows() -> None:
    world = World()
    world.person("ada", score=90.0)
    world.record("ada", "00Q1", status="Open", last_mql_at=START - 3 * DAY)
    world.run(START)
    assert world.ledger.cycles().is_empty()
    world.act("ada", SOON)
    decided = world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()
    assert decided.blocks["exclusion"].to_list() == ["recent_mql"]


def test_known_stamps_stay_and_the_last_one_moves_on_with_a_new_mql() -> None:
    world = World()
    world.person("ada")
    first = START - 90 * DAY
    world.record("ada", "00Q1", status="Open", first_mql_at=first, last_mql_at=first)
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    place = world.ledger.tables["stages"]["ada", "default"]
    assert (place["first_mql_at"], place["last_mql_at"]) == (first, SOON)


def test_open_and_won_opportunities_place_people_further() -> None:
    world = World()
    for key in ("a", "b", "c"):
        world.person(key)
        world.opportunity(key, START - 20 * DAY, f"006{key}", verdict=False)
    world.opportunity_ends("b", START - 9 * DAY, "006b", won=True)
    world.opportunity_ends("c", START - 9 * DAY, "006c", won=False)
    world.run(START)
    assert [world.ledger.stage(key) for key in "abc"] == ["opportunity", "customer", "known"]


def test_verdicts_close_an_adopted_cycle() -> None:
    world = World()
    world.person("ada")
    world.record("ada", "00Q1", status="Working")
    world.run(START)
    world.verdict("ada", SOON, "recycled", reason="no need")
    world.run(START + 2 * HOUR)
    assert (found(world)["state"], world.ledger.stage("ada")) == ("recycled", "recycled")


def test_an_adopted_cycle_never_expires_until_the_person_raises_a_hand_in_it() -> None:
    world = World()
    world.person("ada")
    world.record("ada", "00Q1", status="Working", last_mql_at=START - 90 * DAY)
    world.run(START)
    world.run(START + 60 * DAY)
    assert found(world)["state"] == "working"
    world.raises_hand("ada", START + 61 * DAY)
    decided = world.run(START + 62 * DAY)
    assert (found(world)["hand_raised_at"], found(world)["origin"]) == (START + 61 * DAY, "adopted")
    assert decided.clocks["next_clock_at"][0] is not None
    world.run(START + 99 * DAY)
    assert found(world)["state"] == "expired"


def test_somebody_new_whom_sales_works_on_without_a_stamp_has_no_cycle() -> None:
    world = World()
    world.run(START)
    world.person("bob", SOON, status="Working")
    world.record("bob", "00Q2", status="Working", created_at=SOON)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()
    assert world.ledger.stage("bob") == "known"


def test_before_we_are_live_every_cycle_is_a_trial() -> None:
    world = World(live_since=None)
    world.person("ada")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert (found(world)["is_trial"], found(world)["state"]) == (True, "open")
    place = world.ledger.tables["stages"]["ada", "default"]
    assert (place["stage"], place["last_mql_at"]) == ("known", None)
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="spam")  # sales knows nothing of a trial
    world.run(START + 4 * HOUR)
    assert found(world)["state"] == "open"


def test_a_trial_counts_for_no_window_and_no_one_open_rule() -> None:
    live = START + DAY
    world = World(live_since=live)
    world.person("ada")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.raises_hand("ada", live + HOUR)
    world.run(live + 2 * HOUR)
    cycles = world.ledger.cycles()
    assert cycles.select("is_trial", "state", "closed_as", "close_reason", "kind", "number").rows() == [
        (True, "void", "void", "not_live", "mql", 1),
        (False, "open", None, None, "mql", 1),
    ]
    assert cycles["closed_at"][0] == live


def test_another_act_in_a_trial_opens_no_second_one() -> None:
    world = World(live_since=None)
    world.person("ada")
    world.run(START)
    fact = world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    world.raises_hand("ada", START + 3 * HOUR)
    world.act("ada", START + 3 * HOUR, "trial_signup")
    world.run(START + 4 * HOUR)
    assert found(world)["trigger_fact"] == fact


def test_a_trial_ends_when_writing_begins_and_its_person_is_listed() -> None:
    live = START + DAY
    world = World(live_since=live)
    world.person("ada")
    world.run(START)
    world.raises_hand("ada", SOON)
    decided = world.run(START + 2 * HOUR)
    assert decided.clocks["next_clock_at"].to_list() == [live]
    decided = world.run(live + HOUR)
    assert found(world)["state"] == "void"
    assert decided.would_qualify.select("rule_id", "since", "why").rows() == [
        ("hand_raise", SOON, "not_live")
    ]
    decided = world.run(live + 2 * DAY)
    assert decided.would_qualify["why"].to_list() == ["not_live"]


def test_an_act_at_the_very_moment_of_going_live_opens_neither_a_trial_nor_a_cycle() -> None:
    world = World(live_since=SOON)
    world.person("ada")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()


def test_acts_before_live_since_that_come_late_open_nothing() -> None:
    live = START + HOUR
    world = World(live_since=live)
    world.person("ada")
    world.run(START)
    world.run(START + 2 * HOUR)
    world.raises_hand("ada", START + timedelta(minutes=30), learned_at=START + 3 * HOUR)
    world.run(START + 3 * HOUR)
    assert world.ledger.cycles().filter(~pl.col("is_trial")).is_empty()


def test_outside_the_write_scope_a_cycle_is_a_trial_until_the_person_comes_in() -> None:
    pilot = Organisation(name="Test", write_scope="country = 'AU'")
    world = World(organisation=pilot)
    world.person("ada", country="DE")
    world.person("bea", country="AU")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.raises_hand("bea", SOON)
    world.run(START + 2 * HOUR)
    assert dict(world.ledger.cycles().select("person_key", "is_trial").iter_rows()) == {
        "ada": True,
        "bea": False,
    }
    world.becomes("ada", START + 3 * HOUR, country="AU", is_act=True)
    decided = world.run(START + 4 * HOUR)
    trial = world.ledger.cycles().filter(pl.col("person_key") == "ada").row(0, named=True)
    assert (trial["state"], trial["closed_at"]) == ("void", START + 3 * HOUR)
    assert ("ada", "not_live") in decided.would_qualify.select("person_key", "why").rows()
    world.raises_hand("ada", START + 5 * HOUR)
    world.run(START + 6 * HOUR)
    assert world.ledger.cycles().filter(~pl.col("is_trial")).height == 2


def test_within_the_scope_a_trial_ends_when_we_go_live_also_if_nothing_happens_then() -> None:
    live = START + DAY
    world = World(organisation=Organisation(name="Test", write_scope="country = 'AU'"), live_since=live)
    world.person("ada", country="AU")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(live + 40 * DAY)
    assert (found(world)["state"], found(world)["closed_at"]) == ("void", live)


def test_in_a_trial_blocks_are_recorded_as_they_would_be() -> None:
    world = World(live_since=None)
    world.person("ada", is_competitor=True)
    world.run(START)
    world.raises_hand("ada", SOON)
    decided = world.run(START + 2 * HOUR)
    assert decided.blocks["exclusion"].to_list() == ["competitor"]


def instant_of(world: World, kind: str) -> datetime:
    at = world.ledger.events().filter(pl.col("kind") == kind)["at"].to_list()[0]
    assert isinstance(at, datetime)
    return at


def test_a_hand_raise_in_an_adopted_cycle_is_live_from_that_act() -> None:
    world = World(live_since=START)
    world.person("ada")
    world.record("ada", "00Q1", status="Working")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert instant_of(world, "hand_raised") == SOON


def test_before_we_are_live_a_hand_raise_in_an_adopted_cycle_is_the_owners_business() -> None:
    world = World(live_since=None)
    world.person("ada")
    world.record("ada", "00Q1", status="Working")
    world.run(START)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert found(world)["hand_raised_at"] is None
