"""Updates in long transactions: begun, stamped, and not yet to be seen by anybody."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(order=True)
class LateWrite:
    """An update whose transaction began at `at` and commits at `visible_at`."""

    visible_at: datetime
    number: int
    sobject: str = field(compare=False)
    id: str = field(compare=False)
    values: Mapping[str, Any] = field(compare=False)
    by: str = field(compare=False)
    at: datetime = field(compare=False)


class LateWrites:
    def __init__(self) -> None:
        self._open: list[LateWrite] = []
        self._numbers = itertools.count()

    def begin(
        self, sobject: str, id: str, values: Mapping[str, Any], *, by: str, at: datetime, visible_at: datetime
    ) -> None:
        heapq.heappush(
            self._open, LateWrite(visible_at, next(self._numbers), sobject, id, dict(values), by, at)
        )

    def due(self, now: datetime) -> Iterator[LateWrite]:
        """Those whose time to commit has come, in the order of their commits; each is given once."""
        while self._open and self._open[0].visible_at <= now:
            yield heapq.heappop(self._open)

    def begun(self, sobject: str) -> list[datetime]:
        """When the transactions on this object that are still open began."""
        return [write.at for write in self._open if write.sobject == sobject]
