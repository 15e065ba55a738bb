"""When the record behind a waiting entry changes: it was converted, created, merged or deleted."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.frames import among
from ledger.outbox.record import FOUND, KEY, find_waiting, supersede
from ledger.tables.operations import WAITS, outbox
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.vocabulary import OutboxState, Platform


def drop(
    tx: UnitOfWork, platform: Platform, object: str, targets: Iterable[str], at: datetime, message: str
) -> int:
    """Ends what waits for records that are gone, or that became another (a converted lead); how many entries."""
    return tx.execute(
        sa.update(outbox)
        .where(_waits(platform, object), among(outbox.c.target, targets))
        .values(state=OutboxState.DROPPED, settled_at=at, message=message)
    )


def drop_entries(tx: UnitOfWork, drops: pl.DataFrame, at: datetime) -> int:
    """Ends what waits for single fields of records (`schemas.frames.decisions.Drops`); how many entries."""
    waiting = find_waiting(tx.connection, drops["target"].unique())
    unwanted = waiting.join(drops.unique(KEY, keep="last"), on=KEY, how="inner")
    return tx.update(
        outbox,
        unwanted.select(
            "id",
            state=pl.lit(str(OutboxState.DROPPED)),
            settled_at=pl.lit(at).cast(UTC),
            message="why",
        ),
    )


def resume(tx: UnitOfWork, person_keys: Iterable[str]) -> int:
    """Lets what was deferred for these people be tried at once: what it waited for has happened."""
    return tx.execute(
        sa.update(outbox)
        .where(outbox.c.state == OutboxState.DEFERRED, among(outbox.c.person_key, person_keys))
        .values(not_before=None)
    )


def retarget(tx: UnitOfWork, platform: Platform, moves: pl.DataFrame, at: datetime) -> int:
    """Points what waits at other records [object, target, new_object, new_target]; how many entries moved.

    Where an entry waits there for the same field already, the one decided last stays. A moved entry is a change
    of the record it moves to, no creation any more.
    """
    targets = pl.concat([moves["target"], moves["new_target"]]).unique()
    waiting = find_waiting(tx.connection, targets).filter(pl.col("platform") == str(platform))
    moving = waiting.join(moves, on=["object", "target"], how="inner")
    there = waiting.join(moving, on="id", how="anti")
    arriving = moving.with_columns(object="new_object", target="new_target").select(list(FOUND))
    everybody = pl.concat([there, arriving]).sort("decided_at", "id")
    place = ["object", "target", "field"]
    last = everybody.unique(place, keep="last", maintain_order=True)
    lost = everybody.join(last, on="id", how="anti").join(arriving.select(place), on=place, how="semi")
    supersede(tx, lost.select("id", at=pl.lit(at)))
    stay = arriving.join(last, on="id", how="semi")
    return tx.update(outbox, stay.select("id", "object", "target", is_creation=pl.lit(False)))


def _waits(platform: Platform, object: str) -> sa.ColumnElement[bool]:
    return sa.and_(WAITS, outbox.c.platform == platform, outbox.c.object == object)
