"""The last look: what the platform shows right now decides whether our value may still go there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.guards import Known, Shown, is_free, rule_owner, rule_record_owner, rule_status
from schemas.vocabulary import OutboxState
from tests.engine.world import STATUSES

FREE = {"placeholder", "queue"}
WRITE, UNCHANGED, CONFLICT = OutboxState.PENDING, OutboxState.UNCHANGED, OutboxState.CONFLICT


def shown(owner: str | None = None, status: str | None = None, *, active: bool | None = True) -> Shown:
    return Shown(owner, status, active)


@pytest.mark.parametrize("owner", ["placeholder", "queue", None])
def test_an_owner_is_written_where_nobody_works(owner: str | None) -> None:
    assert rule_owner("rep", shown(owner), Known(), FREE).state == WRITE


def test_an_owner_is_written_over_somebody_who_left() -> None:
    assert rule_owner("rep", shown("gone", active=False), Known(), FREE).state == WRITE


def test_an_owner_that_we_set_and_nobody_changed_since_is_replaced() -> None:
    known = Known(ours={"owner_id": "first"})
    assert rule_owner("second", shown("first"), known, FREE).state == WRITE
    assert rule_owner("second", shown("somebody"), known, FREE).code == "owner_is_a_person"


def test_an_owner_that_stands_there_already_is_not_written() -> None:
    assert rule_owner("rep", shown("rep"), Known(), FREE).state == UNCHANGED


@given(
    wanted=st.sampled_from(["a", "b"]),
    owner=st.sampled_from(["a", "b", "c", "placeholder", "queue", None]),
    active=st.sampled_from([True, False, None]),
    ours=st.sampled_from(["a", "b", "c", None]),
)
def test_a_persons_lead_is_never_taken(
    wanted: str, owner: str | None, active: bool | None, ours: str | None
) -> None:
    known = Known(ours={"owner_id": ours} if ours else {})
    record = shown(owner, active=active)
    if rule_owner(wanted, record, known, FREE).state == WRITE:
        assert owner is None or owner in FREE or active is False or owner == ours
    assert is_free(record, known, FREE) == (
        owner is None or owner in FREE or active is False or (ours is not None and owner == ours)
    )


def record_owner(owner: str, *, is_set_back: bool = False, **known: Any) -> OutboxState:
    return rule_record_owner("rep", shown(owner), Known(**known), FREE, is_set_back=is_set_back).state


def test_a_record_that_was_made_without_an_owner_gets_one() -> None:
    assert record_owner("integration") == WRITE
    assert record_owner("integration", pulled={"owner_id": "integration"}) == WRITE


def test_a_record_that_somebody_gave_to_somebody_stays_there() -> None:
    assert record_owner("chosen", pulled={"owner_id": "chosen"}, owner_was_chosen=True) == CONFLICT
    assert record_owner("chosen", pulled={"owner_id": "integration"}) == CONFLICT
    assert record_owner("chosen", ours={"owner_id": "first"}) == CONFLICT


def test_a_record_that_was_sent_back_for_a_wrong_owner_goes_to_the_next() -> None:
    assert record_owner("chosen", owner_was_chosen=True, is_set_back=True) == WRITE


def status(wanted: str, now: str | None, object: str = "lead", **known: Any) -> OutboxState:
    return rule_status(wanted, shown(status=now), Known(**known), STATUSES, object).state


@pytest.mark.parametrize("now", ["Working", "Qualified", " working "])
def test_marketing_qualified_never_replaces_a_status_that_sales_works_under(now: str) -> None:
    assert status("Marketing Qualified", now, pulled={"status": now}) == CONFLICT


def test_a_status_that_was_changed_since_we_read_it_stays() -> None:
    assert status("Marketing Qualified", "Open", pulled={"status": "Open"}) == WRITE
    assert status("Marketing Qualified", "Rejected", pulled={"status": "Open"}) == CONFLICT
    assert (
        status(
            "Working",
            "Marketing Qualified",
            pulled={"status": "Open"},
            ours={"status": "Marketing Qualified"},
        )
        == WRITE
    )


def test_a_record_goes_back_to_open_for_another_owner() -> None:
    assert status("Open", "Rejected", "mql_record", pulled={"status": "Rejected"}) == WRITE
    assert status("Open", "Working", "mql_record", pulled={"status": "Working"}) == WRITE


def test_case_and_outer_blanks_make_no_other_status() -> None:
    assert status("Working", "working ", pulled={"status": "x"}) == UNCHANGED
