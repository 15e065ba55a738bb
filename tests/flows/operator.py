"""Somebody who runs mqlflow against a simulator: real sockets, a real ledger, a playbook of their own.

`run` calls the command line inside this process, which is the quick way; `command` and `start` make processes of it.
Everything that was ever said is kept: `leaks` finds addresses and secrets in it.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from typer.testing import CliRunner

from flows.command_line.app import app
from ledger.open import Ledger
from tests.simulator_process import Simulator, start_simulator

REPOSITORY = Path(__file__).parents[2]
# The simulated subscription serves nobody else, and tests can't wait for the courtesy of half its rate.
HASTE = {
    "calls_per_20_seconds: 50": "calls_per_20_seconds: 100",
    "people_since: 2023-01-01": "people_since: 2025-09-01",
}
EMPTY: Mapping[str, str] = {}
ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+\.\w+")


@dataclass
class Ran:
    """How a command ended. `data` is its JSON object, if it printed one."""

    status: int
    out: str
    errors: str

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.out))

    @property
    def said(self) -> str:
        return self.out + self.errors


@dataclass
class Operator:
    """Runs `mqlflow` in a folder of its own: playbook, ledger, environment."""

    folder: Path
    simulator: Simulator
    env: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    mortal: subprocess.Popen[str] | None = None

    @classmethod
    def at(
        cls, folder: Path, simulator: Simulator, database_url: str | None = None, *, live: bool = True
    ) -> "Operator":
        playbook = folder / "playbook"
        shutil.copytree(REPOSITORY / "playbook", playbook)
        operator = cls(folder, simulator)
        for old, new in HASTE.items():
            operator.edit("platforms.yaml", old, new)
        operator.env = {
            **simulator.env,
            "MQLFLOW_PLAYBOOK": str(playbook),
            "MQLFLOW_DATABASE_URL": database_url or f"sqlite:///{folder / 'ledger.db'}",
            "MQLFLOW_PATIENCE": "60",
        }
        if not live:
            operator.go_silent()
        return operator

    def go_silent(self) -> None:
        self.env.pop("MQLFLOW_LIVE_SINCE", None)

    def go_live(self, since: str | None = None) -> None:
        """Writes from now on, or from another moment on."""
        self.env["MQLFLOW_LIVE_SINCE"] = since or self.simulator.now()

    def edit(self, file: str, old: str, new: str) -> None:
        """Changes a text in a playbook file."""
        path = self.folder / "playbook" / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    # Running it

    def run(self, *arguments: str, **env: str) -> Ran:
        """One `mqlflow` command inside this process, to its end. What it does not catch is raised here."""
        theirs = {name: None for name in os.environ if name.startswith("MQLFLOW_")}
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(
                app, list(arguments), env={**theirs, **self.env, **env}, catch_exceptions=False
            )
        return self._heard(Ran(done.exit_code, done.stdout, done.stderr))

    def sync(self, *arguments: str, **env: str) -> Ran:
        """One sync inside this process. Whatever it did, no row of any stream may be lost."""
        ran = self.run("sync", "--json", *arguments, **env)
        for streams in ran.data.get("pulled", {}).values():
            for stream, n in streams.items():
                assert n["pulled"] == n["stored"] + n["quarantined"] + n["duplicates"], f"{stream} {n}"
        return ran

    def command(self, *arguments: str, **env: str) -> Ran:
        """One `mqlflow` command as a process, to its end."""
        process = self.start(*arguments, env=env)
        out, errors = process.communicate(timeout=240)
        return self._heard(Ran(process.returncode, out, errors))

    def die(self, point: str) -> None:
        """A sync in a process that is killed at exactly this point; see `tests.flows.dying`."""
        if self.mortal is None:
            self.mortal = self.start(module="tests.flows.dying", stdin=subprocess.PIPE, stderr=None)
        assert self.mortal.stdin is not None
        assert self.mortal.stdout is not None
        print(point, file=self.mortal.stdin, flush=True)
        assert int(self.mortal.stdout.readline()) == -signal.SIGKILL, f"the sync never came to {point!r}"

    def start(
        self,
        *arguments: str,
        module: str = "flows.command_line",
        env: Mapping[str, str] = EMPTY,
        **streams: Any,
    ) -> subprocess.Popen[str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("MQLFLOW_")}
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env={**mine, **self.env, **env, "PYTHONPATH": str(REPOSITORY)},
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    def kill_sync_when(self, is_time: Callable[[], bool], timeout: float = 90) -> bool:
        """Starts a sync and kills it (SIGKILL) as soon as a look at ledger or platforms says so.

        False if it ended before.
        """
        process = self.start("sync", "--json")
        until = time.monotonic() + timeout
        while process.poll() is None and time.monotonic() < until:
            if is_time():
                os.kill(process.pid, signal.SIGKILL)
                break
            time.sleep(0.01)
        out, errors = process.communicate(timeout=240)
        self._heard(Ran(process.returncode, out, errors))
        return process.returncode == -signal.SIGKILL

    # Looking

    def ledger(self) -> Ledger:
        return Ledger.open(self.env["MQLFLOW_DATABASE_URL"])

    def query(self, sql: str, **values: Any) -> pl.DataFrame:
        """A reading of the ledger, as a frame."""
        with self.ledger() as ledger, ledger.read() as connection:
            result = connection.execute(sa.text(sql), values)
            return pl.DataFrame(
                result.fetchall(), schema=list(result.keys()), orient="row", infer_schema_length=None
            )

    def person(self, platform: str, native_id: str | int) -> str:
        """The ledger key of the person who has this record."""
        found = self.query(
            "SELECT person_key FROM records WHERE platform = :platform AND native_id = :id",
            platform=platform,
            id=str(native_id),
        )
        assert found.height, f"the ledger has no {platform} record {native_id}"
        return str(found.item())

    def leaks(self) -> list[str]:
        """E-mail addresses and secrets in what was said so far, and in what the runs' rows say."""
        rows = self.query("SELECT message, playbook FROM runs") if self._has_ledger() else pl.DataFrame()
        texts = [*self.heard, *(str(row) for row in rows.rows())]
        secrets = [value for name, value in self.env.items() if name.endswith("_SECRET")]
        found = [address for text in texts for address in ADDRESS.findall(text)]
        return found + [f"<{secret[:2]}…>" for secret in secrets for text in texts if secret in text]

    def _has_ledger(self) -> bool:
        url = self.env["MQLFLOW_DATABASE_URL"]
        return not url.startswith("sqlite") or Path(url.removeprefix("sqlite:///")).exists()

    def _heard(self, ran: Ran) -> Ran:
        self.heard += [ran.out, ran.errors]
        return ran


@contextlib.contextmanager
def at_work(
    folder: Path,
    database_url: str | None = None,
    *,
    people: int = 200,
    seed: int = 7,
    live: bool = True,
    **options: Any,
) -> Iterator[Operator]:
    """An operator with a simulated company of their own; at the end nothing personal or secret may have been said."""
    with start_simulator(people=people, seed=seed, **{"marketo_rate": 10_000, **options}) as simulator:
        operator = Operator.at(folder, simulator, database_url, live=live)
        try:
            yield operator
        finally:
            if operator.mortal is not None:
                operator.mortal.communicate()
        assert operator.leaks() == []
