"""People who are one, who share an address, who are gone."""

import polars as pl
import pytest

from tests.engine.world import DAY, HOUR, START, World

SOON = START + HOUR


@pytest.fixture
def pair() -> World:
    """Ada and her duplicate share an address without being joined; the ledger has looked once."""
    world = World()
    world.person("ada", START - 30 * DAY, group="g")
    world.person("twin", START - 20 * DAY, group="g")
    world.run(START)
    return world


def states(world: World) -> dict[str, str]:
    return dict(world.ledger.cycles().select("person_key", "state").iter_rows())


def test_a_duplicate_of_somebody_who_is_with_sales_is_blocked(pair: World) -> None:
    pair.raises_hand("ada", SOON)
    fact = pair.raises_hand("twin", START + 2 * HOUR)
    decided = pair.run(START + 3 * HOUR)
    assert states(pair) == {"ada": "open"}
    assert decided.blocks.select("person_key", "trigger_fact", "exclusion", "kind").rows() == [
        ("twin", fact, "duplicate_open", "hard")
    ]


def test_also_if_the_other_is_not_among_those_who_are_decided_now(pair: World) -> None:
    pair.raises_hand("ada", SOON)
    pair.run(START + 2 * HOUR)
    pair.raises_hand("twin", START + 3 * HOUR)
    decided = pair.run(START + 4 * HOUR, only=["twin"])
    assert states(pair) == {"ada": "open"}
    assert decided.blocks["exclusion"].to_list() == ["duplicate_open"]


def test_of_two_at_one_instant_the_record_that_is_written_to_has_the_cycle(pair: World) -> None:
    pair.record("ada", "00Q1", created_at=START - 30 * DAY)
    pair.record("twin", "0031", object="contact", created_at=START - 20 * DAY)
    pair.raises_hand("ada", SOON, name="m:1")
    pair.raises_hand("twin", SOON, name="m:2")
    pair.run(START + 2 * HOUR)
    assert states(pair) == {"twin": "open"}


def test_adopting_duplicates_opens_one_cycle_for_both() -> None:
    world = World()
    world.person("ada", START - 30 * DAY, group="g")
    world.person("twin", START - 20 * DAY, group="g")
    world.record("ada", "00Q1", status="Working", created_at=START - 30 * DAY, changed_at=START - 9 * DAY)
    world.record("twin", "00Q2", status="Working", created_at=START - 20 * DAY, changed_at=START - 3 * DAY)
    world.run(START)
    assert states(world) == {"twin": "working"}  # the lead that sales worked last
    assert world.ledger.stage("ada") == "known"


def test_of_two_open_cycles_of_people_who_become_one_the_worked_one_stays() -> None:
    world = World()
    world.person("ada", START - 30 * DAY)
    world.person("twin", START - 20 * DAY)
    world.run(START)
    world.raises_hand("ada", SOON)
    world.raises_hand("twin", START + 2 * HOUR)
    world.verdict("twin", START + 3 * HOUR, "accepted")
    world.run(START + 4 * HOUR)
    world.removal("twin", START + 5 * HOUR, into="ada")
    world.run(START + 6 * HOUR)
    cycles = world.ledger.cycles()
    assert cycles.select("person_key", "state", "closed_at").rows() == [
        ("ada", "merged", START + 5 * HOUR),
        ("twin", "working", None),
    ]
    assert cycles["close_reason"][0] == cycles["cycle_key"][1]
    assert world.ledger.stages_of(["ada"], {"twin": "ada"})["stage"].to_list() == ["sal"]
    world.verdict("ada", START + 7 * HOUR, "recycled", reason="no need")
    world.run(START + 8 * HOUR)
    assert world.ledger.cycles()["state"].to_list() == ["merged", "recycled"]


def test_of_two_open_cycles_that_nobody_works_on_the_earlier_stays() -> None:
    world = World()
    world.person("ada", START - 30 * DAY)
    world.person("twin", START - 20 * DAY)
    world.run(START)
    world.raises_hand("twin", SOON)
    world.raises_hand("ada", START + 2 * HOUR)
    world.run(START + 4 * HOUR)
    world.removal("twin", START + 5 * HOUR, into="ada")
    world.run(START + 6 * HOUR)
    assert world.ledger.cycles()["state"].to_list() == ["open", "merged"]


def test_whoever_is_deleted_has_no_open_cycle_any_more(pair: World) -> None:
    pair.raises_hand("ada", SOON)
    pair.run(START + 2 * HOUR)
    pair.removal("ada", START + 3 * HOUR)
    pair.run(START + 4 * HOUR)
    cycle = pair.ledger.cycles().row(0, named=True)
    assert (cycle["state"], cycle["closed_at"], cycle["close_reason"]) == (
        "withdrawn", START + 3 * HOUR, "deleted",
    )  # fmt: skip
    pair.raises_hand("twin", START + 5 * HOUR)
    pair.run(START + 6 * HOUR)
    assert pair.ledger.cycles().filter(pl.col("state") == "open")["person_key"].to_list() == ["twin"]
