"""What a condition saw when it held: the values that reasons may show.

Decisions never carry personal values. Numbers, instants and yes/no attributes are shown; of texts only those that
name a class of people, never a person.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import polars as pl

from schemas.conditions import expression

CLASSES = frozenset(
    {
        "account_type",
        "campaign_type",
        "country",
        "cycle_kind",
        "cycle_line",
        "department",
        "grade",
        "industry",
        "region",
        "seniority",
        "status",
        "trigger_rule",
    }
)
"""Text attributes with few values, shared by many people."""

Instant = tuple[str, datetime]


class Values:
    """The attributes of people at instants, as far as reasons may show them."""

    def __init__(self, moments: pl.DataFrame, wanted: Iterable[Instant]) -> None:
        shown = [name for name, dtype in moments.schema.items() if _is_shown(name, dtype)]
        keys = pl.DataFrame(
            list(set(wanted)), schema={"person_key": pl.String, "at": moments.schema["at"]}, orient="row"
        )
        rows = moments.select("person_key", "at", *shown).join(keys, on=["person_key", "at"], how="semi")
        self._rows: dict[Instant, dict[str, Any]] = {
            (row.pop("person_key"), row.pop("at")): row for row in rows.iter_rows(named=True)
        }

    def read_by(self, condition: str, instant: Instant) -> Mapping[str, Any]:
        """What the condition read at the instant; unknown values are left out."""
        row = self._rows.get(instant, {})
        return {name: row[name] for name in reads(condition) if row.get(name) is not None}


@lru_cache(maxsize=4096)
def reads(condition: str) -> tuple[str, ...]:
    """The columns that a condition reads, sorted."""
    return tuple(sorted(set(expression(condition).meta.root_names())))


def plain(value: Any) -> str:
    """For JSON: an instant as ISO 8601 with Z, anything else as text."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _is_shown(name: str, dtype: pl.DataType) -> bool:
    if name in ("person_key", "at"):
        return False
    return name in CLASSES or dtype.is_numeric() or dtype == pl.Boolean or dtype == pl.Datetime
