"""Child processes that never outlive us: started in their own group, ended by their own pid."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def child(
    command: Sequence[str], *, env: Mapping[str, str], log: Path | None = None, grace: float = 15.0
) -> Iterator[subprocess.Popen[str]]:
    """Runs `command` for the length of the block. Without `log` its standard output can be read by the caller.

    Ended with SIGINT, as Ctrl-C would; what is left of its group after `grace` seconds is killed.
    """
    out = log.open("w", encoding="utf-8") if log else subprocess.PIPE
    process = subprocess.Popen(  # noqa: S603 - only commands that this package spells out
        list(command),
        env=dict(env),
        stdout=out,
        stderr=subprocess.STDOUT if log else None,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process, grace)
        if not isinstance(out, int):
            out.close()


def _end(process: subprocess.Popen[str], grace: float) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if not _group_lives(process.pid):
            break
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        _wait(process, grace)
    process.wait()


def _wait(process: subprocess.Popen[str], grace: float) -> None:
    try:
        process.wait(timeout=grace)
    except subprocess.TimeoutExpired:
        return


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
