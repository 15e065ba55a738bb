"""The `learn` deployment: a scorecard from the ledger's verdicts, started by hand, left for people to review."""

import re
from datetime import UTC, date, datetime, time
from typing import Literal

from prefect import flow
from prefect.states import Completed

from engine.learning.learn import TooFew
from engine.learning.table import Unusable
from flows.in_prefect import Run, ended
from flows.presentation import learning_artifacts as artifacts
from flows.presentation.markdown import leave
from flows.settings import SettingsFault, read_settings
from flows.wiring import wired
from tasks.learning.tables import SCORECARDS, write_scorecard
from tasks.learning.verdict_learning import learn_from_verdicts

LEARNED = "scorecard"


@flow(name="learn", flow_run_name="learn {outcome}", persist_result=False)
def learn(outcome: Literal["accepted", "won"] = "accepted", since: date | None = None, name: str = "") -> Run:
    """Learn a scorecard from past handovers and what sales said of them. Nothing is put in force by it.

    Args:
        outcome: What the card shall foresee: that sales accepts a handover, or that its opportunity is won.
        since: Only handovers that were opened from this day on, UTC. Empty: all.
        name: The card is written to scorecards/NAME.yaml in the playbook's folder; a file that is there is never
            overwritten. Empty: the outcome and the day of the last decision.
    """

    def work() -> Run:
        settings = read_settings()
        with wired(settings, needs_platforms=False) as wiring:
            opened = datetime.combine(since, time(0), UTC) if since else None
            found = learn_from_verdicts(wiring.ledger, wiring.playbook, outcome, opened)
        chosen = name or f"{outcome}-{found.handovers.as_of:%Y-%m-%d}"
        if not re.fullmatch(r"[\w-]+", chosen):
            raise SettingsFault(f"the name {chosen!r} must be of letters, digits, - and _")
        path = settings.playbook / SCORECARDS / f"{chosen}.yaml"
        if path.exists():
            raise SettingsFault(
                f"{SCORECARDS}/{path.name} is there already and may be in force: choose another name, or delete it"
            )
        write_scorecard(found.learned.card, path)
        told = artifacts.learned(found.learned, found.handovers, path, path.read_text(encoding="utf-8"))
        leave(LEARNED, told, f"A scorecard for {outcome}")
        n = len(found.handovers.frame)
        return Completed(
            message=f"{SCORECARDS}/{path.name} learned from {n:,} handovers; nothing is in force"
        )

    return ended(work, (TooFew, Unusable))
