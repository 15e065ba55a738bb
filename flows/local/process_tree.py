"""Which processes descend from which, so that none outlives the one that answers for it.

A process group is not enough: a Prefect worker gives every flow run a session of its own.
"""

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ledger.processes import Life, life_of, start_of


class Family:
    """A process and everything that was ever seen to descend from it, remembered beyond its parents' end."""

    def __init__(self, pid: int) -> None:
        self._members: dict[int, str] = {pid: start_of(pid) or ""}

    def look(self) -> None:
        """Takes note of children that are new. What is never looked at while its parent lives is never known."""
        children = _children()
        waiting = self.alive()
        while waiting:
            for child in children.get(waiting.pop(), ()):
                if child not in self._members and (start := start_of(child)) is not None:
                    self._members[child] = start
                    waiting.append(child)

    def alive(self) -> list[int]:
        """Numbers of the members that live. A number that another process has by now is not counted."""
        return [pid for pid, start in self._members.items() if start and life_of(pid, start) is Life.ALIVE]


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for pid, parent in _pairs():
        found[parent].append(pid)
    return found


def _pairs() -> Iterator[tuple[int, int]]:
    """(process, parent) of every process of this host."""
    if Path("/proc/self/stat").exists():
        yield from _pairs_on_linux()
    elif ps := shutil.which("ps"):
        told = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [ps, "-axo", "pid=,ppid="], capture_output=True, text=True, check=False
        )
        for line in told.stdout.splitlines():
            pid, parent = line.split()
            yield int(pid), int(parent)


def _pairs_on_linux() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended while we looked
        # The command's name stands in parentheses and may hold any character; state and parent follow it.
        yield int(folder.name), int(stat.rpartition(")")[2].split()[1])
