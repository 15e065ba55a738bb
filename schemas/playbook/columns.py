"""Which typed columns each sort of condition may use."""

from collections.abc import Mapping

import polars as pl

from schemas.conditions import Columns
from schemas.conditions_columns import PEOPLE_COLUMNS
from schemas.frames.base import dtypes
from schemas.frames.facts import Activities, OpportunityVersions
from schemas.playbook.platforms import Answer, ExtraField
from schemas.playbook.scoring import NamedModel, Scoring

SCORE_COLUMNS: dict[str, pl.DataType] = {
    "score": pl.Float64(),
    "fit": pl.Float64(),
    "engagement": pl.Float64(),
    "grade": pl.String(),
    "is_mql_grade": pl.Boolean(),  # a cell that the playbook names as MQL
    "confidence": pl.Float64(),
}
"""Of the default model; those of another one have its id and an underscore before them. Points are 0–100."""

CARD_COLUMNS: dict[str, pl.DataType] = {"score": pl.Float64(), "probability": pl.Float64()}
"""Of a model that is a learned scorecard."""

ACCOUNT_COLUMNS: dict[str, pl.DataType] = {
    "account_score": pl.Float64(),  # 0–100
    "account_engaged": pl.Int64(),  # people
    "account_roles": pl.Int64(),  # different roles among them
}
"""Of the person's account, where scoring.yaml has `account`. As of the run before."""

VISIT_COLUMNS: dict[str, pl.DataType] = {
    "pages": pl.Int64(),  # seen so far
    "minutes": pl.Float64(),  # since the first of them
    "first_url": pl.String(),
    "tags": pl.List(pl.String()),  # of any of its pages
    "tags_of_all": pl.List(pl.String()),  # that each of its pages has
}
"""A visit is page views of a person with gaps of at most 30 minutes."""

HANDOVER_COLUMNS: dict[str, pl.DataType] = {
    "cycle_kind": pl.String(),
    "cycle_line": pl.String(),
    "cycle_number": pl.Int64(),
    "trigger_rule": pl.String(),
    "campaign_name": pl.String(),
    "campaign_type": pl.String(),
}

ACTIVITY_COLUMNS: dict[str, pl.DataType] = {
    "tags": pl.List(pl.String()),
    "business_line": pl.String(),
    "strength": pl.Float64(),  # of intent, in the vendor's measure
}
"""What activities have besides what platforms tell of each."""

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
TYPES: dict[str, pl.DataType] = {"text": pl.String(), "number": pl.Float64(), "boolean": pl.Boolean()}


def score_columns(scoring: Scoring | None) -> dict[str, pl.DataType]:
    """The columns of every model and of the account's score."""
    columns = dict(SCORE_COLUMNS)
    if scoring is None:
        return columns
    for model in scoring.models:
        columns |= model_columns(model)
    return columns | (ACCOUNT_COLUMNS if scoring.account else {})


def model_columns(model: NamedModel) -> dict[str, pl.DataType]:
    """The columns of a further model's results."""
    own = CARD_COLUMNS if model.scorecard else SCORE_COLUMNS
    return {f"{model.id}_{name}": dtype for name, dtype in own.items()}


def condition_columns(
    extra: Mapping[str, ExtraField],
    answers: Mapping[str, Answer] | None = None,
    scoring: Scoring | None = None,
) -> dict[str, Columns]:
    """The columns behind each `On(...)` marker of the playbook models, the organisation's own fields included."""
    own = {name: TYPES[field.type] for name, field in extra.items()}
    person = {**PEOPLE_COLUMNS, **own}
    scored = {**person, **score_columns(scoring)}
    activity = {name: dtype for name, dtype in dtypes(Activities).items() if name in _ACTIVITY_NAMES}
    opportunity = {
        name: dtype for name, dtype in dtypes(OpportunityVersions).items() if name in _OPPORTUNITY_NAMES
    }
    answered = {name: TYPES[answer.type] for name, answer in (answers or {}).items()}
    return {
        "person": Columns.of("person", person),
        "scored person": Columns.of("person and scores", scored),
        "activity": Columns.of("activity", {**activity, **ACTIVITY_COLUMNS, **answered}),
        "visit": Columns.of("visit", VISIT_COLUMNS),
        "opportunity": Columns.of("opportunity", opportunity),
        "handover": Columns.of("handover", {**scored, **HANDOVER_COLUMNS}),
    }
