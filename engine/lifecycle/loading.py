"""Frames as values of the machine: the people who have something to decide, by group."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import polars as pl

from engine.lifecycle.rulebook import Rulebook
from engine.lifecycle.state import Cycle, Group, Person, Place, latest
from schemas.vocabulary import CycleState, Origin, VerdictKind

OPEN_STATES = [state.value for state in CycleState if state.is_open]
_PLACE = [
    "line", "stage", "since", "origin",
    "first_mql_at", "last_mql_at", "first_sal_at", "last_sal_at", "spent_through",
]  # fmt: skip
_CYCLE = [
    "cycle_key", "person_key", "line", "number", "kind", "state", "opened_at", "acted_at", "is_trial", "origin",
    "trigger_rule", "trigger_fact", "hand_raised_at", "accepted_at", "closed_at", "closed_as", "close_reason",
    "opportunity_id",
]  # fmt: skip


def own_past(frame: pl.DataFrame, book: Rulebook) -> pl.DataFrame:
    """Rows (with `origin`) of the history that is being decided: the live one, or the backfilled one."""
    return frame.filter((pl.col("origin") == Origin.BACKFILL) == book.is_backfill)


def groups(
    wanted: pl.DataFrame,
    stages: pl.DataFrame,
    cycles: pl.DataFrame,
    group_cycles: pl.DataFrame,
    heard: pl.DataFrame,
    touches: pl.DataFrame,
    ranks: Mapping[str, int],
    book: Rulebook,
) -> dict[str, Group]:
    """`wanted`: person_key, group_key, is_erased, below (a stage). `heard`: verdicts decided before.

    `group_cycles`: cycles of people of the same groups who are not decided now, with their `group_key`.
    """
    places = _places(own_past(stages, book).join(wanted, on="person_key", how="semi"))
    theirs = own_past(cycles, book).join(wanted, on="person_key", how="semi")
    words = _words(heard), _words(heard.filter(pl.col("kind") != VerdictKind.OPPORTUNITY))
    past = _cycles(theirs, *words, _touches(touches, theirs))
    moments = _last_words(heard.join(wanted, on="person_key", how="semi"), book)
    elsewhere = _open_lines(own_past(group_cycles, book))
    people: dict[str, dict[str, Person]] = {}
    for key, group_key, is_erased, below in wanted.select(
        "person_key", "group_key", "is_erased", "below"
    ).iter_rows():
        said = moments.get(key, {})
        people.setdefault(group_key, {})[key] = Person(
            key=key,
            places=places.get(key, {}),
            cycles=past.get(key, ()),
            below=below,
            rank=ranks.get(key, 0),
            is_erased=is_erased,
            rejected_at=said.get(VerdictKind.REJECTED),
            recycled_at=said.get(VerdictKind.RECYCLED),
        )
    return {key: Group(members, elsewhere.get(key, frozenset())) for key, members in people.items()}


def _places(stages: pl.DataFrame) -> dict[str, dict[str, Place]]:
    found: dict[str, dict[str, Place]] = {}
    for key, *values in stages.select("person_key", *_PLACE).iter_rows():
        place = Place(*values)
        found.setdefault(key, {})[place.line] = place
    return found


def _cycles(
    cycles: pl.DataFrame,
    words: Mapping[str, list[datetime]],
    verdicts: Mapping[str, list[datetime]],
    touches: Mapping[str, list[datetime]],
) -> dict[str, tuple[Cycle, ...]]:
    found: dict[str, list[Cycle]] = {}
    for values in cycles.sort("opened_at", "cycle_key").select(_CYCLE).iter_rows(named=True):
        key, person, opened_at = values.pop("cycle_key"), values.pop("person_key"), values["opened_at"]
        last, heard_at = opened_at, None
        if values["state"] in OPEN_STATES:
            # A trial is nothing that sales could speak of.
            said = [] if values["is_trial"] else _about(person, key, words)
            since = [at for at in (*said, *touches.get(person, [])) if at >= opened_at]
            last = latest([opened_at, values["hand_raised_at"], values["accepted_at"], *since]) or opened_at
            heard_at = latest(at for at in _about(person, key, verdicts) if at >= opened_at)
        cycle = Cycle(key=key, person=person, touched_at=last, heard_at=heard_at, **values)
        found.setdefault(person, []).append(cycle)
    return {person: tuple(theirs) for person, theirs in found.items()}


def _about(person: str, cycle: str, words: Mapping[str, list[datetime]]) -> list[datetime]:
    return [*words.get(person, []), *words.get(cycle, [])]


def _words(heard: pl.DataFrame) -> dict[str, list[datetime]]:
    """When something was said about a cycle (by its key), or about whatever a person had open (by the person's)."""
    return dict(
        heard.group_by(pl.coalesce("cycle_key", "person_key").alias("about")).agg("occurred_at").iter_rows()
    )


def _touches(touches: pl.DataFrame, cycles: pl.DataFrame) -> dict[str, list[datetime]]:
    of_open = cycles.filter(pl.col("state").is_in(OPEN_STATES)).select("person_key").unique()
    rows = touches.join(of_open, on="person_key", how="semi").group_by("person_key").agg("occurred_at")
    return dict(rows.iter_rows())


def _last_words(heard: pl.DataFrame, book: Rulebook) -> dict[str, dict[str, datetime]]:
    """Per person, when sales last rejected and last recycled. Asking for another owner is neither."""
    found: dict[str, dict[str, datetime]] = {}
    said = heard.filter(pl.col("kind").is_in([VerdictKind.REJECTED, VerdictKind.RECYCLED]))
    for person, kind, reason, at in said.select("person_key", "kind", "reason", "occurred_at").iter_rows():
        if book.what_follows(reason)[0] != "reassign":
            known = found.setdefault(person, {})
            known[kind] = max(at, known.get(kind, at))
    return found


def _open_lines(cycles: pl.DataFrame) -> dict[str, frozenset[str]]:
    rows = (
        cycles.filter(pl.col("state").is_in(OPEN_STATES) & ~pl.col("is_trial"))
        .group_by("group_key")
        .agg(pl.col("line").unique())
    )
    return {key: frozenset(lines) for key, lines in rows.iter_rows()}


def all_people(groups: Iterable[Group]) -> dict[str, Person]:
    return {key: person for group in groups for key, person in group.people.items()}
