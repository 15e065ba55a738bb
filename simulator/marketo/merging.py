"""Merging people: one record survives, the others answer no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from simulator.marketo.activity_types import MERGE_LEADS
from simulator.marketo.changes import LeadChange
from simulator.marketo.lead_history import display_name
from simulator.marketo.moments import to_text

if TYPE_CHECKING:
    from simulator.marketo.instance import Instance

CRM_LINK = (
    "sfdcType",
    "sfdcId",
    "sfdcLeadId",
    "sfdcContactId",
    "sfdcAccountId",
    "sfdcLeadOwnerId",
    "leadStatus",
)
"""Which CRM record somebody is, and what the CRM alone says of it."""


def merge(instance: Instance, winner: int, losers: Sequence[int], at: datetime, source: str) -> None:
    """All or nothing: nobody is merged when one of them does not exist."""
    everybody = [winner, *losers]
    if len(set(everybody)) < len(everybody) or any(instance.get_lead(one) is None for one in everybody):
        raise KeyError(f"leads {everybody} cannot be merged: all must exist and differ")
    for loser in losers:
        _absorb(instance, winner, loser, at, source)
    instance.add_activity(
        MERGE_LEADS,
        winner,
        at=at,
        primary_id=winner,
        primary_value=display_name(instance.get_lead(winner) or {}),
        attributes={
            "Master Updated": True,
            "Merge IDs": list(losers),
            "Merge Source": source,
            "Merged in Sales": False,
        },
    )


def _absorb(instance: Instance, winner: int, loser: int, at: datetime, source: str) -> None:
    lost, kept = instance.get_lead(loser) or {}, instance.get_lead(winner) or {}
    # Somebody who has a CRM record stays that record, and is not the loser's besides.
    own = CRM_LINK if kept["sfdcLeadId"] or kept["sfdcContactId"] else ()
    gained = {
        name: value
        for name, value in lost.items()
        if value is not None and kept[name] is None and name not in own
    }
    stamp = to_text(at)
    instance.leads.mark_deleted(loser, stamp, winner)
    instance.leads.write(winner, {**gained, "updatedAt": stamp, "changed_at": stamp})
    instance.programs.move_people(winner, loser)
    instance.lists.move_people(winner, loser)
    after = instance.get_lead(winner)
    instance.tell(LeadChange(loser, lost, None, (), source, at, merged_into=winner))
    instance.tell(LeadChange(winner, kept, after, tuple(gained), source, at))
