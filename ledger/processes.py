"""Which process this is, and whether another one on this host still lives.

A number alone doesn't say it: numbers are used again. A process is its number and the moment it started, which
Linux counts in ticks since the boot; the boot's id keeps two boots apart.
"""

import os
import shutil
import socket
import subprocess
from enum import Enum
from pathlib import Path

_STATE, _START = 0, 19  # places in /proc/PID/stat behind the command's name
_ENDED = ("Z", "X")  # a zombie has ended, only its parent hasn't noticed


class Life(Enum):
    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"  # this system doesn't tell


def host_name() -> str:
    return socket.gethostname()


def start_of(pid: int) -> str | None:
    """When the process started, as text to be compared; None if it doesn't live, "" if the system doesn't tell."""
    if Path("/proc/self/stat").exists():
        return _start_on_linux(pid)
    if ps := shutil.which("ps"):
        told = subprocess.run(  # noqa: S603  our own arguments, no shell
            [ps, "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return told.stdout.strip() or None
    return ""


def life_of(pid: int, start: str) -> Life:
    """Whether the process that had this number and this start lives."""
    present = start_of(pid)
    if present is None:
        return Life.DEAD
    if not present or not start:
        return Life.UNKNOWN
    return Life.ALIVE if present == start else Life.DEAD


def this_process() -> tuple[str, int, str]:
    """Host, number and start of the process that asks."""
    pid = os.getpid()
    return host_name(), pid, start_of(pid) or ""


def _start_on_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return ""
    # The command's name stands in parentheses and may hold any character, a parenthesis too.
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE] in _ENDED:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{boot.read_text().strip() if boot.exists() else ''}/{fields[_START]}"
