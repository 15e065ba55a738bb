"""What is wanted, less what is shown or was asked already; and what was asked and nobody wants any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import Changes, Conflicts, Drops
from schemas.vocabulary import OutboxState

PLACE = ["platform", "object", "target", "field"]
ENTRY = [*PLACE, "is_creation"]
WAITING = [OutboxState.PENDING, OutboxState.DEFERRED]
ON_ITS_WAY = [*WAITING, OutboxState.CLAIMED]
DONE = [OutboxState.APPLIED, OutboxState.UNCHANGED]
ASKED_AGAIN_AFTER = timedelta(days=1)
"""Of a value that a platform refused: somebody may have changed what stood in its way."""
AS_LONG_AS_WANTED = ["mql_record", "task"]
FOLLOWS_CYCLE = ["status", "owner_id"]


@dataclass(frozen=True)
class Difference:
    """`missing`: wanted and not there. `theirs`: it was there, and a person changed it since. Both WANTED."""

    missing: pl.DataFrame
    theirs: pl.DataFrame


def difference(wanted: pl.DataFrame, last_writes: pl.DataFrame, as_of: datetime) -> Difference:
    """Rows of `wanted` that neither the platform shows nor an earlier entry stands for.

    A value that we wrote counts as shown until the record is read again: between a push and the next pull the ledger
    still holds the older reading. A value that stood there once by our doing and was changed is not written again; the
    status apart, of which `status` and `handovers` know who had the last word.
    """
    asked = last_writes.select(*ENTRY, asked="value", state="state", asked_at="at", asked_cycle="cycle_key")
    both = wanted.join(asked, on=ENTRY, how="left")
    state, learned = pl.col("state"), pl.col("learned_at")
    is_reread = (learned > pl.col("asked_at")).fill_null(False)
    # Whoever was brought into the CRM for this cycle is not brought in again, whatever we learn of them since.
    is_once = pl.col("is_creation") & pl.col("asked_cycle").eq_missing(pl.col("cycle_key"))
    stands = (state.is_in(ON_ITS_WAY) | (state.is_in(DONE) & (is_once | ~is_reread))).fill_null(False)
    now = pl.when(stands).then("asked").otherwise("shown")
    is_same = (pl.col("asked") == pl.col("value")) & pl.col("asked_cycle").eq_missing(pl.col("cycle_key"))
    is_old = pl.lit(as_of, UTC) - pl.col("asked_at") >= pl.lit(ASKED_AGAIN_AFTER)
    is_moot = pl.col("is_creation") | (state == OutboxState.CONFLICT)
    was_refused = (
        state.is_in([OutboxState.REJECTED, OutboxState.CONFLICT]) & is_same & ~(is_moot & is_reread) & ~is_old
    )
    stood = state.is_in(DONE) & is_same & (pl.col("field") != "status")
    was_changed = stood & is_reread & (pl.col("shown").fill_null("null") != "null")
    differs = both.filter(pl.col("value").ne_missing(now) & ~was_refused.fill_null(False))
    is_theirs = was_changed.fill_null(False)
    return Difference(
        differs.filter(~is_theirs).select(wanted.columns),
        differs.filter(is_theirs)
        .with_columns(why=pl.lit("a person changed it after we wrote it"))
        .select(wanted.columns),
    )


def as_changes(wanted: pl.DataFrame, decided_at: datetime) -> pl.DataFrame:
    """Wanted rows as frames.decisions.Changes."""
    rows = wanted.with_columns(decided_at=pl.lit(decided_at, UTC))
    return rows.select(list(dtypes(Changes))).unique(ENTRY, keep="first", maintain_order=True).sort(ENTRY)


def as_conflicts(left: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """What is left to people, as frames.decisions.Conflicts."""
    rows = left.with_columns(at=pl.lit(at, UTC), wanted="value", shown=pl.col("shown").fill_null("null"))
    key = [*PLACE, "wanted", "shown"]
    return rows.select(list(dtypes(Conflicts))).unique(key, keep="first", maintain_order=True).sort(key)


def unwanted(
    last_writes: pl.DataFrame, wanted: pl.DataFrame, gone: pl.DataFrame, silent: pl.DataFrame
) -> pl.DataFrame:
    """Waiting entries to drop (frames.decisions.Drops).

    Everything that waits for records in `gone` (platform, object, target, why) or for people in `silent` (person_key),
    of whom nothing is written; and of owner, status, `MQL__c`, tasks and creations what waits though nothing is wanted
    there now: sales was quicker or changed its mind, the person has arrived, another way was chosen.
    """
    waiting = last_writes.filter(pl.col("state").is_in(WAITING))
    follows = pl.col("object").is_in(["lead", "contact"]) & pl.col("field").is_in(FOLLOWS_CYCLE)
    may_stale = follows | pl.col("object").is_in(AS_LONG_AS_WANTED) | pl.col("is_creation")
    parts = [
        waiting.join(gone, on=["platform", "object", "target"]),
        waiting.join(silent, on="person_key", how="semi").with_columns(why=pl.lit("outside the write scope")),
        waiting.filter(may_stale)
        .join(wanted.select(ENTRY), on=ENTRY, how="anti")
        .with_columns(why=pl.lit("no longer wanted")),
    ]
    names = list(dtypes(Drops))
    return (
        pl.concat([part.select(names) for part in parts])
        .unique(PLACE, keep="first", maintain_order=True)
        .sort(PLACE)
    )
