"""`mqlflow adjust` and `mqlflow import-intent`: what people hand in beside the platforms."""

import math
import uuid
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.command_line.commands import DAY, AsJson, print_json, with_wiring
from flows.wiring import Wiring
from ledger import lease
from schemas.playbook.scoring import DEFAULT
from tasks.data import handed_in
from tasks.summary import Exit

SHOWN = 20


class Part(StrEnum):
    ENGAGEMENT = "engagement"
    FIT = "fit"


def adjust(
    person: Annotated[str, typer.Argument(help="Ledger key, platform id, or e-mail address.")],
    points: Annotated[int, typer.Option(help="Points to add; negative: to take.")],
    reason: Annotated[str, typer.Option(help="Why; shown wherever the score is explained.")],
    author: Annotated[str, typer.Option(help="Who answers for it.")],
    part: Annotated[Part, typer.Option(help="The part of the score that is adjusted.")] = Part.ENGAGEMENT,
    model: Annotated[str, typer.Option(help="The model whose score is adjusted.")] = DEFAULT,
    expires: Annotated[
        datetime | None, typer.Option(formats=DAY, help="Last day on which it counts; default: for good.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Adjust a person's score by hand, with author, reason and expiry. It counts from the next sync on."""

    def run(wiring: Wiring, _: Console) -> handed_in.Adjusted:
        with lease.acquire(wiring.ledger, "adjust", wait_for=math.inf) as held:
            return handed_in.adjust(
                wiring.ledger,
                held.token,
                wiring.playbook,
                person,
                points=points,
                part=part,
                model=model,
                author=author,
                reason=reason,
                last_day=expires.date() if expires else None,
                key=uuid.uuid4(),
            )

    done = with_wiring(run, needs_platforms=False)
    if as_json:
        print_json(done.as_json())
        return
    span = f" through {expires:%Y-%m-%d}" if expires else ""
    Console(highlight=False).print(
        f"{done.person_key}: {points:+d} points of {part} (model {model}) from the next sync on{span}"
    )


def import_intent(
    file: Annotated[
        Path, typer.Argument(help="CSV with domain, topic, vendor, observed_at and, if known, strength.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take in what a vendor saw companies look for. It counts for the people of those domains from the next sync on."""

    def run(wiring: Wiring, _: Console) -> handed_in.Imported:
        rows, rejected = handed_in.read_intents(file)
        with lease.acquire(wiring.ledger, "import-intent", wait_for=math.inf) as held:
            return handed_in.import_intents(wiring.ledger, held.token, rows, rejected)

    done = with_wiring(run, needs_platforms=False)
    if as_json:
        print_json(done.as_json())
    else:
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"{done.stored} stored, {done.known} known before, {len(done.rejected)} rejected")
        for line, why in done.rejected[:SHOWN]:
            console.print(f"  line {line}: {why}", markup=False)
        if len(done.rejected) > SHOWN:
            console.print(f"  and {len(done.rejected) - SHOWN} more")
    if done.rejected:
        raise typer.Exit(Exit.SOME_REFUSED)
