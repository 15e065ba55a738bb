"""What shows only when the files of a playbook are held against each other.

Names that a playbook gives to columns of its own, held against those that are taken: a name that is used twice would be
one column with the values of whichever was written last, and a rule would read something else than it says. And names
of one file that another one has to have: stages, lines.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.conditions_columns import PEOPLE_COLUMNS
from schemas.frames.base import dtypes
from schemas.frames.facts import Activities, RecordVersions
from schemas.playbook.columns import (
    ACCOUNT_COLUMNS,
    ACTIVITY_COLUMNS,
    HANDOVER_COLUMNS,
    SCORE_COLUMNS,
    VISIT_COLUMNS,
    model_columns,
)
from schemas.playbook.faults import Fault, place
from schemas.playbook.lifecycle import Lifecycle
from schemas.playbook.organisation import Organisation
from schemas.playbook.platforms import Platforms
from schemas.playbook.scoring import Scoring

WHILE_SCORING = ("at", "ahead", "place", "probability", "pushed_score", "engagement_sum", "fit_sum")
"""Columns that people have besides, from being decided to being recorded."""

WHILE_COUNTING = (
    *("attributes", "bot_why", "aged_from", "ends_at", "day", "signal", "superseded_at", "once_key", "visit"),
    *("next_page_at", "state_at", "counted", "within"),
)
"""Columns that activities have besides, from being read to being counted."""


def clashes(
    platforms: Platforms | None, scoring: Scoring | None, documents: Mapping[str, Any]
) -> Iterator[Fault]:
    """A fault for each of an organisation's own fields, answers and models whose columns would be somebody else's."""
    of_people = {*PEOPLE_COLUMNS, *dtypes(RecordVersions), *SCORE_COLUMNS, *ACCOUNT_COLUMNS, *WHILE_SCORING}
    if platforms is not None:
        document = documents["platforms"]
        taken = {*of_people, *HANDOVER_COLUMNS}
        yield from _taken("platforms.yaml", document, "extra", platforms.extra, taken)
        of_acts = {*dtypes(Activities), *ACTIVITY_COLUMNS, *VISIT_COLUMNS, *WHILE_COUNTING}
        yield from _taken("platforms.yaml", document, "answers", platforms.answers, of_acts)
        of_people |= set(platforms.extra)
    if scoring is not None:
        for number, model in enumerate(scoring.models):
            own = model_columns(model).keys()
            if twice := sorted(own & of_people):
                line, rule = place(documents["scoring"], ("models", number, "id"))
                message = (
                    f"the model's {', '.join(twice)} would have the name of another column; choose another id"
                )
                yield Fault("scoring.yaml", line, rule, message)
            of_people |= own


def strangers(
    organisation: Organisation | None,
    platforms: Platforms | None,
    lifecycle: Lifecycle | None,
    documents: Mapping[str, Any],
) -> Iterator[Fault]:
    """A fault for each line of a trigger and each stage of a status that its own file does not have."""
    if lifecycle is None:
        return
    if organisation is not None:
        lines = [line.id for line in organisation.lines]
        for number, trigger in enumerate(lifecycle.triggers):
            if trigger.line not in lines:
                known = ", ".join(lines) or "none"
                line, rule = place(documents["lifecycle"], ("triggers", number, "line"))
                yield Fault(
                    "lifecycle.yaml",
                    line,
                    rule,
                    f"triggers.{number}.line: organisation.yaml has no line {trigger.line!r}; there are: {known}",
                )
    if platforms is not None:
        stages = [*lifecycle.path, *lifecycle.detours]
        for number, status in enumerate(platforms.statuses):
            if status.stage not in stages:
                line, rule = place(documents["platforms"], ("statuses", number, "stage"))
                message = (
                    f"statuses.{number}.stage: lifecycle.yaml has no stage {status.stage!r}; there are: "
                )
                yield Fault("platforms.yaml", line, rule, message + ", ".join(stages))


def _taken(file: str, document: Any, key: str, names: Iterable[str], taken: set[str]) -> Iterator[Fault]:
    for name in names:
        if name in taken:
            line, rule = place(document, (key, name))
            yield Fault(
                file, line, rule, f"{key}.{name}: there is a column {name} already; choose another name"
            )
