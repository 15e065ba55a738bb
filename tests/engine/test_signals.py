"""Every sort of signal, by example: counters, combinations, visits, linear expiry, who the person was; more models."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from engine.scoring.resets import resets_of
from engine.scoring.score import score_at
from schemas.frames.base import UTC, dtypes
from schemas.frames.facts import Adjustments
from schemas.playbook.scoring import Scoring
from tests.engine.scoring_world import NOW, act, basis, lines, people, scores, window

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
CAP = {"points": 100, "in": "90 days"}


def rules(*signals: dict[str, Any], **more: Any) -> Scoring:
    given = [{"points": 10, "cap": CAP, **signal} for signal in signals]
    engagement = {"half_life": None, "signals": given}
    return Scoring.model_validate({"engagement": engagement, "fit": [], **more})


def engagement(
    given: Scoring, acts: list[dict[str, object]], at: datetime = NOW, states: pl.DataFrame | None = None
) -> float:
    return float(scores(acts, people([("p", at)]), rules=given, states=states)["engagement"][0]) / 100


def pages(*ago: timedelta, url: str = "/pricing", tags: tuple[str, ...] = ()) -> list[dict[str, object]]:
    return [act(100 + n, NOW - since, url=url, tags=tags) for n, since in enumerate(ago)]


PRICING = {"id": "pricing", "when": "url = '/pricing'"}


def test_a_counter_counts_from_the_nth_act_within_its_span() -> None:
    third = rules({**PRICING, "id": "third", "count": {"at_least": 3, "in": "7 days"}})
    assert engagement(third, pages(6 * DAY, 2 * DAY)) == 0
    assert engagement(third, pages(8 * DAY, 2 * DAY, DAY)) == 0
    assert engagement(third, pages(6 * DAY, 2 * DAY, DAY)) == 10
    assert engagement(third, pages(6 * DAY, 2 * DAY, DAY, timedelta())) == 20


def test_a_counter_of_days_counts_days() -> None:
    third = rules({**PRICING, "id": "third", "once": "day", "count": {"at_least": 3, "in": "7 days"}})
    assert engagement(third, pages(DAY, DAY + MINUTE, DAY + 2 * MINUTE, timedelta())) == 0
    assert engagement(third, pages(2 * DAY, DAY, timedelta())) == 10


def test_an_act_counts_for_a_counter_only_once_the_ledger_knows_enough_of_them() -> None:
    third = rules({**PRICING, "id": "third", "count": {"at_least": 2, "in": "7 days"}})
    known_later = {**act(2, NOW - DAY, url="/pricing"), "learned_at": NOW + DAY}
    acts = [act(1, NOW - 2 * DAY, url="/pricing"), known_later, act(3, NOW, url="/pricing")]
    assert engagement(third, acts) == 0


def test_a_combination_counts_when_its_last_part_comes_in_time() -> None:
    both = rules(
        {**PRICING, "points": 1},
        {"id": "webinar", "when": "kind = 'webinar_attended'", "points": 1},
        {"id": "both", "together": {"of": ["pricing", "webinar"], "in": "14 days"}},
    )
    attended = act(1, NOW - 10 * DAY, kind="webinar_attended")
    assert engagement(both, [attended]) == 1
    assert engagement(both, [attended, *pages(DAY)]) == 12
    assert engagement(both, [attended, *pages(DAY)], NOW - 2 * DAY) == 1
    assert engagement(both, [act(1, NOW - 20 * DAY, kind="webinar_attended"), *pages(DAY)]) == 2


def test_a_combination_names_signals_that_exist() -> None:
    with pytest.raises(ValueError, match="no signal 'webinar' to combine; there are: pricing"):
        rules(PRICING, {"id": "both", "together": {"of": ["pricing", "webinar"], "in": "14 days"}})


def test_a_combination_says_nothing_that_would_not_be_done() -> None:
    def both(**more: Any) -> Scoring:
        together = {"of": more.pop("of", ["pricing", "webinar"]), "in": "14 days"}
        webinar = {"id": "webinar", "when": "kind = 'webinar_attended'"}
        return rules(PRICING, webinar, {"id": "both", "together": together, **more})

    with pytest.raises(ValueError, match="a combination has no count"):
        both(count={"at_least": 2, "in": "7 days"})
    with pytest.raises(ValueError, match="`once: day` is possible"):
        both(once="asset")
    with pytest.raises(ValueError, match="name each once"):
        both(of=["pricing", "pricing"])


def test_a_signal_has_one_source() -> None:
    with pytest.raises(ValueError, match="one of when, visit, together; this one has when and visit"):
        rules({**PRICING, "visit": "pages > 8"})
    with pytest.raises(ValueError, match="this one has none"):
        rules({"id": "empty"})


def test_a_long_visit_counts_once_from_the_page_on_that_makes_it_long() -> None:
    long = rules({"id": "long", "visit": "pages > 3"})
    walk = pages(*(n * 10 * MINUTE for n in range(6)))
    assert engagement(long, walk) == 10
    assert engagement(long, walk, NOW - 25 * MINUTE) == 0  # three pages so far
    apart = pages(*(n * 31 * MINUTE for n in range(6)))  # each a visit of its own
    assert engagement(long, apart) == 0


def test_a_visit_that_lasts_for_days_is_whole_though_only_the_last_of_them_is_asked_for() -> None:
    long = rules({"id": "long", "visit": "pages > 160", "cap": {"points": 100, "in": "1 days"}})
    walk = pages(*(n * 25 * MINUTE for n in range(170)))  # three days, and one visit
    told = scores(walk, people([("p", NOW)]), rules=long, since=NOW)
    assert told["engagement"][0] == 1000


def test_a_counter_looks_further_back_than_its_cap() -> None:
    third = rules(
        {**PRICING, "count": {"at_least": 3, "in": "30 days"}, "cap": {"points": 100, "in": "1 days"}}
    )
    assert scores(pages(29 * DAY, 9 * DAY, timedelta()), people([("p", NOW)]), rules=third, since=NOW)[
        "engagement"
    ].to_list() == [1000]


def test_a_visit_to_careers_pages_only_stops_counting_with_its_first_other_page() -> None:
    careers = rules({"id": "careers", "visit": "array_contains(tags_of_all, 'careers')", "points": -20})
    only = pages(20 * MINUTE, 10 * MINUTE, url="/jobs", tags=("careers", "company"))
    told = lines(only, people([("p", NOW)]), rules=careers).filter(pl.col("part") == "engagement")
    assert told["points"].to_list() == [-2000]
    mixed = [*only, act(1, NOW, url="/pricing", tags=("company",))]
    assert lines(mixed, people([("p", NOW)]), rules=careers).is_empty()


def test_the_second_visit_of_a_week_counts() -> None:
    second = rules({"id": "second", "visit": "pages >= 1", "count": {"at_least": 2, "in": "7 days"}})
    assert engagement(second, pages(3 * DAY, 3 * DAY - 5 * MINUTE)) == 0
    assert engagement(second, pages(3 * DAY, DAY, DAY - 5 * MINUTE)) == 10
    assert engagement(second, pages(9 * DAY, DAY)) == 0


def test_linear_expiry_falls_evenly_to_nothing_at_the_end_of_the_window() -> None:
    news = rules({**PRICING, "expiry": "linear", "cap": {"points": 100, "in": "20 days"}})
    acts = pages(10 * DAY)
    assert engagement(news, acts, NOW - 10 * DAY) == 10
    assert engagement(news, acts) == 5
    assert engagement(news, acts, NOW + 9 * DAY) == 0.5
    assert engagement(news, acts, NOW + 10 * DAY) == 0


def test_a_signal_that_asks_who_the_person_was_goes_by_the_instant_of_the_act() -> None:
    targets = rules({**PRICING, "person": "seniority = 'c_level'"})
    states = pl.concat(
        [people([("p", NOW - 30 * DAY)], "manager"), people([("p", NOW - 5 * DAY)], "c_level")]
    )
    acts = pages(10 * DAY, DAY)
    assert engagement(targets, acts, states=states) == 10
    assert engagement(targets, acts, NOW - 2 * DAY, states=states) == 0


def test_a_signal_takes_what_nothing_is_known_about_for_not_so_like_every_other_rule() -> None:
    others = rules({**PRICING, "person": "NOT is_student"})
    shape = {"person_key": pl.String, "at": UTC, "is_student": pl.Boolean}
    for said, points in ((None, 10), (False, 10), (True, 0)):
        states = pl.DataFrame([("p", NOW - 5 * DAY, said)], schema=shape, orient="row")
        assert engagement(others, pages(DAY), states=states) == points
        assert engagement(others, pages(9 * DAY), states=states) == 10  # before anything was known


def test_a_visit_is_counted_from_the_page_on_at_which_the_person_was_the_right_one() -> None:
    second = rules(
        {
            "id": "second",
            "visit": "pages >= 1",
            "person": "seniority = 'c_level'",
            "count": {"at_least": 2, "in": "7 days"},
        }
    )
    promoted = pl.concat(
        [
            people([("p", NOW - 30 * DAY)], "manager"),
            people([("p", NOW - 3 * DAY + 2 * MINUTE)], "c_level"),
        ]
    )
    assert engagement(second, pages(3 * DAY, 3 * DAY - 5 * MINUTE, DAY), states=promoted) == 10


def test_further_models_count_the_acts_of_their_line_and_take_the_rest_from_the_top() -> None:
    given = rules(
        PRICING,
        fit=[{"id": "boss", "when": "seniority = 'c_level'", "points": 80}],
        models=[
            {"id": "logistics", "only": "business_line = 'logistics'"},
            {"id": "rail", "weights": {"engagement": 100, "fit": 0}, "fit": []},
        ],
    )
    acts = [act(1, NOW, url="/pricing", line="logistics"), act(2, NOW - DAY, url="/pricing", line="rail")]
    row = scores(acts, people([("p", NOW)], "c_level"), rules=given).row(0, named=True)
    assert (row["engagement"], row["fit"], row["score"]) == (2000, 8000, 5000)
    assert (row["logistics_engagement"], row["logistics_fit"], row["logistics_score"]) == (1000, 8000, 4500)
    assert (row["rail_engagement"], row["rail_fit"], row["rail_score"]) == (2000, 0, 2000)
    assert (row["grade"], row["rail_grade"], row["is_mql_grade"]) == ("A4", "D4", False)


def test_a_reset_leaves_a_share_of_the_evidence_before_each_verdict_that_it_names() -> None:
    given = rules(
        PRICING,
        resets=[
            {"id": "hopeless", "verdict": "rejected", "reasons": ["No Fit"], "keep": 0},
            {"id": "rejected", "verdict": "rejected", "keep": 0.8},
        ],
    )
    acts = pages(10 * DAY, timedelta())

    def after(
        *verdicts: tuple[str, str | None], hours: float = 0, sources: tuple[str, str] = ("lead", "lead")
    ) -> float:
        said = pl.DataFrame(
            [
                ("p", NOW - DAY + n * timedelta(hours=hours), kind, reason, sources[n])
                for n, (kind, reason) in enumerate(verdicts)
            ],
            schema={
                "person_key": pl.String,
                "occurred_at": UTC,
                "kind": pl.String,
                "reason": pl.String,
                "source": pl.String,
            },
            orient="row",
        )
        found = [replace(each, resets=resets_of(said, given.resets)) for each in basis(acts, rules=given)]
        return float(score_at(people([("p", NOW)]), found, window())["engagement"][0]) / 100

    assert after() == 20
    assert after(("rejected", "no fit")) == 10
    assert after(("rejected", "Competitor")) == 18
    assert after(("accepted", None)) == 20
    assert after(("rejected", None), ("rejected", "x")) == pytest.approx(16.4)
    both = (
        "mql_record",
        "lead",
    )  # the same verdict, said on both records before one was mirrored to the other
    assert after(("rejected", None), ("rejected", None), hours=3, sources=both) == 18


def adjustment(points: int, part: str, until: datetime | None = None, key: str = "a") -> dict[str, Any]:
    return {
        "adjustment_key": key,
        "person_key": "p",
        "model": "default",
        "part": part,
        "points": points,
        "at": NOW - DAY,
        "until": until,
        "author": "ops",
        "reason": "met at a fair",
    }


def test_an_adjustment_counts_from_its_instant_until_it_expires_and_has_a_line() -> None:
    given = rules(PRICING)
    adjusted = pl.DataFrame(
        [adjustment(1500, "engagement", NOW + DAY), adjustment(-500, "fit", None, "b")],
        schema=dtypes(Adjustments),
    )

    def at(instant: datetime) -> tuple[int, int]:
        row = scores(pages(timedelta()), people([("p", instant)]), rules=given, adjusted=adjusted)
        return int(row["engagement"][0]), int(row["fit"][0])

    assert at(NOW - 2 * DAY) == (0, 0)
    assert at(NOW) == (2500, 0)  # fit has its floor
    assert at(NOW + DAY) == (1000, 0)
    told = lines(pages(timedelta()), people([("p", NOW)]), rules=given, adjusted=adjusted)
    assert told.filter(pl.col("part") == "adjustment").select("rule_id", "points").rows() == [
        ("engagement:a", 1500),
        ("fit:b", -500),
    ]
    assert told["contribution"].sum() == 1250
