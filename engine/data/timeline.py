"""A person's records over time, as one row of values per instant at which one of them changed.

Few instants per person matter (records change now and then), many are asked for (every act is one). So the values are
put together once for each change, and the instants find theirs by one search.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from engine.data.values import extras, meaningful
from schemas.playbook.data import Data
from schemas.playbook.platforms import ExtraField

TEXTS = (
    "email",
    "first_name",
    "last_name",
    "company",
    "title",
    "phone",
    "country",
    "industry",
    "lead_source",
    "status",
    "account_id",
)
FLAGS = ("unsubscribed", "email_invalid", "is_spam")
"""True for the person if true on any record; all other values are the first record's that has one."""


def timeline(versions: pl.DataFrame, rules: Data, own: Mapping[str, ExtraField]) -> pl.DataFrame:
    """person_key, at, and the person's values from `at` on, out of record versions (frames.facts.RecordVersions).

    Sorted by `at`. A deleted record says nothing any more.
    """
    states = _cleaned(versions, rules, own)
    values = [*TEXTS, "employees", *own, *FLAGS]
    points = states.select("person_key", at="valid_from").unique().sort("at")
    slots = []
    for number in sorted(states["slot"].unique().to_list()):
        of_slot = states.filter(pl.col("slot") == number).select(
            "person_key", "valid_from", *(pl.col(name).alias(f"{name}#{number}") for name in values)
        )
        points = as_of(points, of_slot, "at", "valid_from").drop("valid_from")
        slots.append(number)
    return points.select("person_key", "at", *(_combined(name, slots) for name in values))


def as_of(
    left: pl.DataFrame, right: pl.DataFrame, left_on: str, right_on: str, by: str = "person_key"
) -> pl.DataFrame:
    """Each row of `left` with the last row of `right` up to its instant; `left` is sorted by it and stays so."""
    return left.join_asof(
        right.sort(right_on),
        left_on=left_on,
        right_on=right_on,
        by=by,
        strategy="backward",
        check_sortedness=False,
    )


def _combined(name: str, slots: Sequence[int]) -> pl.Expr:
    columns = [pl.col(f"{name}#{number}") for number in slots]
    if not columns:
        return pl.lit(None, _dtype(name)).alias(name)
    return (pl.any_horizontal(columns) if name in FLAGS else pl.coalesce(columns)).alias(name)


def _dtype(name: str) -> pl.DataType:
    if name in FLAGS:
        return pl.Boolean()
    return pl.Int64() if name == "employees" else pl.String()


def _cleaned(versions: pl.DataFrame, rules: Data, own: Mapping[str, ExtraField]) -> pl.DataFrame:
    """One row per version: meaningful values, nothing for a deleted record, and the record's `slot`.

    Slots are in order of precedence: the kind of record as the playbook ranks them, then the older record.
    """
    record = ["platform", "object", "native_id"]
    rank = {source: position for position, source in enumerate(rules.precedence)}
    spam = [status.strip().lower() for status in rules.spam.statuses]
    current = (
        versions.sort("learned_at")
        .unique([*record, "valid_from"], keep="last", maintain_order=True)
        .with_columns(meaningful(pl.col(name), rules.missing).alias(name) for name in TEXTS)
    )
    current = extras(current, own, rules.missing).with_columns(
        is_spam=pl.col("status").str.to_lowercase().is_in(spam),
        place=pl.col("object").replace_strict(rank, default=len(rank), return_dtype=pl.Int32),
    )
    first = current.group_by("person_key", *record, "place").agg(pl.col("valid_from").min())
    slots = first.with_columns(
        pl.struct("valid_from", "native_id").rank("ordinal").over("person_key", "place").alias("older")
    ).select("person_key", *record, slot=pl.col("place") * 1_000_000 + pl.col("older").cast(pl.Int32))
    alive = ~pl.col("is_deleted")
    return current.join(slots, on=["person_key", *record]).with_columns(
        pl.when(alive).then(pl.col(name)).alias(name) for name in (*TEXTS, "employees", *own, *FLAGS)
    )
