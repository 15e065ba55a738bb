"""Where outcomes come from, a table or the ledger, with the three things that both can do."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from engine.learning.check import Checked, check, recalibrated
from engine.learning.learn import Learned, learn
from engine.learning.outcomes import Outcome
from engine.learning.table import Unusable
from flows.settings import read_settings
from flows.wiring import wired
from schemas.playbook.scorecard import Calibration, Scorecard
from tasks.learning import verdict_learning
from tasks.learning.handovers import Handovers
from tasks.learning.tables import read_csv


class Source(Protocol):
    """What a scorecard is learned from, checked against and renewed on."""

    def learn(self, keep: list[str], leave_out: list[str]) -> tuple[Learned, Handovers | None]: ...

    def check(self, card: Scorecard, window: int) -> Checked: ...

    def recalibrated(self, card: Scorecard) -> Calibration: ...


@dataclass(frozen=True)
class FromTable:
    """A CSV file, with what the caller says about its columns."""

    path: Path
    label: str | None
    time: str | None
    positive: list[str]
    rules: str | None
    decided: str | None

    def learn(self, keep: list[str], leave_out: list[str]) -> tuple[Learned, None]:
        if not self.label or not self.time:
            raise Unusable("--label and --time are needed: the outcome's column and the time's")
        learned = learn(
            self._frame(),
            self.label,
            self.time,
            positive=self.positive,
            keep=keep,
            leave_out=leave_out,
            rules=self.rules,
            decided=self.decided,
        )
        return learned, None

    def check(self, card: Scorecard, window: int) -> Checked:
        return check(self._frame(), self._meant(card), window)

    def recalibrated(self, card: Scorecard) -> Calibration:
        return recalibrated(self._frame(), self._meant(card))

    def _frame(self) -> pl.DataFrame:
        return read_csv(self.path)

    def _meant(self, card: Scorecard) -> Scorecard:
        """The card, read with another label or time column where the newer table names them otherwise."""
        changed = {"label": self.label, "time": self.time, "positive": self.positive}
        return card.model_copy(update={key: value for key, value in changed.items() if value})


@dataclass(frozen=True)
class FromLedger:
    """The ledger and playbook that the settings name."""

    outcome: Outcome
    since: datetime | None

    def learn(self, keep: list[str], leave_out: list[str]) -> tuple[Learned, Handovers | None]:
        with wired(read_settings(), needs_platforms=False) as w:
            found = verdict_learning.learn_from_verdicts(
                w.ledger, w.playbook, self.outcome, self.since, keep=keep, leave_out=leave_out
            )
        return found.learned, found.handovers

    def check(self, card: Scorecard, window: int) -> Checked:
        with wired(read_settings(), needs_platforms=False) as w:
            return verdict_learning.check_on_verdicts(w.ledger, w.playbook, card, window, self.since)

    def recalibrated(self, card: Scorecard) -> Calibration:
        with wired(read_settings(), needs_platforms=False) as w:
            return verdict_learning.recalibrated_on_verdicts(w.ledger, w.playbook, card, self.since)
