"""Results as one table for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result, Step


def show(results: Sequence[Result], console: Console) -> None:
    """Every step of every result; a process's peak of memory stands in its last line."""
    table = Table(title="benchmarks", title_justify="left", pad_edge=False, header_style="dim")
    for name in ("", "people", "step"):
        table.add_column(name, justify="right" if name == "people" else "left")
    for name in ("seconds", "own CPU", "rows", "per second", "requests", "least", "peak MB"):
        table.add_column(name, justify="right")
    for result in results:
        for number, step in enumerate(result.steps):
            is_first, is_last = number == 0, number == len(result.steps) - 1
            peak = f"{result.peak_mb:,.0f}" if is_last and result.peak_mb is not None else ""
            table.add_row(
                result.benchmark if is_first else "",
                f"{result.people:,}" if is_first else "",
                *_cells(step),
                peak,
                end_section=is_last,
            )
    console.print(table)
    for result in results:
        for step in result.steps:
            if step.note:
                console.print(
                    f"{result.benchmark}, {result.people:,}, {step.name}: {step.note}", markup=False
                )


def _cells(step: Step) -> tuple[str, ...]:
    runs = f" (median of {step.runs})" if step.runs > 1 else ""
    return (
        f"{step.name}{runs}",
        _seconds(step.seconds),
        _seconds(step.cpu),
        "" if step.rows is None else f"{step.rows:,} {step.unit}",
        "" if step.per_second is None else f"{step.per_second:,.0f}",
        "" if step.calls is None else f"{step.calls:,}",
        "" if step.least is None else f"{step.least:,}",
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:,.2f}"
