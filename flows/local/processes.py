"""Child processes that never outlive us: started in a session of their own, ended with all that descends from them."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from flows.local.process_tree import Family

LOOKS_EVERY = 0.1  # s


@contextmanager
def child(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path | None = None,
    errors: Path | None = None,
    grace: float = 15.0,
) -> Iterator[subprocess.Popen[str]]:
    """Runs `command` for the length of the block.

    `log` takes all that it says. Without, the caller can read its standard output, and `errors` takes the rest.
    Ended with SIGINT, as Ctrl-C would; what is left of it and its descendants after `grace` seconds is told again
    with SIGTERM, then killed.
    """
    with ExitStack() as files:
        out = files.enter_context(log.open("w", encoding="utf-8")) if log else subprocess.PIPE
        err = files.enter_context(errors.open("w", encoding="utf-8")) if errors else None
        process = subprocess.Popen(  # noqa: S603 - only commands that this package spells out
            list(command),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if log else err,
            text=True,
            start_new_session=True,
        )
        family = Family(process.pid)
        try:
            yield process
        finally:
            end(family, process.pid, grace, process)
            if process.stdout is not None:
                process.stdout.close()


def end(family: Family, leader: int, grace: float, process: subprocess.Popen[str] | None = None) -> None:
    """Ends a process and its descendants. First the leader's group alone: a worker ends its own children best."""
    family.look()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGINT)
    # Whoever the leader leaves behind has nobody to wait for.
    _wait(family, grace, process, [leader])
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in family.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        _wait(family, grace, process, family.alive())
    if process is not None:
        process.wait()


def _wait(family: Family, grace: float, process: subprocess.Popen[str] | None, whom: Sequence[int]) -> None:
    """Until all of `whom` have ended, or `grace` seconds are over."""
    until = time.monotonic() + grace
    while time.monotonic() < until:
        if process is not None:
            process.poll()  # a child that ended is there until somebody asks
        if not set(whom) & set(family.alive()):
            return
        family.look()
        time.sleep(LOOKS_EVERY)


def end_children(grace: float = 5.0) -> None:
    """Ends whoever descends from this process and was missed by their `child` block; nobody in the ordinary course."""
    family = Family(os.getpid())
    family.look()
    for pid in family.alive():
        if pid != os.getpid():
            end(Family(pid), pid, grace)
