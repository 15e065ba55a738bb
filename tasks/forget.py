"""Forgetting a person on request."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ledger import erasure, runs
from ledger import forget as forgetting
from ledger.lease_token import LeaseToken
from ledger.open import Ledger
from tasks.find import Unknown, one_person


@dataclass(frozen=True)
class Forgotten:
    """What was blanked, and where the person still stands: somebody must delete those records there."""

    person_key: str
    still_held: tuple[forgetting.Held, ...]
    shares_address_with: tuple[str, ...]
    cycles_closed: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def forget(ledger: Ledger, token: LeaseToken, text: str, now: datetime) -> Forgotten:
    """Blanks a person's values for good; a later pull does not bring them back."""
    with ledger.read() as connection:
        key = one_person(connection, text)
        at = runs.last_as_of(connection) or now
    secret = ledger.secret(erasure.KEY)
    with ledger.begin(token) as tx:
        done = forgetting.forget(tx, key, secret, at)
    if done is None:
        raise Unknown(f"{key} is not in the ledger")
    return Forgotten(done.person_key, done.held, done.others, done.cycles_closed)
