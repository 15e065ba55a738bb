"""`python -m benchmarks`: measures, prints a table, writes JSON. Nothing is asserted about time.

Every phase runs in a process of its own. `--people` are the sizes of the syncs against the simulator; a year and the
midnight runs take the largest of them, Prefect the smallest. `--night` adds larger bases to the midnight runs; one that
would not fit into memory is left out, and says so. `--engine` are the people that the engine alone scores, with twenty
acts each; `--bases` those of the ledgers of which a thousand are touched.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.company import Scene, furnish, with_company
from benchmarks.measure import MB, Result, machine
from benchmarks.show import show
from flows.local.processes import end_children
from flows.local.simulated import SimulatorFault

RESULTS = Path("benchmarks/results")
# The door comes last: its calls would use up the rate limit of the sync after it.
SYNC = ("sync.adopt", "sync.go_live", "sync.after_push", "sync.hour", "sync.quiet", "sync.door")
CONTENDERS = ("engine.duckdb", "engine.lines", "engine.polars")
MIDNIGHT = ("midnight.found", "midnight.night", "midnight.everybody")
NAMES = ("sync", "prefect", "year", "midnight", "engine", "incremental")
KB_A_PERSON = 40
"""Resident memory that a midnight run takes for each person of the base, about."""


class PhaseFailed(Exception):
    """What a phase measured means nothing, nor do the phases that build on it."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: nothing is left running
    console = Console(width=max(Console().width, 150), highlight=False)
    results: list[Result] = []
    failed: list[str] = []
    path = options.json or RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = machine()
    try:
        for result in _measured(options, console, failed):
            results.append(result)
            # Written as it goes: what was measured stays, whatever happens next.
            path.write_text(_document(about, results), encoding="utf-8")
    except KeyboardInterrupt:
        console.print("stopped; what was measured so far:")
    finally:
        end_children()
    show(results, console)
    console.print(", ".join(f"{name} {value}" for name, value in about.items()), markup=False)
    console.print(f"written to {path}", markup=False)
    for failure in failed:
        console.print(failure, style="red", markup=False)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument(
        "--night", type=int, nargs="*", default=[250_000], help="more bases for the midnight run"
    )
    parser.add_argument("--engine", type=int, default=100_000, help="people that the engine alone scores")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs")
    parser.add_argument(
        "--bases",
        type=int,
        nargs="+",
        default=[10_000, 100_000],
        help="ledgers of which a thousand are touched",
    )
    parser.add_argument(
        "--read", type=int, default=20_000, help="people who are read out of a ledger and scored"
    )
    parser.add_argument("--only", choices=NAMES, nargs="+", default=list(NAMES))
    parser.add_argument("--json", type=Path, help=f"where to write; default: a new file in {RESULTS}")
    return parser


def _measured(options: argparse.Namespace, console: Console, failed: list[str]) -> Iterator[Result]:
    for phases in _chosen(options, console):
        try:
            yield from phases
        except (PhaseFailed, SimulatorFault) as failure:
            failed.append(str(failure))


def _chosen(options: argparse.Namespace, console: Console) -> Iterator[Iterator[Result]]:
    sizes = sorted(set(options.people))
    if "sync" in options.only:
        for people in sizes:
            yield _against_simulator(people, SYNC, console)
    if "prefect" in options.only:
        yield _against_simulator(sizes[0], ("prefect.syncs",), console)
    if "year" in options.only:
        yield _alone(sizes[-1], ("year.catch_up",), console)
    if "midnight" in options.only:
        for people in sorted({sizes[-1], *options.night}):
            if people * KB_A_PERSON / 1024 > _free_mb():
                console.print(f"midnight of {people:,}: not enough free memory, left out")
                continue
            yield _alone(people, MIDNIGHT, console)
    if "engine" in options.only:
        yield _contended(options.engine, options.rounds, console)
    if "incremental" in options.only:
        for people in sorted(set(options.bases)):
            yield _alone(people, ("ledger.filled", "ledger.touched"), console)
        yield _alone(options.read, ("ledger.filled_much", "ledger.everybody"), console)


def _contended(people: int, rounds: int, console: Console) -> Iterator[Result]:
    """Round by round, so that a busy minute of the machine is everybody's."""
    from benchmarks.engine_alone import compared

    with _folder() as folder:
        scene = Scene(people, folder)
        yield _phase("engine.files", scene, console)
        ran = [[_phase(name, scene, console) for name in CONTENDERS] for _ in range(rounds)]
        yield from compared(ran, folder)


def _against_simulator(people: int, phases: Sequence[str], console: Console) -> Iterator[Result]:
    with _folder() as folder:
        console.print(f"a company of {people:,} is founded …")
        with with_company(people, folder) as scene:
            for phase in phases:
                yield _phase(phase, scene, console)


def _alone(people: int, phases: Sequence[str], console: Console) -> Iterator[Result]:
    with _folder() as folder:
        for phase in phases:
            yield _phase(phase, Scene(people, folder), console)


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder with the playbook, gone with the block."""
    with tempfile.TemporaryDirectory(prefix="mqlflow-bench-") as name:
        furnish(Path(name))
        yield Path(name)


def _phase(name: str, scene: Scene, console: Console) -> Result:
    told, out = scene.folder / "scene.json", scene.folder / "result.json"
    told.write_text(scene.as_json(), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.worker", name, str(told), str(out)]
    if subprocess.run(command, check=False).returncode != 0:
        raise PhaseFailed(f"{name} at {scene.people:,} failed; its traceback stands above")
    result = Result.from_json(json.loads(out.read_text(encoding="utf-8")))
    seconds = result.steps[-1].seconds
    console.print(
        f"{name} at {scene.people:,}: {seconds:,.2f} s" if seconds else f"{name}: done", markup=False
    )
    return result


def _document(about: dict[str, object], results: Sequence[Result]) -> str:
    found = {"machine": about, "results": [result.as_json() for result in results]}
    return json.dumps(found, indent=1)


def _free_mb() -> float:
    """Memory that a new process may have; where the system doesn't tell, as much as anybody wants."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return float("inf")
    found = [int(line.split()[1]) * 1024 / MB for line in lines if line.startswith("MemAvailable")]
    return found[0] if found else float("inf")


if __name__ == "__main__":
    sys.exit(main())
