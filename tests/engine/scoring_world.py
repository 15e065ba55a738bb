"""Small worlds for scoring tests: rules, activities and people as frames."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from engine.scoring.basis import Basis, bases
from engine.scoring.lines import LISTED, score_lines
from engine.scoring.score import score_at
from schemas.context import Window
from schemas.frames.base import UTC as UTC_TYPE
from schemas.frames.base import empty
from schemas.frames.facts import Adjustments
from schemas.playbook.scoring import Model, Scoring

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_RULES: dict[str, Any] = {
    "tokens": {"high": 15},
    "engagement": {
        "half_life": "30 days",
        "signals": [
            {
                "id": "pricing",
                "when": "url = '/pricing'",
                "points": "high",
                "once": "day",
                "cap": {"points": 45, "in": "30 days"},
                "half_life": "14 days",
            },
            {
                "id": "case",
                "when": "kind = 'content_download'",
                "points": 10,
                "once": "asset",
                "cap": {"points": 20, "in": "60 days"},
            },
            {
                "id": "view",
                "when": "kind = 'page_visit'",
                "points": 1,
                "cap": {"points": 10, "in": "7 days"},
            },
            {
                "id": "careers",
                "when": "url = '/careers'",
                "points": -20,
                "cap": {"points": 20, "in": "30 days"},
            },
        ],
    },
    "fit": [
        {"id": "c_level", "when": "seniority = 'c_level'", "points": 60},
        {"id": "core", "when": "employees BETWEEN 200 AND 5000", "points": 55},
        {"id": "personal", "when": "is_personal_email", "points": -10},
    ],
}
RULES = Scoring.model_validate(_RULES)
_MORE: list[dict[str, object]] = [
    {
        "id": "news",
        "when": "url = '/news'",
        "points": 12,
        "expiry": "linear",
        "cap": {"points": 30, "in": "20 days"},
    },
    {
        "id": "third_pricing_page",
        "when": "url = '/pricing'",
        "count": {"at_least": 3, "in": "7 days"},
        "points": 10,
        "cap": {"points": 15, "in": "30 days"},
    },
    {
        "id": "pricing_and_case",
        "together": {"of": ["pricing", "case"], "in": "14 days"},
        "points": 8,
        "once": "day",
        "cap": {"points": 16, "in": "30 days"},
    },
    {
        "id": "long_visit",
        "visit": "pages > 2",
        "points": 7,
        "cap": {"points": 15, "in": "7 days"},
    },
    {
        "id": "second_visit",
        "visit": "pages >= 1",
        "count": {"at_least": 2, "in": "7 days"},
        "points": 6,
        "cap": {"points": 15, "in": "7 days"},
    },
]
RICH = Scoring.model_validate(
    {
        **_RULES,
        "engagement": {"half_life": "30 days", "signals": [*_RULES["engagement"]["signals"], *_MORE]},
        "models": [{"id": "logistics", "only": "business_line = 'logistics'"}],
    }
)
"""Every sort of signal, and a second model that counts the acts of one line only."""
KNOWN = ["employees", "is_personal_email", "seniority"]


def models(rules: Scoring = RULES) -> list[Model]:
    return [model.model_copy(update={"measured": KNOWN}) for model in rules.in_force({})]


ACTIVITY = {
    "activity_key": pl.String, "person_key": pl.String, "occurred_at": UTC_TYPE, "learned_at": UTC_TYPE,
    "kind": pl.String, "native_kind": pl.String, "asset_name": pl.String, "url": pl.String, "is_bot": pl.Boolean,
    "tags": pl.List(pl.String), "business_line": pl.String,
}  # fmt: skip


def window(at: datetime = NOW) -> Window:
    return Window(at, at, at - timedelta(days=1), None, ZONE, timedelta(hours=24))


def act(
    number: int,
    at: datetime,
    *,
    person: str = "p",
    url: str | None = None,
    asset: str | None = None,
    kind: str = "page_visit",
    bot: bool = False,
    tags: tuple[str, ...] = (),
    line: str | None = None,
) -> dict[str, object]:
    return {
        "activity_key": f"m:{number}",
        "person_key": person,
        "occurred_at": at,
        "learned_at": at,
        "kind": kind,
        "native_kind": "Visit",
        "asset_name": asset,
        "url": url,
        "is_bot": bot,
        "tags": list(tags),
        "business_line": line,
    }


def frame(acts: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(acts, schema=ACTIVITY)


def people(
    instants: list[tuple[str, datetime]],
    seniority: str | None = None,
    employees: int | None = None,
    personal: bool | None = None,
) -> pl.DataFrame:
    return pl.DataFrame(
        [(person, at, seniority, employees, personal) for person, at in instants],
        schema={
            "person_key": pl.String,
            "at": UTC_TYPE,
            "seniority": pl.String,
            "employees": pl.Int64,
            "is_personal_email": pl.Boolean,
        },
        orient="row",
    )


def recycles(*at: datetime) -> pl.DataFrame:
    """Verdicts by which sales gave the person back."""
    return pl.DataFrame(
        [("p", moment, "recycled", None, "lead") for moment in at],
        schema=dict.fromkeys(["person_key", "occurred_at", "kind", "reason", "source"], pl.String)
        | {"occurred_at": UTC_TYPE},
        orient="row",
    )


def basis(
    acts: list[dict[str, object]],
    *recycled: datetime,
    rules: Scoring = RULES,
    states: pl.DataFrame | None = None,
    adjusted: pl.DataFrame | None = None,
    since: datetime | None = None,
) -> list[Basis]:
    return bases(
        frame(acts).lazy() if since else frame(acts),
        people([]) if states is None else states,
        recycles(*recycled),
        empty(Adjustments) if adjusted is None else adjusted,
        models(rules),
        ZONE,
        since,
    )


def scores(
    acts: list[dict[str, object]],
    crowd: pl.DataFrame,
    *recycled: datetime,
    rules: Scoring = RULES,
    states: pl.DataFrame | None = None,
    adjusted: pl.DataFrame | None = None,
    since: datetime | None = None,
) -> pl.DataFrame:
    found = basis(acts, *recycled, rules=rules, states=states, adjusted=adjusted, since=since)
    return score_at(crowd, found, window())


def lines(
    acts: list[dict[str, object]],
    crowd: pl.DataFrame,
    *recycled: datetime,
    rules: Scoring = RULES,
    adjusted: pl.DataFrame | None = None,
    since: datetime | None = None,
    listed: int = LISTED,
) -> pl.DataFrame:
    found = basis(acts, *recycled, rules=rules, adjusted=adjusted, since=since)
    return pl.concat(score_lines(crowd, each, window(), listed=listed) for each in found)
