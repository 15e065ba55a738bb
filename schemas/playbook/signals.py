"""Signals: what people do, see and answer, and what it is worth."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.playbook.base import (
    ActivityCondition,
    Days,
    Part,
    PersonCondition,
    Scattered,
    SomeTime,
    Span,
    VisitCondition,
)


class Cap(Part):
    """At most `points` from one signal, and only from evidence of the last `in` days."""

    points: Annotated[int, Field(gt=0)]
    within: Annotated[Days, SomeTime] = Field(alias="in")


class Count(Part):
    """Only an act counts by which there are `at_least` so many within the span `in`: the third pricing page in a week.

    With `once` the days or assets are counted, not the acts. Every further act within the span counts again; the cap
    says how often.
    """

    at_least: Annotated[int, Field(ge=2)]
    within: Annotated[Span, SomeTime] = Field(alias="in")


class Together(Part):
    """Evidence of each of the signals `of` within the span `in`; it counts when the last of them comes."""

    of: Annotated[list[str], Field(min_length=2)]
    within: Annotated[Span, SomeTime] = Field(alias="in")

    @model_validator(mode="after")
    def _of_different_ones(self) -> "Together":
        if len(set(self.of)) < len(self.of):
            raise ValueError("a combination is of different signals; name each once")
        return self


class Signal(Part):
    """What a kind of act is worth. Exactly one of `when`, `visit` and `together` says which act.

    `once: day` counts one a day, `once: asset` one per page, form or mail, always the youngest. A visit counts once,
    as it stands at the instant. `person`: only while this held of the person when it happened.
    """

    id: str
    when: ActivityCondition | None = None
    visit: VisitCondition | None = None
    together: Together | None = None
    person: PersonCondition | None = None
    count: Count | None = None
    points: int | str  # a number, or the name of a token
    once: Literal["day", "asset"] | None = None
    cap: Cap
    half_life: Annotated[Days, SomeTime] | None = None  # null: the model's
    expiry: Literal["linear"] | None = (
        None  # falls evenly to nothing at the end of the cap's days, without half-life
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Signal":
        sources = [name for name in ("when", "visit", "together") if getattr(self, name) is not None]
        if len(sources) != 1:
            raise ValueError(
                f"a signal has one of when, visit, together; this one has {' and '.join(sources) or 'none'}"
            )
        if self.expiry and self.half_life:
            raise ValueError("half_life and expiry: linear exclude each other; leave one out")
        if self.visit is not None and self.once:
            raise ValueError("a visit counts once anyway; leave `once` out")
        if self.together is not None and self.count:
            raise ValueError("a combination has no count; count in one of the signals that it combines")
        if self.together is not None and self.once == "asset":
            raise ValueError("a combination is about several assets; `once: day` is possible")
        return self

    def decays_by(self, general: timedelta | None) -> timedelta | None:
        """The half-life that holds for this signal in a model with this general one."""
        return None if self.expiry else self.half_life or general


class Engagement(Part):
    half_life: Annotated[Days, SomeTime] | None = timedelta(days=30)
    signals: list[Signal]

    @model_validator(mode="after")
    def _combined_ones_exist(self) -> "Engagement":
        simple = {signal.id for signal in self.signals if signal.together is None}
        faults: list[tuple[tuple[str | int, ...], str]] = [
            (
                ("signals", number, "together", "of"),
                f"no signal {name!r} to combine; there are: {', '.join(sorted(simple))}",
            )
            for number, signal in enumerate(self.signals)
            if signal.together
            for name in signal.together.of
            if name not in simple
        ]
        if faults:
            raise Scattered(faults)
        return self
