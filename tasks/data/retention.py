"""Retention: quarantined rows and the raw attributes of activities are kept for a time, and no longer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from ledger import quarantine
from ledger.facts import plain
from ledger.open import Ledger
from ledger.tables.facts import activities
from schemas.vocabulary import Silo
from tasks.run import Run

DAYS_A_MONTH = 30.44
AT_ONCE = 50_000
"""Activities in one transaction: about a second's work."""
KEY = ["platform", "native_key"]


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
    return {"quarantine purged": purged, "attributes blanked": _blank(ledger, run, old)}


def _blank(ledger: Ledger, run: Run, old: datetime) -> int:
    """Blanks raw attributes older than `old`, so many in a transaction: a ledger that is old, or is to keep less from
    now on, has millions of them. What a run does not come to, the next day's does."""
    blanked, last = 0, None
    while last is None or len(last) == AT_ONCE:
        with ledger.read() as connection:
            last = plain.with_attributes(connection, old, limit=AT_ONCE, after=last)
        with ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
            blanked += tx.update(activities, last.with_columns(attributes=pl.lit(None, pl.String)), key=KEY)
    return blanked
