"""Intent data about companies, joined to people; answers that acts carry."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from engine.data.answers import with_answers
from engine.data.intent import intent_acts
from ledger.facts.handed_in import INTENT
from schemas.frames.base import UTC as UTC_TYPE
from schemas.playbook.platforms import Answer
from tasks.learning.handovers import known_when_opened

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def states(*rows: tuple[str, datetime, str | None, bool | None]) -> pl.DataFrame:
    shape = {
        "person_key": pl.String,
        "at": UTC_TYPE,
        "email_domain": pl.String,
        "is_personal_email": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=shape, orient="row").sort("at")


def seen(*rows: tuple[str, datetime]) -> pl.DataFrame:
    table = [
        (f"i{n}", domain, "route planning", 4.0, "a vendor", at, at) for n, (domain, at) in enumerate(rows)
    ]
    return pl.DataFrame(table, schema=INTENT, orient="row")


def test_an_observation_counts_for_everybody_while_they_have_the_domain() -> None:
    known = states(
        ("p", NOW - 9 * DAY, "acme.example", False),
        ("q", NOW - 9 * DAY, "acme.example", False),
        ("q", NOW - 3 * DAY, "other.example", False),
        ("r", NOW - DAY, "acme.example", False),
    )
    found = intent_acts(seen(("acme.example", NOW - 5 * DAY), ("acme.example", NOW - 2 * DAY)), known)
    first, second = NOW - 5 * DAY, NOW - 2 * DAY
    assert sorted(found.select("person_key", "aged_from", "occurred_at", "ends_at").rows(), key=str) == [
        ("p", first, first, None),
        ("p", second, second, None),
        ("q", first, first, NOW - 3 * DAY),
        ("r", first, NOW - DAY, None),  # who came later finds what was seen before, as old as it is
        ("r", second, NOW - DAY, None),
    ]
    assert found["activity_key"].is_unique().all()
    assert found.select("kind", "asset_name", "strength").unique().rows() == [
        ("third_party_intent", "route planning", 4.0)
    ]


def test_a_handover_is_learned_from_without_what_was_handed_in_after_it() -> None:
    known = states(("c1", NOW - 9 * DAY, "acme.example", False), ("c2", NOW - 9 * DAY, "acme.example", False))
    told = pl.DataFrame({"cycle_key": ["c1", "c2"], "known_by": [NOW - 4 * DAY, NOW - DAY]})
    seen_early = seen(("acme.example", NOW - 5 * DAY)).with_columns(
        learned_at=pl.lit(NOW - 2 * DAY, UTC_TYPE)
    )
    acts = intent_acts(seen_early, known)
    assert len(acts) == 2
    assert known_when_opened(acts, told)["person_key"].to_list() == ["c2"]


def test_an_observation_about_a_free_mail_domain_is_about_nobody() -> None:
    assert intent_acts(seen(("gmail.com", NOW)), states(("p", NOW - DAY, "gmail.com", True))).is_empty()


@pytest.mark.parametrize(
    ("kind", "given", "read"),
    [
        ("text", " Yes, soon ", "Yes, soon"),
        ("text", "", None),
        ("number", "7.5", 7.5),
        ("number", "7,5", 7.5),
        ("number", "1,000", 1000.0),
        ("number", "1,234,567.5", 1234567.5),
        ("number", "many", None),
        ("number", "NaN", None),
        ("number", "infinity", None),
        ("boolean", "Yes", True),
        ("boolean", "no", False),
        ("boolean", "maybe", None),
    ],
)
def test_an_answer_has_its_type_or_is_unknown(kind: str, given: str, read: object) -> None:
    for answer, attributes in (
        (Answer(type=kind, attribute="Would you buy?"), {"Would you buy?": given}),  # type: ignore[arg-type]
        (Answer(type=kind, form_field="What's on"), {"Form Fields": {"What's on": given}}),  # type: ignore[arg-type]
    ):
        acts = pl.DataFrame({"activity_key": ["m:1"], "attributes": [json.dumps(attributes)]})
        found = with_answers(acts, {"reply": answer})
        assert found["reply"].to_list() == [read]
        assert found.columns == ["activity_key", "reply", "strength"]


def test_an_act_without_the_answer_has_none() -> None:
    acts = pl.DataFrame(
        {"activity_key": ["m:1", "m:2"], "attributes": [None, "{}"]},
        schema_overrides={"attributes": pl.String},
    )
    assert with_answers(acts, {"reply": Answer(attribute="Result")})["reply"].to_list() == [None, None]
