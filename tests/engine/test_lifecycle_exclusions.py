"""What holds a trigger back, since when and until when."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from engine.lifecycle.deadlines import end_of
from schemas.frames import decisions
from tests.engine.world import DAY, HOUR, LIFECYCLE, START, World

SOON = START + HOUR


@pytest.fixture
def world() -> World:
    world = World()
    world.person("ada")
    world.run(START)
    return world


def blocks(world: World) -> pl.DataFrame:
    return world.ledger.table("blocks", decisions.Blocks).sort("at", "exclusion")


def test_a_hard_exclusion_blocks_a_hand_raise_too(world: World) -> None:
    world.becomes("ada", START, is_competitor=True)
    fact = world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()
    row = blocks(world).row(0, named=True)
    assert (row["exclusion"], row["kind"], row["trigger_rule"], row["trigger_fact"]) == (
        "competitor", "hard", "hand_raise", fact,
    )  # fmt: skip
    assert (row["at"], row["until"]) == (SOON, None)


def test_who_is_not_ready_passes_with_a_hand_raise_as_an_ordinary_mql(world: World) -> None:
    world.becomes("ada", START, has_company=False, score=90.0)
    world.act("ada", SOON)
    decided = world.run(START + 2 * HOUR)
    assert blocks(world)["exclusion"].to_list() == ["missing_fields"]
    assert decided.would_qualify["why"].to_list() == ["missing_fields"]
    world.raises_hand("ada", START + 3 * HOUR)
    world.run(START + 4 * HOUR)
    assert world.ledger.cycles()["kind"].to_list() == ["mql"]


def test_a_fact_that_itself_ends_a_block_counts_as_the_act(world: World) -> None:
    world.becomes("ada", START, has_company=False, score=90.0)
    world.act("ada", SOON)
    world.becomes("ada", START + 2 * HOUR, has_company=True, is_act=True)
    world.run(START + 3 * HOUR)
    assert world.ledger.cycles()["opened_at"].to_list() == [START + 2 * HOUR]


def test_a_block_that_ends_by_itself_makes_no_mql(world: World) -> None:
    world.becomes("ada", START, open_opportunity=True, score=90.0)
    world.act("ada", SOON)
    world.becomes("ada", START + 2 * HOUR, open_opportunity=False)
    decided = world.run(START + 3 * HOUR)
    assert world.ledger.cycles().is_empty()
    assert decided.would_qualify["why"].to_list() == ["no_new_act"]


def test_with_sales_a_hand_raise_opens_a_cycle_that_is_no_mql(world: World) -> None:
    world.becomes("ada", START, is_customer=True, score=90.0)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    cycle = world.ledger.cycles().row(0, named=True)
    assert (cycle["kind"], cycle["state"], cycle["hand_raised_at"]) == ("hand_raise", "open", SOON)
    place = world.ledger.tables["stages"]["ada", "default"]
    assert (place["stage"], place["first_mql_at"], place["last_mql_at"]) == ("known", None, None)
    assert blocks(world).is_empty()


def test_a_rejected_hand_raise_of_a_customer_leaves_the_stage_alone(world: World) -> None:
    world.becomes("ada", START, is_customer=True)
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    key = world.ledger.cycles()["cycle_key"][0]
    world.verdict("ada", START + 3 * HOUR, "rejected", reason="spam", cycle_key=key)
    world.run(START + 4 * HOUR)
    assert world.ledger.cycles()["state"].to_list() == ["rejected"]
    assert world.ledger.stage("ada") == "known"


def test_a_recent_mql_blocks_scores_for_15_calendar_days_of_the_organisation(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    world.verdict("ada", START + 4 * HOUR, "rejected", reason="no budget")
    world.run(START + 5 * HOUR)
    # 2 March in Berlin plus 15 days: the window ends when 17 March begins there, at 23:00 UTC of the 16th.
    end = datetime(2026, 3, 16, 23, tzinfo=UTC)
    world.becomes("ada", START + 5 * HOUR, score=90.0)
    world.act("ada", end - timedelta(minutes=1))
    decided = world.run(end - timedelta(seconds=1))
    row = blocks(world).row(0, named=True)
    assert (row["exclusion"], row["since"], row["until"]) == ("recent_mql", SOON, end)
    assert decided.clocks.rows() == [("ada", end)]
    world.act("ada", end)
    world.run(end + HOUR)
    assert world.ledger.cycles()["opened_at"].to_list() == [SOON, end]


def test_within_the_window_a_hand_raise_goes_to_who_has_the_person(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.verdict("ada", START + 2 * HOUR, "rejected", reason="no budget")
    world.run(START + 3 * HOUR)
    world.raises_hand("ada", START + 2 * DAY)
    world.run(START + 3 * DAY)
    assert world.ledger.cycles()["kind"].to_list() == ["mql", "hand_raise"]


def test_an_mql_on_another_line_does_not_block() -> None:
    rules = {
        **LIFECYCLE,
        "triggers": [
            {"id": "a", "activity": "asset_name = 'A'", "line": "default"},
            {"id": "b", "activity": "asset_name = 'B'", "line": "beta"},
        ],
    }
    world = World()
    world.rules = world.rules.model_validate(rules)
    world.person("ada")
    world.run(START)
    world.act("ada", SOON, asset_name="A")
    world.act("ada", START + 2 * HOUR, asset_name="B")
    world.run(START + 3 * HOUR)
    assert sorted(world.ledger.cycles()["line"]) == ["beta", "default"]


def test_a_spell_after_recycling_blocks_scores_but_no_hand_raise(world: World) -> None:
    world.verdict("ada", SOON, "recycled", reason="no timing")
    world.becomes("ada", START + 2 * HOUR, score=90.0)
    world.act("ada", START + 2 * HOUR)
    world.run(START + 3 * HOUR)
    assert blocks(world)["exclusion"].to_list() == ["just_recycled"]
    world.raises_hand("ada", START + 4 * HOUR)
    world.run(START + 5 * HOUR)
    assert world.ledger.cycles()["kind"].to_list() == ["mql"]


def test_an_act_during_a_window_is_held_back_by_it_also_if_we_learn_of_it_afterwards(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.verdict("ada", START + 2 * HOUR, "rejected", reason="no budget")
    world.run(START + 3 * HOUR)
    world.becomes("ada", START + 3 * HOUR, score=90.0)
    world.run(START + 20 * DAY)
    world.act("ada", START + 10 * DAY, learned_at=START + 21 * DAY)
    world.run(START + 21 * DAY)
    assert world.ledger.cycles().height == 1
    assert blocks(world)["exclusion"].to_list() == ["recent_mql"]


def test_whom_sales_found_by_itself_is_never_made_an_mql(world: World) -> None:
    world.becomes("ada", START, status="Working", score=90.0)
    world.act("ada", SOON)
    world.run(START + 2 * HOUR)
    assert world.ledger.cycles().is_empty()
    assert blocks(world)["exclusion"].to_list() == ["sales_working"]
    world.raises_hand("ada", START + 3 * HOUR)
    world.verdict("ada", START + 4 * HOUR, "accepted")
    world.run(START + 5 * HOUR)
    assert world.ledger.cycles().select("kind", "state").rows() == [("hand_raise", "working")]
    assert not set(world.ledger.transitions()["to_stage"]) & {"mql", "sal"}


def test_the_erased_are_blocked_and_their_open_cycle_is_withdrawn(world: World) -> None:
    world.raises_hand("ada", SOON)
    world.run(START + 2 * HOUR)
    world.people["ada"]["is_erased"] = True
    world.run(START + 3 * HOUR)
    world.raises_hand("ada", START + 4 * HOUR)
    world.run(START + 5 * HOUR)
    assert world.ledger.cycles()["state"].to_list() == ["withdrawn"]
    assert blocks(world)["exclusion"].to_list() == ["erased"]


def test_whole_days_end_at_a_local_midnight_and_other_spans_to_the_second() -> None:
    zone = World().window(START).zone
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert end_of(spring, timedelta(days=1), zone) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert end_of(spring, timedelta(days=2), zone) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert end_of(spring, timedelta(hours=30), zone) == spring + timedelta(hours=30)
