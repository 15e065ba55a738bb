"""Opportunities of the people: on which lines each counts, and when it was opened, won or lost."""

import polars as pl

from engine.lifecycle.rulebook import Rulebook
from schemas.conditions import expression
from schemas.frames.base import UTC

OPENED, WON, LOST = "opened", "won", "lost"
_ONE = ["person_key", "opportunity_id"]
_ON_LINE = [*_ONE, "line"]


def with_lines(versions: pl.DataFrame, book: Rulebook) -> pl.DataFrame:
    """The versions (frames.facts.OpportunityVersions) with `lines`: where that version counts, none if nowhere."""
    none = pl.lit(None, pl.String)
    on_line = [
        pl.when(expression(line.opportunity)).then(pl.lit(name)).otherwise(none) if line.opportunity else none
        for name, line in book.lines.items()
    ]
    counts = expression(book.rules.counted_opportunities) & ~pl.col("is_deleted")
    lines = pl.concat_list(on_line).list.drop_nulls() if on_line else pl.lit([], pl.List(pl.String))
    return versions.with_columns(
        pl.when(counts).then(lines).otherwise(pl.lit([], pl.List(pl.String))).alias("lines")
    ).sort("valid_from", "learned_at")


def lines_at(facts: pl.DataFrame, lined: pl.DataFrame) -> pl.DataFrame:
    """`facts` (opportunity_id, occurred_at) with `lines` and `made_at` of their opportunity, as it was at that instant.

    A version that became true later than the fact counts where there is no earlier one.
    """
    first = lined.group_by("opportunity_id", maintain_order=True).agg(
        pl.col("lines").first().alias("first_lines"), pl.col("created_at").min().alias("made_at")
    )
    then = lined.select("opportunity_id", "valid_from", "lines").unique(
        ["opportunity_id", "valid_from"], keep="last", maintain_order=True
    )
    found = facts.sort("occurred_at").join_asof(
        then.sort("valid_from"),
        left_on="occurred_at",
        right_on="valid_from",
        by="opportunity_id",
        strategy="backward",
        check_sortedness=False,
    )
    return (
        found.join(first, on="opportunity_id", how="left")
        .with_columns(pl.coalesce("lines", "first_lines").alias("lines"))
        .drop("first_lines", "valid_from")
    )


def moves(lined: pl.DataFrame) -> pl.DataFrame:
    """One row per line, opening and end: person_key, opportunity_id, line, turn, how, occurred_at, learned_at,
    has_open.

    An opportunity opens on a line when it is made, or when it comes to count there. Sales may open one again, or win
    after all what was lost; `turn` numbers what became of it. `has_open`: another opportunity of the person on the line
    was open when this one ended. Opportunities of the account alone are nobody's.
    """
    is_first = pl.col("valid_from") == pl.col("valid_from").min().over(_ONE)
    own = (
        lined.filter(pl.col("link") != "account")
        .with_columns(began=pl.when(is_first).then("created_at").otherwise("valid_from"))
        .filter(pl.col("lines").list.len() > 0)
        .explode("lines")
        .rename({"lines": "line"})
    )
    opened = own.group_by(_ON_LINE, maintain_order=True).agg(
        pl.lit(OPENED).alias("how"),
        pl.max_horizontal("began", "linked_at").min().alias("occurred_at"),
        pl.col("learned_at").min(),
    )
    how = (
        pl.when(~pl.col("is_closed"))
        .then(pl.lit(OPENED))
        .when("is_won")
        .then(pl.lit(WON))
        .otherwise(pl.lit(LOST))
    )
    later = (
        # Of what was said of one instant the last word counts; somebody may be linked to it in several ways.
        own.unique([*_ON_LINE, "link", "valid_from"], keep="last", maintain_order=True)
        .group_by(*_ON_LINE, "valid_from", maintain_order=True)
        .agg(
            how.first().alias("how"),
            pl.max_horizontal("valid_from", "linked_at").min().alias("occurred_at"),
            pl.col("learned_at").min(),
        )
        .filter(pl.col("how") != pl.col("how").shift(1, fill_value=OPENED).over(_ON_LINE))
        .drop("valid_from")
    )
    every = pl.concat([opened, later]).with_columns(
        pl.col("occurred_at", "learned_at").cast(UTC), turn=pl.int_range(pl.len()).over(_ON_LINE)
    )
    return every.join(_with_another_open(every), on=[*_ON_LINE, "turn"], how="left").with_columns(
        pl.col("has_open").fill_null(False)
    )


def _with_another_open(every: pl.DataFrame) -> pl.DataFrame:
    ends = pl.col("occurred_at").shift(-1).over(_ON_LINE)
    spans = (
        every.with_columns(to=ends)
        .filter(pl.col("how") == OPENED)
        .select("person_key", "line", "to", other="opportunity_id", since="occurred_at")
    )
    return (
        every.filter(pl.col("how") != OPENED)
        .join(spans, on=["person_key", "line"])
        .filter(
            (pl.col("other") != pl.col("opportunity_id"))
            & (pl.col("since") <= pl.col("occurred_at"))
            & (pl.col("to").is_null() | (pl.col("to") > pl.col("occurred_at")))
        )
        .select(*_ON_LINE, "turn", pl.lit(True).alias("has_open"))
        .unique()
    )
