"""Putting people on a static list and taking them off: Add to List (24) and Remove from List (25)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.marketo.activity_types import ADD_TO_LIST
from simulator.marketo.moments import to_text

if TYPE_CHECKING:
    from simulator.marketo.instance import Instance


def change_list(
    instance: Instance, type_id: int, list_id: int, lead_ids: Sequence[int], at: datetime, source: str
) -> list[int]:
    """The ids of those whom it changed."""
    found = instance.lists.get(list_id)
    if found is None:
        raise KeyError(f"there is no static list {list_id}")
    adding = type_id == ADD_TO_LIST
    name = f"{found['program_name']}.{found['name']}" if found["program_name"] else found["name"]
    changed = [one for one in dict.fromkeys(lead_ids) if instance.lists.holds(list_id, one) is not adding]
    for lead_id in changed:
        if adding:
            instance.lists.put(list_id, lead_id, to_text(at))
        else:
            instance.lists.remove(list_id, lead_id)
        instance.add_activity(
            type_id, lead_id, at=at, primary_id=list_id, primary_value=name, attributes={"Source": source}
        )
    return changed
