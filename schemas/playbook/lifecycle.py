"""`playbook/lifecycle.yaml`: the path, what makes an MQL, what holds it back, what a verdict leads to."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import model_validator

from schemas.playbook.base import (
    ActivityCondition,
    OpportunityCondition,
    Part,
    Scattered,
    ScoredCondition,
    SomeTime,
    Span,
)
from schemas.playbook.organisation import DEFAULT_LINE
from schemas.playbook.patterns import TextPattern
from schemas.vocabulary import BlockKind

Moment = Literal[
    "last_mql_at", "last_sal_at", "last_opportunity_closed_at", "last_rejected_at", "last_recycled_at"
]


class Trigger(Part):
    """What makes an MQL: an act (`activity`), a state (`person`), or an act by a person in that state.

    A trigger with `activity` is spent by the act that used it. One without opens at any new act of a person who is in
    that state. `fast_track` is a hand raise: it passes the soft exclusions.
    """

    id: str
    activity: ActivityCondition | None = None
    person: ScoredCondition | None = None
    fast_track: bool = False
    line: str = DEFAULT_LINE

    @model_validator(mode="after")
    def _says_something(self) -> "Trigger":
        if self.activity is None and self.person is None:
            raise ValueError(f"trigger {self.id}: give `activity`, `person` or both")
        if self.fast_track and self.activity is None:
            raise ValueError(f"trigger {self.id}: a fast track is an act and needs `activity`")
        return self


class Exclusion(Part):
    """What holds a trigger back: a state (`when`), or a window that began at a moment (`since`, `for`)."""

    id: str
    kind: BlockKind
    when: ScoredCondition | None = None
    since: Moment | None = None
    lasts: Annotated[Span, SomeTime] | None = None

    @model_validator(mode="before")
    @classmethod
    def _for_is_a_keyword(cls, data: object) -> object:
        if isinstance(data, dict) and "for" in data:
            data = {**data, "lasts": data["for"]}
            del data["for"]
        return data

    @model_validator(mode="after")
    def _one_sort(self) -> "Exclusion":
        if (self.when is None) == (self.since is None):
            raise ValueError(f"exclusion {self.id}: give either `when`, or `since` with `for`")
        if (self.since is None) != (self.lasts is None):
            raise ValueError(f"exclusion {self.id}: `since` and `for` go together")
        return self


class StageRule(Part):
    """A stage below MQL that a person enters by a condition."""

    stage: str
    when: ScoredCondition


class Reason(Part):
    """What a rep's reason for rejecting or recycling leads to. `says`: regular expression over the reason's text.

    `judges`: whether the reason says what sales thinks of the person. "Duplicate" does not, and nothing is learned
    from it; nor is from whom went to another owner.
    """

    id: str
    says: TextPattern
    then: Literal["disqualified", "recycled", "reassign"]
    judges: bool = True


class Lifecycle(Part):
    path: list[str] = ["known", "engaged", "mql", "sal", "opportunity", "customer"]
    detours: list[str] = ["recycled", "disqualified"]
    stages: list[StageRule] = []
    triggers: list[Trigger]
    exclude: list[Exclusion] = []
    counted_opportunities: OpportunityCondition = "true"
    reasons: list[Reason] = []  # the first that matches; none: recycled
    stale_after: Annotated[Span, SomeTime] = timedelta(days=30)
    """An open cycle that sales does not touch for so long expires."""

    @model_validator(mode="after")
    def _path_is_whole(self) -> "Lifecycle":
        before = self.path[: self.path.index("mql")] if "mql" in self.path else self.path
        faults: list[tuple[tuple[str | int, ...], str]] = [
            *((("path",), message) for message in _faults_of_path(self.path)),
            *(
                (("detours",), f"{stage!r} is on the path; a detour lies beside it")
                for stage in self.detours
                if stage in self.path
            ),
            *(
                (("stages", number), f"stage {rule.stage!r} is not on the path before 'mql'")
                for number, rule in enumerate(self.stages)
                if rule.stage not in before
            ),
        ]
        # Dates of coming into force go by the id, whether it is a trigger's or an exclusion's.
        triggers = {trigger.id for trigger in self.triggers}
        faults += [
            (("exclude", number, "id"), f"the id {exclusion.id!r} is a trigger's already")
            for number, exclusion in enumerate(self.exclude)
            if exclusion.id in triggers
        ]
        if faults:
            raise Scattered(faults)
        return self


def _faults_of_path(path: Sequence[str]) -> Iterator[str]:
    yield from (f"the path needs the stage {stage!r}" for stage in ("mql", "sal") if stage not in path)
    yield from (f"{stage!r} is on it twice" for stage in dict.fromkeys(path) if path.count(stage) > 1)
    if path and path[0] == "mql":
        yield "the path needs a stage before 'mql', for people who are not there yet"
    known = [stage for stage in ("mql", "sal", "opportunity", "customer") if stage in path]
    yield from (
        f"{stage!r} comes before {later!r}"
        for stage, later in itertools.pairwise(known)
        if path.index(stage) > path.index(later)
    )
