"""Writing decisions. Each function writes one table, under the silo that its caller has opened.

What happened (transitions, events, assignments, score lines) is added once and never changed: the same facts give
the same keys, so a decision that is recorded twice is one row. What stands now (scores, stages, cycles, blocks, pool
pointers) is replaced by key. Each returns how many rows were added or changed.
"""

from collections.abc import Iterable

import polars as pl

from ledger.frames import among
from ledger.tables import decisions as tables
from ledger.unit_of_work import UnitOfWork
from schemas.vocabulary import CycleState


def write_scores(tx: UnitOfWork, scores: pl.DataFrame) -> int:
    """Present scores, one row a person and model."""
    return tx.upsert(tables.scores, scores)


def drop_other_models(tx: UnitOfWork, person_keys: Iterable[str], models: Iterable[str]) -> int:
    """Takes away what models said that the playbook has no more."""
    table = tables.scores
    return tx.delete(table, among(table.c.person_key, person_keys), table.c.model.not_in(list(models)))


def write_account_scores(tx: UnitOfWork, scores: pl.DataFrame) -> int:
    """Account scores from a run's instant on."""
    return tx.upsert(tables.account_scores, scores)


def write_score_lines(tx: UnitOfWork, lines: pl.DataFrame) -> int:
    """Why a score was what it was, kept for the instants that decided something."""
    return tx.insert_new(tables.score_lines, lines)


def write_transitions(tx: UnitOfWork, transitions: pl.DataFrame) -> int:
    """Steps along the path."""
    return tx.insert_new(tables.transitions, transitions)


def write_cycles(tx: UnitOfWork, cycles: pl.DataFrame) -> int:
    """Cycles as they stand. Owner and visibility are taken at the first writing only: others write them later."""
    # Those that close come first, so that never, not even between two rows, a person has two open ones on a line.
    is_open = pl.col("state").is_in([state.value for state in CycleState if state.is_open])
    kept = [*tables.OWNER_COLUMNS, tables.VISIBLE_COLUMN]
    return tx.upsert(tables.cycles, cycles.sort(is_open, maintain_order=True), keep=kept)


def write_cycle_events(tx: UnitOfWork, events: pl.DataFrame) -> int:
    """What happened to cycles."""
    return tx.insert_new(tables.cycle_events, events)


def write_stages(tx: UnitOfWork, stages: pl.DataFrame) -> int:
    """Where people stand, one row a person and line."""
    return tx.upsert(tables.stages, stages)


def write_blocks(tx: UnitOfWork, blocks: pl.DataFrame) -> int:
    """Triggers that were held back."""
    return tx.upsert(tables.blocks, blocks)


def replace_would_qualify(tx: UnitOfWork, person_keys: Iterable[str], rows: pl.DataFrame) -> int:
    """Who would qualify among the people just decided; what was said of them before goes."""
    tx.delete(tables.would_qualify, among(tables.would_qualify.c.person_key, person_keys))
    return tx.upsert(tables.would_qualify, rows)


def write_assignments(tx: UnitOfWork, assignments: pl.DataFrame) -> int:
    """Who got which cycle."""
    return tx.insert_new(tables.assignments, assignments)


def write_pool_pointers(tx: UnitOfWork, pointers: pl.DataFrame) -> int:
    """Where each rotation stands."""
    return tx.upsert(tables.pool_pointers, pointers)


def set_cycle_owner(tx: UnitOfWork, owners: pl.DataFrame) -> int:
    """Gives cycles their owner: [cycle_key, owner_id, owner_kind, assigned_at]."""
    return tx.update(tables.cycles, owners.select("cycle_key", *tables.OWNER_COLUMNS))
