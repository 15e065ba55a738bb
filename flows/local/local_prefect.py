"""A Prefect of our own: server, pool, deployments and worker on this machine, apart from the user's own Prefect."""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

import requests
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_fixed

from flows.local.processes import child

POOL = "mqlflow"
ONLINE = {"any_": ["ONLINE"]}
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
LOOKS_EVERY = 0.3  # s
SERVICE_UNAVAILABLE = 503
STARTS_WITHIN = 240.0  # s; ten on an idle machine, many more on a busy one


class StartFault(Exception):
    """Something did not start. The message says which log tells why."""


def environment(folder: Path, port: int) -> dict[str, str]:
    """The environment of everything Prefect that we start.

    What the user has set for another Prefect is left out, as its profiles are by a home of our own: a key or an
    address in there would lead our runs elsewhere. Nothing is reported to anybody, by the server or by its pages.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    past_proxies = ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"]))
    return inherited | {
        "PREFECT_HOME": str(folder.resolve()),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # The new pages ask an analytics host from the browser, the old ones nobody.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "5",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_CLI_COLORS": "false",
        "NO_PROXY": past_proxies,
        "no_proxy": past_proxies,
        "PWD": str(Path.cwd()),  # prefect.yaml's pull step names it
    }


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "prefect", *words]


def server(port: int) -> list[str]:
    return command("server", "start", "--host", "127.0.0.1", "--port", str(port))


def worker() -> list[str]:
    return command("worker", "start", "--pool", POOL, "--type", "process", "--name", "mqlflow")


def deploy(env: Mapping[str, str], log: Path) -> None:
    """Deploys everything in prefect.yaml of the working directory."""
    with child(command("--no-prompt", "deploy", "--all"), env=env, log=log) as deploying:
        if deploying.wait(STARTS_WITHIN) != 0:
            raise StartFault(f"the deployments of prefect.yaml were refused; see {log}")


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, requests.HTTPError) and error.response.status_code == SERVICE_UNAVAILABLE


class Api:
    """The few calls that are needed of Prefect's API; importing Prefect for them would take seconds."""

    def __init__(self, port: int) -> None:
        self.ui = f"http://127.0.0.1:{port}"
        self._session = requests.Session()
        self._session.trust_env = False

    @retry(
        retry=retry_if_exception(_is_busy), stop=stop_after_attempt(10), wait=wait_fixed(0.5), reraise=True
    )
    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call's answer. A server whose SQLite file is locked says 503 and has done nothing."""
        answer = self._session.request(method, f"{self.ui}/api/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def wait_until_healthy(self, process: Popen[str], log: Path) -> None:
        self._wait("the Prefect server", process, log, lambda: bool(self.call("GET", "health")))

    def wait_until_working(self, process: Popen[str], log: Path) -> None:
        """Until the worker has told the server that it is there."""
        path = f"work_pools/{POOL}/workers/filter"
        self._wait(
            "the worker", process, log, lambda: bool(self.call("POST", path, {"workers": {"status": ONLINE}}))
        )

    def make_pool(self) -> None:
        """The pool that the deployments name; its worker fills in how a run is started."""
        self.call("POST", "work_pools/", {"name": POOL, "type": "process"})

    def deployment(self, name: str) -> str:
        """Id of a deployment, by flow and name: `sync/sync`."""
        return str(self.call("GET", f"deployments/name/{name}")["id"])

    def start(self, deployment: str) -> str:
        """Starts a deployment now; id of the run."""
        return str(self.call("POST", f"deployments/{deployment}/create_flow_run", {})["id"])

    def state(self, run: str) -> dict[str, Any]:
        """How a run stands: `type`, `name`, `message`."""
        return dict(self.call("GET", f"flow_runs/{run}")["state"])

    def _wait(self, what: str, process: Popen[str], log: Path, is_ready: Any) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            if process.poll() is not None:
                raise StartFault(f"{what} ended while it started; see {log}")
            with suppress(requests.RequestException):  # not yet
                if is_ready():
                    return
            time.sleep(LOOKS_EVERY)
        raise StartFault(f"{what} was not ready after {STARTS_WITHIN:.0f} s; see {log}")
