"""The simulator as tests use it: a real process on loopback ports, and its control API.

with start_simulator(people=200, seed=7) as simulator:
    requests.get(simulator.salesforce + "/services/data")
    simulator.advance(3600)
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

REPOSITORY = Path(__file__).resolve().parent.parent
STARTUP_SECONDS = 180


@dataclass
class Simulator:
    """A running simulator: its addresses, the environment that a sync needs, and the control API."""

    salesforce: str
    marketo: str
    control: str
    env: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait(self, seconds: float = 60) -> tuple[int, str]:
        """Waits for the process to end; answers its status and what it wrote to standard error."""
        _, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, errors

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def advance(self, seconds: float) -> str:
        """Lets the company live for so many seconds; answers the new time as ISO text."""
        return str(self._call("POST", "/clock", json={"advance_seconds": seconds})["now"])

    def now(self) -> str:
        return str(self._call("GET", "/clock")["now"])

    def calls(self) -> dict[str, Any]:
        """Requests per platform since the last `reset_calls`."""
        return dict(self._call("GET", "/calls"))

    def reset_calls(self) -> None:
        self._call("DELETE", "/calls")

    def fault(self, platform: str, kind: str, **options: Any) -> dict[str, Any]:
        """Arms a fault: `fault("salesforce", "http_status", status=503, times=2, match={"path": "/query"})`."""
        return dict(self._call("POST", "/faults", json={"platform": platform, "kind": kind, **options}))

    def faults(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "/faults"))

    def clear_faults(self) -> None:
        self._call("DELETE", "/faults")

    def truth(self, kind: str | None = None) -> Any:
        """What the generated company planted, all of it or one kind."""
        return self._call("GET", "/truth" if kind is None else f"/truth/{kind}")

    def records(
        self, platform: str, object_name: str, *, limit: int | None = None, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Stored records as they are, beside the wire; without a limit all of them."""
        parameters = {"offset": offset} if limit is None else {"offset": offset, "limit": limit}
        return list(self._call("GET", f"/records/{platform}/{object_name}", params=parameters)["records"])

    def record(self, platform: str, object_name: str, record_id: str | int) -> dict[str, Any]:
        return dict(self._call("GET", f"/records/{platform}/{object_name}/{record_id}"))

    def add_record(self, platform: str, object_name: str, values: dict[str, Any], *, by: str = "rep") -> Any:
        """Creates a record as a person in the platform's own pages would; answers its id."""
        body = {"values": values, "by": by}
        return self._call("POST", f"/records/{platform}/{object_name}", json=body)["id"]

    def patch_record(
        self,
        platform: str,
        object_name: str,
        record_id: str | int,
        values: dict[str, Any],
        *,
        by: str = "rep",
    ) -> None:
        """Changes a record as a person in the platform's own pages would, history and native sync included."""
        self._call(
            "PATCH", f"/records/{platform}/{object_name}/{record_id}", json={"values": values, "by": by}
        )

    def delete_record(
        self, platform: str, object_name: str, record_id: str | int, *, merged_into: str | int | None = None
    ) -> None:
        """Deletes a record, or merges it into another one."""
        parameters = {} if merged_into is None else {"merged_into": str(merged_into)}
        self._call("DELETE", f"/records/{platform}/{object_name}/{record_id}", params=parameters)

    def convert_lead(self, lead_id: str, **options: Any) -> dict[str, Any]:
        """Converts a lead as its owner would; answers account_id, contact_id and opportunity_id."""
        return dict(self._call("POST", f"/records/salesforce/Lead/{lead_id}/convert", json=options))

    def register_jwt_key(self, public_key_pem: str) -> None:
        """From now on Salesforce accepts JWT bearer assertions signed with the matching private key."""
        self._call("POST", "/jwt-key", data=public_key_pem)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        response = self._session.request(method, self.control + path, timeout=120, **options)
        if response.status_code >= 400:
            raise AssertionError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None


@contextmanager
def start_simulator(people: int = 0, seed: int = 1, **options: Any) -> Iterator[Simulator]:
    """A simulator process for the length of a `with` block.

    Further options are command line flags: `start="2026-03-02T09:00:00Z"`, `activity_days=30`, `speed=60`.
    """
    command = [sys.executable, "-m", "simulator", "serve", "--parent-pid", str(os.getpid())]
    for name, value in {"people": people, "seed": seed, **options}.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        ready = json.loads(_first_line(process))
        yield Simulator(ready["salesforce"], ready["marketo"], ready["control"], ready["env"], process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    """The ready line; if the process ends or stays silent, its error output is the failure's message."""
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    assert process.stderr is not None
    threading.Thread(target=lambda s: lines.put(s.readline()), args=[process.stdout], daemon=True).start()
    try:
        line = lines.get(timeout=STARTUP_SECONDS)
    except queue.Empty:
        process.kill()
        raise AssertionError(f"the simulator was not ready after {STARTUP_SECONDS} s") from None
    if not line:
        raise AssertionError(f"the simulator ended at once: {process.stderr.read().strip()}")
    return line
