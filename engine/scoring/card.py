"""A learned scorecard as expressions over a frame of people: integer hundredths, like every other score.

`learning` fits a card and `apply` scores tables by it; both read it through here, so a score in a sync is the score
that was judged. The columns are the attributes of a person and `signal:<id>`, the points of one signal of the
playbook after decay and cap (Float64, 0 without evidence).
"""

from collections.abc import Collection, Mapping

import polars as pl

from engine.scoring.cells import bare, numbers, words
from schemas.playbook.scorecard import Attribute, NumberAttribute, Scorecard

PREFIX = "card:"
HUNDREDTHS = 100


def card_columns(card: Scorecard, schema: Mapping[str, pl.DataType] | None = None) -> list[pl.Expr]:
    """One Int64 column `card:<column>` of hundredths per attribute, in the card's order; never null.

    Added to `card_base` they are the score before floor and ceiling. `schema`: the frame's, where it is at hand; it
    changes no answer and saves reading numbers out of text.
    """
    known = schema or {}
    return [
        (_points(attribute, card.missing_words, known.get(attribute.column)) * HUNDREDTHS).alias(
            f"{PREFIX}{attribute.column}"
        )
        for attribute in card.attributes
    ]


def card_base(card: Scorecard) -> int:
    """What everybody has before the first attribute is looked at, in hundredths."""
    return HUNDREDTHS * card.base


def probability(card: Scorecard, score: pl.Expr) -> pl.Expr:
    """The chance of the outcome, 0–1, of a score in hundredths."""
    logit = card.calibration.intercept + card.calibration.slope * (score.cast(pl.Float64) / HUNDREDTHS)
    # Of the two forms each is used where its exponential cannot overflow.
    small = logit.clip(upper_bound=0).exp()
    return (
        pl.when(logit >= 0).then(1 / (1 + (-logit).clip(upper_bound=0).exp())).otherwise(small / (1 + small))
    )


def unknown_columns(card: Scorecard, known: Collection[str]) -> list[str]:
    """Columns that the card reads and `known` lacks, in the card's order."""
    return [attribute.column for attribute in card.attributes if attribute.column not in known]


def _points(attribute: Attribute, missing_words: list[str], dtype: pl.DataType | None) -> pl.Expr:
    column = pl.col(attribute.column)
    missing = pl.lit(attribute.missing.points, pl.Int64)
    if isinstance(attribute, NumberAttribute):
        number = numbers(column, missing_words, dtype)
        edges = [bin.below for bin in attribute.bins[:-1]]
        result = pl.lit(attribute.bins[-1].points, pl.Int64)
        for edge, bin in reversed(list(zip(edges, attribute.bins, strict=False))):
            result = pl.when(number < edge).then(pl.lit(bin.points, pl.Int64)).otherwise(result)
        return pl.when(number.is_null()).then(missing).otherwise(result)
    word = words(column, missing_words)
    named = [(text, group.points) for group in attribute.bins for text in group.words]
    table = dict(zip(_bare([text for text, _ in named]), [points for _, points in named], strict=True))
    other = pl.lit(attribute.other.points, pl.Int64)
    found = word.replace_strict(table, default=other, return_dtype=pl.Int64) if table else other
    return pl.when(word.is_null()).then(missing).otherwise(found)


def _bare(texts: list[str]) -> list[str]:
    return (
        pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
        .select(bare(pl.col("text")))["text"]
        .to_list()
    )
