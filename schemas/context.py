"""What a decision may know about the run it is part of. One immutable value, handed down; nothing else is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.vocabulary import Origin


@dataclass(frozen=True)
class Window:
    """The stretch of time that a run decides: instants in (`last_as_of`, `as_of`], with knowledge up to `known_by`.

    `last_as_of` is None on a ledger's first run. `live_since` is None while a ledger only adopts.
    """

    as_of: datetime
    known_by: datetime
    last_as_of: datetime | None
    live_since: datetime | None
    zone: ZoneInfo
    late_limit: timedelta
    origin: Origin = Origin.LIVE


@dataclass(frozen=True)
class Versions:
    """Which playbook decides: content hash per silo, and since when each rule is in force as it now reads.

    A rule without an entry is in force since the window's `last_as_of`, or since `as_of` on a first run.
    """

    silos: Mapping[str, str]
    rules_in_force_since: Mapping[str, datetime] = field(default_factory=dict)
