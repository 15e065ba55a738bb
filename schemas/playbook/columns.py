"""Which typed columns each sort of condition may use."""

import polars as pl

from schemas.conditions import Columns
from schemas.conditions_columns import PEOPLE_COLUMNS
from schemas.frames.base import dtypes
from schemas.frames.facts import Activities, OpportunityVersions
from schemas.playbook.platforms import ExtraField

SCORE_COLUMNS: dict[str, pl.DataType] = {
    "score": pl.Float64(),
    "fit": pl.Float64(),
    "engagement": pl.Float64(),
    "grade": pl.String(),
    "confidence": pl.Float64(),
}
"""Scores in conditions are points, 0–100."""

HANDOVER_COLUMNS: dict[str, pl.DataType] = {
    "cycle_kind": pl.String(),
    "cycle_line": pl.String(),
    "cycle_number": pl.Int64(),
    "trigger_rule": pl.String(),
    "campaign_name": pl.String(),
    "campaign_type": pl.String(),
}

_ACTIVITY_NAMES = [
    "kind",
    "native_kind",
    "asset_name",
    "url",
    "link",
    "status",
    "campaign_name",
    "campaign_type",
]
_OPPORTUNITY_NAMES = ["type", "stage", "is_closed", "is_won", "business_line"]
_EXTRA_TYPES: dict[str, pl.DataType] = {"text": pl.String(), "number": pl.Float64(), "boolean": pl.Boolean()}


def condition_columns(extra: dict[str, ExtraField]) -> dict[str, Columns]:
    """The columns behind each `On(...)` marker of the playbook models, the organisation's own fields included."""
    own = {name: _EXTRA_TYPES[field.type] for name, field in extra.items()}
    person = {**PEOPLE_COLUMNS, **own}
    scored = {**person, **SCORE_COLUMNS}
    activity = {name: dtype for name, dtype in dtypes(Activities).items() if name in _ACTIVITY_NAMES}
    opportunity = {
        name: dtype for name, dtype in dtypes(OpportunityVersions).items() if name in _OPPORTUNITY_NAMES
    }
    tagged = {"tags": pl.List(pl.String()), "business_line": pl.String()}
    return {
        "person": Columns.of("person", person),
        "scored person": Columns.of("person and scores", scored),
        "activity": Columns.of("activity", {**activity, **tagged}),
        "opportunity": Columns.of("opportunity", opportunity),
        "handover": Columns.of("handover", {**scored, **HANDOVER_COLUMNS}),
    }
