"""Of the inputs that we write too: the last value that was not ours, state by state along a record's chain."""

import polars as pl

from engine.data.echo import last_applied, normal
from schemas.versioned import Versioned

VERSION, PRESENT, FRESH = 0, 1, 2
"""Where a state of a chain comes from: a stored version, the stored present row, a row that has just arrived."""
NOTHING = "=\0"
"""Marks a null that somebody set, in a column where null means "look at the state before"."""


def folded(states: pl.DataFrame, applied: pl.DataFrame, shape: Versioned) -> pl.DataFrame:
    """The states with each shared input replaced by the last foreign value, and when that was said."""
    for name in shape.shared:
        states = _fold(states, last_applied(applied, name), name, list(shape.key))
    return states.with_columns(
        pl.col(f"{name}_said_at").forward_fill().over(shape.key) for name in shape.said
    ).with_columns(pl.col(f"foreign_{name}").alias(name) for name in shape.shared)


def _fold(states: pl.DataFrame, ours: pl.DataFrame, name: str, key: list[str]) -> pl.DataFrame:
    """`foreign_<name>` of every state. A value stays whose it is until another value is shown."""
    shown, foreign, said = pl.col(name), pl.col(f"foreign_{name}"), f"{name}_said_at"
    is_old = pl.col("sort") != FRESH
    equal = pl.col("ours").is_not_null() & (normal(shown) == pl.col("ours"))
    states = states.join(
        ours.rename({"value": "ours"}).with_columns(is_applied=pl.lit(True)),
        on="target",
        how="left",
        maintain_order="left",
    )
    if f"foreign_{name}" not in states.columns:
        states = states.with_columns(pl.lit(None, pl.String).alias(f"foreign_{name}"))
    # We may have cleared a field: then an empty one is ours too.
    cleared = pl.col("is_applied").fill_null(False) & pl.col("ours").is_null() & normal(shown).is_null()
    states = states.with_columns(
        is_new_value=pl.col("is_first") | shown.ne_missing(shown.shift(1).over(key))
    ).with_columns(
        is_ours=pl.when(is_old)
        .then(shown.ne_missing(foreign))
        .when("is_new_value")
        .then(equal | cleared)
        .forward_fill()
        .over(key)
    )
    marked = (
        pl.when(~pl.col("is_ours"))
        .then(pl.lit("=") + shown.fill_null("\0"))
        .when(is_old & pl.col("is_first"))
        .then(pl.lit("=") + foreign.fill_null("\0"))
    )
    states = states.with_columns(marked.forward_fill().over(key).alias("marked"))
    plain = pl.when(pl.col("marked") != NOTHING).then(pl.col("marked").str.strip_prefix("="))
    if said in states.columns:
        heard = ~pl.col("is_first") & pl.col("is_new_value") & ~pl.col("is_ours")
        # A value that was new when it came, and is no longer because an older state with it came after it.
        overtaken = is_old & ~pl.col("is_new_value") & (pl.col("sort").shift(1).over(key) == FRESH)
        known = pl.when(~overtaken.fill_null(False)).then(pl.col(said))
        states = states.with_columns(pl.coalesce(known, pl.when(heard).then("changed_at")).alias(said))
    return states.with_columns(plain.alias(f"foreign_{name}")).drop(
        "ours", "is_applied", "is_new_value", "is_ours", "marked"
    )
