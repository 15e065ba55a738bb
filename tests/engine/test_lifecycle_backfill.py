"""A backfill decides the past by today's rules, and the live history does not notice."""

from dataclasses import replace

import polars as pl

from engine.lifecycle import end_backfill
from schemas.frames import decisions
from schemas.vocabulary import Origin
from tests.engine.world import DAY, HOUR, START, World


def backfilled(world: World) -> pl.DataFrame:
    """Decides 1–20 days before START as a backfill."""
    begin, end = START - 20 * DAY, START - DAY
    window = replace(world.window(end, Origin.BACKFILL), known_by=START, last_as_of=begin)
    decided = world.decide(window, sorted(world.people))
    world.ledger.record(decided, [], end)
    return decided.cycles


def test_a_backfill_opens_cycles_that_are_no_trials_and_writes_no_stage_over_a_live_one() -> None:
    world = World(live_since=None)
    world.person("ada")
    world.run(START)
    fact = world.raises_hand("ada", START - 9 * DAY)
    cycles = backfilled(world)
    assert cycles.select("origin", "is_trial", "trigger_fact", "opened_at").rows() == [
        ("backfill", False, fact, START - 9 * DAY)
    ]
    assert world.ledger.stage("ada") == "known"


def test_what_a_backfill_leaves_open_expires_at_its_end_and_blocks_nobody() -> None:
    world = World()
    world.person("ada")
    world.run(START)
    world.raises_hand("ada", START - 9 * DAY)
    backfilled(world)
    closed, events = end_backfill(world.ledger.cycles(), START - DAY)
    assert closed.select("state", "closed_as", "closed_at").rows() == [("expired", "expired", START - DAY)]
    assert events["kind"].to_list() == ["expired"]
    world.raises_hand("ada", START + HOUR)
    world.run(START + 2 * HOUR)
    live = world.ledger.cycles().filter(pl.col("origin") == Origin.LIVE)
    assert live.select("kind", "number").rows() == [("mql", 1)]


def test_a_backfill_before_the_first_run_leaves_that_run_its_baseline() -> None:
    world = World()
    world.person("ada")
    world.record("ada", "00Q1", status="Working")
    world.raises_hand("ada", START - 9 * DAY)
    backfilled(world)
    assert world.ledger.table("stages", decisions.Stages)["origin"].to_list() == ["backfill"]
    world.run(START)
    assert world.ledger.stage("ada") == "sal"
    assert sorted(world.ledger.cycles()["origin"]) == ["adopted", "backfill"]
