"""`python -m tests.flows.dying`: syncs that SIGKILL their own process at an exact point of their work.

Nothing is unwound and nothing is caught: for the ledger and the platforms it is a `kill -9`. Points are
`page STREAM N` (after that page was stored), `after STAGE`, `before write OBJECT`, `after write OBJECT` (the platform
has it, the answer is lost), `after create PLATFORM`, `settled LOT` (written down as pushed).
One is read from each line of standard input.
"""

import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.ports import Outcome, Sink
from flows import chain
from flows.settings import read_settings
from flows.wiring import wired


@dataclass
class Death:
    """Waits for one point, and strikes there."""

    point: str
    pages: Counter[str] = field(default_factory=Counter)

    def at(self, point: str) -> None:
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)

    def stage(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            done = function(*args, **kwargs)
            self.at(f"after {function.__name__}")
            return done

        return run

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
