"""What a model's scores are computed from: the evidence that counts for it, what lowered it, what a person adjusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from engine.scoring.evidence import evidence
from engine.scoring.resets import resets_of
from schemas.playbook.scoring import Model


@dataclass(frozen=True)
class Basis:
    """`evidence`: columns `EVIDENCE`, by position of the signal. `resets`: `RESETS`. `adjustments`:
    frames.facts.Adjustments of this model. A card has the evidence of the default model, whose signals it reads."""

    model: Model
    evidence: pl.DataFrame
    resets: pl.DataFrame
    adjustments: pl.DataFrame

    def of(self, people: pl.DataFrame) -> "Basis":
        """The same of some people only: `people` has person_key."""
        some = people.select("person_key").unique()
        return Basis(
            self.model,
            self.evidence.join(some, on="person_key", how="semi"),
            self.resets,
            self.adjustments,
        )


def bases(
    activities: pl.DataFrame | pl.LazyFrame,
    states: pl.DataFrame,
    verdicts: pl.DataFrame,
    adjustments: pl.DataFrame,
    models: Sequence[Model],
    zone: ZoneInfo,
    since: datetime | None = None,
) -> list[Basis]:
    """A basis per model, in their order. Models that count the same acts share the evidence.

    `since`: the earliest instant that will be asked for; see `engine.scoring.reach`.
    """
    found: dict[str, pl.DataFrame] = {}
    result = []
    for model in models:
        counts = f"{model.only} {model.engagement.model_dump_json()} {model.tokens}"
        if counts not in found:
            found[counts] = evidence(activities, states, model, zone, since)
        mine = adjustments.filter(pl.col("model") == model.id)
        result.append(Basis(model, found[counts], resets_of(verdicts, model.resets), mine))
    return result
