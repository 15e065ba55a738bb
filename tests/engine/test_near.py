"""Near misses: what would reach a threshold, and what carries a score."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.scoring.basis import bases
from engine.scoring.near import Change, as_if_without, carrying_acts, smallest_changes
from engine.scoring.score import in_points, score_at
from schemas.frames.base import empty
from schemas.frames.facts import Adjustments
from schemas.playbook.scorecard import Scorecard
from schemas.playbook.scoring import NamedModel, Scoring
from tests.engine.scoring_world import NOW, ZONE, act, basis, frame, models, people, recycles, scores, window

DAY = timedelta(days=1)
RULES = Scoring.model_validate(
    {
        "engagement": {
            "half_life": None,
            "signals": [
                {
                    "id": "pricing",
                    "when": "url = '/pricing'",
                    "points": 30,
                    "once": "day",
                    "cap": {"points": 60, "in": "30 days"},
                },
                {"id": "case", "when": "url = '/case'", "points": 20, "cap": {"points": 40, "in": "30 days"}},
                {"id": "jobs", "when": "url = '/jobs'", "points": -20, "cap": {"points": 20, "in": "30 days"}},
            ],
        },
        "fit": [
            {"id": "boss", "when": "seniority = 'c_level'", "points": 60},
            {"id": "manager", "when": "seniority = 'manager'", "points": 30},
            {"id": "size", "when": "employees > 200", "points": 40},
        ],
    }
)  # fmt: skip


def reached(
    acts: list[dict[str, object]], condition: str, rules: Scoring = RULES, **who: Any
) -> list[tuple[list[tuple[str, int]], float]]:
    found = basis(acts, rules=rules)
    now = in_points(score_at(people([("p", NOW)], **who), found, window()))
    options = smallest_changes(now, found[0], condition, window())
    return [([(change.rule, change.times) for change in option], score) for option, score in options]


def test_the_smallest_single_change_comes_first() -> None:
    acts = [act(1, NOW - DAY, url="/case")]
    # engagement 20, fit 30: score 25. Ten points are missing.
    found = reached(acts, "score >= 35", seniority="manager")
    assert found[0] == ([("case", 1)], 35.0)
    assert ([("pricing", 1)], 40.0) in found
    assert ([("boss", 1)], 40.0) in found  # a manager who becomes a boss is a manager no more: 60 - 30


def test_two_changes_are_told_only_where_one_does_not_suffice() -> None:
    found = reached([], "score >= 50 AND fit >= 60")
    assert [("boss", 1), ("size", 1)] in [changes for changes, _ in found]
    assert all(len(changes) == 2 for changes, _ in found)
    assert reached([], "score >= 101") == []


def test_a_second_act_of_a_day_is_no_gain_for_what_counts_once_a_day() -> None:
    today = [act(1, NOW - timedelta(minutes=5), url="/pricing")]
    assert ("pricing", 1) not in [change for option, _ in reached(today, "score >= 25") for change in option]


def test_nothing_is_promised_of_one_more_act_that_would_not_count_by_itself() -> None:
    cap = {"points": 60, "in": "30 days"}
    third = {
        "id": "third",
        "when": "url = '/x'",
        "count": {"at_least": 3, "in": "7 days"},
        "points": 60,
        "cap": cap,
    }
    bosses = {
        "id": "bosses",
        "when": "url = '/y'",
        "person": "seniority = 'c_level'",
        "points": 60,
        "cap": cap,
    }
    rules = Scoring.model_validate({"engagement": {"half_life": None, "signals": [third, bosses]}, "fit": []})
    assert reached([], "score >= 30", rules, seniority="manager") == []
    assert reached([], "score >= 30", rules, seniority="c_level") == [([("bosses", 1)], 30.0)]


CARD = Scorecard.model_validate(
    {
        "label": "won",
        "time": "t",
        "rows": 0,
        "outcomes": 0,
        "since": "",
        "until": "",
        "base": 50,
        "points_that_double_the_odds": 10,
        "calibration": {"intercept": -3.5, "slope": 0.07},
        "attributes": [
            {
                "column": "seniority",
                "kind": "word",
                "bins": [{"words": ["c_level"], "points": 60}, {"words": ["vp"], "points": 20}],
                "other": {"points": -5},
                "missing": {"points": 0},
            },
            {
                "column": "employees",
                "kind": "number",
                "bins": [{"below": 200, "points": 0}, {"from": 200, "points": 30}],
                "missing": {"points": 0},
            },
        ],
    }
)


def test_a_condition_on_a_probability_is_reached_by_what_raises_it() -> None:
    rules = RULES.model_copy(update={"models": [NamedModel(id="learned", scorecard="card.yaml")]})
    known = rules.in_force({"card.yaml": CARD})
    found = bases(frame([]), people([]), recycles(), empty(Adjustments), known, ZONE)
    now = in_points(score_at(people([("p", NOW)], "other"), found, window()), ["", "learned_"])

    def told_to_reach(condition: str) -> list[list[str]]:
        options = smallest_changes(now, found[1], condition, window())
        return [[change.asks for change in option] for option, _ in options]

    assert told_to_reach("learned_probability >= 0.95") == [["seniority in c_level"]]
    assert told_to_reach("learned_probability >= 0.8") == [["employees from 200"], ["seniority in c_level"]]


SITES = st.lists(st.sampled_from(["/pricing", "/case", "/jobs"]), max_size=6)


@given(SITES, st.sampled_from([None, "manager", "c_level"]), st.integers(10, 90))
def test_what_is_told_to_reach_it_reaches_it(urls, seniority, threshold) -> None:  # type: ignore[no-untyped-def]
    acts = [act(n, NOW - (n + 1) * DAY, url=url) for n, url in enumerate(urls)]
    found = basis(acts, rules=RULES)
    now = in_points(score_at(people([("p", NOW)], seniority), found, window()))
    for option, told in smallest_changes(now, found[0], f"score >= {threshold}", window()):
        more = list(acts)
        who = {"seniority": seniority, "employees": None}
        for change in option:
            more += _acts_of(change, len(more))
            who |= {
                "boss": {"seniority": "c_level"},
                "manager": {"seniority": "manager"},
                "size": {"employees": 300},
            }.get(change.rule, {})
        really = scores(more, people([("p", NOW)], **who), rules=RULES)["score"][0] / 100
        assert really == told >= threshold


def _acts_of(change: Change, already: int) -> list[dict[str, object]]:
    return [
        act(100 + already + n, NOW, url=f"/{change.rule}")
        for n in range(change.times)
        if change.sort == "act"
    ]


def test_the_act_on_which_a_condition_hangs_is_named() -> None:
    acts = [act(1, NOW - DAY, url="/pricing"), act(2, NOW - 2 * DAY, url="/case"), act(3, NOW, url="/jobs")]
    now = in_points(scores(acts, people([("p", NOW)], "c_level"), rules=RULES))
    keys = ["m:1", "m:2", "m:3"]
    worlds = as_if_without(frame(acts), keys)
    found = bases(worlds, people([]), recycles(), empty(Adjustments), models(RULES), ZONE)
    without = in_points(score_at(people([(key, NOW) for key in keys], "c_level"), found, window()))
    assert carrying_acts(now, without, "score >= 35", "") == [("m:1", 15.0, True), ("m:2", 10.0, False)]
