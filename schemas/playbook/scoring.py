"""`playbook/scoring.yaml`: points for what people do (engagement) and for who they are (fit)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.playbook.base import ActivityCondition, Days, Part, PersonCondition, Scattered

Percent = Annotated[int, Field(ge=0, le=100)]


class Cap(Part):
    """At most `points` from one signal, and only from evidence of the last `in` days."""

    points: Annotated[int, Field(gt=0)]
    within: Days = Field(alias="in")


class Signal(Part):
    """What a kind of act is worth. `once: day` counts one a day, `once: asset` one per page, form or mail."""

    id: str
    when: ActivityCondition
    points: int | str  # a number, or the name of a token
    once: Literal["day", "asset"] | None = None
    cap: Cap
    half_life: Days | None = None  # null: the model's


class FitRule(Part):
    """Points for an attribute. Missing data gives nothing and lowers the confidence."""

    id: str
    when: PersonCondition
    points: int | str


class Engagement(Part):
    half_life: Days | None = timedelta(days=30)
    signals: list[Signal]


class GradeBounds(Part):
    """Lower bounds of the letters (fit) and of the digits (engagement); below the last: D, 4."""

    fit: dict[Literal["A", "B", "C"], Percent] = {"A": 75, "B": 50, "C": 25}
    engagement: dict[Literal[1, 2, 3], Percent] = {1: 75, 2: 50, 3: 25}


class Weights(Part):
    engagement: Percent = 50
    fit: Percent = 50

    @model_validator(mode="after")
    def _whole(self) -> "Weights":
        if self.engagement + self.fit != 100:
            raise ValueError("the weights of engagement and fit must add up to 100")
        return self


class Scoring(Part):
    tokens: dict[str, int] = {}
    weights: Weights = Weights()
    engagement: Engagement
    fit: list[FitRule]
    grade: GradeBounds = GradeBounds()
    recycle_factor: Annotated[float, Field(ge=0, le=1)] = 0.5  # what is left of the evidence before a recycle

    @model_validator(mode="after")
    def _tokens_exist(self) -> "Scoring":
        groups: list[tuple[tuple[str, ...], Sequence[Signal | FitRule]]] = [
            (("engagement", "signals"), self.engagement.signals),
            (("fit",), self.fit),
        ]
        known = ", ".join(sorted(self.tokens)) or "none"
        faults: list[tuple[tuple[str | int, ...], str]] = [
            ((*group, number, "points"), f"no token {rule.points!r}; there are: {known}")
            for group, rules in groups
            for number, rule in enumerate(rules)
            if isinstance(rule.points, str) and rule.points not in self.tokens
        ]
        if faults:
            raise Scattered(faults)
        return self

    def hundredths(self, points: int | str) -> int:
        """Points or a token's points, in hundredths."""
        return 100 * (self.tokens[points] if isinstance(points, str) else points)
