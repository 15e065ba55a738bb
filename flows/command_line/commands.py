"""What all commands share: wiring, one line for a person's mistake, JSON on standard output."""

import json
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from connectors.errors import PlatformError
from flows.backfilling import NoSuchRange
from flows.command_line.endings import fail
from flows.settings import SettingsFault, read_settings
from flows.wiring import Wiring, wired
from ledger.errors import LeaseHeld, LeaseLost, LedgerError
from schemas.playbook.faults import PlaybookFaults
from tasks.data.handed_in import Refused
from tasks.find import Unknown
from tasks.learning.tables import NoTable
from tasks.run import NothingAnswers
from tasks.summary import Exit

AsJson = Annotated[bool, typer.Option("--json", help="Print one machine-readable object and nothing else.")]
DAY = ["%Y-%m-%d"]
INSTANT = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", *DAY]
MISTAKES = (SettingsFault, PlaybookFaults, LedgerError, Unknown, NoSuchRange, Refused, NoTable)

T = TypeVar("T")


def with_wiring(work: Callable[[Wiring, Console], T], *, needs_platforms: bool = True) -> T:
    """Runs `work` with everything wired, and turns what a person can mend into one line and an exit status."""
    try:
        with wired(read_settings(), needs_platforms=needs_platforms) as wiring:
            return work(wiring, Console(stderr=True))
    except (LeaseHeld, LeaseLost) as held:
        fail(str(held), Exit.LEASE_HELD)
    except NothingAnswers as silence:
        fail(str(silence), Exit.FAILED)
    except PlatformError as error:
        fail(str(error), Exit.FAILED if error.is_passing else Exit.WRONG_USAGE)
    except MISTAKES as fault:
        fail(str(fault), Exit.WRONG_USAGE)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, default=str))
