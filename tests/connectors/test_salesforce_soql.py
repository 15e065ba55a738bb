"""SOQL texts, read back by the simulator's own parser: what was asked is what is meant, whatever stands in a value."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.reading import Window
from connectors.salesforce.soql import LONGEST_WHERE, after, in_lists, literal, quoted, select
from connectors.salesforce.streams import Stamped
from simulator.salesforce.soql.ast import Comparison, InList, Text
from simulator.salesforce.soql.parser import parse

values = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300)


@given(st.lists(values, min_size=1, max_size=60, unique=True))
def test_in_lists_hold_every_value_as_it_is_and_stay_within_the_limit(wanted: list[str]) -> None:
    found = []
    for listed, members in in_lists("Email", wanted, others=100):
        assert len(listed) <= LONGEST_WHERE - 100
        where = parse(select(["Id"], "Lead", [listed])).where
        assert isinstance(where, InList)
        texts = [item.value for item in where.values if isinstance(item, Text)]
        assert texts == members
        found += members
    assert found == wanted


@given(values)
def test_no_value_can_leave_its_quotes(value: str) -> None:
    where = parse(select(["Id"], "Lead", [f"Email = {quoted(value)}"])).where
    assert isinstance(where, Comparison)
    assert isinstance(where.value, Text)
    assert where.value.value == value


def test_a_window_holds_both_its_ends_and_is_read_in_the_order_of_stamp_and_id() -> None:
    query = Stamped("Lead", ("Id", "SystemModstamp"), dict, where=("IsDeleted = false",))
    window = Window(query, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    assert window.soql() == (
        "SELECT Id, SystemModstamp FROM Lead WHERE SystemModstamp >= 2026-03-01T00:00:00Z AND "
        "SystemModstamp <= 2026-03-02T00:00:00Z AND IsDeleted = false ORDER BY SystemModstamp, Id"
    )


def test_a_window_goes_on_after_a_row_without_losing_those_that_share_its_stamp() -> None:
    condition = after("SystemModstamp", "2026-03-01T00:00:00Z", "00Q1")
    assert condition == (
        "((SystemModstamp = 2026-03-01T00:00:00Z AND Id > '00Q1') OR SystemModstamp > 2026-03-01T00:00:00Z)"
    )
    parse(select(["Id"], "Lead", [condition, "IsDeleted = false"]))


def test_a_bulk_job_does_not_sort() -> None:
    window = Window(Stamped("Lead", ("Id",), dict), None, datetime(2026, 3, 2, tzinfo=UTC))
    assert "ORDER BY" not in window.soql(ordered=False)


def test_instants_are_literals_of_whole_seconds_in_utc() -> None:
    assert literal(datetime.fromisoformat("2026-03-02T10:00:00.900+01:00")) == "2026-03-02T09:00:00Z"
