"""What a move within a program writes: Change Status in Progression (104)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.marketo.activity_types import CHANGE_STATUS_IN_PROGRESSION
from simulator.marketo.program_store import Status


def progression(
    program: Mapping[str, Any], member: Mapping[str, Any], old: Status, new: Status, reason: str
) -> dict[str, Any]:
    return {
        "type_id": CHANGE_STATUS_IN_PROGRESSION,
        "primary_id": program["id"],
        "primary_value": program["name"],
        "attributes": {
            "Acquired By": bool(member["acquired_by"]),
            "New Status": new.name,
            "New Status ID": new.id,
            "Old Status": old.name,
            "Old Status ID": old.id,
            "Program Member ID": member["id"],
            "Reason": reason,
            "Success": new.success,
        },
    }
