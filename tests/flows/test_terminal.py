"""What stands in a terminal's tables."""

from io import StringIO

from rich.console import Console

from flows.presentation.terminal import table


def test_a_table_shows_what_was_written_as_it_was_written() -> None:
    shown = StringIO()
    said = ["industry ~* '^[a-f]'", "met [bold]them[/c] at the fair", 12_345]
    Console(file=shown, width=120).print(table("rules", ["condition", "reason", "people"], [said]))
    for cell in ("industry ~* '^[a-f]'", "met [bold]them[/c] at the fair", "12,345"):
        assert cell in shown.getvalue()
