"""What the handlers of one server share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.faults import Fault
from simulator.marketo.call import Call
from simulator.marketo.exports import Exports
from simulator.marketo.identity import Identity
from simulator.marketo.import_jobs import Imports
from simulator.marketo.instance import Instance
from simulator.marketo.limits import Limits, Usage
from simulator.marketo.paging import Paging
from simulator.marketo.schema import LeadField
from simulator.world import World


@dataclass
class Server:
    world: World
    instance: Instance
    identity: Identity
    limits: Limits
    usage: Usage
    paging: Paging
    exports: Exports
    imports: Imports
    empty_pages_left: int = 0
    _requests: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def request_id(self) -> str:
        """``<hex>#<hex>``: a running number, scattered, and the simulated milliseconds."""
        number = next(self._requests) * 40_503 % 0x10000
        return f"{number:x}#{int(self.world.clock.now().timestamp() * 1000):x}"

    def fault(self, call: Call, *kinds: str) -> Fault | None:
        return self.world.faults.take("marketo", *kinds, path=call.uri, method=call.method)

    def lead_fields(self) -> dict[str, LeadField]:
        """The deployed fields, without those that a fault hides."""
        hidden = {fault.option("field") for fault in self.world.faults.peek("marketo", "missing_field")}
        if not hidden:
            return self.instance.fields
        return {name: found for name, found in self.instance.fields.items() if name not in hidden}
