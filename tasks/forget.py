"""Forgetting a person on request."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ledger import erasure, runs
from ledger import forget as forgetting
from ledger.decisions import read as decisions
from ledger.lease_token import LeaseToken
from ledger.open import Ledger
from schemas.playbook.scoring import DEFAULT, AccountScore
from schemas.vocabulary import Silo
from tasks.find import Unknown, one_person
from tasks.record import record_account_scores


@dataclass(frozen=True)
class Forgotten:
    """What was blanked, and where the person still stands: somebody must delete those records there."""

    person_key: str
    still_held: tuple[forgetting.Held, ...]
    shares_address_with: tuple[str, ...]
    cycles_closed: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def forget(
    ledger: Ledger, token: LeaseToken, text: str, account: AccountScore | None, now: datetime
) -> Forgotten:
    """Blanks a person's values for good; a later pull does not bring them back.

    `account`: the playbook's rules, by which the person's account is scored anew without them.
    """
    with ledger.read() as connection:
        key = one_person(connection, text)
        at = runs.last_as_of(connection) or now
        accounts = decisions.read_accounts_of(connection, [key], DEFAULT)
    secret = ledger.secret(erasure.KEY)
    with ledger.begin(token) as tx:
        done = forgetting.forget(tx, key, secret, at)
        if account is not None:
            with tx.silo(Silo.SCORING):
                record_account_scores(tx, accounts, account, at)
    ledger.scrub()
    if done is None:
        raise Unknown(f"{key} is not in the ledger")
    return Forgotten(done.person_key, done.held, done.others, done.cycles_closed)
