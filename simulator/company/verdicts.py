"""What a rep thinks of a handover: accept or reject and why, and what comes of an accepted one.

The shares are those that companies report: of all MQLs 40 to 60 % are accepted, of those 30 to 50 % become an
opportunity, of those 20 to 30 % are won.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from simulator.company.dice import Weighted
from simulator.company.handover import Handover
from simulator.company.names import COMPETITOR_DOMAINS
from simulator.company.past import RECYCLE_REASONS, REJECT_REASONS
from simulator.company.people import worth

UNTOUCHED = 0.09  # of handovers nobody ever gets to, besides those of idle reps
_ACCEPT_LEAST, _ACCEPT_BY_WORTH, _ACCEPT_HAND_RAISE = 0.42, 0.28, 0.12
_STUDENT = re.compile(r"\b(student|intern|internship)\b", re.IGNORECASE)
_OUTCOMES = Weighted(
    [
        ("opportunity", 32),
        ("opportunity_later", 9),
        ("converted", 5),
        ("recycled", 34),
        ("rejected", 4),
        ("nothing", 16),
    ]
)
WIN_RATE = 0.25
RENEWAL_RATE = 0.85


@dataclass(frozen=True, slots=True)
class Verdict:
    accepted: bool
    reason: str | None = None


def first_verdict(handover: Handover, rng: Random) -> Verdict:
    """Junk is seen as what it is; of the rest, the better it suits, the likelier it is taken."""
    junk = _junk(handover, rng)
    if junk is not None:
        return Verdict(False, junk)
    suits = worth(handover.person) if handover.person is not None else 0.5
    chance = _ACCEPT_LEAST + _ACCEPT_BY_WORTH * suits + (_ACCEPT_HAND_RAISE if handover.is_hand_raise else 0)
    if rng.random() < chance:
        return Verdict(True)
    return Verdict(False, REJECT_REASONS.draw(rng))


def _junk(handover: Handover, rng: Random) -> str | None:
    record = handover.lead or handover.contact or {}
    if _STUDENT.search(handover.title) and not handover.title.lower().startswith("student services"):
        return "Student"
    if str(record.get("Email") or "").endswith(COMPETITOR_DOMAINS):
        return "Competitor"
    person = handover.person
    if person is not None and person.channel == "job" and rng.random() < 0.8:
        return "Job Seeker"
    if (
        person is not None
        and person.firm is not None
        and person.firm.standing == "customer"
        and rng.random() < 0.3
    ):
        return "Existing Customer"
    return "Spam" if str(record.get("LastName") or "").lower() in ("test", "asdf") else None


def outcome(rng: Random) -> str:
    """What comes of an accepted handover in the end."""
    return _OUTCOMES.draw(rng)


def recycle_reason(rng: Random) -> str:
    return RECYCLE_REASONS.draw(rng)
