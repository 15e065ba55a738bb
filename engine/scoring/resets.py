"""Verdicts that lower a score: each leaves a share of the evidence up to its instant, once."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from schemas.frames.base import UTC, columns
from schemas.playbook.scoring import Reset

SAID_AGAIN = timedelta(days=1)
RESETS = columns(person_key=pl.String, at=UTC, reset=pl.Int16)  # position among the playbook's resets


def resets_of(verdicts: pl.DataFrame, rules: Sequence[Reset]) -> pl.DataFrame:
    """The verdicts (frames.facts.Verdicts) that a rule names, with the first such rule: columns of `RESETS`."""
    which = pl.lit(None, pl.Int16)
    for number, rule in reversed(list(enumerate(rules))):
        applies = pl.col("kind") == str(rule.verdict)
        if rule.reasons:
            applies = applies & pl.col("reason").str.to_lowercase().is_in(
                [text.lower() for text in rule.reasons]
            )
        which = pl.when(applies.fill_null(False)).then(pl.lit(number, pl.Int16)).otherwise(which)
    found = _once(verdicts).select("person_key", at="occurred_at", reset=which)
    return found.drop_nulls("reset").cast(RESETS)


def _once(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The verdicts without those that say the same again, on the other record, before one was mirrored to it."""
    ordered = verdicts.sort("person_key", "kind", "occurred_at", "source")
    is_said_again = (
        (pl.col("person_key") == pl.col("person_key").shift(1))
        & (pl.col("kind") == pl.col("kind").shift(1))
        & (pl.col("source") != pl.col("source").shift(1))
        & (pl.col("occurred_at") - pl.col("occurred_at").shift(1) <= SAID_AGAIN)
    )
    return ordered.filter(~is_said_again.fill_null(False))


def counted(rows: pl.DataFrame, resets: pl.DataFrame, at: str, side: str, *, including: bool) -> pl.DataFrame:
    """Adds per rule how many resets of the person came before the instant in `at`, or, `including`, at it too.

    The columns are named `reset <side> <rule>`; only rules that ever applied have one.
    """
    for number in sorted(resets["reset"].unique()):
        name = f"reset {side} {number}"
        numbered = (
            resets.filter(pl.col("reset") == number)
            .select("person_key", pl.col("at").alias("reset_at"))
            .sort("reset_at")
            .with_columns(pl.int_range(1, pl.len() + 1).over("person_key").alias(name))
        )
        rows = (
            rows.sort(at)
            .join_asof(
                numbered,
                left_on=at,
                right_on="reset_at",
                by="person_key",
                strategy="backward",
                check_sortedness=False,  # sorted above; Polars cannot check it by group
                allow_exact_matches=including,
            )
            .drop("reset_at")
            .with_columns(pl.col(name).fill_null(0))
        )
    return rows


def kept(resets: pl.DataFrame, rules: Sequence[Reset]) -> pl.Expr | None:
    """The share of a piece of evidence that is left at an instant, of rows with both sides' counts; None: all."""
    share: pl.Expr | None = None
    for number in sorted(resets["reset"].unique()):
        between = pl.col(f"reset now {number}") - pl.col(f"reset then {number}")
        factor = pl.lit(rules[number].keep) ** between
        share = factor if share is None else share * factor
    return share
