"""Groups: people who share an e-mail address. At most one of them is handed over, so they are decided together."""

from collections.abc import Iterator

import polars as pl


def batches(people: pl.DataFrame, size: int) -> Iterator[list[str]]:
    """The people (person_key, group_key) in order, some `size` at a time; no group is ever split.

    Two of a group in two batches could each be given a cycle: the later batch may hold the earlier act, which looks
    at cycles that were open then. A group that is larger than `size` is a batch of its own.
    """
    batch: list[str] = []
    groups = people.group_by("group_key", maintain_order=True).agg("person_key")
    for members in groups["person_key"].to_list():
        if batch and len(batch) + len(members) > size:
            yield batch
            batch = []
        batch += members
    if batch:
        yield batch
