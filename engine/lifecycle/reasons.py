"""Why a decision was made, as JSON: rule, condition, the values that made it true, the fact."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from engine.lifecycle.journal import Because
from engine.reasons import Instant, Values, plain


def as_json(
    because: Because,
    instant: Instant,
    acted_at: datetime,
    values: Values,
    acts: Mapping[str, Mapping[str, Any]],
) -> str:
    """The reasons of one decision. Keys are in a fixed order, so that the same decision reads the same."""
    found: dict[str, Any] = {"rule": because.rule}
    if because.condition:
        found["condition"] = because.condition
    if because.reads and (seen := values.read_by(because.reads, instant)):
        found["values"] = seen
    if because.fact:
        found["fact"] = because.fact
    if because.condition and because.fact and (done := acts.get(because.fact)):
        found["act"] = done
    if acted_at != instant[1]:
        found["acted_at"] = acted_at
    found.update(because.also)
    return json.dumps(found, default=plain, ensure_ascii=False)


def acts_of(facts: Iterable[str], activities: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """What was done in the acts of these keys: kind, asset and tags."""
    keys = pl.DataFrame({"activity_key": sorted(set(facts))}, schema={"activity_key": pl.String})
    rows = activities.join(keys, on="activity_key", how="semi").select(
        "activity_key", "kind", pl.col("asset_name").alias("asset"), "tags"
    )
    return {
        row.pop("activity_key"): {name: value for name, value in row.items() if value}
        for row in rows.iter_rows(named=True)
    }
