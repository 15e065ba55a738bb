"""One row per run: what it was, under which rules, how it ended, and its counts."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.tables.operations import run_counts, runs
from ledger.unit_of_work import UnitOfWork
from schemas.vocabulary import Mode, Platform, Silo, Stream


@dataclass(frozen=True)
class Run:
    """The immutable context of a run. `started_at` is wall time; decisions know `as_of` only."""

    id: str
    flow: str
    mode: Mode
    as_of: datetime
    started_at: datetime
    playbook: Mapping[Silo, str] = field(default_factory=dict)  # version per silo


@dataclass(frozen=True)
class Count:
    """`n` of something that happened in a stage of a run, of a platform and stream where it has one."""

    stage: str
    name: str
    n: int
    platform: Platform | None = None
    stream: Stream | None = None


def start(tx: UnitOfWork, run: Run) -> None:
    """Writes the run down before it does anything."""
    tx.execute(
        sa.insert(runs).values(
            run_id=run.id,
            flow=run.flow,
            mode=run.mode,
            as_of=run.as_of,
            started_at=run.started_at,
            is_decided=False,
            playbook=json.dumps(dict(run.playbook)),
        )
    )


def mark_decided(tx: UnitOfWork, run_id: str) -> None:
    """Decide and record ended for everybody who was due: from now on the run's `as_of` is the last committed one."""
    tx.execute(sa.update(runs).where(runs.c.run_id == run_id).values(is_decided=True))


def count(tx: UnitOfWork, run_id: str, counts: Iterable[Count]) -> None:
    """Adds to the run's counts, so that a page's count can be written in the page's transaction."""
    total: dict[tuple[str, str, str, str], int] = {}
    for item in counts:
        key = (item.stage, item.platform or "", item.stream or "", item.name)
        total[key] = total.get(key, 0) + item.n
    present = {
        (row.stage, row.platform, row.stream, row.name): row.n
        for row in tx.connection.execute(sa.select(run_counts).where(run_counts.c.run_id == run_id))
    }
    rows = [(run_id, *key, n + present.get(key, 0)) for key, n in total.items()]
    names = ["run_id", "stage", "platform", "stream", "name", "n"]
    tx.upsert(run_counts, pl.DataFrame(rows, schema=names, orient="row"))


def finish(
    tx: UnitOfWork,
    run_id: str,
    status: str,
    at: datetime,
    *,
    counts: Iterable[Count] = (),
    message: str | None = None,
) -> None:
    """Ends the run; `at` is wall time. A run without an end was killed, or is still going."""
    count(tx, run_id, counts)
    ended = sa.update(runs).where(runs.c.run_id == run_id)
    tx.execute(ended.values(status=status, finished_at=at, message=message))


def last_committed_as_of(connection: sa.Connection) -> datetime | None:
    """The `as_of` of the last live run that decided and recorded everybody who was due."""
    found: datetime | None = connection.scalar(
        sa.select(sa.func.max(runs.c.as_of)).where(runs.c.is_decided, runs.c.mode == Mode.LIVE)
    )
    return found


def last_as_of(connection: sa.Connection) -> datetime | None:
    """The latest `as_of` that any live run had, ended or not: a later run never decides at an earlier one."""
    found: datetime | None = connection.scalar(
        sa.select(sa.func.max(runs.c.as_of)).where(runs.c.mode == Mode.LIVE)
    )
    return found


def latest(connection: sa.Connection, limit: int = 20) -> list[sa.RowMapping]:
    """The last runs, youngest first, as rows."""
    ordered = sa.select(runs).order_by(runs.c.started_at.desc(), runs.c.run_id).limit(limit)
    return list(connection.execute(ordered).mappings())
