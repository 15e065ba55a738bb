"""What sales said about a handover, as an outcome to learn from: yes, no, or none.

A scorecard shall foresee what sales thinks of a person. So only a word about the person counts: acceptance, a rejection
for a reason that judges, a deal that was won or lost. That nobody looked (expired), that it was no handover of
ours (trial), that the record went away (merged, withdrawn) or that the reason is about the record ("duplicate") says
nothing about the person, and such cycles are left aside rather than counted as a no.
"""

import re
from collections.abc import Sequence
from typing import Literal

import polars as pl

from schemas.playbook.lifecycle import Reason
from schemas.vocabulary import CycleKind, CycleState, Origin

Outcome = Literal["accepted", "won"]
OUTCOME = {"cycle_key": pl.String, "is_yes": pl.Boolean, "aside": pl.String}
"""`is_yes` null: no outcome, and `aside` says why."""

VERDICTS = ["accepted", str(CycleState.REJECTED)]
"""Kinds of a cycle's events by which sales said yes or no."""
ACCEPTED_STATES = [str(s) for s in (CycleState.WORKING, CycleState.RECYCLED, CycleState.CONVERTED)]
"""States that a cycle only reaches after sales began to work on it."""


def accepted(cycles: pl.DataFrame, reasons: Sequence[Reason]) -> pl.DataFrame:
    """Whether sales took each handover: columns `OUTCOME`, one row per cycle (frames.decisions.Cycles)."""
    taken = pl.col("accepted_at").is_not_null() | pl.col("state").is_in(ACCEPTED_STATES)
    turned_down = pl.col("state") == CycleState.REJECTED
    spoke = taken | turned_down
    judged = taken | _judges(cycles["close_reason"], reasons)
    return _told(cycles, taken, judged, pl.when(~spoke).then(_unheard()), "reason is not about the person")


def won(cycles: pl.DataFrame, opportunities: pl.DataFrame) -> pl.DataFrame:
    """Whether the opportunity of each converted handover was won: columns `OUTCOME`.

    `opportunities`: opportunity_id, is_closed, is_won, is_deleted as they stand now.
    """
    ended = opportunities.filter(pl.col("is_closed") & ~pl.col("is_deleted")).select(
        "opportunity_id", "is_won"
    )
    known = cycles.join(ended, on="opportunity_id", how="left", maintain_order="left")
    why = (
        pl.when(pl.col("opportunity_id").is_null())
        .then(pl.lit("no opportunity"))
        .when(pl.col("is_won").is_null())
        .then(pl.lit("opportunity not closed"))
    )
    return _told(known, pl.col("is_won"), pl.lit(True), why, "")


def _told(
    cycles: pl.DataFrame, is_yes: pl.Expr, judged: pl.Expr, unheard: pl.Expr, unjudged: str
) -> pl.DataFrame:
    aside = pl.coalesce(
        pl.when(pl.col("is_trial")).then(pl.lit("trial")),
        pl.when(pl.col("kind") != CycleKind.MQL).then(pl.lit("was with sales already")),
        unheard,
        pl.when(~judged).then(pl.lit(unjudged)),
    )
    return cycles.select(
        "cycle_key",
        pl.when(aside.is_null()).then(is_yes).alias("is_yes"),
        aside.cast(pl.String).alias("aside"),
    )


def _unheard() -> pl.Expr:
    """Why a cycle that sales neither took nor turned down has no outcome."""
    return (
        pl.when(pl.col("state") == CycleState.OPEN).then(pl.lit("no verdict yet")).otherwise(pl.col("state"))
    )


def _judges(close_reasons: pl.Series, reasons: Sequence[Reason]) -> pl.Expr:
    """Whether the reason of each row is about the person; the first pattern that matches tells, none: it is."""
    table = {text: _is_about_the_person(text, reasons) for text in close_reasons.drop_nulls().unique()}
    if not table:
        return pl.lit(True)
    return pl.col("close_reason").replace_strict(table, default=True, return_dtype=pl.Boolean)


def _is_about_the_person(text: str, reasons: Sequence[Reason]) -> bool:
    for rule in reasons:
        if re.search(rule.says, text, re.IGNORECASE):
            return rule.judges and rule.then != "reassign"
    return True


def known_past(
    cycles: pl.DataFrame, stages: pl.DataFrame, is_covered: pl.Series, events: pl.DataFrame
) -> pl.DataFrame:
    """The cycles whose past is really known: live and backfilled ones, and of the adopted ones a few.

    An adopted cycle stands for a handover from before the ledger. It counts where a stamp tells when it began
    (`stages`: first_mql_at, last_mql_at), a backfill brought that time in (`is_covered`, one per cycle), no
    backfilled cycle stands for the same handover, and the verdict was heard after it was adopted (`events`:
    frames.decisions.CycleEvents). What sales worked on when we came was accepted, each one; what it had rejected by
    then was not adopted at all: from such survivors one would learn that everybody is accepted.
    """
    stamps = pl.concat(
        stages.select("person_key", "line", opened_at=name) for name in ("first_mql_at", "last_mql_at")
    ).unique()
    adopted = pl.col("origin") == Origin.ADOPTED
    marked = cycles.with_columns(is_covered.alias("is_covered")).join(
        stamps.with_columns(is_dated=True),
        on=["person_key", "line", "opened_at"],
        how="left",
        maintain_order="left",
    )
    dated = pl.col("is_dated").fill_null(False)
    told = cycles.filter(pl.col("origin") == Origin.BACKFILL).select(
        "person_key", "line", from_="opened_at", to="closed_at"
    )
    heard = events.filter(pl.col("kind").is_in(VERDICTS)).select("cycle_key").unique()
    twice = (
        marked.filter(adopted)
        .join(told, on=["person_key", "line"])
        .filter(
            (pl.col("from_") <= pl.coalesce("accepted_at", "closed_at", "opened_at"))
            & (pl.col("to").is_null() | (pl.col("to") >= pl.col("opened_at")))
        )
    )
    return (
        marked.join(heard.with_columns(is_heard=True), on="cycle_key", how="left", maintain_order="left")
        .filter(~adopted | (pl.col("is_covered") & dated & pl.col("is_heard").fill_null(False)))
        .join(twice, on="cycle_key", how="anti")
        .select(cycles.columns)
    )
