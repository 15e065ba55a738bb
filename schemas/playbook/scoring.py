"""`playbook/scoring.yaml`: points for what people do (engagement) and for who they are (fit), in one or more models."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.playbook.base import ActivityCondition, Part, PersonCondition, Scattered
from schemas.playbook.scorecard import Scorecard
from schemas.playbook.signals import Engagement, Signal
from schemas.vocabulary import VerdictKind

Percent = Annotated[int, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Place = tuple[str | int, ...]

DEFAULT = "default"
"""The model at the top of the file: the one whose score is pushed and shown on cycles."""


class FitRule(Part):
    """Points for an attribute. Missing data gives nothing and lowers the confidence."""

    id: str
    when: PersonCondition
    points: int | str


class Grade(Part):
    """Lower bounds of the letters (fit) and of the digits (engagement); below the last: D, 4.

    `mql` names the cells that mean MQL: the column `is_mql_grade` holds there, for a trigger that goes by the grade.
    """

    fit: dict[Literal["A", "B", "C"], Percent] = {"A": 75, "B": 50, "C": 25}
    engagement: dict[Literal[1, 2, 3], Percent] = {1: 75, 2: 50, 3: 25}
    mql: list[Annotated[str, Field(pattern="^[A-D][1-4]$")]] = ["A1", "A2", "B1", "B2"]


class Weights(Part):
    engagement: Percent = 50
    fit: Percent = 50

    @model_validator(mode="after")
    def _whole(self) -> "Weights":
        if self.engagement + self.fit != 100:
            raise ValueError("the weights of engagement and fit must add up to 100")
        return self


class Reset(Part):
    """What a verdict leaves of the evidence up to its instant: `keep: 0.5` halves it, `keep: 0` begins anew.

    Each verdict lowers once. `reasons`: only with one of these; empty: with any.
    """

    id: str
    verdict: VerdictKind
    reasons: list[str] = []
    keep: Share


class AccountScore(Part):
    """What an account's people add up to: 0–100, from their stored scores, read by lifecycle and assignment only.

    A person is engaged from `engaged` points of engagement on. The score is the sum of the engaged people's engagement,
    at most `per_person` from each, and `per_role` for each different value of `role` among them.
    """

    engaged: Percent = 25
    per_person: Percent = 40
    per_role: Percent = 10
    role: Literal["department", "seniority"] = "department"


class NamedModel(Part):
    """A further model, with a result of its own: per product, business line or region, or a learned scorecard.

    What it leaves out it takes from the top of the file. `only`: the acts that count for it. `scorecard`: a file of
    `mqlflow learn`, relative to the playbook's folder, in place of points of its own.
    """

    id: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    only: ActivityCondition | None = None
    engagement: Engagement | None = None
    fit: list[FitRule] | None = None
    weights: Weights | None = None
    grade: Grade | None = None
    scorecard: str | None = None

    @model_validator(mode="after")
    def _points_or_card(self) -> "NamedModel":
        own = [
            name
            for name in ("only", "engagement", "fit", "weights", "grade")
            if getattr(self, name) is not None
        ]
        if self.scorecard and own:
            raise ValueError(f"a scorecard has its own points; leave out {', '.join(own)}")
        if self.id == DEFAULT:
            raise ValueError(f"{DEFAULT!r} is the model at the top of the file; choose another id")
        return self


class Model(Part):
    """A model ready to be scored with: everything it needs, nothing left to look up. Points are integer hundredths."""

    id: str
    only: ActivityCondition | None = None
    tokens: dict[str, int]
    weights: Weights
    engagement: Engagement
    fit: list[FitRule]
    grade: Grade
    resets: list[Reset]
    card: Scorecard | None = None
    measured: list[
        str
    ] = []  # attributes that its fit rules or its card read: what confidence is measured over

    @property
    def prefix(self) -> str:
        """Stands before the names of the model's columns; nothing for the default model."""
        return "" if self.id == DEFAULT else f"{self.id}_"

    def hundredths(self, points: int | str) -> int:
        """Points or a token's points, in hundredths."""
        return 100 * (self.tokens[points] if isinstance(points, str) else points)


class Scoring(Part):
    tokens: dict[str, int] = {}
    weights: Weights = Weights()
    engagement: Engagement
    fit: list[FitRule]
    grade: Grade = Grade()
    resets: list[Reset] = [Reset(id="recycled", verdict=VerdictKind.RECYCLED, keep=0.5)]
    account: AccountScore | None = None
    models: list[NamedModel] = []

    @model_validator(mode="after")
    def _tokens_exist(self) -> "Scoring":
        known = ", ".join(sorted(self.tokens)) or "none"
        faults: list[tuple[Place, str]] = [
            ((*place, number, "points"), f"no token {rule.points!r}; there are: {known}")
            for place, rules in self._groups()
            for number, rule in enumerate(rules)
            if isinstance(rule.points, str) and rule.points not in self.tokens
        ]
        if faults:
            raise Scattered(faults)
        return self

    def _groups(self) -> Iterator[tuple[Place, Sequence[Signal | FitRule]]]:
        yield ("engagement", "signals"), self.engagement.signals
        yield ("fit",), self.fit
        for number, model in enumerate(self.models):
            if model.engagement:
                yield ("models", number, "engagement", "signals"), model.engagement.signals
            yield ("models", number, "fit"), model.fit or []

    @property
    def rules(self) -> list[tuple[str, Signal | FitRule]]:
        """Every rule that gives points, with the prefix of its model."""
        found: list[tuple[str, Signal | FitRule]] = [("", rule) for rule in self.engagement.signals]
        found += [("", rule) for rule in self.fit]
        for model in self.models:
            found += [
                (f"{model.id}.", rule) for rule in (model.engagement.signals if model.engagement else ())
            ]
            found += [(f"{model.id}.", rule) for rule in model.fit or ()]
        return found

    def in_force(self, cards: Mapping[str, Scorecard]) -> tuple[Model, ...]:
        """The default model, then the named ones. `cards`: the scorecards' content by the file's name."""
        default = Model(
            id=DEFAULT,
            tokens=self.tokens,
            weights=self.weights,
            engagement=self.engagement,
            fit=self.fit,
            grade=self.grade,
            resets=self.resets,
        )
        named = [
            default.model_copy(
                update={
                    "id": model.id,
                    "only": model.only,
                    "card": cards[model.scorecard] if model.scorecard else None,
                    **{
                        name: value
                        for name in ("weights", "engagement", "fit", "grade")
                        if (value := getattr(model, name)) is not None
                    },
                }
            )
            for model in self.models
        ]
        return (default, *named)

    def hundredths(self, points: int | str) -> int:
        """Points or a token's points, in hundredths."""
        return 100 * (self.tokens[points] if isinstance(points, str) else points)
