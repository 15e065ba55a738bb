"""Batches on their way out: what becomes of each record when part of a batch fails."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import Timing
from connectors.errors import Unavailable
from connectors.salesforce.writing import Write, in_collections

TIMING = Timing(sleep=lambda seconds: None, random=lambda: 0.0)
Records = Sequence[Mapping[str, Any]]


def writes(keys: Sequence[str]) -> list[Write]:
    return [Write(key, {"Id": key, "n": i}) for i, key in enumerate(keys)]


@given(st.lists(st.sampled_from([f"k{i}" for i in range(300)]), max_size=900))
def test_every_write_is_sent_once_with_no_key_twice_in_a_call_and_its_order_kept(keys: list[str]) -> None:
    sent: list[Records] = []

    def send(records: Records) -> list[dict[str, Any]]:
        sent.append(records)
        return [{"success": True, "id": record["Id"]} for record in records]

    outcomes = in_collections(writes(keys), send, TIMING)
    assert [outcome.key for outcome in outcomes] == keys
    everything = [record["n"] for call in sent for record in call]
    assert sorted(everything) == list(range(len(keys)))
    for call in sent:
        assert len({record["Id"] for record in call}) == len(call) <= 200
    for key in set(keys):
        numbers = [record["n"] for call in sent for record in call if record["Id"] == key]
        assert numbers == sorted(numbers)


@given(st.integers(1, 5), st.integers(1, 900))
def test_calls_that_were_answered_are_told_even_if_a_later_one_fails(good: int, size: int) -> None:
    calls = 0

    def send(records: Records) -> list[dict[str, Any]]:
        nonlocal calls
        calls += 1
        if calls > good:
            raise Unavailable("salesforce", "gone", "X")
        return [{"success": True, "id": record["Id"]} for record in records]

    outcomes = in_collections(writes([f"k{i}" for i in range(size)]), send, TIMING)
    done = min(size, good * 200)
    assert [outcome.state for outcome in outcomes] == ["applied"] * done + ["deferred"] * (size - done)


def test_a_first_call_that_fails_raises() -> None:
    def send(records: Records) -> list[dict[str, Any]]:
        raise Unavailable("salesforce", "gone")

    with pytest.raises(Unavailable):
        in_collections(writes(["a"]), send, TIMING)


def test_nothing_to_write_is_no_call() -> None:
    def send(records: Records) -> list[dict[str, Any]]:
        raise AssertionError("called")

    assert in_collections([], send, TIMING) == []
