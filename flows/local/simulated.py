"""The simulator as a child process: started, its one ready line read, its clock moved."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from flows.local.processes import child


class SimulatorFault(Exception):
    """The simulator did not start; it has said why on standard error."""


@dataclass(frozen=True)
class Simulated:
    """A running simulator: base URLs, control URL, and the environment that connects a sync to it."""

    salesforce: str
    marketo: str
    control: str
    env: dict[str, str]

    def advance(self, seconds: float) -> str:
        """Lets the company live; the new moment as ISO text."""
        return str(self._ask("POST", "clock", {"advance_seconds": seconds})["now"])

    def now(self) -> datetime:
        """What the company's clock shows."""
        return datetime.fromisoformat(self._ask("GET", "clock")["now"])

    def get(self, path: str) -> Any:
        """One reading of the control API, e.g. `calls`, `truth`."""
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        with requests.Session() as session:
            session.trust_env = False  # it is on this machine; no proxy knows it
            answer = session.request(method, f"{self.control}/{path}", json=body, timeout=600)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def clear_calls(self) -> None:
        """Counts requests anew."""
        self._ask("DELETE", "calls")


@contextmanager
def simulator(*options: str, log: Path | None = None) -> Iterator[Simulated]:
    """Runs the simulator on free ports for the length of the block; `log` takes what it says besides."""
    command: Sequence[str] = [
        sys.executable, "-m", "simulator", "serve",
        "--salesforce-port", "0", "--marketo-port", "0", "--parent-pid", str(os.getpid()), *options,
    ]  # fmt: skip
    with child(command, env=os.environ, errors=log) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            where = log or "the line above"
            raise SimulatorFault(f"the simulator did not start; see {where}")
        ready = json.loads(line)
        yield Simulated(ready["salesforce"], ready["marketo"], ready["control"], ready["env"])
