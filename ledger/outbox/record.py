"""From decided changes to entries that wait to be written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.operations import WAITS, outbox
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import OutboxState

KEY = ["platform", "object", "target", "field"]
WAITING = (OutboxState.PENDING, OutboxState.DEFERRED)
FOUND = {
    "id": pl.Int64,
    **dict.fromkeys(KEY, pl.String),
    "value": pl.String,
    "is_creation": pl.Boolean,
    "decided_at": UTC,
}


@dataclass(frozen=True)
class Recorded:
    """`added` entries wait now, `superseded` ones don't any more; `known` changes were waiting already, or older."""

    added: int
    superseded: int
    known: int


def record(tx: UnitOfWork, changes: pl.DataFrame, run_id: str) -> Recorded:
    """Makes entries of changes (`schemas.frames.decisions.Changes`).

    A change that waits already with this very value is left as it is: recording twice changes nothing. A change that
    was decided before the waiting one is not recorded.
    """
    changes = changes.sort("decided_at", maintain_order=True).unique(KEY, keep="last", maintain_order=True)
    waiting = find_waiting(tx.connection, changes["target"].unique())
    joined = changes.join(waiting, on=KEY, how="left", suffix="_waiting", maintain_order="left")
    same = pl.col("value").eq(pl.col("value_waiting")) & pl.col("is_creation").eq(
        pl.col("is_creation_waiting")
    )
    older = pl.col("decided_at") < pl.col("decided_at_waiting")
    fresh = joined.filter(pl.col("id").is_null() | ~(same | older))
    superseded = supersede(tx, fresh.drop_nulls("id").select("id", at="decided_at"))
    entries = fresh.select(changes.columns).with_columns(
        run_id=pl.lit(run_id),
        state=pl.lit(str(OutboxState.PENDING)),
        attempts=pl.lit(0, pl.Int64),
    )
    return Recorded(tx.insert(outbox, entries), superseded, len(changes) - len(fresh))


def withdraw(tx: UnitOfWork, ids: Iterable[int], at: datetime, message: str) -> int:
    """Takes back entries that still wait, since the decision behind them no longer holds; how many."""
    rows = pl.DataFrame({"id": list(ids)}, schema={"id": pl.Int64})
    still = _among_ids(tx.connection, rows).with_columns(
        state=pl.lit(str(OutboxState.DROPPED)),
        settled_at=pl.lit(at).cast(UTC),
        message=pl.lit(message),
    )
    return tx.update(outbox, still)


def supersede(tx: UnitOfWork, entries: pl.DataFrame) -> int:
    """Ends entries [id, at: when the newer decision fell]; how many."""
    return tx.update(
        outbox,
        entries.select("id", state=pl.lit(str(OutboxState.SUPERSEDED)), settled_at=pl.col("at").cast(UTC)),
    )


def find_waiting(connection: sa.Connection, targets: Iterable[str]) -> pl.DataFrame:
    """Entries of these targets that wait: FOUND."""
    chosen = sa.select(*(outbox.c[name] for name in FOUND))
    return fetch(connection, chosen.where(WAITS, among(outbox.c.target, targets)), FOUND)


def _among_ids(connection: sa.Connection, rows: pl.DataFrame) -> pl.DataFrame:
    waiting = fetch(connection, sa.select(outbox.c.id).where(WAITS), {"id": pl.Int64})
    return rows.join(waiting, on="id", how="semi")
