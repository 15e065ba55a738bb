"""The door: nothing is lost, every reason is told, and what goes in comes out unchanged."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.admission import BatchRefused, admit
from schemas.frames import door
from schemas.frames.base import dtypes

COLUMNS = list(dtypes(door.People))
GOOD = {
    "object": "lead",
    "native_id": "00Q1",
    "created_at": "2026-01-01T00:00:00Z",
    "changed_at": "2026-01-02T00:00:00.5Z",
    "is_deleted": "false",
}


def page(*rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [{name: {**GOOD, **row}.get(name) for name in COLUMNS} for row in rows],
        schema=dict.fromkeys(COLUMNS, pl.String),
    )


def test_a_bad_row_goes_to_quarantine_with_all_its_reasons_and_its_values() -> None:
    admission = admit(
        page({}, {"native_id": "00Q2", "created_at": "yesterday", "email": "nobody", "employees": "3.5"}),
        door.People,
        "native_id",
    )
    assert admission.good["native_id"].to_list() == ["00Q1"]
    (key, reasons, raw) = admission.rejected.row(0)
    assert key == "00Q2"
    assert {reason.split(":")[0] for reason in reasons} == {"created_at", "email", "employees"}
    assert '"created_at": "yesterday"' in raw


def test_a_whole_number_may_carry_a_decimal_point() -> None:
    assert admit(page({"employees": "250.0"}), door.People, "native_id").good["employees"].to_list() == [250]


@pytest.mark.parametrize(
    "spelling", ["2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000+0000", "2026-01-01T00:00:00Z"]
)
def test_instants_with_any_offset_become_utc(spelling: str) -> None:
    good = admit(page({"created_at": spelling}), door.People, "native_id").good
    assert good["created_at"].dt.to_string("%Y-%m-%dT%H:%M:%SZ").to_list() == ["2026-01-01T00:00:00Z"]


def test_a_nul_character_is_quarantined_because_postgresql_cannot_keep_it() -> None:
    assert "NUL" in admit(page({"title": "a\0b"}), door.People, "native_id").rejected["reasons"][0][0]


def test_a_frame_of_another_shape_is_refused_as_a_whole() -> None:
    with pytest.raises(BatchRefused, match="missing"):
        admit(page({}).drop("email"), door.People, "native_id")


texts = st.one_of(st.none(), st.text(max_size=12).filter(lambda text: text.isprintable() or "\n" in text))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "title": texts,
                "email": st.one_of(texts, st.just("a@b.example")),
                "employees": st.one_of(texts, st.integers(-5, 10**9).map(str)),
                "created_at": st.sampled_from(["2026-01-01T00:00:00Z", "", "0000", None]),
                "is_deleted": st.sampled_from(["true", "FALSE", "0", "perhaps", None]),
            }
        ),
        max_size=20,
    )
)
def test_every_row_is_either_good_or_quarantined_and_good_text_is_unchanged(
    rows: list[dict[str, str | None]],
) -> None:
    numbered = [{**row, "native_id": str(number)} for number, row in enumerate(rows)]
    admission = admit(page(*numbered), door.People, "native_id")
    kept = admission.good["native_id"].to_list()
    assert sorted(kept + admission.rejected["key"].to_list(), key=int) == [
        str(number) for number in range(len(rows))
    ]
    assert admission.good["title"].to_list() == [rows[int(key)]["title"] for key in kept]
    assert all(admission.rejected["reasons"].list.len() > 0)
