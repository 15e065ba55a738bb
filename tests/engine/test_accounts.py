"""Account scores: the second phase, out of what is stored about people."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.scoring.accounts import account_scores, changed, with_account_scores
from schemas.frames.base import dtypes
from schemas.frames.decisions import AccountScores
from schemas.playbook.scoring import AccountScore

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = AccountScore(engaged=25, per_person=40, per_role=10, role="department")
VALUES = ("score", "engaged", "roles", "people")


def stored(*people: tuple[str | None, int, str | None]) -> pl.DataFrame:
    """account, engagement in points, role."""
    rows = [(account, 100 * points, role) for account, points, role in people]
    return pl.DataFrame(
        rows, schema={"account_id": pl.String, "engagement": pl.Int64, "role": pl.String}, orient="row"
    )


def test_engaged_people_and_their_roles_add_up_under_a_cap() -> None:
    found = account_scores(
        stored(("A", 60, "it"), ("A", 30, "it"), ("A", 24, "sales"), ("B", 10, "it"), (None, 90, "it")), RULES
    )
    assert found.select("account_id", *VALUES).rows() == [("A", 8000, 2, 1, 3), ("B", 0, 0, 0, 1)]
    assert (
        account_scores(stored(*[("A", 90, role) for role in ("it", "sales", "hr")]), RULES)["score"][0]
        == 10_000
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B"]), st.integers(0, 100), st.sampled_from(["it", None])), min_size=1
    )
)
def test_one_more_engaged_person_never_lowers_an_account(people) -> None:  # type: ignore[no-untyped-def]
    before = account_scores(stored(*people), RULES)
    after = account_scores(stored(*people, ("A", 70, "it")), RULES)
    both = after.join(before, on="account_id", how="left", suffix="_before")
    assert (both["score"] >= both["score_before"].fill_null(0)).all()
    assert both["score"].is_between(0, 10_000).all()


def test_an_instant_knows_the_last_score_stored_before_it_and_zeros_without_any() -> None:
    known = pl.DataFrame(
        [("A", NOW - 2 * DAY, 3000, 1, 1, 4), ("A", NOW, 5000, 2, 1, 4)],
        schema=dtypes(AccountScores),
        orient="row",
    )
    later = NOW + timedelta(microseconds=1)
    moments = pl.DataFrame(
        {
            "person_key": ["p", "p", "p", "q", "r"],
            "at": [
                later,
                NOW,
                NOW - DAY,
                NOW - 3 * DAY,
                NOW,
            ],  # what was stored at NOW was decided without itself
            "account_id": ["A", "A", "A", "A", None],
        }
    ).with_columns(pl.col("at").cast(dtypes(AccountScores)["valid_from"]))
    found = with_account_scores(moments, known)
    assert found["account_score"].to_list() == [50.0, 30.0, 30.0, 0.0, 0.0]
    assert found["account_engaged"].to_list() == [2, 1, 1, 0, 0]


def test_only_accounts_that_changed_are_stored_anew() -> None:
    found = account_scores(stored(("A", 60, "it"), ("B", 30, "it")), RULES)
    first = changed(found, pl.DataFrame(schema=dtypes(AccountScores)), pl.lit(NOW))
    assert first["account_id"].to_list() == ["A", "B"]
    more = account_scores(stored(("A", 60, "it"), ("B", 31, "it")), RULES)
    assert changed(more, first, pl.lit(NOW + DAY)).select("account_id", "score").rows() == [("B", 4100)]


def test_an_account_whose_last_person_left_has_zeros_once() -> None:
    first = changed(
        account_scores(stored(("A", 60, "it")), RULES),
        pl.DataFrame(schema=dtypes(AccountScores)),
        pl.lit(NOW),
    )
    nobody = account_scores(stored(), RULES)
    left = changed(nobody, first, pl.lit(NOW + DAY))
    assert left.select("account_id", *VALUES).rows() == [("A", 0, 0, 0, 0)]
    assert changed(nobody, pl.concat([first, left]), pl.lit(NOW + 2 * DAY)).is_empty()
