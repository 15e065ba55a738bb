"""Names that a playbook gives to columns of its own, held against those that are taken.

A name that is used twice would be one column with the values of whichever was written last: a rule would read
something else than it says.
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


def _taken(file: str, document: Any, key: str, names: Iterable[str], taken: set[str]) -> Iterator[Fault]:
    for name in names:
        if name in taken:
            line, rule = place(document, (key, name))
            yield Fault(
                file, line, rule, f"{key}.{name}: there is a column {name} already; choose another name"
            )
