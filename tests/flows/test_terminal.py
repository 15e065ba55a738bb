"""What stands in a terminal: tables, bars, lines that are wider than it."""

from io import StringIO

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from connectors.ports import Finding
from flows.presentation.screens import show_findings
from flows.presentation.terminal import Bars, table


def test_a_table_shows_what_was_written_as_it_was_written() -> None:
    shown = StringIO()
    said = ["industry ~* '^[a-f]'", "met [bold]them[/c] at the fair", 12_345]
    Console(file=shown, width=120).print(table("rules", ["condition", "reason", "people"], [said]))
    for cell in ("industry ~* '^[a-f]'", "met [bold]them[/c] at the fair", "12,345"):
        assert cell in shown.getvalue()


def test_each_stage_shows_the_time_that_it_took_itself() -> None:
    now, shown = [0.0], StringIO()
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    bars = Bars(Progress(*columns, console=Console(file=shown, width=60), get_time=lambda: now[0]))
    for stage, at in (("people", 24), ("people", 30), ("leads", 32), ("tasks", 37), ("tasks", 38)):
        now[0] = at
        bars.advance(stage, 1)
    now[0] = 90
    bars.finish()
    lines = [line.split() for line in shown.getvalue().splitlines() if line.strip()]
    assert lines == [["people", "0:00:30"], ["leads", "0:00:02"], ["tasks", "0:00:06"]]


FINDING = Finding("marketo activity types", False, "rules for Fill Out LinkedIn Lead Gen Form match nothing",
                  "take them out of platforms.yaml, or ask your administrator")  # fmt: skip


def test_a_terminal_breaks_findings_between_words() -> None:
    shown = StringIO()
    show_findings([FINDING], Console(file=shown, width=40, force_terminal=True, color_system=None))
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    cut = " ".join(line.strip() for line in lines)
    for part in (f"MEND {FINDING.check}: {FINDING.detail}", FINDING.mend):
        assert part in cut


def test_a_file_has_a_finding_in_one_line() -> None:
    shown = StringIO()
    show_findings([FINDING], Console(file=shown, width=40))
    assert shown.getvalue().splitlines()[0] == f"MEND {FINDING.check}: {FINDING.detail}"
