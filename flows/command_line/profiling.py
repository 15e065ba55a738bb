"""`mqlflow profile`: what won customers have in common, and fit points that follow from it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.command_line.commands import AsJson, print_json, with_wiring
from flows.command_line.endings import fail
from flows.presentation.terminal import paper
from flows.wiring import Wiring
from tasks.summary import Exit


def profile(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the report there as Markdown; into a .yaml file only the proposed fit rules."
        ),
    ] = None,
    all_values: Annotated[bool, typer.Option("--all", help="Show every value that was looked at.")] = False,
    as_json: AsJson = False,
) -> None:
    """What won customers have more of than everybody else, and the fit points that follow from it."""
    from engine.learning.profile import TooFewWon
    from engine.learning.proposal import fit_rules
    from flows.presentation import profile_report as report
    from tasks.learning.profile import ClientProfile, client_profile

    def look(wiring: Wiring, _: Console) -> ClientProfile:
        return client_profile(wiring.ledger, wiring.playbook)

    try:
        found = with_wiring(look, needs_platforms=False)
    except TooFewWon as refusal:
        fail(str(refusal), Exit.FAILED)
    if out is not None:
        is_rules = out.suffix in (".yaml", ".yml")
        text = fit_rules(found.profile.proposed) if is_rules else report.as_markdown(found)
        out.write_text(text or f"# {report.NOTHING}\n", encoding="utf-8")
    if as_json:
        print_json(report.as_json(found))
    else:
        report.show(found, paper(110), all_values)
