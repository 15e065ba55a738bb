"""How a command ends that can't do what it was asked: one line on standard error, and the exit status that fits.

With `--json` the same stands on standard output as one object, `{"error": …, "exit": …}`, so that a program finds an
object there however the command ends.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.exceptions import TyperException

from tasks.summary import Exit

INTERRUPTED = 130
"""What shells take for Ctrl-C."""


class Failure(Exception):
    """A command can't go on. The message is for the person who called it: what, where, what to do."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


class Commands(TyperGroup):
    """The commands, with one way to end for those that failed. A traceback stands for a fault of the code alone."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        words = list(sys.argv[1:] if args is None else args)
        try:
            status = super().main(
                words or ["--help"], prog_name, complete_var, False, windows_expand_args, **extra
            )
        except Failure as failure:
            status = _say(str(failure), failure.status, words)
        except TyperException as wrong:
            status = _say(_usage(wrong), Exit.WRONG_USAGE, words)
        except typer.Abort:
            status = _say(
                "not confirmed, so nothing was changed; --yes does not ask", Exit.WRONG_USAGE, words
            )
        except OSError as fault:
            where = fault.filename2 or fault.filename
            if where is None:
                raise
            status = _say(f"{where}: {fault.strerror}", Exit.WRONG_USAGE, words)
        else:
            if status == INTERRUPTED:
                _say("interrupted; the next run goes on from what was stored", INTERRUPTED, words)
            elif not words:
                status = Exit.WRONG_USAGE
        sys.exit(status or Exit.DONE)


def fail(message: str, status: int) -> NoReturn:
    """Ends the command with this line."""
    raise Failure(message, status)


def _say(message: str, status: int, words: Sequence[str]) -> int:
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)
    if "--json" in words:
        print(json.dumps({"error": message, "exit": int(status)}, indent=1))
    return status


def _usage(wrong: TyperException) -> str:
    """`backfill: Missing option '--until'. (mqlflow backfill --help)`."""
    told = " ".join(wrong.format_message().replace("Value error, ", "").split())
    command = getattr(getattr(wrong, "ctx", None), "info_name", None)
    is_known = command is not None and getattr(wrong.ctx, "parent", None) is not None  # type: ignore[attr-defined]
    return f"{command}: {told} (mqlflow {command} --help)" if is_known else f"{told} (mqlflow --help)"
