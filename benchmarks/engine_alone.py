"""The scoring engine alone, from parquet, with lines; beside a bare Polars and a bare DuckDB query for the same totals.

Each contender runs in a process of its own, which tells its peak of memory, too. DuckDB brings a SQLite library along
and must never meet an open ledger: it is imported in its contender's process only.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks import as_files, bare_duckdb, bare_polars
from benchmarks.company import Scene
from benchmarks.measure import Result, Took
from engine.scoring.basis import bases
from engine.scoring.lines import score_lines
from engine.scoring.score import score_at
from schemas.context import Window
from schemas.frames.base import empty
from schemas.frames.facts import Adjustments
from schemas.playbook.load import Playbook, load_playbook
from schemas.playbook.scoring import Model

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACTS_EACH = 20
ENGINE, POLARS, DUCKDB = "engine with lines", "bare Polars", "bare DuckDB"


def files(scene: Scene) -> Result:
    took = Took()
    with took.more():
        acts = as_files.write(scene.folder, scene.people, ACTS_EACH, AT, load_playbook(Path("playbook")))
    result = Result("files", scene.people, details={"activities": acts})
    result.add("written", took.seconds, acts, unit="activities", cpu=took.cpu)
    return result


def of_engine(scene: Scene) -> Result:
    """All results of the default model, and all lines, piece by piece: as many pieces at once as there are processors.

    Lines are handed on and not kept, as a run that stores them would.
    """
    playbook = load_playbook(Path("playbook"))
    pieces = sorted(path.name.removeprefix("people") for path in scene.folder.glob("people-*.parquet"))
    lines: list[int] = []

    def contend(out: Path) -> None:
        with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            found = list(threads.map(lambda piece: _piece(scene.folder, piece, playbook), pieces))
        lines.extend(many for _, many in found)
        pl.concat(scores for scores, _ in found).write_parquet(out)

    result = _contended(ENGINE, scene, contend)
    result.details["lines"] = sum(lines)
    return result


def of_polars(scene: Scene) -> Result:
    model = _model()
    return _contended(
        POLARS, scene, lambda out: bare_polars.scores(scene.folder, model, AT).write_parquet(out)
    )


def of_duckdb(scene: Scene) -> Result:
    import duckdb

    query = bare_duckdb.query(scene.folder, _model(), AT)

    def contend(out: Path) -> None:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet)")

    return _contended(DUCKDB, scene, contend)


def differing(folder: Path) -> int:
    """How many people have another score by one of the contenders than by another."""
    found = [pl.read_parquet(path) for path in sorted(folder.glob("scores-*.parquet"))]
    told = pl.concat(found).group_by("person_key").agg(pl.col("score").n_unique().alias("scores"), pl.len())
    return len(told.filter((pl.col("scores") > 1) | (pl.col("len") != len(found))))


def compared(rounds: Sequence[Sequence[Result]], folder: Path) -> list[Result]:
    """Each contender's medians over the rounds, and how the engine stands to the better of the bare queries."""
    found = [_medians(results) for results in zip(*rounds, strict=True)]
    seconds = {result.benchmark: result.steps[-1] for result in found}
    engine, better = (
        seconds[ENGINE],
        min((seconds[name] for name in (POLARS, DUCKDB)), key=lambda step: step.seconds),
    )
    ratio, of_cpu = (
        engine.seconds / better.seconds,
        engine.cpu / min(seconds[n].cpu for n in (POLARS, DUCKDB)),
    )
    differ = differing(folder)
    said = "every score is the same" if not differ else f"{differ:,} people have DIFFERENT scores"
    engine.note = (
        f"{ratio:.2f} times the seconds of the better bare query, {of_cpu:.2f} times the CPU; {said}"
    )
    for result in found:
        result.details |= {"ratio": ratio, "ratio_of_cpu": of_cpu, "differing": differ}
    return found


def _medians(results: Sequence[Result]) -> Result:
    steps = [result.steps[-1] for result in results]
    seconds, cpu = (median(getattr(step, what) for step in steps) for what in ("seconds", "cpu"))
    first = results[0]
    result = Result(f"{first.benchmark}", first.people, peak_mb=max(each.peak_mb or 0 for each in results))
    result.details = {
        **first.details,
        "seconds": [step.seconds for step in steps],
        "cpu": [step.cpu for step in steps],
    }
    result.add("scored", seconds, first.people, unit="people", cpu=cpu, runs=len(results))
    return result


def _contended(name: str, scene: Scene, contend: Callable[[Path], None]) -> Result:
    """`contend` writes person_key and score to a file, which is part of what is measured."""
    took = Took()
    with took.more():
        contend(scene.folder / f"scores-{name.replace(' ', '-')}.parquet")
    result = Result(name, scene.people)
    result.add("scored", took.seconds, scene.people, unit="people", cpu=took.cpu)
    return result


def _piece(folder: Path, piece: str, playbook: Playbook) -> tuple[pl.DataFrame, int]:
    """The scores of the people of one piece, and how many lines explain them."""
    organisation = playbook.organisation
    window = Window(AT, AT, AT - timedelta(days=1), None, organisation.zone, organisation.late_limit)
    people = pl.read_parquet(folder / f"people{piece}")
    found = bases(
        pl.scan_parquet(folder / f"activities{piece}"),
        pl.read_parquet(folder / f"states{piece}"),
        pl.read_parquet(folder / f"verdicts{piece}"),
        empty(Adjustments),
        playbook.models[:1],
        organisation.zone,
        since=AT,
    )
    scored = score_at(people, found, window)
    lines = score_lines(people, found[0], window, listed=0)
    return scored.select("person_key", "score"), len(lines)


def _model() -> Model:
    return load_playbook(Path("playbook")).models[0]
