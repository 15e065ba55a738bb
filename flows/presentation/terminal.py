"""What a person sees in a terminal: progress bars while it works, tables when it is done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text


def paper(least: int = 100) -> Console:
    """Standard output as wide as the terminal is; in a file or pipe wide enough for every table."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, least)
    return console


class Bars:
    """Progress of the stages as bars; a stage whose total is unknown counts up.

    A stage's time runs from the last row of the stage before to its own last row.
    """

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._latest, self._told_at = "", bars.get_time()

    def advance(self, stage: str, rows: int, total: int | None = None) -> None:
        if not self._tasks:
            self._bars.start()  # not before: a run that is refused at once says one line and nothing else
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
            self._task(stage).start_time = self._told_at
        if self._latest not in ("", stage):
            self._task(self._latest).stop_time = self._told_at
        self._task(stage).stop_time = None
        if total is None:
            self._bars.update(self._tasks[stage], advance=rows)
        else:
            self._bars.update(self._tasks[stage], advance=rows, total=total)
        self._latest, self._told_at = stage, self._bars.get_time()

    def say(self, message: str) -> None:
        self._bars.console.print(message, markup=False, highlight=False)

    def finish(self) -> None:
        """Bars without a known total are full now."""
        if self._latest:
            self._task(self._latest).stop_time = self._told_at
        for task in self._bars.tasks:
            if task.total is None:
                self._bars.update(task.id, total=task.completed)
        if self._tasks:
            self._bars.stop()

    def _task(self, stage: str) -> Task:
        return next(task for task in self._bars.tasks if task.id == self._tasks[stage])


@contextmanager
def progress_bars(console: Console) -> Iterator[Bars]:
    """Bars on `console` for the length of a block; on something that is no terminal, nothing is drawn twice."""
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    shown = Bars(Progress(*columns, console=console, transient=False))
    try:
        yield shown
    finally:
        shown.finish()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose numbers stand to the right; without a header where no column has a name.

    Cells are shown as they are: what people wrote, and the brackets of a rule's pattern, are no markup.
    """
    body = [list(row) for row in rows]
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        pad_edge=False,
        show_header=any(columns),
    )
    for number, column in enumerate(columns):
        is_number = bool(body) and all(isinstance(row[number], int | float) for row in body)
        made.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in body:
        made.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    return made


def counted(counts: Mapping[str, int]) -> str:
    """`3 applied, 1 rejected`; `nothing` where all is zero."""
    parts = [f"{n:,} {name}" for name, n in counts.items() if n]
    return ", ".join(parts) or "nothing"
