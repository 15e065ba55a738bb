"""Learning, checking and renewing a scorecard on the ledger's own verdicts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

from engine.learning.apply import ColumnsMissing
from engine.learning.check import Checked, check, recalibrated
from engine.learning.learn import Learned, TooFew, learn
from engine.learning.outcomes import Outcome
from engine.learning.table import Unusable
from engine.scoring.card import unknown_columns
from ledger.open import Ledger
from schemas.playbook.load import Playbook
from schemas.playbook.scorecard import Calibration, Scorecard
from tasks.learning.handovers import PRESENT_SCORE, TIME, Handovers, learned_columns, past_handovers


@dataclass(frozen=True)
class FromVerdicts:
    """What was learned, and from which handovers."""

    handovers: Handovers
    learned: Learned


def learn_from_verdicts(
    ledger: Ledger,
    playbook: Playbook,
    outcome: Outcome,
    since: datetime | None = None,
    *,
    keep: list[str] | None = None,
    leave_out: list[str] | None = None,
) -> FromVerdicts:
    """A card whose scores stay within 0–100, judged beside the scores that the handovers had."""
    handovers = past_handovers(ledger, playbook, outcome, since)
    if handovers.frame.is_empty():
        raise TooFew(
            f"no handover has an outcome ({outcome} or not) yet. Nothing was learned, the present rules stay."
        )
    learned = learn(
        handovers.frame,
        outcome,
        TIME,
        keep=keep,
        leave_out=leave_out,
        rules=PRESENT_SCORE if handovers.frame[PRESENT_SCORE].n_unique() > 1 else None,
        in_bounds=True,
    )
    return FromVerdicts(handovers, learned)


def check_on_verdicts(
    ledger: Ledger, playbook: Playbook, card: Scorecard, window: int, since: datetime | None = None
) -> Checked:
    """Predicted against seen on handovers opened after those that the card was calibrated on, or from `since` on."""
    return check(_newer(ledger, playbook, card, since).frame, _as_told(card), window)


def recalibrated_on_verdicts(
    ledger: Ledger, playbook: Playbook, card: Scorecard, since: datetime | None = None
) -> Calibration:
    """The calibration that fits those handovers."""
    return recalibrated(_newer(ledger, playbook, card, since).frame, _as_told(card))


def _newer(ledger: Ledger, playbook: Playbook, card: Scorecard, since: datetime | None) -> Handovers:
    outcome = _outcome_of(card)
    if unknown := unknown_columns(card, learned_columns(playbook)):
        raise ColumnsMissing(
            f"the scorecard reads what the playbook does not have any more: {', '.join(unknown)}; learn anew"
        )
    handovers = past_handovers(ledger, playbook, outcome, since or _until(card))
    if since is None:  # the last row that it was calibrated on is not newer than itself
        handovers = handovers.opened_after(card.calibration.until)
    if handovers.frame.is_empty():
        raise TooFew(f"no handover that began after {since or card.calibration.until} has an outcome yet.")
    return handovers


def _as_told(card: Scorecard) -> Scorecard:
    """The card, with the ledger's own yes and no: that nobody was accepted is no mistake of the caller's."""
    return card.model_copy(update={"positive": []})


def _outcome_of(card: Scorecard) -> Outcome:
    known: tuple[Outcome, ...] = get_args(Outcome)
    for outcome in known:
        if card.label == outcome and card.time == TIME:
            return outcome
    raise Unusable(
        f"the scorecard foresees {card.label!r} by {card.time!r}, which the ledger does not know; "
        "name the table that it is about with --csv"
    )


def _until(card: Scorecard) -> datetime | None:
    """When the last handover that the calibration knows was opened."""
    try:
        return datetime.fromisoformat(card.calibration.until).astimezone(UTC)
    except ValueError:
        return None
