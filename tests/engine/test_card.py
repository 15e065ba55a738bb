"""A scorecard as expressions of the scoring engine: whatever the card and the cells, the points of the right bins."""

import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.learning.apply import points, scored
from engine.scoring.card import PREFIX, card_base, card_columns, probability, unknown_columns
from schemas.playbook.scorecard import NumberAttribute, Scorecard, WordAttribute
from tasks.learning.tables import load_scorecard, write_scorecard

NUMBERS = ["employees", "signal:pricing_page", "signal:mail_click"]
WORDS = ["seniority", "country", "is_personal_email"]
POINTS = st.integers(-60, 60)
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)
EDGES = st.lists(st.one_of(st.integers(-50, 5000).map(float), FINITE), min_size=0, max_size=5, unique=True)
VOCABULARY = ["director", "VP", "Ärztin", "de", "US", "true", "false", "12", "other"]


def _seen(points: int) -> dict[str, int]:
    return {"points": points}


@st.composite
def number_attributes(draw: st.DrawFn, column: str) -> dict[str, object]:
    edges = sorted(draw(EDGES))
    ends: list[float | None] = [None, *edges, None]
    bins = [{"from": ends[i], "below": ends[i + 1], "points": draw(POINTS)} for i in range(len(ends) - 1)]
    return {"column": column, "kind": "number", "bins": bins, "missing": _seen(draw(POINTS))}


@st.composite
def word_attributes(draw: st.DrawFn, column: str) -> dict[str, object]:
    named = draw(st.lists(st.sampled_from(VOCABULARY), unique_by=str.lower, max_size=6))
    split = draw(st.integers(0, len(named)))
    groups = [group for group in (named[:split], named[split:]) if group]
    bins = [{"words": group, "points": draw(POINTS)} for group in groups]
    return {
        "column": column,
        "kind": "word",
        "bins": bins,
        "other": _seen(draw(POINTS)),
        "missing": _seen(draw(POINTS)),
    }


@st.composite
def cards(draw: st.DrawFn) -> Scorecard:
    attributes = [draw(number_attributes(column)) for column in NUMBERS]
    attributes += [draw(word_attributes(column)) for column in WORDS]
    return Scorecard.model_validate(
        {
            "label": "accepted",
            "time": "opened_at",
            "rows": 0,
            "outcomes": 0,
            "since": "",
            "until": "",
            "base": draw(POINTS),
            "points_that_double_the_odds": 10,
            "calibration": {
                "intercept": draw(st.floats(-30, 30)),
                "slope": draw(st.floats(0, 2)),
            },
            "missing_words": draw(st.sampled_from([["", "select"], ["", "0"], []])),
            "attributes": draw(st.permutations(attributes)),
        }
    )


NUMBER = st.one_of(st.none(), FINITE, st.just(math.nan), st.just(math.inf), st.integers(0, 5000).map(float))
WORD = st.one_of(st.none(), st.sampled_from([*VOCABULARY, " director ", "SELECT", ""]), st.text(max_size=5))
ROW = st.tuples(
    st.one_of(st.none(), st.integers(0, 10**7)),
    NUMBER,
    NUMBER,
    WORD,
    WORD,
    st.sampled_from([None, True, False]),
)


def _frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    types = [pl.Int64, pl.Float64, pl.Float64, pl.String, pl.String, pl.Boolean]
    return pl.DataFrame(rows, schema=dict(zip([*NUMBERS, *WORDS], types, strict=True)), orient="row")


def _by_hand(attribute: NumberAttribute | WordAttribute, value: object, missing: list[str]) -> int:
    """The bin that a reader of the file would pick."""
    if isinstance(attribute, NumberAttribute):
        if value is None or not math.isfinite(float(str(value))) or str(value) in missing:
            return attribute.missing.points
        return next(bin.points for bin in attribute.bins if bin.holds(float(str(value))))
    text = None if value is None else str(value).strip(" ").lower()
    if text is None or text in missing:
        return attribute.missing.points
    groups = {word.lower(): group.points for group in attribute.bins for word in group.words}
    return groups.get(text, attribute.other.points)


@settings(max_examples=150, deadline=None)
@given(card=cards(), rows=st.lists(ROW, min_size=1, max_size=8))
def test_every_value_gets_the_points_of_its_bin_and_they_add_up_to_the_score(
    card: Scorecard, rows: list[tuple[object, ...]]
) -> None:
    frame = _frame([tuple(cell.strip() if isinstance(cell, str) else cell for cell in row) for row in rows])
    found = frame.select(card_columns(card, frame.schema))
    assert found.columns == [PREFIX + attribute.column for attribute in card.attributes]
    for attribute in card.attributes:
        expected = [100 * _by_hand(attribute, value, card.missing_words) for value in frame[attribute.column]]
        assert found[PREFIX + attribute.column].to_list() == expected
    total = found.select(pl.sum_horizontal(pl.all()) + card_base(card)).to_series()
    assert [score // 100 for score in total] == scored(frame, card)["score"].to_list()


@settings(max_examples=100, deadline=None)
@given(card=cards(), rows=st.lists(ROW, min_size=1, max_size=8))
def test_typed_columns_and_the_same_values_as_text_count_alike(
    card: Scorecard, rows: list[tuple[object, ...]]
) -> None:
    frame = _frame(rows)
    typed = frame.select(card_columns(card, frame.schema))
    assert frame.select(card_columns(card)).equals(typed)
    assert frame.cast(pl.String).select(card_columns(card)).equals(typed)


@settings(max_examples=30, deadline=None)
@given(card=cards(), rows=st.lists(ROW, min_size=1, max_size=5))
def test_a_card_that_was_written_and_read_gives_the_engine_what_learning_gives(
    tmp_path_factory: pytest.TempPathFactory, card: Scorecard, rows: list[tuple[object, ...]]
) -> None:
    path: Path = tmp_path_factory.mktemp("card") / "card.yaml"
    write_scorecard(card, path)
    frame, read = _frame(rows), load_scorecard(path)
    in_engine = frame.select(card_columns(read, frame.schema)).rename(lambda name: name.removeprefix(PREFIX))
    assert (in_engine // 100).equals(points(frame, card))
    total = in_engine.select(pl.sum_horizontal(pl.all()) + card_base(read)).to_series()
    chance = pl.DataFrame({"score": total}).select(probability(read, pl.col("score")).round(6)).to_series()
    assert chance.to_list() == scored(frame, card)["probability"].to_list()


@settings(max_examples=100, deadline=None)
@given(card=cards(), score=st.integers(-(10**6), 10**6))
def test_the_probability_is_that_of_the_file(card: Scorecard, score: int) -> None:
    found = pl.DataFrame({"score": [score]}).select(probability(card, pl.col("score"))).item()
    assert found == pytest.approx(card.calibration.probability(score / 100), rel=1e-9, abs=1e-300)


@settings(max_examples=1, deadline=None)
@given(card=cards())
def test_columns_that_are_not_there_are_named(card: Scorecard) -> None:
    assert unknown_columns(card, [*NUMBERS, *WORDS]) == []
    assert set(unknown_columns(card, [*NUMBERS, "seniority"])) == {"country", "is_personal_email"}
