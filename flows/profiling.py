"""`mqlflow profile`: what won customers have in common, and fit points that follow from it."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.settings import SettingsFault, read_settings
from flows.wiring import wired
from ledger.errors import LedgerError
from schemas.playbook.faults import PlaybookFaults

FAILED, WRONG_USAGE = 1, 2


def profile(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the report there as Markdown; into a .yaml file only the proposed fit rules."
        ),
    ] = None,
    all_values: Annotated[bool, typer.Option("--all", help="Show every value that was looked at.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one machine-readable object and nothing else.")
    ] = False,
) -> None:
    """What won customers have more of than everybody else, and the fit points that follow from it."""
    from engine.learning.profile import TooFewWon
    from engine.learning.proposal import fit_rules
    from flows import profile_report as report
    from tasks.profile import client_profile

    try:
        with wired(read_settings(), needs_platforms=False) as wiring:
            found = client_profile(wiring.ledger, wiring.playbook)
    except (SettingsFault, PlaybookFaults, LedgerError, TooFewWon) as fault:
        Console(stderr=True).print(str(fault), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(FAILED if isinstance(fault, TooFewWon) else WRONG_USAGE) from None
    if out is not None:
        is_rules = out.suffix in (".yaml", ".yml")
        text = fit_rules(found.profile.proposed) if is_rules else report.as_markdown(found)
        out.write_text(text or f"# {report.NOTHING}\n", encoding="utf-8")
    if as_json:
        print(json.dumps(report.as_json(found), indent=1))
    else:
        report.show(found, Console(width=max(Console().width, 110), highlight=False), all_values)
