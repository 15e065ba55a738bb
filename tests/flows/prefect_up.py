"""`make up` as a process in a folder of its own, and what it can be asked: Prefect's API, its output, its processes."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

from tests.flows.operator import HASTE, REPOSITORY

MARK = "MQLFLOW_TEST_MARK"
T = TypeVar("T")


@dataclass
class Up:
    """A running `make up`. Everything that it starts, however far removed, carries `mark` in its environment."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    mark: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text(encoding="utf-8")

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / '.mqlflow/up/ledger.db'}"

    def settings(self) -> dict[str, str]:
        """What the written env file tells a shell."""
        lines = (self.folder / ".mqlflow/up/env").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        for _ in range(10):
            answer = self.session.request(method, f"{self.api}/{path}", json=body, timeout=30)
            if answer.status_code != 503:  # its SQLite file was locked: nothing was done
                break
            time.sleep(0.5)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:400]}"
        return answer.json() if answer.content else None

    def deployment(self, name: str) -> dict[str, Any]:
        return dict(self.call("GET", f"deployments/name/{name}"))

    def start(self, name: str, **parameters: Any) -> str:
        """Starts a deployment as a click in the UI does; id of the run."""
        path = f"deployments/{self.deployment(name)['id']}/create_flow_run"
        return str(self.call("POST", path, {"parameters": parameters})["id"])

    def run(self, run: str) -> dict[str, Any]:
        return dict(self.call("GET", f"flow_runs/{run}"))

    def ended(self, run: str, seconds: float = 200) -> dict[str, Any]:
        """The run once it has ended."""
        final = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
        return self.wait_for(
            lambda: found if (found := self.run(run))["state_type"] in final else None, seconds
        )

    @contextmanager
    def unscheduled(self, name: str) -> Iterator[None]:
        """A deployment that nobody starts but the test: its own schedule's runs would be in the way, or in its."""
        found = self.deployment(name)
        path = f"deployments/{found['id']}/schedules/{found['schedules'][0]['id']}"
        living = {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}}
        self.call("PATCH", path, {"active": False})
        try:
            self.wait_for(lambda: not self.runs(deployment_id={"any_": [found["id"]]}, state=living), 200)
            yield
        finally:
            self.call("PATCH", path, {"active": True})

    def runs(self, **filters: Any) -> list[dict[str, Any]]:
        return list(self.call("POST", "flow_runs/filter", {"flow_runs": filters}))

    def log(self, run: str) -> str:
        """Everything that a run logged, its tasks too."""
        wanted = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(line["message"] for line in self.call("POST", "logs/filter", wanted))

    def artifacts(self, run: str) -> dict[str, str]:
        """Markdown by key."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [run]}}}
        return {found["key"]: found["data"] for found in self.call("POST", "artifacts/filter", wanted)}

    def wait_for(self, look: Callable[[], T | None], seconds: float = 120) -> T:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := look():
                return found
            assert self.process.poll() is None, self.said
            time.sleep(0.3)
        raise AssertionError(f"not within {seconds} s. It said:\n{self.said}")

    def wait_until_ready(self) -> None:
        self.wait_for(lambda: "Ctrl-C stops all of it." in self.said, 240)

    def first_run(self) -> str:
        """Id of the sync that it started itself."""
        return self.said.split("/runs/flow-run/")[1].split()[0]

    def commands(self) -> dict[int, str]:
        """Every living process that carries the mark: number and command."""
        return marked(self.mark)

    def interrupt(self, sign: int = signal.SIGINT) -> int:
        """Ends it as Ctrl-C does; its exit status."""
        self.process.send_signal(sign)
        return self.process.wait(timeout=90)


def marked(mark: str) -> dict[int, str]:
    """Living processes of this host whose environment has the mark, whoever their parent is by now."""
    found = {}
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    found[int(folder.name)] = b" ".join(words).decode()
            except OSError:
                continue  # it has just ended
    return found


def free_port() -> int:
    """A port below those that the system gives away: until the server listens, no connection may take it."""
    while True:
        port = 20_000 + secrets.randbelow(
            10_000
        )  # not `random`: pytest-randomly seeds it alike in every worker
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def prepare(folder: Path) -> Path:
    """What `make up` needs of a checkout, in a folder where nothing else runs."""
    shutil.copy(REPOSITORY / "prefect.yaml", folder)
    shutil.copytree(REPOSITORY / "playbook", folder / "playbook")
    platforms = folder / "playbook/platforms.yaml"
    text = platforms.read_text(encoding="utf-8")
    for old, new in HASTE.items():
        text = text.replace(old, new, 1)
    platforms.write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    """An attempt that is expected to end at once."""
    return subprocess.run(
        [sys.executable, "-m", "flows.local.up", "--prefect-port", str(port)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )


@contextmanager
def up(folder: Path, port: int, *options: str) -> Iterator[Up]:
    """Starts it; at the end whatever is left of it is killed."""
    mark = uuid.uuid4().hex
    # What a user may have set for a Prefect and a ledger of their own must not matter.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MQLFLOW_")} | {
        MARK: mark,
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "PREFECT_API_KEY": "somebody-elses",
        "MQLFLOW_DATABASE_URL": "sqlite:////nowhere/at/all.db",
        "PYTHONPATH": str(REPOSITORY),
    }
    command = [sys.executable, "-m", "flows.local.up", "--prefect-port", str(port), *options]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
    running = Up(folder, port, process, mark)
    running.session.trust_env = False
    try:
        yield running
    finally:
        if process.poll() is None:
            try:
                running.interrupt()
            except subprocess.TimeoutExpired:
                process.kill()
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        running.session.close()
