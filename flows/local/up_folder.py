"""The folder of `make up`: held by one at a time, emptied at every start, freed of what a killed one left running."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from flows.local.process_tree import Family
from flows.local.processes import end
from ledger.processes import Life, life_of, start_of

LOCK, STARTED = "lock", "started.json"


class AlreadyUp(Exception):
    """Another one runs in this folder."""


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, empty, for the length of the block. The lock goes with its process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(
                f"It already runs in {folder} ({_holder(lock)}); stop that one with Ctrl-C first."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _end_leftovers(folder)
        _empty(folder)
        yield folder


def note(folder: Path, *pids: int) -> None:
    """Writes down who was started, for the case that nobody is there to stop them."""
    started = {pid: start_of(pid) for pid in pids}
    (folder / STARTED).write_text(json.dumps(started), encoding="ascii")


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    pid = lock.read().strip()
    return f"process {pid}" if pid else "another process"


def _end_leftovers(folder: Path) -> None:
    with suppress(FileNotFoundError, ValueError):
        started: dict[str, str] = json.loads((folder / STARTED).read_text(encoding="ascii"))
        for pid, start in started.items():
            if start and life_of(int(pid), start) is Life.ALIVE:
                end(Family(int(pid)), int(pid), grace=10)


def _empty(folder: Path) -> None:
    """A company that is generated anew knows nothing of an earlier one's ledger, nor do earlier runs of it."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
