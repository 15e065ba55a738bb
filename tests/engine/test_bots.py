"""Machines among people: what is marked, and why."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.data.bots import with_bots_marked
from schemas.frames.base import UTC as UTC_TYPE

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SHAPE = {
    "activity_key": pl.String,
    "person_key": pl.String,
    "occurred_at": UTC_TYPE,
    "kind": pl.String,
    "asset_name": pl.String,
    "link": pl.String,
    "is_bot": pl.Boolean,
}
Act = tuple[float, str, str | None]
"""Seconds after `AT`, kind, link."""


def marked(*acts: Act, mail: str = "Newsletter", by_platform: bool = False) -> list[str | None]:
    rows = [
        (f"m:{n}", "p", AT + SECOND * after, kind, mail, link, by_platform)
        for n, (after, kind, link) in enumerate(acts)
    ]
    found = with_bots_marked(pl.DataFrame(rows, schema=SHAPE, orient="row"))
    assert (found["is_bot"] == found["bot_why"].is_not_null()).all()
    return found["bot_why"].to_list()


def click(after: float, link: str | None) -> Act:
    return after, "email_click", link


def test_three_links_of_a_mail_within_ten_seconds_are_a_gateway_from_the_first_click_on() -> None:
    assert marked(click(0, "a"), click(4, "b"), click(10, "c")) == ["many_links"] * 3
    assert marked(click(0, "a"), click(4, "b"), click(10, "c"), click(60, "a"))[3] is None


def test_three_clicks_on_one_link_or_slower_ones_are_a_person() -> None:
    assert marked(click(0, "a"), click(1, "a"), click(2, "a")) == [None] * 3
    assert marked(click(0, "a"), click(6, "b"), click(12, "c")) == [None] * 3
    assert (
        marked(click(0, "a"), click(1, "b"), click(2, None)) == [None] * 3
    )  # a link that nobody told is no third one


def test_an_open_in_a_burst_is_the_gateways_and_one_of_a_clicks_very_second_loaded_no_image() -> None:
    opened = (2.0, "email_open", None)
    assert marked(click(0, "a"), click(4, "b"), click(8, "c"), opened)[3] == "many_links"
    assert marked(click(2, "a"), opened) == [None, "opened_by_click"]
    assert marked(click(60, "a"), opened) == [None, None]


def test_what_the_platform_marks_stays_marked() -> None:
    assert marked(click(0, "a"), by_platform=True) == ["platform"]
    assert marked((0, "page_visit", None), by_platform=True) == ["platform"]


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abcd")), max_size=12), st.randoms())
def test_marks_do_not_depend_on_the_order_of_rows(clicks, random) -> None:  # type: ignore[no-untyped-def]
    acts = [click(float(after), link) for after, link in clicks]
    shuffled = list(acts)
    random.shuffle(shuffled)
    told, again = marked(*acts), marked(*shuffled)
    assert sorted(zip(acts, map(str, told), strict=True)) == sorted(
        zip(shuffled, map(str, again), strict=True)
    )
    for (after, _, _), why in zip(acts, told, strict=True):
        near = {link for other, _, link in acts if abs(other - after) <= 10}
        assert why is None or len(near) >= 3
