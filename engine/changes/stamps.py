"""MQL and SAL dates: the first never replaces one that is known, the latest never goes back."""

import polars as pl

from engine.changes.wanted import STAMP, unpivoted

STAMPS = ("first_mql_at", "last_mql_at", "first_sal_at", "last_sal_at")


def stamps(rows: pl.DataFrame) -> pl.DataFrame:
    """WANTED of the stamps in `rows` (the columns `STAMPS`, and `shown_` ones beside them)."""
    parts = []
    for name in STAMPS:
        ours, theirs = pl.col(name).dt.truncate("1s"), pl.col(f"shown_{name}")
        # A field of type date keeps the day alone: midnight of the same day is our own value.
        is_day = (theirs == theirs.dt.truncate("1d")) & (theirs == ours.dt.truncate("1d"))
        later = (ours > theirs) & ~is_day
        newer = theirs.is_null() if name.startswith("first") else theirs.is_null() | later
        due = rows.filter(pl.col(name).is_not_null() & newer)
        parts.append(unpivoted(due, {name: STAMP}, shown="shown_"))
    return pl.concat(parts)
