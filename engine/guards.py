"""The last look before a write: what the platform shows right now decides whether our value may still go there.

A person's work is never overwritten. Between our reading and our write somebody may have taken the record; the race
that remains after this look is one round trip.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import OutboxState

GUARDED = ("owner_id", "status")
SALES_WORKS = ("accepted", "converted")
HANDED_OVER = "handed_over"


@dataclass(frozen=True)
class Shown:
    """A record right before it is written. `owner_is_active` is None where nobody asked."""

    owner_id: str | None
    status: str | None
    owner_is_active: bool | None = None


@dataclass(frozen=True)
class Known:
    """What decided the write: the record as it was pulled, and what we last wrote to it before (text, by field).

    `owner_was_chosen`: somebody gave the record the owner that it shows, as its history tells.
    """

    pulled: Mapping[str, str | None] = field(default_factory=dict)
    ours: Mapping[str, Any] = field(default_factory=dict)
    owner_was_chosen: bool = False


@dataclass(frozen=True)
class Ruling:
    """What becomes of one field: `PENDING` means write it."""

    state: OutboxState
    code: str = ""
    message: str = ""


WRITE = Ruling(OutboxState.PENDING)
UNCHANGED = Ruling(OutboxState.UNCHANGED)
OWNED = Ruling(OutboxState.CONFLICT, "owner_is_a_person", "a person owns the record; left alone")
OWNER_INACTIVE = Ruling(OutboxState.CONFLICT, "owner_inactive", "the chosen owner was deactivated meanwhile")


def is_free(shown: Shown, known: Known, free_owners: Collection[str]) -> bool:
    """Whether the record is nobody's work: no owner, a placeholder, a queue, an inactive user, or an owner of ours."""
    if shown.owner_id is None or shown.owner_id in free_owners or shown.owner_is_active is False:
        return True
    return shown.owner_id == known.ours.get("owner_id")


def rule_owner(wanted: str, shown: Shown, known: Known, free_owners: Collection[str]) -> Ruling:
    """A lead's owner is written over a placeholder, a queue, an inactive user, or an owner that we set ourselves.

    `free_owners`: ids of placeholder owners and queues.
    """
    if shown.owner_id == wanted:
        return UNCHANGED
    return WRITE if is_free(shown, known, free_owners) else OWNED


def rule_record_owner(
    wanted: str, shown: Shown, known: Known, free_owners: Collection[str], *, is_set_back: bool
) -> Ruling:
    """The owner of `MQL__c`, which we made: besides, it is written over the user who made it, as long as nobody chose
    another; and over whoever sent it back for a wrong owner."""
    if shown.owner_id == wanted:
        return UNCHANGED
    never_given = "owner_id" not in known.ours and not known.owner_was_chosen
    as_made = never_given and known.pulled.get("owner_id") in (None, shown.owner_id)
    return WRITE if is_set_back or as_made or is_free(shown, known, free_owners) else OWNED


def rule_status(
    wanted: str, shown: Shown, known: Known, statuses: Collection[StatusRow], object: str
) -> Ruling:
    """A handed-over status never replaces one that sales works under, and no status one that was changed meanwhile."""
    if _same(shown.status, wanted):
        return UNCHANGED
    works = meaning(shown.status, statuses, object) in SALES_WORKS
    if works and object != "mql_record" and meaning(wanted, statuses, object) == HANDED_OVER:
        return Ruling(OutboxState.CONFLICT, "sales_is_working", "sales works on the record; left alone")
    if not any(_same(shown.status, known_as.get("status")) for known_as in (known.pulled, known.ours)):
        return Ruling(
            OutboxState.CONFLICT, "status_changed", "a person changed the status meanwhile; left alone"
        )
    return WRITE


def meaning(status: str | None, statuses: Collection[StatusRow], object: str) -> str | None:
    """What a status means on a record, by the status table; case and outer spaces don't count."""
    spelled = _plain(status)
    for row in statuses:
        if spelled is not None and spelled in map(_plain, getattr(row, object, [])):
            return row.meaning
    return None


def _same(one: str | None, other: str | None) -> bool:
    return _plain(one) == _plain(other)


def _plain(status: str | None) -> str | None:
    return (status or "").strip().casefold() or None
