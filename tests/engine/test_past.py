"""The past as a backfill decides it: which instants, which stretches, and where it had brought people."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.instants import plan_past
from engine.lifecycle.standing import standing_at
from engine.stretches import batches, still_open
from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import Cycles, Stages
from schemas.stretch import Stretch
from schemas.vocabulary import Origin
from tests.engine.histories import END, History, histories
from tests.engine.world import DAY, HOUR, LONG_AGO, START, World

CYCLE = ("cycle_key", "person_key", "line", "number", "kind", "opened_at", "hand_raised_at", "accepted_at",
         "trigger_rule", "trigger_fact")  # fmt: skip


def told(world: World, begin: datetime, end: datetime) -> World:
    """The world with its past from `begin` to `end` backfilled."""
    window = replace(world.window(end, Origin.BACKFILL), known_by=END, last_as_of=begin)
    world.ledger.record(world.decide(window, sorted(world.people)), [], end)
    return world


def simple(history: History) -> History:
    """Nobody was with sales, nothing happened and nothing was said before START, and we write from the first day on."""
    kept = [each for each in history.happenings if each.at > START and each.how != "removal"]
    made = {dict(each.values)["name"] for each in kept if each.how == "opportunity"}
    return replace(
        history,
        live_since=LONG_AGO,
        write_scope=None,
        statuses=(),
        happenings=tuple(
            each for each in kept if each.how != "opportunity_ends" or dict(each.values)["name"] in made
        ),
    )


def cycles(world: World) -> list[tuple[Any, ...]]:
    return world.ledger.cycles().select(CYCLE).sort("cycle_key").rows()


def handovers(world: World) -> list[tuple[Any, ...]]:
    """Steps that a cycle took."""
    names = ("person_key", "line", "at", "to_stage", "cycle_key", "rule_id", "cause")
    steps = world.ledger.transitions().filter(pl.col("cycle_key").is_not_null())
    return sorted(steps.select(names).rows(), key=repr)


@settings(max_examples=25, deadline=None)
@given(histories())
def test_a_backfill_and_a_live_history_hand_over_alike(history: History) -> None:
    lived, past = simple(history).world(), simple(history).world()
    lived.run(START)
    lived.run(END)
    told(past, START, END)
    assert cycles(past) == cycles(lived)
    assert handovers(past) == handovers(lived)
    for name in ("cycles", "transitions", "stages"):
        assert {row["origin"] for row in past.ledger.tables[name].values()} <= {"backfill"}


@settings(max_examples=25, deadline=None)
@given(histories())
def test_decisions_tell_where_the_past_had_brought_everybody(history: History) -> None:
    past = told(simple(history).world(), START, END)
    standing = standing_at(past.ledger.transitions(), past.ledger.cycles(), END)
    stored = past.ledger.table("stages", Stages)
    place = ["person_key", "line", "stage", "since"]
    moved = stored.filter(pl.col("line") == "default").select(place)
    found = standing.filter(pl.col("line") == "default").select(place)
    assert found.sort(place).rows() == moved.sort(place).rows()
    stamps = ["person_key", "line", "first_mql_at", "last_mql_at"]
    both = stored.select(stamps).join(standing.select(stamps), on=["person_key", "line"], how="inner")
    assert both["first_mql_at"].eq_missing(both["first_mql_at_right"]).all()
    assert both["last_mql_at"].eq_missing(both["last_mql_at_right"]).all()


def facts(*rows: tuple[str, str, datetime, datetime, str, str]) -> pl.DataFrame:
    names = {"fact_key": pl.String, "person_key": pl.String, "occurred_at": UTC, "learned_at": UTC,
             "origin": pl.String, "what": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=names, orient="row")


def test_the_past_of_a_person_ends_with_the_first_live_decision() -> None:
    first = pl.DataFrame({"person_key": ["ada"], "at": [START]}, schema={"person_key": pl.String, "at": UTC})
    window = replace(World().window(START + 5 * DAY, Origin.BACKFILL), last_as_of=START - 5 * DAY)
    plan = plan_past(
        facts(
            ("too early", "ada", START - 5 * DAY, START, "live", "activity"),
            ("past", "ada", START - DAY, START, "live", "activity"),
            ("brought", "ada", START - 2 * DAY, START + DAY, "backfill", "activity"),
            ("late", "ada", START - 3 * DAY, START + HOUR, "live", "activity"),
            ("verdict", "ada", START - 4 * DAY, START, "live", "verdict"),
            ("lived", "ada", START, START, "live", "activity"),
            ("nobody", "bob", START + DAY, START + DAY, "live", "activity"),
        ),
        first,
        window,
    )
    assert plan.acts["fact_key"].to_list() == ["past", "brought", "nobody"]
    assert plan.acts["at"].equals(plan.acts["acted_at"])
    assert plan.instants.rows() == [
        *(("ada", START - days * DAY) for days in (4, 3, 2, 1)),
        ("bob", START + DAY),
    ]


days = st.integers(0, 60)
stretches = st.tuples(days, st.integers(1, 20)).map(
    lambda span: Stretch(START + span[0] * DAY, START + (span[0] + span[1]) * DAY)
)


@given(st.lists(stretches, max_size=6))
def test_every_day_that_was_asked_for_is_decided_once(asked: list[Stretch]) -> None:
    done: dict[Stretch, bool] = {}
    for wanted in asked:
        for stretch in still_open(wanted, done):
            done[stretch] = True
        assert still_open(wanted, done) == []
    hours = [START + number * HOUR for number in range(1, 81 * 24)]
    for at in hours[::7]:
        is_asked = any(stretch.after < at <= stretch.through for stretch in asked)
        assert sum(stretch.after < at <= stretch.through for stretch in done) == is_asked


@given(stretches, stretches)
def test_what_was_interrupted_is_finished_as_it_was_and_first(begun: Stretch, wanted: Stretch) -> None:
    left = still_open(wanted, {begun: False})
    assert begun in left
    assert all(part == begun or part.without(begun) == [part] for part in left)


PEOPLE = {"person_key": pl.String, "group_key": pl.String, "created_at": UTC, "first_at": UTC}


@given(
    st.lists(st.tuples(st.integers(0, 4), days, st.none() | days), max_size=30),
    stretches,
    st.integers(1, 5),
)
def test_everybody_with_a_past_is_decided_once_together_with_the_group(
    drawn: list[tuple[int, int, int | None]], stretch: Stretch, size: int
) -> None:
    rows = [
        (f"p{number}", f"g{group}", START + created * DAY, None if first is None else START + first * DAY)
        for number, (group, created, first) in enumerate(drawn)
    ]
    found = list(batches(pl.DataFrame(rows, schema=PEOPLE, orient="row"), stretch, size))
    keys = [key for _, batch in found for key in batch]
    assert len(keys) == len(set(keys))
    group_of = {row[0]: row[1] for row in rows}
    seen: dict[str, int] = {}
    for number, (through, batch) in enumerate(found):
        assert stretch.after < through <= stretch.through
        assert all(seen.setdefault(group_of[key], number) == number for key in batch)
        assert len(batch) <= size or len({group_of[key] for key in batch}) == 1
    for key, group, created, first in rows:
        firsts = [row[3] for row in rows if row[1] == group and row[3] is not None]
        end = min([stretch.through, *(at - timedelta(microseconds=1) for at in firsts)])
        assert (key in keys) == (end > stretch.after and created <= end)
        assert first is None or first > end


def test_nobody_stands_anywhere_without_a_past() -> None:
    nothing = World().ledger
    assert standing_at(nothing.transitions(), nothing.cycles(), START).is_empty()
    assert standing_at(nothing.transitions(), nothing.cycles(), START).schema == dtypes(Stages)
    assert nothing.cycles().schema == dtypes(Cycles)
