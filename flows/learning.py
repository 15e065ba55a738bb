"""`mqlflow learn` and `mqlflow score`: a scorecard from a table, checked and renewed, and a table scored by it.

scikit-learn takes a second to import, so everything that needs it is imported inside the commands: `mqlflow sync`
must not wait for what it never uses.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from schemas.playbook.faults import PlaybookFaults

FAILED, WRONG_USAGE = 1, 2
CARD = Path("scorecard.yaml")
Table = Annotated[Path, typer.Option("--csv", help="A table with a header, UTF-8.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one machine-readable object and nothing else.")]


def learn(
    csv: Table,
    label: Annotated[str | None, typer.Option(help="Column with the outcome.")] = None,
    time: Annotated[
        str | None, typer.Option(help="Column with the time: numbers that rise, or ISO dates.")
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
    out: Annotated[Path, typer.Option(help="Where the scorecard is written.")] = CARD,
    check: Annotated[
        Path | None, typer.Option(help="Check this scorecard on newer rows; learn nothing.")
    ] = None,
    recalibrate: Annotated[
        Path | None, typer.Option(help="Renew this scorecard's probabilities on newer rows; points stay.")
    ] = None,
    window: Annotated[int, typer.Option(help="Rows per window of a check.", min=60)] = 400,
    as_json: AsJson = False,
) -> None:
    """Learn a scorecard from past rows with known outcome, or check or recalibrate one."""
    from engine.learning.apply import ColumnsMissing
    from engine.learning.check import check as checked
    from engine.learning.check import recalibrated
    from engine.learning.learn import TooFew
    from engine.learning.learn import learn as learned
    from engine.learning.table import Unusable
    from flows import learning_screens as screens
    from tasks import learning as files

    console = Console(soft_wrap=True, highlight=False)
    try:
        if check and recalibrate:
            _fail("--check looks and --recalibrate writes: name one of them", WRONG_USAGE)
        frame = files.read_csv(csv)
        if check or recalibrate:
            path = check or recalibrate
            assert path is not None
            card = _meant(files.load_scorecard(path), label, time, positive)
        if recalibrate:
            calibration = recalibrated(frame, card)
            files.write_calibration(recalibrate, calibration)
            _show(
                calibration.model_dump(),
                as_json,
                lambda: screens.recalibrated(card, calibration, recalibrate, console),
            )
            return
        if check:
            found = checked(frame, card, window)
            _show(screens.check_json(found), as_json, lambda: screens.checked(found, console))
            if found.drifted:
                raise typer.Exit(FAILED)
            return
        if not label or not time:
            _fail("--label and --time are needed: the outcome's column and the time's", WRONG_USAGE)
        result = learned(
            frame,
            label,
            time,
            positive=positive,
            keep=keep,
            leave_out=leave_out,
            rules=rules,
            decided=decided,
        )
        files.write_scorecard(result.card, out)
        _show(screens.learned_json(result, out), as_json, lambda: screens.learned(result, out, console))
    except TooFew as refusal:
        _fail(str(refusal), FAILED)
    except (Unusable, ColumnsMissing, files.NoTable, PlaybookFaults) as fault:
        _fail(str(fault), WRONG_USAGE)


def score(
    csv: Table,
    scorecard: Annotated[Path, typer.Option(help="The scorecard to score with.")] = CARD,
    out: Annotated[
        Path | None, typer.Option(help="Where the scored table is written; default: standard output.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Put before the names of the added columns.")] = "",
) -> None:
    """Add score, probability and the strongest reasons to each row of a table."""
    from engine.learning.apply import ADDED, ColumnsMissing, scored
    from tasks import learning as files

    try:
        frame = files.read_csv(csv)
        card = files.load_scorecard(scorecard)
        if taken := [prefix + name for name in ADDED if prefix + name in frame.columns]:
            _fail(f"{csv} has {', '.join(taken)} already; choose other names with --prefix", WRONG_USAGE)
        table = scored(frame, card, prefix)
    except (files.NoTable, PlaybookFaults, ColumnsMissing) as fault:
        _fail(str(fault), WRONG_USAGE)
    if out:
        table.write_csv(out)
        Console(stderr=True).print(f"{table.height} rows scored into {out}", markup=False, highlight=False)
    else:
        sys.stdout.write(table.write_csv())


def _meant(card: Any, label: str | None, time: str | None, positive: list[str] | None) -> Any:
    """The card, read with another label or time column where the newer table names them otherwise."""
    changed = {"label": label, "time": time, "positive": positive}
    return card.model_copy(update={key: value for key, value in changed.items() if value})


def _show(value: Any, as_json: bool, on_screen: Any) -> None:
    if as_json:
        print(json.dumps(value, indent=1, default=str))
    else:
        on_screen()


def _fail(message: str, status: int) -> NoReturn:
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(status)
