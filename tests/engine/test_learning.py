"""The learned scorecard on tables whose truth is known."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.learning.apply import ColumnsMissing, points, scored, scores
from engine.learning.check import check, recalibrated
from engine.learning.learn import TooFew, learn
from engine.learning.metrics import lift
from engine.learning.table import Unusable, read_table
from schemas.playbook.scorecard import Interval, NumberAttribute, Scorecard, WordAttribute
from tests.engine.learning_world import DATA, LEAKS, company

REAL_LEAKS = {
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
}


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return learn(company(), "won", "number").card


def test_the_guard_flags_planted_leaks_and_no_honest_column() -> None:
    learned = learn(company(), "won", "number")
    assert {suspicion.column for suspicion in learned.flagged} == LEAKS
    assert all(any(digit.isdigit() for digit in line) for s in learned.flagged for line in s.evidence)
    assert "time on site" in [attribute.column for attribute in learned.card.attributes]


def test_a_flagged_column_is_read_when_the_caller_keeps_it() -> None:
    learned = learn(company(), "won", "number", keep=["outcome code"])
    assert "outcome code" in [attribute.column for attribute in learned.card.attributes]
    assert learned.measures["scorecard"].auc > 0.95


def test_a_column_with_a_later_date_than_the_verdict_is_flagged() -> None:
    frame = company(600)
    dated = frame.with_columns(
        pl.lit("2026-03-01").alias("decided"),
        pl.lit("2026-03-05T10:00:00Z").alias("colour changed at"),
        pl.lit("2026-02-01").alias("visits date"),
    )
    flagged = {s.column for s in learn(dated, "won", "number", decided="decided").flagged}
    assert "colour" in flagged
    assert "visits" not in flagged


def test_the_later_rows_judge_what_the_earlier_ones_taught() -> None:
    learned = learn(company(), "won", "number")
    assert (learned.earlier, learned.later) == (1050, 450)
    assert learned.measures["scorecard"].auc > 0.85
    assert learned.measures["scorecard"].rows == 450


def test_rows_of_the_same_moment_stay_on_one_side() -> None:
    frame = company(600).with_columns((pl.col("number").cast(pl.Int64) // 50).cast(pl.String).alias("number"))
    table = read_table(frame, "won", "number")
    cut = table.split(0.3)
    assert table.order[cut - 1] < table.order[cut]


def test_times_of_other_clocks_are_put_in_their_order() -> None:
    written = [
        "2026-03-01T10:00:00+02:00",
        "2026-03-01 08:30:00Z",
        "2026-03-01T04:00:00.5-05",
        "2026-03-01 10:40+0130",
    ]
    told = pl.DataFrame({"won": ["no", "yes", "yes", "no"], "time": written, "row": list("abcd")})
    assert read_table(told, "won", "time").raw["row"].to_list() == ["a", "b", "c", "d"]


def test_the_order_of_rows_does_not_matter(card: Scorecard) -> None:
    shuffled = company().sample(fraction=1, shuffle=True, seed=5)
    assert learn(shuffled, "won", "number").card == card


def test_present_rules_are_judged_beside_the_card() -> None:
    frame = company().with_columns(pl.col("time on site").alias("old score"))
    learned = learn(frame, "won", "number", rules="old score")
    assert 0.7 < learned.measures["present rules"].auc <= 0.95
    assert "old score" not in [attribute.column for attribute in learned.card.attributes]


def test_present_rules_that_go_the_wrong_way_are_judged_by_their_own_order() -> None:
    frame = company().with_columns(
        (10_000 - pl.col("time on site").cast(pl.Int64)).cast(pl.String).alias("old score")
    )
    assert learn(frame, "won", "number", rules="old score").measures["present rules"].auc < 0.2


def test_below_thirty_of_the_rarer_kind_nothing_is_learned() -> None:
    frame = company(600)
    few = pl.concat([frame.filter(pl.col("won") == "yes").head(29), frame.filter(pl.col("won") == "no")])
    with pytest.raises(TooFew, match="29 rows have the outcome"):
        learn(few, "won", "number")


def test_below_a_hundred_the_interval_is_wide_and_said() -> None:
    learned = learn(company(160), "won", "number")
    low, high = learned.measures["scorecard"].auc_interval
    assert learned.shaky
    assert high - low > 0.05


def test_rows_without_an_outcome_are_left_aside() -> None:
    frame = company().with_columns(
        pl.when(pl.col("number").cast(pl.Int64) > 2400).then(None).otherwise(pl.col("won")).alias("won")
    )
    assert learn(frame, "won", "number").undecided == 99


def test_a_label_that_is_neither_yes_nor_no_asks_which_value_is_meant() -> None:
    frame = company(300).with_columns(pl.col("won").replace({"yes": "gold", "no": "lead"}))
    with pytest.raises(Unusable, match="--positive"):
        learn(frame, "won", "number")
    assert learn(frame, "won", "number", positive=["Gold"]).card.positive == ["gold"]


def test_select_and_an_empty_cell_are_the_same_missing(card: Scorecard) -> None:
    frame = company(3).with_columns(pl.Series("source", ["Select", "", None]))
    assert points(frame, card)["source"].n_unique() == 1


def test_points_add_up_to_the_score_and_scoring_twice_is_equal(card: Scorecard) -> None:
    frame = company(500, seed=9)
    once = scored(frame, card)
    total = points(frame, card).select(pl.sum_horizontal(pl.all()) + card.base).to_series()
    assert once["score"].to_list() == total.to_list()
    assert once.equals(scored(frame, card))
    assert once["probability"].is_between(0, 1).all()


def test_probabilities_are_told_by_the_youngest_third(card: Scorecard) -> None:
    youngest = company()[1000:]
    assert card.calibration.rows == 500
    assert card.calibration.since == youngest["number"][0]
    chance = scored(youngest, card)["probability"].mean()
    assert chance == pytest.approx((youngest["won"] == "yes").mean(), abs=0.002)


def test_a_higher_score_never_has_a_lower_probability(card: Scorecard) -> None:
    ordered = scored(company(500, seed=9), card).sort("score")["probability"]
    assert ordered.is_sorted()


ODD = st.one_of(
    st.none(), st.text(max_size=8), st.sampled_from(["Select", "nan", "inf", "-1e308", "1,200", "Google"])
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(ODD, ODD, ODD, ODD), min_size=1, max_size=6))
def test_no_cell_whatever_it_says_breaks_scoring(card: Scorecard, rows: list[tuple[str | None, ...]]) -> None:
    columns = ["time on site", "source", "phone", "visits"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    frame = frame.with_columns(pl.lit("red").alias("colour"))
    table = scored(frame, card)
    assert table["score"].null_count() == 0
    one_by_one = [scored(frame[i : i + 1], card)["score"][0] for i in range(frame.height)]
    assert table["score"].to_list() == one_by_one


def test_a_number_falls_into_the_interval_that_holds_it(card: Scorecard) -> None:
    attribute = next(a for a in card.attributes if a.column == "time on site")
    assert isinstance(attribute, NumberAttribute)
    limits = [bin.below for bin in attribute.bins if bin.below is not None]
    seconds = sorted({*limits, *[limit - 0.5 for limit in limits], 0.0, 1e9})
    frame = company(len(seconds)).with_columns(pl.Series("time on site", [str(s) for s in seconds]))
    expected = [next(bin.points for bin in attribute.bins if bin.holds(number)) for number in seconds]
    assert points(frame, card)["time on site"].to_list() == expected


def test_values_never_seen_and_columns_that_went_empty_cost_order_but_no_row(card: Scorecard) -> None:
    later = company(400, seed=4)
    new = later.with_columns(pl.lit("Podcast").alias("source"), pl.lit(None, pl.String).alias("visits"))
    source = next(a for a in card.attributes if a.column == "source")
    assert isinstance(source, WordAttribute)
    assert points(new, card)["source"].unique().to_list() == [source.other.points]
    assert scored(new, card)["score"].null_count() == 0
    plain, bare = (check(frame, card, 400).auc or 0 for frame in (later, new))
    assert bare > plain - 0.05


def test_a_column_that_is_empty_while_learning_says_nothing_and_stops_nothing() -> None:
    frame = company(600).with_columns(
        pl.lit(None, pl.String).alias("never"),
        pl.when(pl.int_range(pl.len()) > 500).then(pl.lit("new")).alias("late comer"),
    )
    learned = learn(frame, "won", "number")
    assert not {"never", "late comer"} & {attribute.column for attribute in learned.card.attributes}
    assert learned.measures["scorecard"].auc > 0.85


def test_fractions_stay_numbers_however_few_values_they_have() -> None:
    frame = company(600).with_columns(
        pl.when(pl.col("won") == "yes").then(15.0).otherwise(0.0).alias("signal:a"),
        pl.lit(0.0).alias("signal:b"),
    )
    frame = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 3 == 0).then(0.0).otherwise("signal:a").alias("signal:a")
    )
    kinds = {column.name: column.kind for column in read_table(frame, "won", "number").columns}
    assert kinds["signal:a"] == "number"
    assert "signal:b" not in kinds


def test_a_card_for_a_sync_keeps_its_scores_between_0_and_100() -> None:
    frame = company()
    bounded = learn(frame, "won", "number", keep=["outcome code"], in_bounds=True)
    free = learn(frame, "won", "number", keep=["outcome code"])
    outside = [float(np.mean((s < 0) | (s > 100))) for s in (scores(frame, x.card) for x in (bounded, free))]
    assert outside[0] <= 0.005 < outside[1]
    assert bounded.card.points_that_double_the_odds < free.card.points_that_double_the_odds
    assert abs(bounded.measures["scorecard"].auc - free.measures["scorecard"].auc) < 0.01


def test_a_table_without_a_column_of_the_card_is_refused(card: Scorecard) -> None:
    with pytest.raises(ColumnsMissing, match="time on site"):
        scored(company(3).drop("time on site"), card)


def test_intervals_with_a_gap_are_refused() -> None:
    gap = [Interval(points=1, below=1.0), Interval.model_validate({"points": 2, "from": 2.0})]
    with pytest.raises(ValueError, match="each interval starts where"):
        NumberAttribute.model_validate(
            {
                "column": "x",
                "kind": "number",
                "bins": [b.model_dump(by_alias=True) for b in gap],
                "missing": {"points": 0},
            }
        )


def test_a_world_that_stays_gives_no_alarm_and_one_that_changes_does(card: Scorecard) -> None:
    assert not check(company(seed=2), card).drifted
    assert check(company(seed=3, level=-1.5), card).drifted


def test_recalibration_moves_probabilities_to_the_seen_level_and_ends_the_alarm(card: Scorecard) -> None:
    changed = company(seed=3, level=-1.5)
    renewed = card.model_copy(update={"calibration": recalibrated(changed, card)})
    assert not check(changed, renewed).drifted
    assert scores(changed, renewed).tolist() == scores(changed, card).tolist()


def test_lift_does_not_depend_on_the_order_of_tied_rows() -> None:
    outcome, score = np.array([1.0, 0, 1, 0, 0, 0, 0, 0, 0, 0] * 3), np.ones(30)
    assert lift(outcome, score) == pytest.approx(1.0)
    assert lift(outcome[::-1], score) == pytest.approx(1.0)


@pytest.mark.skipif(not Path(DATA).exists(), reason=f"{DATA} isn't on this machine")
def test_on_real_leads_the_guard_flags_what_sales_filled_in_and_the_card_beats_the_baseline() -> None:
    learned = learn(pl.read_csv(DATA, infer_schema=False), "Converted", "Lead Number")
    assert {suspicion.column for suspicion in learned.flagged} == REAL_LEAKS
    assert learned.measures["scorecard"].auc >= 0.887
    assert learned.measures["scorecard"].auc > learned.measures["naive Bayes"].auc
    assert "Total Time Spent on Website" in [attribute.column for attribute in learned.card.attributes]
