"""What the machine decided, as frames: only rows that are new or changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from engine.lifecycle.journal import Journal
from engine.lifecycle.reasons import acts_of, as_json
from engine.lifecycle.rulebook import Rulebook
from engine.lifecycle.snapshot import snapshots
from engine.lifecycle.state import Cycle, Person, Place
from engine.reasons import Values
from schemas.frames import decisions as frames
from schemas.frames.base import Frame, dtypes, empty
from schemas.vocabulary import Origin


@dataclass(frozen=True)
class LifecycleDecisions:
    """Frames of `schemas.frames.decisions`. `would_qualify` and `clocks` stand for everybody who was decided: what
    was recorded of them before is replaced."""

    transitions: pl.DataFrame
    cycles: pl.DataFrame
    cycle_events: pl.DataFrame
    stages: pl.DataFrame
    blocks: pl.DataFrame
    would_qualify: pl.DataFrame
    clocks: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened to anybody."""
        decided = (self.transitions, self.cycles, self.cycle_events, self.stages, self.blocks)
        return all(frame.is_empty() for frame in decided)


def transitions(
    journal: Journal, moments: pl.DataFrame, activities: pl.DataFrame, book: Rulebook
) -> pl.DataFrame:
    values = Values(moments, ((step.person, step.at) for step in journal.steps if step.because.reads))
    because = (step.because for step in journal.steps)
    acts = acts_of((each.fact for each in because if each.condition and each.fact), activities)
    rows = [
        (
            step.key,
            step.person,
            step.line,
            step.at,
            step.acted_at,
            step.from_stage,
            step.to_stage,
            step.because.rule,
            step.because.fact,
            step.cycle_key,
            step.pass_through,
            str(step.origin),
            book.version,
            as_json(step.because, (step.person, step.at), step.acted_at, values, acts),
        )
        for step in journal.steps
    ]
    # The order of events stays: entries of one instant are read in it.
    return _frame(frames.Transitions, rows)


def events(journal: Journal) -> pl.DataFrame:
    found = _frame(frames.CycleEvents, journal.events)
    return found.unique("event_key", keep="first", maintain_order=True)


def blocks(journal: Journal) -> pl.DataFrame:
    found = _frame(frames.Blocks, journal.blocks)
    return found.unique("block_key", keep="first", maintain_order=True).sort("at", "block_key")


def stages(
    before: Mapping[str, Person], after: Mapping[str, Person], rows: pl.DataFrame, book: Rulebook
) -> pl.DataFrame:
    """Places that changed. A backfill leaves the place of people whom a live run has placed."""
    changed = [
        (key, *_values(place))
        for key, person in after.items()
        for line, place in person.places.items()
        if before[key].places.get(line) != place
    ]
    found = _frame(frames.Stages, changed).sort("person_key", "line")
    if not book.is_backfill:
        return found
    placed = rows.filter(pl.col("origin") != Origin.BACKFILL)
    return found.join(placed, on=["person_key", "line"], how="anti")


def cycles(
    before: Mapping[str, Person],
    after: Mapping[str, Person],
    rows: pl.DataFrame,
    journal: Journal,
    moments: pl.DataFrame,
    activities: pl.DataFrame,
    book: Rulebook,
) -> pl.DataFrame:
    """Cycles that were opened or changed; what the machine does not know of a cycle stays as it was."""
    known = {cycle.key: cycle for person in before.values() for cycle in person.cycles}
    now = [cycle for person in after.values() for cycle in person.cycles]
    new = [cycle for cycle in now if cycle.key not in known]
    changed = [cycle for cycle in now if cycle.key in known and _stored(known[cycle.key]) != _stored(cycle)]
    names = list(dtypes(frames.Cycles))
    parts = [_changed(changed, rows), _opened(new, journal, moments, activities, book)]
    return pl.concat([part.select(names) for part in parts]).sort("opened_at", "cycle_key")


def _changed(changed: Sequence[Cycle], rows: pl.DataFrame) -> pl.DataFrame:
    moved = _cycle_rows(changed)
    return rows.join(moved.select("cycle_key"), on="cycle_key", how="semi").update(
        moved, on="cycle_key", how="left", include_nulls=True
    )


def _opened(
    new: Sequence[Cycle], journal: Journal, moments: pl.DataFrame, activities: pl.DataFrame, book: Rulebook
) -> pl.DataFrame:
    if not new:
        return empty(frames.Cycles)
    values = Values(moments, ((cycle.person, cycle.opened_at) for cycle in new))
    acts = acts_of((cycle.trigger_fact for cycle in new if cycle.trigger_fact), activities)
    why = {
        cycle.key: as_json(
            journal.opened[cycle.key], (cycle.person, cycle.opened_at), cycle.acted_at, values, acts
        )
        for cycle in new
    }
    opened = _cycle_rows(new)
    then = snapshots(opened, moments, activities)
    complete = then.with_columns(
        pl.lit(book.version).alias("playbook_version"),
        pl.col("cycle_key").replace_strict(why, return_dtype=pl.String).alias("reasons"),
    )
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in dtypes(frames.Cycles).items()
        if name not in complete.columns
    ]
    return complete.with_columns(missing)


_STORED = {"key": "cycle_key", "person": "person_key"}
_FOLLOWS = ("touched_at", "heard_at")
"""What follows from the facts and is not recorded."""


def _cycle_rows(cycles: Sequence[Cycle]) -> pl.DataFrame:
    types = dtypes(frames.Cycles)
    names = [_STORED.get(field.name, field.name) for field in fields(Cycle) if field.name not in _FOLLOWS]
    rows = [_stored(cycle) for cycle in cycles]
    return pl.DataFrame(rows, schema={name: types[name] for name in names}, orient="row")


def _stored(cycle: Cycle) -> tuple[Any, ...]:
    """What is recorded of a cycle."""
    return tuple(_plain(getattr(cycle, field.name)) for field in fields(Cycle) if field.name not in _FOLLOWS)


def _values(place: Place) -> tuple[Any, ...]:
    return (
        place.line,
        place.stage,
        place.since,
        str(place.origin),
        place.first_mql_at,
        place.last_mql_at,
        place.first_sal_at,
        place.last_sal_at,
        place.spent_through,
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _frame(model: type[Frame], rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dtypes(model), orient="row")
