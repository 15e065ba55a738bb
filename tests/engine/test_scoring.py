"""Score arithmetic, by example and by property."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.scoring.basis import bases
from engine.scoring.lines import score_lines
from engine.scoring.score import score_at
from engine.scoring.ticks import next_ticks
from schemas.frames.base import UTC, dtypes, empty
from schemas.frames.facts import Adjustments
from tests.engine.scoring_world import (
    NOW,
    RICH,
    ZONE,
    act,
    basis,
    frame,
    lines,
    models,
    people,
    recycles,
    scores,
    window,
)

DAY = timedelta(days=1)
MIDNIGHT = datetime.fromisoformat("2026-03-01T23:00:00+00:00")  # the last one before `NOW`, in Berlin


def engagement(acts: list[dict[str, object]], at: datetime = NOW, *recycled: datetime) -> int:
    return int(scores(acts, people([("p", at)]), *recycled)["engagement"][0])


def test_a_person_without_any_activity_has_a_score() -> None:
    row = scores([], people([("p", NOW)], seniority="c_level", employees=300)).row(0, named=True)
    assert (row["engagement"], row["fit"], row["score"], row["grade"]) == (0, 10_000, 5_000, "A4")


def test_points_halve_with_each_half_life_counted_in_local_midnights() -> None:
    assert engagement([act(1, NOW - 14 * DAY, url="/pricing")]) == 750
    just_before_midnight = datetime.fromisoformat("2026-03-01T22:59:00+00:00")  # 23:59 in Berlin
    assert engagement([act(1, just_before_midnight, url="/pricing")]) < 1500 + 100
    assert engagement([act(1, just_before_midnight, url="/pricing")], just_before_midnight) == 1600


def test_halves_of_a_hundredth_go_up() -> None:
    found = scores(
        [act(1, NOW - 2 * DAY, url="/pricing", kind="x")],
        people([("p", NOW)], seniority="c_level", employees=300),
    ).row(0, named=True)
    # 1500 × 0.5^(2/14) is 1358.6; the mean of 1359 and 10,000 is 5679.5.
    assert (found["engagement"], found["score"]) == (1359, 5680)


def test_once_a_day_counts_one_visit_of_a_day() -> None:
    twice = [
        act(1, NOW - timedelta(hours=3), url="/pricing", kind="x"),
        act(2, NOW - timedelta(hours=1), url="/pricing", kind="x"),
    ]
    assert engagement(twice) == 1500


def test_once_an_asset_keeps_the_youngest() -> None:
    acts = [
        act(1, NOW - 30 * DAY, kind="content_download", asset="a"),
        act(2, NOW, kind="content_download", asset="a"),
    ]
    assert engagement(acts) == 1000


def test_a_cap_limits_a_signal_and_evidence_outside_its_window_counts_nothing() -> None:
    assert engagement([act(n, NOW - timedelta(minutes=n)) for n in range(30)]) == 1000
    assert engagement([act(1, NOW - 7 * DAY)]) == 0


def test_an_earlier_visit_never_lowers_what_a_later_one_is_worth() -> None:
    later = act(2, NOW, url="/pricing", kind="x")
    assert engagement([act(1, NOW - 20 * DAY, url="/pricing", kind="x"), later]) >= engagement([later])


def test_what_the_platform_marks_as_a_bots_act_is_worth_nothing() -> None:
    assert engagement([act(1, NOW, url="/pricing", bot=True)]) == 0


def test_recycling_halves_the_evidence_up_to_that_instant_and_no_more() -> None:
    acts = [
        act(1, NOW - 2 * DAY, kind="content_download", asset="a"),
        act(2, NOW, kind="content_download", asset="b"),
    ]
    whole = engagement(acts)
    halved = engagement(acts, NOW, NOW - DAY)
    assert whole - halved == (955 + 1) // 2  # the older one, decayed two days: 9.55 points
    assert engagement(acts, NOW, NOW - DAY, NOW - timedelta(hours=1)) == 1000 + 239  # and once more


def test_missing_data_gives_nothing_and_lowers_the_confidence() -> None:
    row = scores([], people([("p", NOW)], seniority="c_level")).row(0, named=True)
    assert row["fit"] == 6_000
    assert round(row["confidence"], 2) == 0.33


# Anywhere in two months, or close enough together for visits, counters and combinations.
moments = (st.integers(0, 60 * 24 * 60) | st.integers(0, 200)).map(lambda n: NOW - timedelta(minutes=n))
acts_strategy = st.lists(
    st.tuples(
        moments,
        st.sampled_from(["/pricing", "/careers", "/news", None]),
        st.sampled_from(["page_visit", "content_download", "other"]),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["logistics", None]),
    ),
    max_size=25,
).map(
    lambda rows: [
        act(n, at, url=url, kind=kind, asset=asset, line=line)
        for n, (at, url, kind, asset, line) in enumerate(rows)
    ]
)
recycled_at = st.lists(moments, max_size=3)
seniorities = st.sampled_from([None, "c_level", "other"])


@given(
    acts_strategy, recycled_at, seniorities, st.sampled_from([None, 300, 7]), st.sampled_from([None, True])
)
def test_the_sum_of_the_lines_is_the_score(acts, recycled, seniority, employees, personal) -> None:  # type: ignore[no-untyped-def]
    crowd = people([("p", NOW), ("p", NOW - 10 * DAY)], seniority, employees, personal)
    told = lines(acts, crowd, *recycled, rules=RICH)
    found = scores(acts, crowd, *recycled, rules=RICH)
    for model, column in (("default", "score"), ("logistics", "logistics_score")):
        mine = told.filter(pl.col("model") == model)
        totals = mine.group_by("person_key", "at").agg(pl.col("contribution").sum())
        both = found.join(totals, on=["person_key", "at"], how="left")
        assert (both[column] == both["contribution"].fill_null(0)).all()


@given(acts_strategy, recycled_at, st.randoms())
def test_order_and_batching_of_the_same_facts_never_matter(acts, recycled, random) -> None:  # type: ignore[no-untyped-def]
    instants = sorted({row["occurred_at"] for row in acts} | {NOW})
    crowd = people([("p", at) for at in instants], "c_level")
    together = scores(acts, crowd, *recycled, rules=RICH)
    shuffled = list(acts)
    random.shuffle(shuffled)
    one_by_one = pl.concat(
        [scores(shuffled, people([("p", at)], "c_level"), *recycled, rules=RICH) for at in instants]
    )
    assert together.equals(one_by_one)


@given(acts_strategy, recycled_at, moments)
def test_leaving_out_what_no_instant_can_count_any_more_changes_nothing(acts, recycled, since) -> None:  # type: ignore[no-untyped-def]
    instants = sorted({row["occurred_at"] for row in acts if row["occurred_at"] > since} | {since, NOW})
    crowd = people([("p", at) for at in instants], "c_level")
    whole = scores(acts, crowd, *recycled, rules=RICH)
    assert scores(acts, crowd, *recycled, rules=RICH, since=since).equals(whole)
    told = lines(acts, crowd, *recycled, rules=RICH)
    assert lines(acts, crowd, *recycled, rules=RICH, since=since).equals(told)


@given(acts_strategy, st.lists(st.sampled_from("pqr"), min_size=25, max_size=25))
def test_any_split_of_people_gives_the_same_scores_and_lines(acts, whose) -> None:  # type: ignore[no-untyped-def]
    shared = [{**row, "person_key": person} for row, person in zip(acts, whose, strict=False)]
    crowd = people([(person, at) for person in "pqr" for at in (NOW - 3 * DAY, NOW)], "c_level", 300)
    some = [crowd.filter(pl.col("person_key").is_in(list(part))) for part in ("q", "pr")]
    apart = [[row for row in shared if row["person_key"] in part] for part in ("q", "pr")]
    whole = scores(shared, crowd, rules=RICH).sort("person_key", "at")
    parts = [scores(theirs, part, rules=RICH) for theirs, part in zip(apart, some, strict=True)]
    assert pl.concat(parts).sort("person_key", "at").equals(whole)
    told = lines(shared, crowd, rules=RICH).sort(pl.exclude("evidence"))
    parts = [lines(theirs, part, rules=RICH) for theirs, part in zip(apart, some, strict=True)]
    assert pl.concat(parts).sort(pl.exclude("evidence")).equals(told)


@given(acts_strategy)
def test_a_line_lasts_until_the_local_midnight_at_which_its_last_evidence_ends(acts) -> None:  # type: ignore[no-untyped-def]
    crowd = people([("p", NOW)], "c_level")
    signals = lines(acts, crowd, rules=RICH).filter(pl.col("part") == "engagement")
    for model, rule, until in signals.select("model", "rule_id", "until").iter_rows():
        assert until.astimezone(ZONE).hour == 0
        ends = people([("p", until - timedelta(seconds=1)), ("p", until)], "c_level")
        found = [each for each in basis(acts, rules=RICH) if each.model.id == model]
        then = score_lines(ends, found[0], window(until)).filter(pl.col("rule_id") == rule)
        assert then["at"].to_list() == [until - timedelta(seconds=1)]


@given(acts_strategy, recycled_at)
def test_lines_without_evidence_lists_say_the_same_otherwise(acts, recycled) -> None:  # type: ignore[no-untyped-def]
    crowd = people([("p", NOW), ("p", NOW - 10 * DAY)], "c_level")
    listing = lines(acts, crowd, *recycled, rules=RICH)
    bare = lines(acts, crowd, *recycled, rules=RICH, listed=0)
    assert bare.drop("evidence").equals(listing.drop("evidence"))


@given(acts_strategy, moments, recycled_at)
def test_one_more_piece_of_positive_evidence_never_lowers_a_score(acts, at, recycled) -> None:  # type: ignore[no-untyped-def]
    positive = [row for row in acts if row["url"] != "/careers"]
    more = [*positive, act(999, at, url="/pricing", kind="content_download", asset="a")]
    for instant in (NOW, at):
        assert engagement(more, instant, *recycled) >= engagement(positive, instant, *recycled)


@given(acts_strategy, recycled_at)
def test_caps_and_floors_hold_at_every_instant(acts, recycled) -> None:  # type: ignore[no-untyped-def]
    instants = sorted({row["occurred_at"] for row in acts} | {NOW})
    crowd = people([("p", at) for at in instants], "c_level", 300, True)
    row = scores(acts, crowd, *recycled, rules=RICH)
    for column in ("engagement", "fit", "score", "logistics_engagement", "logistics_score"):
        assert row[column].is_between(0, 10_000).all()
    capped = lines(acts, crowd, *recycled, rules=RICH).filter(pl.col("part") == "engagement")
    caps = {signal.id: 100 * signal.cap.points for signal in RICH.engagement.signals}
    assert all(abs(points) <= caps[rule] for rule, points in capped.select("rule_id", "points").rows())


@given(acts_strategy, acts_strategy, recycled_at)
def test_whoever_else_is_scored_never_matters(acts, others, recycled) -> None:  # type: ignore[no-untyped-def]
    crowd = people([("p", NOW), ("q", NOW)], "c_level")
    strangers = [{**row, "person_key": "q", "activity_key": f"q{n}"} for n, row in enumerate(others)]
    together = scores([*acts, *strangers], crowd, *recycled, rules=RICH)
    alone = scores(acts, crowd.head(1), *recycled, rules=RICH)
    assert together.filter(pl.col("person_key") == "p").equals(alone)


@given(acts_strategy, moments)
def test_one_human_looked_at_as_two_people_with_the_same_acts_scores_as_each_would_alone(acts, ends) -> None:  # type: ignore[no-untyped-def]
    crowd = people([("p", NOW), ("q", NOW)], "c_level")

    def frames(*keys: str) -> pl.DataFrame:
        told = frame(acts).with_columns(ends_at=pl.when(pl.col("kind") == "other").then(pl.lit(ends, UTC)))
        return pl.concat(told.with_columns(person_key=pl.lit(key)) for key in keys)

    def scored(*keys: str) -> pl.DataFrame:
        known = bases(frames(*keys), people([]), recycles(), empty(Adjustments), models(RICH), ZONE)
        return score_at(crowd.filter(pl.col("person_key").is_in(keys)), known, window())

    assert scored("p", "q").equals(pl.concat([scored("p"), scored("q")]))


@given(acts_strategy, acts_strategy, st.sampled_from([signal.id for signal in RICH.engagement.signals]))
def test_a_changed_signal_touches_only_people_who_have_evidence_for_it(acts, others, changed) -> None:  # type: ignore[no-untyped-def]
    both = [*acts, *({**row, "person_key": "q", "activity_key": f"q{n}"} for n, row in enumerate(others))]
    crowd = people([("p", NOW), ("q", NOW)], "c_level")
    signals = [
        signal.model_copy(update={"points": 2}) if signal.id == changed else signal
        for signal in RICH.engagement.signals
    ]
    engagement = RICH.engagement.model_copy(update={"signals": signals})
    before = scores(both, crowd, rules=RICH)
    after = scores(both, crowd, rules=RICH.model_copy(update={"engagement": engagement}))
    moved = set(
        before.filter((before["score"] != after["score"]) | (before["engagement"] != after["engagement"]))[
            "person_key"
        ]
    )
    number = [signal.id for signal in RICH.engagement.signals].index(changed)
    can_be = set(basis(both, rules=RICH)[0].evidence.filter(pl.col("signal") == number)["person_key"])
    assert moved <= can_be


adjusted = st.lists(
    st.tuples(
        st.sampled_from(["default", "logistics"]),
        st.sampled_from(["engagement", "fit"]),
        st.integers(-60, 60).filter(bool),
        st.none() | st.integers(1, 40),
    ),
    max_size=3,
).map(
    lambda rows: pl.DataFrame(
        [
            {
                "adjustment_key": f"a{n}",
                "person_key": "p",
                "model": model,
                "part": part,
                "points": 100 * points,
                "at": NOW - DAY,
                "until": None if days is None else MIDNIGHT + days * DAY,
                "author": "ops",
                "reason": "met",
            }
            for n, (model, part, points, days) in enumerate(rows)
        ],
        schema=dtypes(Adjustments),
    )
)


@given(acts_strategy, recycled_at, adjusted)
def test_before_the_next_tick_no_midnight_changes_a_grade_or_a_watched_condition(
    acts, recycled, given_
) -> None:  # type: ignore[no-untyped-def]
    watched = ["score >= 35", "engagement >= 10", "logistics_score >= 30"]
    found = basis(acts, *recycled, rules=RICH, adjusted=given_)
    now = score_at(people([("p", NOW)], "c_level"), found, window())
    ticks = next_ticks(now.with_columns(now["score"].alias("pushed_score")), found, watched, 5, window())
    tick = ticks["next_tick_at"][0] if len(ticks) else None
    nights = [MIDNIGHT + ahead * DAY for ahead in range(1, 20)]  # the clocks change after these
    ahead = [at for at in nights if tick is None or at < tick]
    then = score_at(people([("p", at) for at in ahead], "c_level"), found, window(nights[-1]))
    for grade in ("grade", "logistics_grade"):
        assert set(then[grade]) <= {now[grade][0]}
    for column, bound in (("score", 3500), ("engagement", 1000), ("logistics_score", 3000)):
        assert set(then[column] >= bound) <= {now[column][0] >= bound}
    assert all(abs(score - now["score"][0]) < 500 for score in then["score"])


def test_the_end_of_an_adjustment_is_a_tick_for_somebody_who_never_did_anything() -> None:
    ends = MIDNIGHT + 3 * DAY
    row = {"adjustment_key": "a", "person_key": "p", "model": "default", "part": "engagement", "points": 6000}
    told = {**row, "at": NOW - DAY, "until": ends, "author": "ops", "reason": "met"}
    found = basis([], rules=RICH, adjusted=pl.DataFrame([told], schema=dtypes(Adjustments)))
    now = score_at(people([("p", NOW)]), found, window()).with_columns(pushed_score=6000)
    assert next_ticks(now, found, [], 5, window()).rows() == [("p", ends)]
    after = now.with_columns(at=pl.lit(ends, UTC))
    assert next_ticks(after, found, [], 5, window(ends)).is_empty()
