"""A learned scorecard: integer points per bin that a person reads, reviews in git, edits and puts in force.

The score of a row is `base` plus one bin's points per attribute, nothing else: no clip, no hidden term. The
probability is a function of the score alone, `1 / (1 + exp(-(intercept + slope * score)))`, so that a recalibration
changes two numbers and no points.
"""

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StrictInt, field_validator, model_validator

from schemas.playbook.base import Part

Share = Annotated[float, Field(ge=0, le=1)]


class Seen(Part):
    """Points, and what they were learned from: rows and the share of them with the outcome."""

    points: StrictInt
    rows: int = Field(default=0, ge=0)
    rate: Share = 0.0


class Interval(Seen):
    """Numbers from `from` (included) to `below` (excluded); an absent end is open."""

    start: float | None = Field(default=None, alias="from")
    below: float | None = None

    def holds(self, number: float) -> bool:
        return (self.start is None or number >= self.start) and (self.below is None or number < self.below)


class Words(Seen):
    """Values that count alike. Compared without regard to case and surrounding space."""

    words: list[str] = Field(min_length=1)


class NumberAttribute(Part):
    """A column of numbers: intervals without gap or overlap, and `missing`."""

    column: str
    kind: Literal["number"]
    bins: list[Interval] = Field(min_length=1)
    missing: Seen

    @field_validator("bins")
    @classmethod
    def _cover_the_line(cls, bins: list[Interval]) -> list[Interval]:
        if bins[0].start is not None or bins[-1].below is not None:
            raise ValueError(
                "the first interval has no `from` and the last no `below`: every number has its points"
            )
        for left, right in pairwise(bins):
            if left.below is None or left.below != right.start:
                raise ValueError("each interval starts where the one before ends")
        edges = [bin.below for bin in bins[:-1] if bin.below is not None]
        if any(not math.isfinite(edge) for edge in edges) or any(a >= b for a, b in pairwise(edges)):
            raise ValueError("the limits of intervals are finite and rise")
        return bins


class WordAttribute(Part):
    """A column of words: groups of values, `other` for values that no group names, and `missing`."""

    column: str
    kind: Literal["word"]
    bins: list[Words]
    other: Seen
    missing: Seen

    @field_validator("bins")
    @classmethod
    def _each_word_once(cls, bins: list[Words]) -> list[Words]:
        words = [word.strip().lower() for group in bins for word in group.words]
        if len(words) != len(set(words)):
            raise ValueError("a word stands in two groups; it can have the points of one only")
        return bins


Attribute = Annotated[NumberAttribute | WordAttribute, Field(discriminator="kind")]


class Calibration(Part):
    """From score to probability, and the rows that say so."""

    intercept: float = Field(allow_inf_nan=False)
    slope: float = Field(ge=0, allow_inf_nan=False)
    rows: int = 0
    outcomes: int = 0
    since: str = ""
    until: str = ""

    def probability(self, score: float) -> float:
        logit = self.intercept + self.slope * score
        return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


class Judged(Part):
    """How a card from the earlier rows did on the later ones. Shares between 0 and 1; `lift` is a ratio."""

    rows: int
    outcomes: int
    auc: float
    auc_interval: list[float]
    pr_auc: float
    brier: float
    calibration_error: float
    lift: float


class LeftOut(Part):
    """A column that the card doesn't read, and why."""

    column: str
    why: str


class Scorecard(Part):
    """The whole card."""

    label: str
    positive: list[str] = []
    time: str
    rows: int
    outcomes: int
    since: str
    until: str
    base: StrictInt
    points_that_double_the_odds: int
    calibration: Calibration
    judged: Judged | None = None
    missing_words: list[str] = []
    attributes: list[Attribute]
    left_out: list[LeftOut] = []

    @model_validator(mode="after")
    def _each_column_once(self) -> "Scorecard":
        columns = [attribute.column for attribute in self.attributes]
        if len(columns) != len(set(columns)):
            raise ValueError("a column stands twice among the attributes; its points would count twice")
        return self
