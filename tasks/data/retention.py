"""Retention: quarantined rows and the raw attributes of activities are kept for a time, and no longer."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from ledger import quarantine
from ledger.open import Ledger
from ledger.tables.facts import activities
from schemas.vocabulary import Silo
from tasks.run import Run

DAYS_A_MONTH = 30.44


@dataclass(frozen=True)
class Retention:
    """For how long: settings MQLFLOW_QUARANTINE_DAYS and MQLFLOW_RETENTION_MONTHS."""

    quarantine_days: int
    attribute_months: int


def retire(ledger: Ledger, run: Run, retention: Retention) -> dict[str, int]:
    """Once a day of the platforms' time: removes old quarantine and blanks old raw attributes; how many rows.

    Of what rules read only `answers` go with them; everything else that they read of an activity stays.
    """
    if run.last_as_of is not None and run.last_as_of.date() == run.as_of.date():
        return {}
    old = run.as_of - timedelta(days=retention.attribute_months * DAYS_A_MONTH)
    with ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
        purged = quarantine.purge(tx, run.as_of, timedelta(days=retention.quarantine_days))
        blanked = tx.execute(
            sa.update(activities)
            .where(activities.c.occurred_at < old, activities.c.attributes.is_not(None))
            .values(attributes=None)
        )
    return {"quarantine purged": purged, "attributes blanked": blanked}
