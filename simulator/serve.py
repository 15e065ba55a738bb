"""Starts the servers on loopback, says so in one line of JSON, and stops when told or when left alone."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from simulator.credentials import MARKETO, SALESFORCE
from simulator.server import CannotStart, Server
from simulator.world import World, create_world

DEFAULT_START = "2026-03-02T09:00:00Z"
_FIRST_YEAR, _LAST_YEAR = 1990, 2090  # a company has years behind it, and goes on
_TICK = 0.25
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="mqlflow simulator", description=__doc__)
    serve = top.add_subparsers(dest="command", required=True).add_parser(
        "serve", help="serve both platforms on 127.0.0.1 until stopped"
    )
    serve.add_argument("--salesforce-port", type=int, default=0, help="0 = any free port")
    serve.add_argument("--marketo-port", type=int, default=0, help="0 = any free port")
    serve.add_argument("--control-port", type=int, default=0, help="0 = any free port")
    serve.add_argument("--people", type=_count, default=5000, help="size of the generated company")
    serve.add_argument("--seed", type=int, default=1, help="the same seed gives the same company")
    serve.add_argument(
        "--start", type=_moment, default=_moment(DEFAULT_START), help="simulated time at start"
    )
    serve.add_argument("--activity-days", type=_count, default=90, help="days of history before the start")
    serve.add_argument("--speed", type=_speed, default=0, help="simulated seconds per second (0: by hand)")
    serve.add_argument(
        "--marketo-rate", type=_count, default=100, help="calls in 20 seconds that Marketo answers"
    )
    serve.add_argument("--leads-csv", type=Path, help="rows to load as Salesforce leads")
    serve.add_argument("--mapping", type=Path, help="which column of the CSV file is which field")
    serve.add_argument("--jwt-public-key", type=Path, help="PEM file: its JWT bearer assertions are accepted")
    serve.add_argument("--parent-pid", type=int, help="stop when this process is gone")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        _serve(options)
    except CannotStart as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass  # told to stop, by Ctrl-C or SIGTERM: that is how it ends
    return 0


def _moment(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no date; write 2026-03-02 or {DEFAULT_START}"
        ) from None
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _speed(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on: time does not go back")
    return found


def _serve(options: argparse.Namespace) -> None:
    if bool(options.leads_csv) != bool(options.mapping):
        raise CannotStart("--leads-csv and --mapping belong together")
    for number in _STOPPING:
        signal.signal(number, signal.default_int_handler)
    servers: list[Server] = []
    try:
        for name in ("salesforce", "marketo", "control"):
            servers.append(Server(name, getattr(options, f"{name}_port")))  # noqa: PERF401 - a taken port ends the loop, and what was opened must be closed
        world = _found(options)
        salesforce, marketo, control = servers
        for server, app in zip(servers, _apps(world, options), strict=True):
            server.start(app)
        print(
            json.dumps(_announcement(world, salesforce.url, marketo.url, f"{control.url}/simulator")),
            flush=True,
        )
        _live(world, options)
    finally:
        for number in _STOPPING:  # a second Ctrl-C must not leave half of them running
            signal.signal(number, signal.SIG_IGN)
        for server in servers:
            server.stop()


def _found(options: argparse.Namespace) -> World:
    """The world with its company, at the start of simulated time."""
    from simulator.company import Company

    world = create_world(options.start, seed=options.seed)
    world.company = Company.found(
        world,
        people=options.people,
        seed=options.seed,
        start=options.start,
        activity_days=options.activity_days,
    )
    if options.leads_csv is not None:
        try:
            world.company.load_csv(options.leads_csv, options.mapping)
        except (OSError, ValueError) as error:
            raise CannotStart(f"cannot load {options.leads_csv} with {options.mapping}: {error}") from None
    return world


def _apps(world: World, options: argparse.Namespace) -> list[ASGIApp]:
    from simulator import control
    from simulator.marketo.app import create_app as marketo_app
    from simulator.marketo.limits import Limits
    from simulator.salesforce.app import create_app as salesforce_app
    from simulator.salesforce.oauth import Keys, UnusableKey

    keys = Keys()
    if options.jwt_public_key is not None:
        try:
            keys.register(options.jwt_public_key.read_text())
        except (OSError, UnusableKey) as error:
            raise CannotStart(f"--jwt-public-key {options.jwt_public_key}: {error}") from None
    limits = Limits(calls_per_window=options.marketo_rate)
    return [salesforce_app(world, keys), marketo_app(world, limits=limits), control.create_app(world, keys)]


def _announcement(world: World, salesforce: str, marketo: str, control: str) -> dict[str, Any]:
    return {
        "salesforce": salesforce,
        "marketo": marketo,
        "control": control,
        "env": {
            "MQLFLOW_SALESFORCE_URL": salesforce,
            "MQLFLOW_SALESFORCE_CLIENT_ID": SALESFORCE.client_id,
            "MQLFLOW_SALESFORCE_CLIENT_SECRET": SALESFORCE.client_secret,
            "MQLFLOW_MARKETO_URL": marketo,
            "MQLFLOW_MARKETO_CLIENT_ID": MARKETO.client_id,
            "MQLFLOW_MARKETO_CLIENT_SECRET": MARKETO.client_secret,
            "MQLFLOW_LIVE_SINCE": world.started_at.isoformat().replace("+00:00", "Z"),
        },
    }


def _live(world: World, options: argparse.Namespace) -> None:
    """Ticks until told to stop: company time, and whether the parent is still there."""
    is_parent = os.getppid() == options.parent_pid
    last = time.monotonic()
    while True:
        time.sleep(_TICK)
        if options.parent_pid is not None and not _alive(options.parent_pid, is_parent):
            return
        now = time.monotonic()
        if options.speed > 0:
            world.advance(options.speed * (now - last))
        last = now


def _alive(pid: int, is_parent: bool) -> bool:
    """A parent that ended may still be listed until somebody asks how; but its children are then another's."""
    if is_parent:
        return os.getppid() == pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
