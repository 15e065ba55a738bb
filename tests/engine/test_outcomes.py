"""What counts as an outcome to learn from, and what says nothing about a person."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from engine.learning.outcomes import accepted, known_past, won
from schemas.frames.decisions import CycleEvents, Cycles, Stages
from schemas.playbook.lifecycle import Reason
from schemas.playbook.load import load_playbook
from tests.data.pages import PLAYBOOK
from tests.ledger.decided import T0, hours, rows

REASONS = load_playbook(PLAYBOOK).lifecycle.reasons


def cycle(**values: Any) -> pl.DataFrame:
    return rows(Cycles, {"kind": "mql", "state": "open", **values})


def said(reasons: list[Reason] | None = None, **values: Any) -> tuple[bool | None, str | None]:
    found = accepted(cycle(**values), REASONS if reasons is None else reasons)
    return found["is_yes"].item(), found["aside"].item()


@pytest.mark.parametrize(
    "values",
    [
        {"state": "working", "accepted_at": T0},
        {"state": "converted", "closed_as": "converted", "accepted_at": T0},
        {"state": "recycled", "closed_as": "recycled", "accepted_at": T0, "close_reason": "No Budget"},
        {"state": "expired", "closed_as": "expired", "accepted_at": T0, "close_reason": "stale"},
    ],
)
def test_whom_sales_worked_with_was_accepted_whatever_came_of_it(values: dict[str, Any]) -> None:
    assert said(**values) == (True, None)


@pytest.mark.parametrize("reason", ["Not Ideal Profile", "Student", "Spam", "Other", None])
def test_a_rejection_for_what_somebody_is_counts_as_a_no(reason: str | None) -> None:
    assert said(state="rejected", closed_as="rejected", close_reason=reason) == (False, None)


@pytest.mark.parametrize(
    "reason",
    ["Duplicate", "Already in Conversation", "Bad Data", "Support Request", "Existing Customer", "Partner",
     "Wrong Territory"],
)  # fmt: skip
def test_a_rejection_that_does_not_judge_the_person_is_no_outcome(reason: str) -> None:
    assert said(state="rejected", closed_as="rejected", close_reason=reason)[0] is None


def test_the_playbook_says_which_reasons_judge() -> None:
    ours = [Reason(id="ours", says="^zu teuer$", then="recycled", judges=False)]
    assert said(ours, state="rejected", close_reason="Zu teuer") == (None, "reason is not about the person")
    assert said(ours, state="rejected", close_reason="Duplicate") == (False, None)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"state": "open"}, "no verdict yet"),
        ({"state": "expired"}, "expired"),
        ({"state": "merged"}, "merged"),
        ({"state": "withdrawn"}, "withdrawn"),
        ({"state": "void", "is_trial": True}, "trial"),
        ({"state": "working", "accepted_at": T0, "is_trial": True}, "trial"),
        ({"state": "working", "accepted_at": T0, "kind": "hand_raise"}, "was with sales already"),
    ],
)
def test_where_sales_did_not_judge_there_is_no_outcome_and_it_is_told_why(
    values: dict[str, Any], why: str
) -> None:
    assert said(**values) == (None, why)


def test_won_goes_by_the_opportunity_once_it_is_closed() -> None:
    cycles = rows(
        Cycles,
        *(
            {"cycle_key": key, "kind": "mql", "state": "converted", "opportunity_id": opportunity}
            for key, opportunity in (("a", "W"), ("b", "L"), ("c", "O"), ("d", "D"), ("e", None))
        ),
    )
    deals = pl.DataFrame(
        {
            "opportunity_id": ["W", "L", "O", "D"],
            "is_closed": [True, True, False, True],
            "is_won": [True, False, False, True],
            "is_deleted": [False, False, False, True],
        }
    )
    found = won(cycles, deals)
    assert found["is_yes"].to_list() == [True, False, None, None, None]
    assert found["aside"].to_list()[2:] == ["opportunity not closed"] * 2 + ["no opportunity"]


def _past(
    *given: dict[str, Any], covered: bool, stamp: datetime | None = T0, heard: str = "accepted"
) -> list[str]:
    cycles = rows(Cycles, *({"kind": "mql", "person_key": "p", **row} for row in given))
    stages = rows(Stages, {"person_key": "p", "last_mql_at": stamp})
    events = rows(CycleEvents, {"cycle_key": "a", "kind": heard})
    return known_past(cycles, stages, pl.Series([covered] * len(cycles)), events)["cycle_key"].to_list()


def test_an_adopted_cycle_counts_only_where_its_beginning_is_stamped_and_a_backfill_brought_that_time() -> (
    None
):
    adopted = {"cycle_key": "a", "origin": "adopted", "state": "working", "opened_at": T0}
    assert _past(adopted, covered=True) == ["a"]
    assert _past(adopted, covered=False) == []
    assert _past(adopted, covered=True, stamp=None) == []
    assert _past(adopted, covered=True, stamp=hours(5)) == []


def test_what_sales_worked_on_when_we_came_teaches_nothing_for_what_it_had_rejected_was_not_adopted() -> None:
    adopted = {"cycle_key": "a", "origin": "adopted", "state": "working", "opened_at": T0}
    assert _past(adopted, covered=True, heard="adopted") == []
    assert _past({**adopted, "state": "recycled"}, covered=True, heard="recycled") == []
    assert _past({**adopted, "state": "rejected"}, covered=True, heard="rejected") == ["a"]


def test_a_handover_that_was_adopted_and_backfilled_teaches_once() -> None:
    adopted = {
        "cycle_key": "a",
        "origin": "adopted",
        "state": "working",
        "opened_at": T0,
        "accepted_at": hours(9),
    }
    lived = {
        "cycle_key": "b",
        "origin": "backfill",
        "state": "recycled",
        "opened_at": T0 - timedelta(hours=3),
        "closed_at": hours(30),
    }
    assert _past(adopted, lived, covered=True) == ["b"]
    before = {**lived, "closed_at": T0 - timedelta(hours=1)}
    assert _past(adopted, before, covered=True) == ["a", "b"]
