"""To whom something may happen. Everybody else costs one row in a few vectorised passes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from engine.lifecycle.candidates import AT, Truths, writable
from engine.lifecycle.closing import NOT_LIVE
from engine.lifecycle.events import Acted, Adopted, Below, Event, Here, Joined, Removed, Try, WritingBegins
from engine.lifecycle.loading import OPEN_STATES, own_past
from engine.lifecycle.rulebook import Rulebook
from engine.lifecycle.state import Person
from schemas.frames.base import UTC

Surroundings = Mapping[tuple[str, object], Here]


@dataclass(frozen=True)
class Chosen:
    """`people`: the columns of `bounds` and `below`, the stage below MQL at the first instant. `met`: the last instant
    of people who meet triggers without an act then, and which; `looked_at`: the same instants as person_key, at."""

    people: pl.DataFrame
    met: Mapping[str, tuple[datetime, tuple[int, ...]]]
    looked_at: pl.DataFrame
    below_changes: pl.DataFrame

    def events(
        self,
        happened: Sequence[Event],
        tried: pl.DataFrame,
        around: Surroundings,
        moments: pl.DataFrame,
        people: Mapping[str, Person],
        book: Rulebook,
    ) -> list[Event]:
        """Everything that the machine has to take, in no particular order."""
        found = [
            *happened,
            *self._first_sights(),
            *self._below(people, book),
            *_acted(tried, around),
            *self._writing_begins(tried, moments, people, book),
            *self._housekeeping(happened, people),
        ]
        ranked = {key for key, person in people.items() if person.rank}
        return [
            replace(event, rank=people[event.person].rank) if event.person in ranked else event
            for event in found
        ]

    def _first_sights(self) -> Iterator[Event]:
        new = self.people.filter(~pl.col("is_known")).select("person_key", "first_at", "existed")
        return (Event(at, key, 0, Adopted(existed)) for key, at, existed in new.iter_rows())

    def _below(self, people: Mapping[str, Person], book: Rulebook) -> Iterator[Event]:
        """Changes of the stage below MQL; the first instant tells one only of people who stand elsewhere below MQL."""
        rows = self.below_changes.join(self.people, on="person_key", how="semi").select(*AT, "below")
        last = None
        for key, at, step in rows.iter_rows():
            stage = book.path[step]
            if key != last:
                last = key
                places = people[key].places.values()
                if all(place.stage == stage or place.stage not in book.below_mql for place in places):
                    continue
            yield Event(at, key, 0, Below(stage))

    def _writing_begins(
        self, tried: pl.DataFrame, moments: pl.DataFrame, people: Mapping[str, Person], book: Rulebook
    ) -> Iterator[Event]:
        """The instants from which on a person with trials is written about."""
        since = book.live_since
        if book.is_backfill or since is None or since > book.window.as_of:
            return
        on_trial = {key for key, person in people.items() if any(person.open_cycles(trials=True))}
        keys = on_trial | set(tried["person_key"])
        rows = self.people.filter(pl.col("person_key").is_in(list(keys)))
        if book.organisation.write_scope is None:
            for key, after, first_at in rows.select("person_key", "after", "first_at").iter_rows():
                yield Event(since if after is None or since > after else first_at, key, 0, WritingBegins())
            return
        scoped = _with_start(
            moments.join(rows, on="person_key", how="semi").select(*AT, writable(book)), since
        )
        now = pl.col("is_writable") & (pl.col("at") >= since)
        begins = scoped.filter(now & ~now.shift(1).over("person_key").fill_null(False))
        for key, at in begins.select("person_key", "at").iter_rows():
            yield Event(at, key, 0, WritingBegins())

    def _housekeeping(self, happened: Sequence[Event], people: Mapping[str, Person]) -> Iterator[Event]:
        """What facts brought about without an instant of its own: two open cycles of people who became one, erasure."""
        joined = {event.person for event in happened if isinstance(event.what, Joined)}
        first = dict(self.people.select("person_key", "first_at").iter_rows())
        for key, person in people.items():
            lines = [(cycle.line, cycle.is_trial) for cycle in person.cycles if cycle.is_open]
            if len(lines) != len(set(lines)) and key not in joined:
                yield Event(first[key], key, 0, Joined(first[key], None))
            if person.is_erased and lines:
                yield Event(first[key], key, 0, Removed(first[key], f"erased:{key}", "erased"))


def chosen(
    known: pl.DataFrame,
    held: Truths,
    tried: pl.DataFrame,
    happened: Sequence[Event],
    cycles: pl.DataFrame,
    stages: pl.DataFrame,
    book: Rulebook,
) -> Chosen:
    """People with an act that meets a trigger, a fact, an open cycle, another stage, or a first sight; and whoever
    meets a trigger without an act."""
    own = own_past(cycles, book)
    met = _met(held, own, tried, book)
    keys = pl.concat(
        [
            tried.select("person_key"),
            pl.DataFrame(
                {"person_key": [event.person for event in happened]}, schema={"person_key": pl.String}
            ),
            own.filter(pl.col("state").is_in(OPEN_STATES)).select("person_key"),
            known.filter(~pl.col("is_known")).select("person_key"),
            _stage_moved(held, own_past(stages, book), book),
            met.select("person_key"),
        ]
    ).unique()
    first = held.below_changes.unique("person_key", keep="first", maintain_order=True)
    stage = pl.DataFrame(
        {"step": range(len(book.path)), "stage": list(book.path)},
        schema={"step": pl.Int16, "stage": pl.String},
    )
    people = (
        known.join(keys, on="person_key", how="semi")
        .join(first.select("person_key", pl.col("below").alias("step")), on="person_key")
        .join(stage, on="step")
        .rename({"stage": "below"})
        .sort("person_key")
    )
    rows = met.select("person_key", "at", "triggers").iter_rows()
    return Chosen(
        people, {key: (at, tuple(triggers)) for key, at, triggers in rows}, met.select(AT), held.below_changes
    )


def _met(held: Truths, cycles: pl.DataFrame, tried: pl.DataFrame, book: Rulebook) -> pl.DataFrame:
    """person_key, at, triggers: who meets a trigger without `activity` at the last instant, or may have had a trial."""
    alone = [number for number, trigger in enumerate(book.triggers) if trigger.activity is None]
    number = [
        pl.when(f"person_{number}").then(pl.lit(number, pl.Int64)).otherwise(pl.lit(None, pl.Int64))
        for number in alone
    ]
    triggers = pl.concat_list(number).list.drop_nulls() if number else pl.lit([], pl.List(pl.Int64))
    is_trial = pl.col("is_trial") & (
        pl.col("state").is_in(OPEN_STATES) | (pl.col("close_reason") == NOT_LIVE)
    )
    on_trial = pl.concat([cycles.filter(is_trial).select("person_key"), tried.select("person_key")]).unique()
    return (
        held.last.select(*AT, triggers.alias("triggers"))
        .join(on_trial.with_columns(pl.lit(True).alias("on_trial")), on="person_key", how="left")
        .filter((pl.col("triggers").list.len() > 0) | pl.col("on_trial"))
        .select(*AT, "triggers")
    )


def _stage_moved(held: Truths, stages: pl.DataFrame, book: Rulebook) -> pl.DataFrame:
    """People below MQL for whom conditions give another stage at some instant than where they stand."""
    steps = {stage: step for stage, step in book.steps.items() if stage in book.below_mql}
    table = pl.DataFrame(
        {"stage": list(steps), "step": list(steps.values())}, schema={"stage": pl.String, "step": pl.Int16}
    )
    placed = stages.select("person_key", "stage").join(table, on="stage")
    moved = held.below_changes.join(placed, on="person_key").filter(pl.col("below") != pl.col("step"))
    return moved.select("person_key").unique()


def _with_start(scoped: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """The rows in order, with one at the moment of going live, where people stand as at their instant before it."""
    start = pl.lit(since, UTC)
    before = (
        scoped.filter(pl.col("at") <= start).sort(AT).unique("person_key", keep="last", maintain_order=True)
    )
    at_start = before.with_columns(start.alias("at")).select(scoped.columns)
    return pl.concat([scoped.filter(pl.col("at") != start), at_start]).sort(AT)


def _acted(tried: pl.DataFrame, around: Surroundings) -> Iterator[Event]:
    rows: dict[tuple[str, datetime], list[Try]] = {}
    for key, at, acted_at, fact, trigger in tried.select(*AT, "acted_at", "fact_key", "trigger").iter_rows():
        rows.setdefault((key, at), []).append(Try(trigger, acted_at, fact))
    return (Event(at, key, 0, Acted(tries, around[key, at])) for (key, at), tries in rows.items())
