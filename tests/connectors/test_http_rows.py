"""From platform rows to text frames: nothing is lost, nothing is changed, what can't be read is named."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.rows import instants, normalised, to_frame
from schemas.admission import admit
from schemas.streams import MODELS
from schemas.vocabulary import Stream

NAUGHTY = Path(__file__).resolve().parents[3] / "shared" / "data" / "blns.json"
BASE = {
    "object": "lead",
    "native_id": "00Q1",
    "created_at": "2026-01-01T00:00:00.000+0000",
    "changed_at": "2026-01-02T00:00:00.000+0000",
    "is_deleted": False,
}

any_text = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
broken_text = st.text(alphabet=st.characters(min_codepoint=0xD7F0, max_codepoint=0xE010), max_size=8)


@given(st.lists(any_text, max_size=5))
def test_any_text_comes_through_unchanged(texts: list[str]) -> None:
    rows = [{**BASE, "native_id": f"00Q{i}", "company": text} for i, text in enumerate(texts)]
    frame, unreadable = to_frame(Stream.LEADS, rows)
    assert frame["company"].to_list() == texts
    assert unreadable == ()


@given(st.lists(st.tuples(st.one_of(st.none(), any_text), broken_text), max_size=8))
def test_every_row_is_in_the_frame_or_unreadable_and_its_raw_form_is_ascii(
    cells: list[tuple[str | None, str]],
) -> None:
    rows = [{**BASE, "native_id": key, "title": title} for key, title in cells]
    frame, unreadable = to_frame(Stream.LEADS, rows)
    assert len(frame) + len(unreadable) == len(rows)
    for one in unreadable:
        assert one.raw.isascii()
        one.key.encode("utf-8")
        json.loads(one.raw)


def test_hostile_strings_come_through_unchanged() -> None:
    if not NAUGHTY.exists():
        pytest.skip(f"{NAUGHTY.name} is not beside this checkout")
    texts = json.loads(NAUGHTY.read_text(encoding="utf-8"))
    rows = [{**BASE, "native_id": f"00Q{i}", "company": text} for i, text in enumerate(texts)]
    frame, unreadable = to_frame(Stream.LEADS, rows)
    assert frame["company"].to_list() == texts
    assert unreadable == ()


def test_a_row_without_its_key_is_named_and_the_others_stay() -> None:
    frame, (lost,) = to_frame(Stream.LEADS, [{**BASE, "native_id": None}, BASE])
    assert lost.reason == "native_id: missing"
    assert frame["native_id"].to_list() == ["00Q1"]


def test_values_become_the_text_that_the_door_parses() -> None:
    row = {**BASE, "employees": 3.0, "unsubscribed": True, "score": 0, "extra": {"b": 1, "a": "ü"}}
    frame, _ = to_frame(Stream.LEADS, [row])
    admitted = admit(frame, MODELS[Stream.LEADS], "native_id")
    (good,) = admitted.good.to_dicts()
    assert (good["employees"], good["unsubscribed"], good["score"]) == (3, True, 0)
    assert good["extra"] == '{"a":"ü","b":1}'
    assert good["created_at"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_name_that_is_no_column_is_a_fault_of_ours_and_raises() -> None:
    with pytest.raises(ValueError, match="shoe_size"):
        to_frame(Stream.LEADS, [{**BASE, "shoe_size": 44}])


@pytest.mark.parametrize(
    ("wire", "instant"),
    [
        ("2017-01-21T11:47:30Z", "2017-01-21T11:47:30Z"),
        ("2017-01-21T11:47:30-08:00", "2017-01-21T19:47:30Z"),
        ("2014-09-17T22:31:49+0000", "2014-09-17T22:31:49Z"),
        ("2017-07-27T01:38:33Z+0000", "2017-07-27T01:38:33Z"),
        ("2014-11-13 12:43:04", "2014-11-13T12:43:04Z"),
        ("2026-01-01T00:00:00.000+0000", "2026-01-01T00:00:00Z"),
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        (" 2026-01-01 ", "2026-01-01T00:00:00Z"),
    ],
)
def test_every_documented_form_of_an_instant_passes_the_door(wire: str, instant: str) -> None:
    frame, _ = to_frame(Stream.LEADS, [{**BASE, "changed_at": wire}])
    admitted = admit(frame, MODELS[Stream.LEADS], "native_id")
    assert admitted.good["changed_at"].to_list() == [datetime.fromisoformat(instant)]


@pytest.mark.parametrize("wire", ["01/02/2026", "yesterday", "2026-13-01", "1767225600"])
def test_an_unknown_form_is_left_as_it_is_and_quarantined(wire: str) -> None:
    frame, _ = to_frame(Stream.LEADS, [{**BASE, "changed_at": wire}])
    assert frame["changed_at"].to_list()[0].startswith(wire)
    assert admit(frame, MODELS[Stream.LEADS], "native_id").rejected["key"].to_list() == ["00Q1"]


@given(any_text)
def test_normalising_instants_never_raises(text: str) -> None:
    pl.DataFrame({"at": [text]}, schema={"at": pl.String}).select(instants("at"))


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1900 < moment.year < 2100),
    st.integers(-14, 14),
)
def test_an_instant_equals_itself_in_every_form_that_a_platform_shows(moment: datetime, hours: int) -> None:
    whole = moment.replace(microsecond=0)
    forms = [
        moment,
        whole.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        whole.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment.astimezone(timezone(timedelta(hours=hours))),
    ]
    assert len({normalised(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (None, ""),
        ("Ada ", "Ada"),
        (5, "5.0"),
        (5, 5.0),
        (0, "-0.0"),
        (True, "true"),
        (False, "False"),
        ("00123", "00123"),
    ],
)
def test_a_value_that_we_wrote_equals_what_the_platform_shows(ours: object, theirs: object) -> None:
    assert normalised(ours) == normalised(theirs)


@given(st.one_of(any_text, st.integers(), st.booleans(), st.none()))
def test_normalising_twice_is_normalising_once(value: object) -> None:
    once = normalised(value)
    assert normalised(once) == once
