"""`mqlflow`: the command line. Each command wires, runs and prints; what it does stands in the module it calls.

With `--json` standard output holds one JSON object and nothing else, however the command ends. A person's mistake
gives one clear line and exit status 2, never a traceback.
"""

import math
import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from connectors.errors import PlatformError
from flows import backfilling, chain
from flows.command_line.commands import DAY, INSTANT, AsJson, print_json, with_wiring
from flows.command_line.endings import Commands, fail
from flows.command_line.handing_in import adjust, import_intent
from flows.command_line.learning import learn, score
from flows.command_line.planning import plan
from flows.command_line.profiling import profile
from flows.presentation import screens
from flows.presentation.terminal import paper, progress_bars
from flows.settings import SettingsFault, read_settings
from flows.wiring import Wiring, wired
from ledger import lease
from ledger.errors import LedgerError
from ledger.open import Ledger
from schemas.playbook.faults import PlaybookFaults
from schemas.vocabulary import Platform, Stream
from tasks import doctor as examination
from tasks import forget as forgetting
from tasks import why as explaining
from tasks.summary import Exit, Summary

app = typer.Typer(
    name="mqlflow",
    cls=Commands,
    help="The handover of leads from marketing to sales, run as code.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def sync(
    as_json: AsJson = False,
    accept_batch: Annotated[
        list[Stream] | None,
        typer.Option(
            metavar="STREAM",
            help=f"Store a stream's batch though too many of its rows are bad. One of: {', '.join(Stream)}.",
        ),
    ] = None,
) -> None:
    """Pull what changed, score, move, assign, push back."""

    def run(wiring: Wiring, console: Console) -> Summary:
        with progress_bars(console) as bars:
            return chain.sync(wiring, bars, accept_batches=accept_batch or [])

    _finish(with_wiring(run), as_json)


@app.command()
def backfill(
    since: Annotated[datetime, typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="First day, UTC.")],
    until: Annotated[
        datetime,
        typer.Option(
            formats=DAY, metavar="YYYY-MM-DD", help="Last day, UTC, included; yesterday at the latest."
        ),
    ],
    platform: Annotated[list[Platform] | None, typer.Option(help="Default: all that are connected.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the past into the ledger and decide it; nothing is assigned or pushed. Run a sync before the first one."""

    def run(wiring: Wiring, console: Console) -> Summary:
        with progress_bars(console) as bars:
            return backfilling.backfill(wiring, since.date(), until.date(), platform or list(Platform), bars)

    _finish(with_wiring(run), as_json)


@app.command()
def why(
    person: Annotated[str, typer.Argument(help="Ledger key, platform id, or e-mail address.")],
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=INSTANT,
            metavar="INSTANT",
            help="Score and conditions at a past instant, UTC, as known then: 2026-03-02 or 2026-03-02T09:00.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Why a person is where they are: score by lines, transitions, cycles, blocks, owner."""

    def run(wiring: Wiring, _: Console) -> explaining.Explanation:
        moment = at.replace(tzinfo=UTC) if at else None
        return explaining.explain(wiring.ledger, wiring.playbook, person, moment)

    explanation = with_wiring(run, needs_platforms=False)
    if as_json:
        print_json(explanation.as_json())
    else:
        screens.show_explanation(explanation, paper())


@app.command()
def forget(
    person: Annotated[str, typer.Argument(help="Ledger key, platform id, or e-mail address.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Blank a person's values in the ledger for good; cycles stay for the figures."""
    if not yes:
        typer.confirm("Blank this person's values in the ledger? This can't be undone", abort=True, err=True)

    def run(wiring: Wiring, _: Console) -> forgetting.Forgotten:
        with lease.acquire(wiring.ledger, "forget", wait_for=math.inf) as held:
            rules = wiring.playbook.scoring.account
            return forgetting.forget(wiring.ledger, held.token, person, rules, chain.wall_clock())

    forgotten = with_wiring(run, needs_platforms=False)
    if as_json:
        print_json(forgotten.as_json())
    else:
        screens.show_forgotten(forgotten, paper())


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the ledger's database to the revision of this version."""
    try:
        with Ledger.open(read_settings().database_url.get_secret_value()) as ledger:
            before = ledger.revision()
            ledger.upgrade()
            after = ledger.revision()
    except (SettingsFault, LedgerError) as fault:
        fail(str(fault), Exit.WRONG_USAGE)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        Console().print(
            f"revision {before or 'none'} → {after}" if before != after else f"at revision {after} already"
        )


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Examine settings, playbook, database, connections, permissions and fields; say how to mend what is wrong."""
    try:
        with wired(read_settings()) as wiring:
            findings = examination.examine(wiring.ledger, wiring.playbook, wiring.sources, wiring.live_since)
    except (SettingsFault, PlaybookFaults, LedgerError, PlatformError) as fault:
        fail(str(fault), Exit.WRONG_USAGE)
    if as_json:
        print_json({"findings": [vars(finding) for finding in findings]})
    else:
        screens.show_findings(findings, paper())
    if not all(finding.ok for finding in findings):
        raise typer.Exit(Exit.WRONG_USAGE)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
    help="Local Salesforce and Marketo servers with a generated company: `mqlflow simulator serve --help`.",
)
def simulator(context: typer.Context) -> None:
    command = [sys.executable, "-m", "simulator", *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and module


app.command()(adjust)
app.command()(import_intent)
app.command()(learn)
app.command()(plan)
app.command()(score)
app.command()(profile)


def main() -> None:
    """Entry point of the `mqlflow` command."""
    app()


def _finish(summary: Summary, as_json: bool) -> None:
    if as_json:
        print_json(summary.as_json())
    else:
        screens.show_summary(summary, paper())
    raise typer.Exit(summary.exit)


if __name__ == "__main__":
    main()
