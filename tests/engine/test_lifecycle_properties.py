"""What always holds, whatever happens to people and whenever we look."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.histories import END, Happening, History, histories, instants
from tests.engine.world import DAY, START, World

SEEDS = st.randoms(use_true_random=False)
Tables = dict[str, dict[object, dict[str, object]]]


def decided(world: World, cuts: Sequence[datetime], parts: Sequence[Sequence[str]] | None = None) -> Tables:
    """Everything recorded after runs at START, at each cut, and at END."""
    for as_of in sorted({START, *cuts, END}):
        if parts is None:
            world.run(as_of)
            continue
        for part in parts:
            world.run(as_of, only=[key for key in part if world.people[key]["created_at"] <= as_of])
        world.ledger.commit(as_of)
    return {name: dict(sorted(rows.items(), key=str)) for name, rows in world.ledger.tables.items()}


def differences(one: Tables, other: Tables) -> list[tuple[object, ...]]:
    """What differs between two ledgers: table, key, and the columns or the row that only one has."""
    found: list[tuple[object, ...]] = []
    for table in sorted(one.keys() | other.keys()):
        here, there = one.get(table, {}), other.get(table, {})
        for key in sorted(here.keys() | there.keys(), key=str):
            left, right = here.get(key), there.get(key)
            if left is None or right is None:
                found.append((table, "one" if right is None else "other", left or right))
            elif left != right:
                columns = {name: (left[name], right[name]) for name in left if left[name] != right[name]}
                found.append((table, key, columns))
    return found


@settings(max_examples=25, deadline=None)
@given(histories())
def test_nobody_excluded_for_good_gets_a_cycle_and_nobody_has_two_open_ones(history: History) -> None:
    world = history.world()
    for days in range(0, 43, 6):
        as_of = START + days * DAY
        world.run(as_of)
        cycles = world.ledger.cycles().filter(~pl.col("is_trial"))
        groups = pl.DataFrame(history.groups, schema=["person_key", "group"], orient="row")
        is_open = cycles.filter(pl.col("state").is_in(["open", "working"])).join(groups, on="person_key")
        assert is_open.select("group", "line").is_duplicated().sum() == 0
    opened = world.ledger.cycles().filter(pl.col("origin") == "live")
    at = opened.select("person_key", pl.col("opened_at").alias("at"))
    assert not world.moments(at, world.window(END))["is_competitor"].any()


@settings(max_examples=25, deadline=None)
@given(histories())
def test_no_clock_runs_backwards(history: History) -> None:
    world = history.world()
    decided(world, [])
    for row in world.ledger.cycles().iter_rows(named=True):
        order = [row["acted_at"], row["opened_at"], row["accepted_at"], row["closed_at"]]
        known = [at for at in order if at is not None]
        assert known == sorted(known), row
        assert (row["closed_at"] is None) == (row["state"] in ("open", "working"))
        assert row["closed_as"] == (None if row["closed_at"] is None else row["state"])


@settings(max_examples=25, deadline=None)
@given(histories(), st.lists(instants(START), max_size=6))
def test_how_time_is_cut_into_runs_does_not_matter(history: History, cuts: list[datetime]) -> None:
    assert differences(decided(history.world(), cuts), decided(history.world(), [])) == []


@settings(max_examples=25, deadline=None)
@given(histories(), SEEDS)
def test_the_order_in_which_facts_are_told_does_not_matter(history: History, seed: object) -> None:
    def shuffled(told: Sequence[Happening]) -> Sequence[Happening]:
        # An opportunity's end is told after its beginning: the one thing that names the other.
        mixed = sorted(told, key=lambda _: seed.random())  # type: ignore[attr-defined]
        return sorted(mixed, key=lambda each: each.how == "opportunity_ends")

    cuts = [START + 20 * DAY]
    assert differences(decided(history.world(shuffled), cuts), decided(history.world(), cuts)) == []


@settings(max_examples=25, deadline=None)
@given(histories())
def test_how_people_are_split_does_not_matter(history: History) -> None:
    cuts = [START + 20 * DAY]
    assert differences(decided(history.world(), cuts, history.parts()), decided(history.world(), cuts)) == []


@settings(max_examples=25, deadline=None)
@given(histories(), st.integers(1, 40))
def test_deciding_again_changes_nothing(history: History, days: int) -> None:
    world = history.world()
    decided(world, [START + days * DAY])
    again = world.run(END)
    assert again.is_empty


@settings(max_examples=25, deadline=None)
@given(histories(), SEEDS)
def test_late_facts_change_no_recorded_step_and_open_no_second_cycle(history: History, seed: object) -> None:
    world = history.world()
    for row in [*world.activities, *world.verdicts]:
        row["learned_at"] += timedelta(hours=seed.choice([0, 0, 10, 30, 200]))  # type: ignore[attr-defined]
    seen: dict[object, dict[str, object]] = {}
    for days in range(0, 60, 4):
        world.run(START + days * DAY)
        steps = world.ledger.tables["transitions"]
        assert all(steps[key] == row for key, row in seen.items())
        seen = dict(steps)
    cycles = world.ledger.cycles().filter(~pl.col("is_trial") & pl.col("state").is_in(["open", "working"]))
    assert cycles.select("person_key", "line").is_duplicated().sum() == 0
    for person, line in cycles.filter(pl.col("kind") == "mql").select("person_key", "line").iter_rows():
        assert world.ledger.stage(person, line) in ("mql", "sal", "opportunity", "customer")
    for row in world.ledger.cycles().iter_rows(named=True):
        known = [at for at in (row["acted_at"], row["opened_at"], row["accepted_at"], row["closed_at"]) if at]
        assert known == sorted(known)


@settings(max_examples=25, deadline=None)
@given(histories())
def test_nobody_is_an_mql_or_sal_without_a_cycle(history: History) -> None:
    world = history.world()
    decided(world, [START + 20 * DAY])
    steps = world.ledger.transitions().filter(pl.col("to_stage").is_in(["mql", "sal"]))
    assert steps.filter(pl.col("cycle_key").is_null() | pl.col("pass_through")).is_empty()
