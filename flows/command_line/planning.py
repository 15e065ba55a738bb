"""`mqlflow plan`: what a changed playbook would move, shown before it is in force."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from flows.command_line.commands import AsJson, print_json, with_wiring
from flows.presentation.terminal import paper, progress_bars, table
from flows.wiring import Wiring
from schemas.playbook.load import load_playbook
from tasks.planning import Plan, plan_scores


def plan(
    changed: Annotated[Path, typer.Argument(help="Folder with the changed playbook.")],
    as_json: AsJson = False,
) -> None:
    """Show what a changed playbook would move in the scores, next to the one in force. Nothing is written."""

    def run(wiring: Wiring, console: Console) -> Plan:
        with progress_bars(console) as bars:
            return plan_scores(wiring.ledger, wiring.playbook, load_playbook(changed), bars)

    found = with_wiring(run, needs_platforms=False)
    if as_json:
        print_json(found.as_json())
    else:
        show(found, paper())


def show(found: Plan, console: Console) -> None:
    """Numbers and ledger keys, no personal values."""
    console.print(
        Text(f"{found.people:,} people at {found.at:%Y-%m-%d %H:%M} UTC; nothing was written", style="bold")
    )
    for model in found.models:
        console.print(
            f"model {model.model}: {model.moved:,} scores would move, {model.pushed:,} by a push step or a grade"
        )
        if model.shift:
            low, first, middle, third, high = model.shift
            console.print(
                f"  by {low:+g} to {high:+g} points, half of them by {first:+g} to {third:+g}, median {middle:+g}"
            )
        if model.by_grade:
            console.print(table("grades", ["from", "to", "people"], model.by_grade[:12]))
        if model.biggest:
            rows = [(key, f"{old:g}", f"{new:g}", f"{new - old:+g}") for key, old, new in model.biggest]
            console.print(table("the biggest moves", ["person", "from", "to", "by"], rows))
    for names, what in ((found.new_models, "new"), (found.gone_models, "no longer there")):
        for name in names:
            console.print(f"model {name}: {what}")
    if found.triggers:
        reached = [(each.trigger, each.holds, each.newly, each.no_longer) for each in found.triggers]
        console.print(
            table("triggers on scores", ["trigger", "would hold for", "newly", "no longer"], reached)
        )
        console.print(
            "A changed rule alone opens no handover: who newly qualifies does so with their next act."
        )
