"""`mqlflow learn` and `mqlflow score`: a scorecard from a table or from the ledger's verdicts, checked and renewed,
and a table scored by it.

scikit-learn takes a second to import, so everything that needs it is imported inside the commands: `mqlflow sync`
must not wait for what it never uses.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from flows.command_line.commands import AsJson, print_json
from flows.command_line.endings import fail
from flows.presentation.terminal import paper
from flows.settings import SettingsFault
from ledger.errors import LedgerError
from schemas.playbook.faults import PlaybookFaults
from tasks.summary import Exit

if TYPE_CHECKING:
    from flows.command_line.learning_sources import Source

CARD = Path("scorecard.yaml")


def learn(
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Learn from a table with a header, UTF-8.")
    ] = None,
    from_ledger: Annotated[
        bool, typer.Option("--ledger", help="Learn from the handovers in the ledger and what sales said.")
    ] = False,
    outcome: Annotated[
        Literal["accepted", "won"], typer.Option(help="With --ledger: what the card shall foresee.")
    ] = "accepted",
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="With --ledger: only handovers opened from this day on, UTC."
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="With --csv: column with the outcome.")] = None,
    time: Annotated[
        str | None, typer.Option(help="With --csv: column with the time, numbers that rise or ISO dates.")
    ] = None,
    positive: Annotated[
        list[str] | None, typer.Option(help="Value of the label that is the outcome.")
    ] = None,
    rules: Annotated[
        str | None, typer.Option(help="Column with the present score or grade, to compare.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="Read this column though the leak guard flags it.")
    ] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="Don't read this column.")] = None,
    decided: Annotated[
        str | None, typer.Option(help="Column with the verdict's date, for the leak guard.")
    ] = None,
    out: Annotated[
        Path,
        typer.Option(help="Where the scorecard is written; in the playbook's folder a model can name it."),
    ] = CARD,
    check: Annotated[
        Path | None, typer.Option(help="Check this scorecard on newer rows; learn nothing.")
    ] = None,
    recalibrate: Annotated[
        Path | None, typer.Option(help="Renew this scorecard's probabilities on newer rows; points stay.")
    ] = None,
    window: Annotated[int, typer.Option(help="Rows per window of a check.", min=60)] = 400,
    as_json: AsJson = False,
) -> None:
    """Learn a scorecard from past outcomes, in a table or in the ledger, or check or recalibrate one."""
    from engine.learning.apply import ColumnsMissing
    from engine.learning.learn import TooFew
    from engine.learning.table import Unusable
    from flows.command_line.learning_sources import FromLedger, FromTable
    from flows.presentation import learning_screens as screens
    from tasks.learning import tables as files

    if check and recalibrate:
        fail("--check looks and --recalibrate writes: name one of them", Exit.WRONG_USAGE)
    source: Source
    if csv is not None and not from_ledger:
        if since:
            fail("--since is for --ledger; leave rows out of the table instead", Exit.WRONG_USAGE)
        source = FromTable(csv, label, time, positive or [], rules, decided)
    elif from_ledger and csv is None:
        if any((label, time, positive, rules, decided)):
            fail(
                "--label, --time, --positive, --rules and --decided are for a table (--csv)", Exit.WRONG_USAGE
            )
        source = FromLedger(outcome, since.replace(tzinfo=UTC) if since else None)
    else:
        fail(
            "name where the outcomes are: --csv FILE for a table, or --ledger for the ledger",
            Exit.WRONG_USAGE,
        )
    console = paper()
    try:
        if recalibrate:
            card = files.load_scorecard(recalibrate)
            calibration = source.recalibrated(card)
            files.write_calibration(recalibrate, calibration)
            _show(
                calibration.model_dump(),
                as_json,
                lambda: screens.recalibrated(card, calibration, recalibrate, console),
            )
        elif check:
            found = source.check(files.load_scorecard(check), window)
            _show(screens.check_json(found), as_json, lambda: screens.checked(found, console))
            if found.drifted:
                raise typer.Exit(Exit.FAILED)
        else:
            result, handovers = source.learn(keep or [], leave_out or [])
            files.write_scorecard(result.card, out)
            _show(
                screens.learned_json(result, out, handovers),
                as_json,
                lambda: screens.learned(result, out, console, handovers),
            )
    except TooFew as refusal:
        fail(str(refusal), Exit.FAILED)
    except (Unusable, ColumnsMissing, files.NoTable, PlaybookFaults, SettingsFault, LedgerError) as fault:
        fail(str(fault), Exit.WRONG_USAGE)


def score(
    csv: Annotated[Path, typer.Option("--csv", help="A table with a header, UTF-8.")],
    scorecard: Annotated[Path, typer.Option(help="The scorecard to score with.")] = CARD,
    out: Annotated[
        Path | None, typer.Option(help="Where the scored table is written; default: standard output.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Put before the names of the added columns.")] = "",
) -> None:
    """Add score, probability and the strongest reasons to each row of a table."""
    from engine.learning.apply import ADDED, ColumnsMissing, scored
    from tasks.learning import tables as files

    try:
        frame = files.read_csv(csv)
        card = files.load_scorecard(scorecard)
        if taken := [prefix + name for name in ADDED if prefix + name in frame.columns]:
            fail(f"{csv} has {', '.join(taken)} already; choose other names with --prefix", Exit.WRONG_USAGE)
        table = scored(frame, card, prefix)
    except (files.NoTable, PlaybookFaults, ColumnsMissing) as fault:
        fail(str(fault), Exit.WRONG_USAGE)
    if out:
        table.write_csv(out)
        Console(stderr=True).print(f"{table.height} rows scored into {out}", markup=False, highlight=False)
    else:
        sys.stdout.write(table.write_csv())


def _show(value: Any, as_json: bool, on_screen: Any) -> None:
    if as_json:
        print_json(value)
    else:
        on_screen()
