"""What is wanted, less what is shown or was asked already; and what was asked and nobody wants any more."""

import polars as pl

from schemas.frames.base import dtypes
from schemas.frames.decisions import Changes, Drops
from schemas.vocabulary import OutboxState

PLACE = ["platform", "object", "target", "field"]
WAITING = [OutboxState.PENDING, OutboxState.DEFERRED]
ON_ITS_WAY = [*WAITING, OutboxState.CLAIMED]
REFUSED = [OutboxState.REJECTED, OutboxState.CONFLICT]
"""A value that was refused is not asked again; another one is."""


def missing(wanted: pl.DataFrame, last_writes: pl.DataFrame) -> pl.DataFrame:
    """Rows of `wanted` that neither the platform shows nor an earlier entry stands for.

    A value that we wrote counts as shown until the record is read again: between a push and the next pull the ledger
    still holds the older reading.
    """
    asked = last_writes.select(*PLACE, "is_creation", asked="value", state="state", asked_at="at")
    both = wanted.join(asked, on=[*PLACE, "is_creation"], how="left")
    stands = pl.col("state").is_in(ON_ITS_WAY) | (
        pl.col("state").is_in([OutboxState.APPLIED, OutboxState.UNCHANGED])
        & (pl.col("learned_at").is_null() | (pl.col("asked_at") >= pl.col("learned_at")))
    )
    now = pl.when(stands).then("asked").otherwise("shown")
    was_refused = pl.col("state").is_in(REFUSED) & (pl.col("asked") == pl.col("value"))
    return both.filter(pl.col("value").ne_missing(now) & ~was_refused.fill_null(False)).select(wanted.columns)


def as_changes(wanted: pl.DataFrame, decided_at: pl.Expr) -> pl.DataFrame:
    """Wanted rows as frames.decisions.Changes."""
    rows = wanted.with_columns(decided_at.alias("decided_at"))
    names = list(dtypes(Changes))
    return rows.select(names).unique([*PLACE, "is_creation"], keep="first", maintain_order=True).sort(PLACE)


def unwanted(
    last_writes: pl.DataFrame, wanted: pl.DataFrame, gone: pl.DataFrame, fields: list[str]
) -> pl.DataFrame:
    """Waiting entries to drop (frames.decisions.Drops).

    Everything that waits for records in `gone` (platform, object, target, why); and of `fields`, what waits though
    nothing is wanted there now, because sales was quicker or changed its mind.
    """
    waiting = last_writes.filter(pl.col("state").is_in(WAITING))
    of_gone = waiting.join(gone, on=["platform", "object", "target"])
    stale = (
        waiting.filter(pl.col("field").is_in(fields) & ~pl.col("is_creation"))
        .join(wanted.select(*PLACE, now="value"), on=PLACE, how="left")
        .filter(pl.col("now").is_null())
        .with_columns(pl.lit("no longer wanted").alias("why"))
    )
    names = list(dtypes(Drops))
    return pl.concat([of_gone.select(names), stale.select(names)]).unique(PLACE, maintain_order=True)
