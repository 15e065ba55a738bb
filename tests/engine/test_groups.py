"""People are decided in batches; people of a group never in two."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.groups import batches


@given(st.lists(st.integers(1, 4), max_size=20), st.integers(1, 6))
def test_everybody_is_in_one_batch_in_order_and_no_group_is_split(sizes: list[int], size: int) -> None:
    rows = [(f"p{group}.{n}", f"g{group}") for group, many in enumerate(sizes) for n in range(many)]
    people = pl.DataFrame(rows, schema={"person_key": pl.String, "group_key": pl.String}, orient="row")
    found = list(batches(people, size))
    assert [key for batch in found for key in batch] == [key for key, _ in rows]
    group_of = dict(rows)
    of_batch = [{group_of[key] for key in batch} for batch in found]
    assert sum(map(len, of_batch)) == len(sizes)
    assert all(len(batch) <= size or len(theirs) == 1 for batch, theirs in zip(found, of_batch, strict=True))
