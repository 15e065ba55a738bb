"""What is going to happen: a heap of moments, each with the thing to do then.

Everything that the company will do is on the agenda before it is done. Living from Monday to Tuesday takes the
entries one by one, however many steps the caller makes of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

Action = Callable[[datetime], None]


class Agenda:
    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Action]] = []
        self._order = count()
        self.taken = 0  # entries so far: the measure of work that does not depend on the machine

    def add(self, moment: datetime, action: Action) -> None:
        """Entries of the same moment happen in the order in which they were added."""
        heapq.heappush(self._heap, (moment, next(self._order), action))

    def take(self, until: datetime) -> tuple[datetime, Action] | None:
        """The earliest entry that is due, or None."""
        if not self._heap or self._heap[0][0] > until:
            return None
        moment, _, action = heapq.heappop(self._heap)
        self.taken += 1
        return moment, action

    def __len__(self) -> int:
        return len(self._heap)
