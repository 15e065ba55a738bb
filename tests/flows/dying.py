"""`python -m tests.flows.dying`: syncs that SIGKILL their own process at an exact point of their work.

Nothing is unwound and nothing is caught: for the ledger and the platforms it is a `kill -9`. Points are
`page STREAM N` (after that page was stored), `settle N` (after its Nth transaction), `after STAGE`, `after STAGE N`
(the Nth time: chunks of people are small here, so there are some), `before write OBJECT`, `after write OBJECT` (the
platform has it, the answer is lost), `after create PLATFORM`, `settled LOT` (written down as pushed).
One is read from each line of standard input.
"""

import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.ports import Outcome, Sink
from flows import chain
from flows.settings import read_settings
from flows.wiring import wired
from tasks.data import settle
from tasks.run import Run, Shift

chain.CHUNK = 40  # people
settle.AT_ONCE = 60  # news


@dataclass
class Death:
    """Waits for one point, and strikes there."""

    point: str
    pages: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)

    def at(self, point: str) -> None:
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)

    def stage(self, function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__

        def run(*args: Any, **kwargs: Any) -> Any:
            if name == "settle":
                ledger, shift, playbook = args
                args = (ledger, self.counted(shift), playbook)
            done = function(*args, **kwargs)
            self.stages[name] += 1
            self.at(f"after {name}")
            self.at(f"after {name} {self.stages[name]}")
            return done

        return run

    def counted(self, shift: Shift) -> Shift:
        """Each time that the ledger is held is a transaction, which has ended when it is given back."""

        @contextmanager
        def held() -> Iterator[Run]:
            with shift() as run:
                yield run
            self.stages["settle turn"] += 1
            self.at(f"settle {self.stages['settle turn']}")

        return held

    def advance(self, stage: str, rows: int, total: int | None = None) -> None:
        kind, _, what = stage.partition(" ")
        self.pages[what] += 1
        self.at(f"page {what} {self.pages[what]}" if kind == "pull" else f"settled {what}")

    def say(self, message: str) -> None: ...


@dataclass
class Doomed:
    """A platform's sink whose caller may not live to see the answer."""

    sink: Sink
    death: Death

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sink, name)

    def write(self, object: str, changes: Any, *, crm_rules: bool = False) -> list[Outcome]:
        self.death.at(f"before write {object}")
        done = self.sink.write(object, changes, crm_rules=crm_rules)
        self.death.at(f"after write {object}")
        return done

    def create(self, object: str, creations: Any) -> list[Outcome]:
        done = self.sink.create(object, creations)
        self.death.at(f"after create {self.sink.platform}")
        return done


def sync(point: str) -> None:
    """One sync by this process's environment, which does not outlive `point`."""
    death = Death(point)
    with wired(read_settings()) as wiring:
        sinks: dict[Any, Any] = {platform: Doomed(sink, death) for platform, sink in wiring.sinks.items()}
        chain.sync(replace(wiring, sinks=sinks), death, stage=death.stage)


def main() -> None:
    """Forks a sync for every line that comes in, and answers how it ended; so the imports are paid once."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 70
            try:
                sync(line.strip())
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
