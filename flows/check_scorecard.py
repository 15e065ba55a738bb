"""The `check-scorecard` deployment: every day, does each scorecard still foresee what sales says?"""

from collections.abc import Mapping
from pathlib import Path

from prefect import flow
from prefect.states import Completed, Failed

from engine.learning.apply import ColumnsMissing
from engine.learning.check import Checked
from engine.learning.drift import WINDOW
from engine.learning.learn import TooFew
from engine.learning.table import Unusable
from flows.in_prefect import Run, ended
from flows.presentation import learning_artifacts as artifacts
from flows.presentation.learning_screens import drift_line
from flows.presentation.markdown import leave
from flows.settings import read_settings
from flows.wiring import Wiring, wired
from tasks.learning.tables import SCORECARDS, NoTable, load_scorecard
from tasks.learning.verdict_learning import check_on_verdicts

DRIFT = "scorecard-drift"


@flow(name="check-scorecard", flow_run_name="check scorecards", persist_result=False)
def check_scorecard(scorecard: str = "", window: int = WINDOW) -> Run:
    """Compare the rates that scorecards predicted with those that were seen since, and fail when they part.

    Args:
        scorecard: Path of one card inside the playbook's folder, such as scorecards/accepted.yaml. Empty: every card
            in scorecards/.
        window: Handovers per window. Fewer than there are so far make one window; fewer than 60 prove nothing.
    """

    def work() -> Run:
        settings = read_settings()
        folder = settings.playbook
        paths = [folder / scorecard] if scorecard else sorted((folder / SCORECARDS).glob("*.yaml"))
        if not paths:
            return Completed(message=f"the playbook has no {SCORECARDS}/; `mqlflow learn --ledger` makes one")
        with wired(settings, needs_platforms=False) as wiring:
            told = {path.name: _checked(wiring, path, window) for path in paths}
        return concluded(told)

    return ended(work, (ColumnsMissing, NoTable))


def concluded(told: Mapping[str, Checked | str]) -> Run:
    """Failed if any card has drifted, with a line for each; a text is why nothing can be said of a card yet."""
    lines: list[str] = []
    alarms: list[str] = []
    for name, found in told.items():
        is_alarm = not isinstance(found, str) and found.drifted
        (alarms if is_alarm else lines).append(
            f"{name}: {found if isinstance(found, str) else drift_line(found)}"
        )
    message = "\n".join([*alarms, *lines])
    return Failed(message=message) if alarms else Completed(message=message)


def _checked(wiring: Wiring, path: Path, window: int) -> Checked | str:
    """What was found, left as an artifact; or why nothing can be said.

    Too few new outcomes are no alarm; nor is a card from a table, whose outcomes the ledger does not have.
    """
    try:
        found = check_on_verdicts(wiring.ledger, wiring.playbook, load_scorecard(path), window)
    except (TooFew, Unusable) as refusal:
        return f"not checked: {refusal}"
    leave(f"{DRIFT}-{_key(path)}", artifacts.checked(found), f"Does {path.name} still foresee?")
    return found


def _key(path: Path) -> str:
    """Prefect takes small letters, digits and dashes."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in path.stem.lower())
