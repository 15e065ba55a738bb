"""Whom the CRM shows as owner of a person's record, and whether that is a person's choice.

A person's choice is kept. It is none if it is a placeholder, a queue, an inactive user, or an owner that we wrote
ourselves and nobody has changed since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from engine.assignment.roster import Roster
from engine.target import crm_targets
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import OwnerKind, RecordObject

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Shown:
    """`what`: person, placeholder, queue, inactive or ours. An owner that the roster doesn't know yet is a person."""

    object: str
    native_id: str
    owner_id: str
    kind: str
    what: str
    away_until: datetime | None

    @property
    def told(self) -> dict[str, Any]:
        """For reasons."""
        told: dict[str, Any] = {"record": self.object, "owner": self.owner_id, "is": self.what}
        return told | ({"away_until": self.away_until} if self.away_until else {})


def shown_owners(
    records: pl.DataFrame, written: pl.DataFrame, roster: Roster, statuses: Sequence[StatusRow]
) -> dict[str, Shown]:
    """Per person who is in the CRM, the owner of the record that is written to.

    `records`: frames.facts.Records. `written`: native_id, owner_id, the last owner that we wrote to each lead.
    """
    ours = dict(written.select("native_id", "owner_id").iter_rows())
    targets = crm_targets(records, list(statuses)).drop_nulls("owner_id")
    found: dict[str, Shown] = {}
    for person, object, native_id, owner_id in targets.select(
        "person_key", "object", "native_id", "owner_id"
    ).iter_rows():
        owner = roster.owners.get(owner_id)
        is_ours = object == RecordObject.LEAD and ours.get(native_id) == owner_id
        away = owner.away_until if owner and owner.away_until and owner.away_until > roster.at else None
        kind = owner.kind if owner else OwnerKind.USER.value
        found[person] = Shown(object, native_id, owner_id, kind, _what(owner_id, is_ours, roster), away)
    return found


def _what(owner_id: str, is_ours: bool, roster: Roster) -> str:
    owner = roster.owners.get(owner_id)
    if owner_id in roster.placeholders:
        return "placeholder"
    if owner is not None and not owner.is_user:
        return "queue"
    if owner is not None and not owner.is_active:
        return "inactive"
    return "ours" if is_ours else PERSON
