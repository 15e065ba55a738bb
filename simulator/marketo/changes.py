"""What observers of the subscription are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class LeadChange:
    """``before`` is None for a new lead, ``after`` for a deleted or merged one; ``changed`` names fields."""

    id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    changed: tuple[str, ...]
    source: str
    at: datetime
    campaign_id: int | None = None
    merged_into: int | None = None
