"""Measurements as values: steps with seconds and rows, peak memory, what the machine is."""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any

MB = 1024 * 1024


@dataclass
class Step:
    """One line of the result. `seconds`: the median where `runs` is more than one. `cpu`: seconds of our own process.

    `rows` of `unit` went through it. `calls`: requests that the platform counted; `least`: as few as it could do with.
    """

    name: str
    seconds: float | None = None
    cpu: float | None = None
    rows: int | None = None
    unit: str = "rows"
    runs: int = 1
    calls: int | None = None
    least: int | None = None
    note: str = ""

    @property
    def per_second(self) -> float | None:
        return self.rows / self.seconds if self.rows is not None and self.seconds else None


@dataclass
class Result:
    """What one benchmark at one size found. `peak_mb`: resident memory of its process at the worst moment."""

    benchmark: str
    people: int
    steps: list[Step] = field(default_factory=list)
    peak_mb: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, seconds: float | None = None, rows: int | None = None, **more: Any) -> None:
        self.steps.append(Step(name, seconds, rows=rows, **more))

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "steps": [{**asdict(step), "per_second": step.per_second} for step in self.steps],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Result":
        steps = [
            Step(**{name: value for name, value in step.items() if name != "per_second"})
            for step in found["steps"]
        ]
        return cls(found["benchmark"], found["people"], steps, found["peak_mb"], dict(found["details"]))


@dataclass
class Took:
    """Wall and processor seconds, added up, and over how many calls."""

    seconds: float = 0.0
    cpu: float = 0.0
    calls: int = 0

    @contextmanager
    def more(self) -> Iterator[None]:
        """The block's time is added."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu
            self.calls += 1


class StageClock:
    """Wraps the chain's stages, as `flows.chain` lets one, and adds up what each took."""

    def __init__(self) -> None:
        self.took: dict[str, Took] = {}

    def __call__(self, stage: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(stage)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self.took.setdefault(stage_name(stage, args), Took()).more():
                return stage(*args, **kwargs)

        return run

    @property
    def seconds(self) -> float:
        return sum(took.seconds for took in self.took.values())

    @property
    def calls(self) -> int:
        return sum(took.calls for took in self.took.values())


def stage_name(stage: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """`pull marketo`, `score`: as the stage's Prefect task would be named."""
    platforms = [str(arg.platform) for arg in args if isinstance(getattr(arg, "platform", None), str)]
    return " ".join([stage.__name__.replace("_", " "), *platforms])


def peak_mb() -> float:
    """Peak resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MB if sys.platform == "darwin" else peak / 1024


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "processors": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        "model": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("polars", "pandera", "prefect", "sqlalchemy")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
