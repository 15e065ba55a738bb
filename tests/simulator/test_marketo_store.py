"""What must always hold of the store, whatever happens in it."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.clock import Clock
from simulator.marketo.activity_store import BLOCK
from simulator.marketo.changes import LeadChange
from simulator.marketo.errors import MarketoError
from simulator.marketo.instance import Instance
from simulator.marketo.paging import Paging
from simulator.marketo.values import coerce
from tests.simulator.marketo_site import START


def instance() -> Instance:
    return Instance(Clock(START), seed=7)


def walk(store: Instance, after: int, *, since: str, limit: int) -> tuple[list[str], int]:
    """Everything that a poller with pages of ``limit`` meets after a place in the log, and where it then stands."""
    found: list[str] = []
    last = store.activities.last_seq()
    while after < last:
        until = min(after + BLOCK, last)
        rows = store.activities.block(
            after,
            until,
            since=since,
            retained=store.retention(),
            wanted={"type_id": [2]},
            changed=None,
            limit=limit,
        )
        found += [str(row["guid"]) for row in rows]
        after = rows[-1]["seq"] if len(rows) == limit else until
    return found, after


moves = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 600), st.integers(0, 900)),
        st.tuples(st.just("wait"), st.integers(1, 600), st.just(0)),
        st.tuples(st.just("poll"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(moves=moves, limit=st.integers(1, 5))
def test_a_poller_meets_every_activity_once_however_late_it_commits(
    moves: list[tuple[str, int, int]], limit: int
) -> None:
    store = instance()
    clock, written, seen, place = store.clock, list[str](), list[str](), 0
    for kind, first, second in moves:
        if kind == "add":
            at = clock.now() - timedelta(seconds=first)
            visible_at = clock.now() + timedelta(seconds=second) if second else None
            written.append(
                store.add_activity(
                    2, 1, at=at, primary_id=None, primary_value=None, attributes={}, visible_at=visible_at
                )
            )
        elif kind == "wait":
            clock.advance(first)
        else:
            found, place = walk(store, place, since="", limit=limit)
            seen += found
    clock.advance(3600)
    found, place = walk(store, place, since="", limit=limit)
    assert sorted(seen + found) == sorted(written)


@settings(deadline=None, max_examples=60)
@given(ages=st.lists(st.integers(0, 5000), max_size=40), since=st.integers(0, 5000))
def test_a_token_by_date_gives_exactly_what_is_as_young(ages: list[int], since: int) -> None:
    store = instance()
    rows = [{"type_id": 2, "lead_id": 1, "at": START - timedelta(seconds=age)} for age in ages]
    store.load_activities(rows)
    text = (START - timedelta(seconds=since)).strftime("%Y-%m-%dT%H:%M:%SZ")
    found, _ = walk(store, store.activities.first_block_since(text), since=text, limit=3)
    assert len(found) == sum(age <= since for age in ages)


def test_what_is_to_come_waits_for_its_moment() -> None:
    store = instance()
    store.load_activities([{"type_id": 2, "lead_id": 1, "at": START + timedelta(hours=1)}])
    assert store.activities.last_seq() == 0
    store.clock.advance(3600)
    assert store.activities.last_seq() == 1


def test_observers_are_told_of_every_change_with_before_and_after() -> None:
    store, told = instance(), list[LeadChange]()
    store.on_change.append(told.append)
    one = store.create_lead({"email": "a@example.com"}, source="Web form fillout", campaign_id=5)
    two = store.create_lead({"email": "b@example.com"}, source="User")
    store.update_lead(one, {"title": "CTO"}, source="salesforce.com")
    store.update_lead(one, {"title": "CTO"}, source="salesforce.com")
    store.merge_leads(one, [two])
    store.delete_lead(one)
    created, _, updated, lost, kept, deleted = told
    assert (created.before, created.changed, created.campaign_id) == (None, ("email",), 5)
    assert updated.before is not None
    assert updated.after is not None
    assert (updated.before["title"], updated.after["title"], updated.source) == (
        None,
        "CTO",
        "salesforce.com",
    )
    assert (lost.id, lost.after, lost.merged_into) == (two, None, one)
    assert kept.id == one
    assert (deleted.id, deleted.after, deleted.merged_into) == (one, None, None)


def test_a_score_leaves_a_change_score_and_a_change_of_value() -> None:
    store = instance()
    lead = store.create_lead({"email": "a@example.com", "leadScore": 50}, source="User")
    store.update_lead(lead, {"leadScore": 45}, source="Change Score", reason="Decay", campaign_id=9)
    rows = store.activities.page(10, 1)
    assert [(row["type_id"], row["primary_value"], row["campaign_id"]) for row in rows] == [
        (22, "Lead Score", 9),
        (13, "Lead Score", 9),
    ]
    assert '"Change Value":"-5"' in rows[0]["attributes"]


def test_memberships_and_lists_follow_a_merge() -> None:
    store = instance()
    program, members = store.add_program("P", channel="Webinar"), store.add_list("L")
    winner, loser = (store.create_lead({"email": f"{n}@example.com"}, source="User") for n in range(2))
    store.add_member(program, loser, "Attended")
    store.add_to_list(members, [loser])
    store.merge_leads(winner, [loser])
    assert [row["program_id"] for row in store.programs.memberships(winner)] == [program]
    assert store.lists.lead_ids(members) == [winner]


def test_the_same_calls_give_the_same_ids() -> None:
    def live() -> list[Any]:
        store = instance()
        lead = store.create_lead({"email": "a@example.com"}, source="User")
        return [
            lead,
            store.add_program("P"),
            store.add_list("L"),
            store.api_user,
            store.activities.page(5, 0)[0][1],
        ]

    assert live() == live()


def test_an_unknown_field_type_or_status_is_refused_by_name() -> None:
    store = instance()
    with pytest.raises(KeyError, match="nonsense"):
        store.create_lead({"nonsense": 1}, source="User")
    with pytest.raises(KeyError, match="4711"):
        store.add_activity(4711, 1, at=START, primary_id=None, primary_value=None, attributes={})
    program = store.add_program("P", channel="Webinar")
    with pytest.raises(ValueError, match="Dancing"):
        store.add_member(program, 1, "Dancing")
    with pytest.raises(ValueError, match="Parade"):
        store.add_program("Q", channel="Parade")
    with pytest.raises(ValueError, match="time zone"):
        store.create_lead({"email": "a@example.com"}, at=START.replace(tzinfo=None), source="User")


json_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
)


@given(
    value=json_values, data_type=st.sampled_from(["integer", "score", "float", "boolean", "date", "datetime"])
)
def test_a_typed_value_is_stored_in_its_type_or_refused(value: Any, data_type: str) -> None:
    shape: dict[str, type] = {"integer": int, "score": int, "float": float, "boolean": bool}
    with contextlib.suppress(MarketoError):
        stored = coerce(value, data_type)
        assert stored is None or isinstance(stored, shape.get(data_type, str))
        assert coerce(stored, data_type) == stored


@given(place=st.integers(0, 10**9), position=st.integers(0, 200), letter=st.sampled_from("ABCDEFG234567"))
def test_an_altered_token_is_never_taken(place: int, position: int, letter: str) -> None:
    paging = Paging(seed=7)
    token = paging.seal("activities", place, "2026-03-02T09:00:00Z")
    position %= len(token.rstrip("=")) - 2
    altered = token[:position] + letter + token[position + 1 :]
    assert paging.open("activities", token) == [place, "2026-03-02T09:00:00Z"]
    if altered != token:
        with pytest.raises(MarketoError):
            paging.open("activities", altered)
    with pytest.raises(MarketoError):
        paging.open("lists", token)
