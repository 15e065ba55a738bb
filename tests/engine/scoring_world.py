"""Small worlds for scoring tests: rules, activities and people as frames."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from engine.scoring.evidence import evidence
from engine.scoring.lines import score_lines
from engine.scoring.score import score_at
from schemas.context import Window
from schemas.frames.base import UTC as UTC_TYPE
from schemas.playbook.scoring import Scoring

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES = Scoring.model_validate(
    {
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
)
KNOWN = ["employees", "is_personal_email", "seniority"]
ACTIVITY = {
    "activity_key": pl.String, "person_key": pl.String, "occurred_at": UTC_TYPE, "learned_at": UTC_TYPE,
    "kind": pl.String, "native_kind": pl.String, "asset_name": pl.String, "url": pl.String, "is_bot": pl.Boolean,
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
    return pl.DataFrame(
        [("p", moment) for moment in at], schema={"person_key": pl.String, "at": UTC_TYPE}, orient="row"
    )


def scores(
    acts: list[dict[str, object]], crowd: pl.DataFrame, *recycled: datetime, rules: Scoring = RULES
) -> pl.DataFrame:
    found = evidence(frame(acts), rules, ZONE)
    return score_at(crowd, found, recycles(*recycled), rules, KNOWN, window())


def lines(acts: list[dict[str, object]], crowd: pl.DataFrame, *recycled: datetime) -> pl.DataFrame:
    found = evidence(frame(acts), RULES, ZONE)
    return score_lines(crowd, found, recycles(*recycled), RULES, window())
