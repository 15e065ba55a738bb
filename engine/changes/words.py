"""Statuses: how each record spells a stage, and who had the last word.

A verdict may be given on `MQL__c` or on the lead or contact. The later one counts and is mirrored to the other; what
a person said later than everything else we know stays.
"""

from collections.abc import Collection, Sequence

import polars as pl

from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import OutboxState, RecordObject, VerdictKind

SAYS: dict[str, tuple[VerdictKind, ...]] = {
    "open": (VerdictKind.REOPENED,),
    "handed_over": (VerdictKind.REOPENED,),
    "accepted": (VerdictKind.ACCEPTED,),
    "converted": (VerdictKind.ACCEPTED,),
    "recycled": (VerdictKind.RECYCLED,),
    "rejected": (VerdictKind.REJECTED, VerdictKind.RECYCLED),
}
"""By the meaning of a status, what somebody said by setting it."""


def spelled(statuses: Sequence[StatusRow], by: str) -> pl.DataFrame:
    """object, `by` (stage or meaning), word: the spelling that is written; the first row that has one counts."""
    rows = [
        (kind, getattr(row, by), spellings[0])
        for row in statuses
        for kind, spellings in ((RecordObject.LEAD, row.lead), (RecordObject.CONTACT, row.contact))
        if spellings
    ]
    table = pl.DataFrame(rows, schema={"object": pl.String, by: pl.String, "word": pl.String}, orient="row")
    return table.unique(["object", by], keep="first", maintain_order=True)


def said_at(rows: pl.DataFrame, verdicts: pl.DataFrame, sources: Collection[str], key: str) -> pl.DataFrame:
    """`key`, said_at: when a person last said on one of `sources` what the record shows now (its `meaning`)."""
    kinds = [(meaning, kind.value) for meaning, kinds in SAYS.items() for kind in kinds]
    table = pl.DataFrame(kinds, schema={"meaning": pl.String, "verdict": pl.String}, orient="row")
    said = verdicts.filter(pl.col("source").is_in(list(sources))).select(key, "occurred_at", verdict="kind")
    return (
        rows.select(key, "meaning")
        .join(table, on="meaning")
        .join(said, on=[key, "verdict"])
        .group_by(key)
        .agg(said_at=pl.col("occurred_at").max())
    )


def heard_at(verdicts: pl.DataFrame, is_there: pl.Expr, key: str) -> pl.DataFrame:
    """`key`, heard_at: the last word of those for which `is_there` holds, whatever it was."""
    theirs = verdicts.filter(is_there).drop_nulls(key)
    return theirs.group_by(key).agg(heard_at=pl.col("occurred_at").max())


def is_settled(wanted: pl.DataFrame, last_writes: pl.DataFrame) -> pl.DataFrame:
    """`wanted` with `is_settled`: this very status stood on the record by our doing, for this cycle; the record was
    read since and shows another; and nobody said anything elsewhere (`heard_at`) after we wrote it."""
    given = last_writes.filter(
        (pl.col("field") == "status")
        & pl.col("state").is_in([OutboxState.APPLIED, OutboxState.UNCHANGED])
        & ~pl.col("is_creation")
    ).select("object", "target", "cycle_key", given=pl.col("value").str.json_decode(pl.String), given_at="at")
    both = wanted.join(given, on=["object", "target", "cycle_key"], how="left")
    stood = (pl.col("given") == pl.col("status")) & (pl.col("learned_at") > pl.col("given_at"))
    silent = (pl.col("heard_at") <= pl.col("given_at")).fill_null(True)
    return both.with_columns(is_settled=(stood & silent).fill_null(False)).drop("given", "given_at")
