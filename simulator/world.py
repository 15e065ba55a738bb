"""Everything that one simulator holds: the two platforms, the company that lives on them, and the clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulator.calls import Calls
from simulator.clock import Clock
from simulator.faults import Faults
from simulator.salesforce.org import Org

if TYPE_CHECKING:
    from simulator.company import Company
    from simulator.marketo.instance import Instance


@dataclass
class World:
    """One simulated world.

    `lock` is held during every request and every step of the company, so that a request sees the state between
    two events and never the middle of one. `company` is None only while it is being founded.
    """

    clock: Clock
    lock: threading.RLock
    faults: Faults
    calls: Calls
    salesforce: Org
    marketo: Instance
    seed: int
    company: Company | None = None
    started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.started_at = self.clock.now()

    def advance(self, seconds: float) -> datetime:
        """Lets the company live for so many seconds, event by event, and answers the new time."""
        if seconds < 0:
            raise ValueError(f"the company cannot live {seconds} seconds: time does not go back")
        with self.lock:
            until = self.clock.now() + timedelta(seconds=seconds)
            if self.company is not None:
                self.company.live(until)
            self.clock.move_to(until)
            self.salesforce.settle()
            return self.clock.now()


def create_world(start: datetime, *, seed: int) -> World:
    """A world with two empty platforms; `Company.found` fills them."""
    # Marketo's store knows nothing of Salesforce; both get the same clock and fault registry.
    from simulator.marketo.instance import Instance

    clock = Clock(start)
    faults = Faults()
    return World(
        clock=clock,
        lock=threading.RLock(),
        faults=faults,
        calls=Calls(),
        salesforce=Org(clock, faults=faults, seed=seed),
        marketo=Instance(clock, faults=faults, seed=seed),
        seed=seed,
    )
