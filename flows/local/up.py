"""`make up`: Prefect with its pages, a simulated company whose clock ticks, and every deployment, until Ctrl-C.

All of it is new at each start and lives in `.mqlflow/up` of the working directory. The user's own Prefect, ledger and
settings are not touched.
"""

import argparse
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from subprocess import Popen
from types import FrameType

import requests
from rich.console import Console

from flows.local import local_prefect, up_folder
from flows.local.local_prefect import ENDED, Api, StartFault
from flows.local.processes import child, end_children
from flows.local.simulated import Simulated, SimulatorFault, simulator

FOLDER = Path(".mqlflow/up")
LOOKS_EVERY = 1.0  # s
STOPPED, FAILED, WRONG_USAGE = 0, 1, 2  # as every command ends


class Refusal(Exception):
    """It can't be started like this; the message says what to do."""


class Ended(Exception):
    """A part of it ended by itself."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        with ExitStack() as house:
            try:
                _live(options, console, house)
            except KeyboardInterrupt:
                console.print("\nstopping …")
                raise
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return STOPPED
    except (Refusal, up_folder.AlreadyUp) as refusal:
        console.print(str(refusal), markup=False)
        return WRONG_USAGE
    except (Ended, StartFault, SimulatorFault) as fault:
        console.print(str(fault), markup=False)
        return FAILED
    except requests.RequestException as fault:
        console.print(
            f"Prefect's server or the simulator refused a call: {fault}; see {FOLDER}/*.log", markup=False
        )
        return FAILED
    finally:
        end_children()
    return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flows.local.up", description=__doc__)
    parser.add_argument("--people", type=int, default=5000, help="size of the generated company")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same company")
    parser.add_argument("--speed", type=float, default=60, help="simulated seconds per second")
    parser.add_argument("--prefect-port", type=int, default=4200, help="port of Prefect's server and pages")
    return parser


def _interrupt(sign: int, _: FrameType | None) -> None:
    """The first signal stops everything; a second one must not disturb the stopping."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: None)
    raise KeyboardInterrupt


def _live(options: argparse.Namespace, console: Console, house: ExitStack) -> None:
    if not Path("prefect.yaml").exists():
        raise Refusal("There is no prefect.yaml here; start it in the repository's folder.")
    folder = house.enter_context(up_folder.held(FOLDER))
    _check_free(options.prefect_port)
    logs = {name: folder / f"{name}.log" for name in ("prefect-server", "simulator", "deploy", "worker")}
    env = local_prefect.environment(folder / "prefect", options.prefect_port)
    api = Api(options.prefect_port)

    console.print(f"starting Prefect, and a company of {options.people:,} people …")
    server = house.enter_context(
        child(local_prefect.server(options.prefect_port), env=env, log=logs["prefect-server"])
    )
    up_folder.note(folder, server.pid)
    asked = ("people", "seed", "speed")
    company = house.enter_context(
        simulator(
            *(word for name in asked for word in (f"--{name}", str(getattr(options, name)))),
            log=logs["simulator"],
        )
    )
    api.wait_until_healthy(server, logs["prefect-server"])

    console.print("deploying what prefect.yaml names, starting a worker …")
    settings = company.env | {"MQLFLOW_DATABASE_URL": f"sqlite:///{folder.resolve() / 'ledger.db'}"}
    _write_settings(folder / "env", settings)
    api.make_pool()
    worker = house.enter_context(child(local_prefect.worker(), env=env | settings, log=logs["worker"]))
    up_folder.note(folder, server.pid, worker.pid)
    local_prefect.deploy(env, logs["deploy"])
    api.wait_until_working(worker, logs["worker"])
    first = api.start(api.deployment("sync/sync"))
    _show(console, api, company, folder, first, options.speed)
    _watch(
        console,
        api,
        first,
        {"Prefect's server": (server, logs["prefect-server"]), "The worker": (worker, logs["worker"])},
    )


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refusal(
                f"Port {port} is taken; stop what listens there, or name another: "
                f"make up ARGS='--prefect-port {port + 1}'"
            ) from None


def _write_settings(path: Path, settings: dict[str, str]) -> None:
    """What connects a command to this company and ledger, for a shell to read."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def _show(console: Console, api: Api, company: Simulated, folder: Path, first: str, speed: float) -> None:
    places = (
        ("Prefect", api.ui, "runs, deployments, artifacts"),
        ("Salesforce", company.salesforce, "simulated"),
        ("Marketo", company.marketo, "simulated"),
        ("Control", company.control, "the simulator's clock, faults, planted truth"),
        ("Ledger", str(folder / "ledger.db"), "SQLite"),
        ("Logs", str(folder / "*.log"), "what each part says"),
    )
    wide = max(len(place) for _, place, _ in places) + 3
    console.print()
    for name, place, what in places:
        console.print(f"[bold]{name:<13}[/bold]{place:<{wide}}[dim]{what}[/dim]")
    backfill = f"{api.ui}/deployments/deployment/{api.deployment('backfill/backfill')}/run"
    console.print(
        "\nA first sync was started; from now on there is one every five minutes."
        f"\nThe company's clock stood at {company.now():%Y-%m-%d %H:%M} UTC just now; "
        f"it runs {speed:g} times as fast as ours."
        "\n\n[bold]What to do next[/bold]"
        "\n  watch the first sync, see what it left behind"
        f"\n      {api.ui}/runs/flow-run/{first}"
        "\n  bring in the past with a form; the company has a history of 90 days"
        f"\n      {backfill}"
        "\n  use the same ledger on the command line"
        f"\n      set -a; . {folder}/env; set +a; .venv/bin/mqlflow doctor"
        "\n\nCtrl-C stops all of it.\n"
    )


def _watch(console: Console, api: Api, first: str, parts: dict[str, tuple[Popen[str], Path]]) -> None:
    """Until interrupted, or a part ends. Tells how the first sync ended."""
    is_told = False
    while True:
        for name, (process, log) in parts.items():
            if process.poll() is not None:
                raise Ended(f"{name} ended by itself; see {log}. Everything else was stopped.")
        with suppress(requests.RequestException):  # busy; there is time to ask again
            if not is_told and (state := api.state(first))["type"] in ENDED:
                console.print(f"The first sync has ended. {state['name']}: {state['message']}", markup=False)
                is_told = True
        time.sleep(LOOKS_EVERY)


if __name__ == "__main__":
    sys.exit(main())
