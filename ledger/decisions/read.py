"""Reading decisions of people. A person who was merged into another is read with that one, under the living key.

`person_keys` are keys of living people, in any number.
"""

from collections.abc import Iterable
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch, table_columns
from ledger.tables import decisions as tables
from ledger.tables.facts import people
from schemas.frames import decisions as frames
from schemas.frames.base import Frame, dtypes
from schemas.vocabulary import CycleState, Origin

SENT_BACK = "reassign"
"""Kind of the event by which sales asks for another owner of a cycle."""

MERGED = {"person_key": pl.String, "merged_into": pl.String}


def read_scores(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """Present scores. A merged person's own score went with the person: it was of fewer facts."""
    return _of_people(connection, tables.scores, frames.Scores, person_keys, with_merged=False)


def read_account_scores(
    connection: sa.Connection, account_ids: Iterable[str], through: datetime
) -> pl.DataFrame:
    """frames.decisions.AccountScores of these accounts that held at `through` or before, oldest first."""
    table = tables.account_scores
    chosen = sa.select(*table_columns(table, frames.AccountScores)).where(
        among(table.c.account_id, account_ids), table.c.valid_from <= through
    )
    return fetch(connection, chosen, frames.AccountScores).sort("valid_from", "account_id")


def read_accounts_of(connection: sa.Connection, person_keys: Iterable[str], model: str) -> pl.Series:
    """Accounts that these people, or people who were merged into them, were with when they were last scored."""
    found = _of_people(connection, tables.scores, frames.Scores, person_keys)
    return found.filter(pl.col("model") == model)["account_id"].drop_nulls().unique()


def read_scores_of_accounts(
    connection: sa.Connection, account_ids: Iterable[str], model: str
) -> pl.DataFrame:
    """frames.decisions.Scores, by one model, of the living people of these accounts."""
    table = tables.scores
    living = sa.select(people.c.person_key).where(people.c.merged_into.is_(None), sa.not_(people.c.is_erased))
    chosen = sa.select(*table_columns(table, frames.Scores)).where(
        among(table.c.account_id, account_ids), table.c.model == model, table.c.person_key.in_(living)
    )
    return fetch(connection, chosen, frames.Scores)


def read_score_lines(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    return _of_people(connection, tables.score_lines, frames.ScoreLines, person_keys).sort("at", "person_key")


def read_transitions(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    return _of_people(connection, tables.transitions, frames.Transitions, person_keys).sort(
        "at", "transition_key"
    )


def read_cycles(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """All cycles, oldest first."""
    return _of_people(connection, tables.cycles, frames.Cycles, person_keys).sort("opened_at", "cycle_key")


def read_cycle_events(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    return _of_people(connection, tables.cycle_events, frames.CycleEvents, person_keys).sort(
        "at", "event_key"
    )


def read_blocks(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    return _of_people(connection, tables.blocks, frames.Blocks, person_keys).sort("at", "block_key")


def read_assignments(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    return _of_people(connection, tables.assignments, frames.Assignments, person_keys).sort(
        "at", "assignment_key"
    )


def read_would_qualify(connection: sa.Connection, person_keys: Iterable[str] | None = None) -> pl.DataFrame:
    """Who would qualify; without keys everybody who would."""
    if person_keys is None:
        living = sa.select(people.c.person_key).where(people.c.merged_into.is_(None))
        table = tables.would_qualify
        chosen = sa.select(*table_columns(table, frames.WouldQualify)).where(table.c.person_key.in_(living))
        found = fetch(connection, chosen, frames.WouldQualify)
    else:
        found = _of_people(
            connection, tables.would_qualify, frames.WouldQualify, person_keys, with_merged=False
        )
    return found.sort("person_key", "line", "rule_id")


def read_stages(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """Where people stand, one row a person and line.

    Of merged people the stage that was reached last counts; first stamps are the earliest, last ones the latest, and
    acts that were spent for either are spent.
    """
    found = _of_people(connection, tables.stages, frames.Stages, person_keys)
    grouped = found.sort("since", "stage").group_by("person_key", "line", maintain_order=True)
    one = grouped.agg(
        pl.col("stage", "since", "origin").last(),
        pl.col("first_mql_at", "first_sal_at").min(),
        pl.col("last_mql_at", "last_sal_at", "spent_through").max(),
    )
    return one.select(list(dtypes(frames.Stages))).sort("person_key", "line")


def read_cycles_of_groups(connection: sa.Connection, person_keys: Iterable[str]) -> pl.DataFrame:
    """Cycles of other people who share an e-mail address with one of these: `Cycles` and their `group_key`."""
    keys = list(person_keys)
    groups = sa.select(people.c.group_key).where(among(people.c.person_key, keys)).distinct()
    mates = sa.select(people.c.person_key, people.c.group_key).where(
        people.c.group_key.in_(groups), people.c.merged_into.is_(None)
    )
    group_of = fetch(connection, mates, {"person_key": pl.String, "group_key": pl.String})
    others = group_of.filter(~pl.col("person_key").is_in(keys))
    return read_cycles(connection, others["person_key"]).join(group_of, on="person_key", how="left")


def read_unassigned_cycles(connection: sa.Connection) -> pl.DataFrame:
    """Open cycles that may need an owner: nobody has them yet, or they were sent back for another.

    One that nobody could take, or that waits for the CRM's own rules, is among them, as is one that a killed run left
    undecided; so is one that sales had before us if somebody raised a hand in it. Which of those that were sent back
    were answered already, the caller sees from their assignments.
    """
    cycles, assignments, events = tables.cycles, tables.assignments, tables.cycle_events
    has_owner = sa.exists().where(
        assignments.c.cycle_key == cycles.c.cycle_key, assignments.c.owner_id.is_not(None)
    )
    sent_back = sa.exists().where(events.c.cycle_key == cycles.c.cycle_key, events.c.kind == SENT_BACK)
    adopted = (cycles.c.origin == Origin.ADOPTED) & cycles.c.hand_raised_at.is_not(None)
    chosen = sa.select(*table_columns(cycles, frames.Cycles)).where(
        cycles.c.state.in_([state for state in CycleState if state.is_open]),
        sa.not_(cycles.c.is_trial),
        (cycles.c.origin == Origin.LIVE) | adopted,
        (cycles.c.owner_id.is_(None) & ~has_owner) | sent_back,
    )
    found = fetch(connection, chosen, frames.Cycles)
    return _living(
        found, _merged_into(connection, found["person_key"].unique(), by=people.c.person_key)
    ).sort("opened_at", "cycle_key")


def read_sent_back(connection: sa.Connection, cycle_keys: Iterable[str]) -> pl.DataFrame:
    """The events that sent these cycles back for another owner: frames.CycleEvents, oldest first."""
    events = tables.cycle_events
    chosen = sa.select(*table_columns(events, frames.CycleEvents)).where(
        events.c.kind == SENT_BACK, among(events.c.cycle_key, cycle_keys)
    )
    return fetch(connection, chosen, frames.CycleEvents).sort("at", "acted_at", "event_key")


def read_pool_pointers(connection: sa.Connection) -> pl.DataFrame:
    """Where every rotation stands."""
    chosen = sa.select(*table_columns(tables.pool_pointers, frames.PoolPointers))
    return fetch(connection, chosen, frames.PoolPointers).sort("pool", "owner_id")


def _of_people(
    connection: sa.Connection,
    table: sa.Table,
    model: type[Frame],
    person_keys: Iterable[str],
    *,
    with_merged: bool = True,
) -> pl.DataFrame:
    keys = list(person_keys)
    merged = _merged_into(connection, keys, by=people.c.merged_into) if with_merged else None
    if merged is not None:
        keys += merged["person_key"].to_list()
    chosen = sa.select(*table_columns(table, model)).where(among(table.c.person_key, keys))
    found = fetch(connection, chosen, model)
    return found if merged is None else _living(found, merged)


def _merged_into(connection: sa.Connection, keys: Iterable[str], by: sa.ColumnElement[str]) -> pl.DataFrame:
    """Who was merged into whom: [person_key, merged_into], the people whose column `by` is among the keys."""
    chosen = sa.select(people.c.person_key, people.c.merged_into)
    return fetch(connection, chosen.where(among(by, keys), people.c.merged_into.is_not(None)), MERGED)


def _living(found: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """The same rows under the keys of those who live on."""
    if merged.is_empty():
        return found
    renamed = found.join(merged, on="person_key", how="left", maintain_order="left")
    living = pl.coalesce("merged_into", "person_key").alias("person_key")
    return renamed.with_columns(living).select(found.columns)
