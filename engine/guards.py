"""The last look before a write: what the platform shows right now decides whether our value may still go there.

A person's work is never overwritten. Between our reading and our write somebody may have taken the record; the race
that remains after this look is one round trip.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import OutboxState

GUARDED = ("owner_id", "status")
SALES_WORKS = ("accepted", "converted")


@dataclass(frozen=True)
class Shown:
    """A record right before it is written. `owner_is_active` is None where nobody asked."""

    owner_id: str | None
    status: str | None
    owner_is_active: bool | None


@dataclass(frozen=True)
class Known:
    """What decided the write: the record as it was pulled, and what we last wrote to it (text, by field)."""

    pulled: Mapping[str, str | None]
    ours: Mapping[str, Any]


@dataclass(frozen=True)
class Ruling:
    """What becomes of one field: `PENDING` means write it."""

    state: OutboxState
    code: str = ""
    message: str = ""


WRITE = Ruling(OutboxState.PENDING)
UNCHANGED = Ruling(OutboxState.UNCHANGED)


def rule_owner(wanted: str, shown: Shown, known: Known, free_owners: Collection[str]) -> Ruling:
    """An owner is written over a placeholder, a queue, an inactive user, or an owner that we set ourselves.

    `free_owners`: ids of placeholder owners and queues.
    """
    if shown.owner_id == wanted:
        return UNCHANGED
    is_free = shown.owner_id in free_owners or shown.owner_is_active is False
    if is_free or shown.owner_id == known.ours.get("owner_id"):
        return WRITE
    return Ruling(OutboxState.CONFLICT, "owner_is_a_person", "a person owns the record; left alone")


def rule_status(
    wanted: str, shown: Shown, known: Known, statuses: Collection[StatusRow], object: str
) -> Ruling:
    """A handed-over status never replaces one that sales works under, and no status one that was changed meanwhile."""
    if shown.status == wanted:
        return UNCHANGED
    meanings = {word: row.meaning for row in statuses for word in getattr(row, object, [])}
    if meanings.get(wanted) == "handed_over" and meanings.get(shown.status or "") in SALES_WORKS:
        return Ruling(OutboxState.CONFLICT, "sales_is_working", "sales works on the record; left alone")
    if shown.status not in (known.pulled.get("status"), known.ours.get("status")):
        return Ruling(
            OutboxState.CONFLICT, "status_changed", "a person changed the status meanwhile; left alone"
        )
    return WRITE
