"""How long the platform keeps activities: 14 days, 90 days, 25 months, or for ever, by type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulator.marketo.moments import to_text

DELETIONS = (37,)
# Page visits, link clicks, CRM sync, value and score changes, lists, campaign requests, mails sent.
SHORT = (1, 3, 6, 7, 13, 19, 22, 24, 28, 36, 47)
FOR_EVER = (12,)


@dataclass(frozen=True, slots=True)
class Retention:
    now: datetime

    def condition(self) -> tuple[list[str], list[Any]]:
        """SQL conditions over ``type_id`` and ``at``, and their values."""
        clauses: list[str] = []
        values: list[Any] = []
        for types, days in ((DELETIONS, 14), (SHORT, 90)):
            clauses.append(f"(+type_id NOT IN ({_listed(types)}) OR at >= ?)")
            values.append(to_text(self.now - timedelta(days=days)))
        clauses.append(f"(+type_id IN ({_listed(FOR_EVER)}) OR at >= ?)")
        values.append(to_text(self.now - timedelta(days=761)))
        return clauses, values


def _listed(types: tuple[int, ...]) -> str:
    return ", ".join(map(str, types))
