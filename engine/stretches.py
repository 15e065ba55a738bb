"""Which stretches of the past a backfill has to decide, and how far for whom."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import polars as pl

from engine import groups
from schemas.stretch import Stretch

JUST_BEFORE = timedelta(microseconds=1)


def still_open(wanted: Stretch, begun: Mapping[Stretch, bool]) -> list[Stretch]:
    """What is left to decide so that `wanted` is decided, oldest first.

    `begun`: stretches of earlier backfills, and whether each was decided for everybody. One that was not is finished
    first and as it was, whatever is wanted now: of its people some are decided through its end. No instant is decided
    twice: what a backfill has decided is as committed as what was lived.
    """
    if wanted.through <= wanted.after:
        return []
    interrupted = [stretch for stretch, is_whole in begun.items() if not is_whole]
    rest = [wanted]
    for other in begun:
        rest = [part for stretch in rest for part in stretch.without(other)]
    return sorted([*interrupted, *rest])


def batches(people: pl.DataFrame, stretch: Stretch, size: int) -> Iterator[tuple[datetime, list[str]]]:
    """People who have something to decide in the stretch, with the instant through which: some `size` at a time.

    `people`: person_key, group_key, created_at, first_at (the first live decision, null: none). Nothing is left to
    decide from a person's first live decision on. People of a group stay together and end together.
    """
    own = pl.min_horizontal(
        pl.lit(stretch.through, people.schema["first_at"]), pl.col("first_at") - JUST_BEFORE
    )
    ends = (
        people.with_columns(own.min().over("group_key").alias("through"))
        .filter((pl.col("through") > stretch.after) & (pl.col("created_at") <= pl.col("through")))
        .sort("through", "group_key", "person_key")
    )
    for (through,), rows in ends.group_by(["through"], maintain_order=True):
        for batch in groups.batches(rows, size):
            yield through, batch
