"""What people hand in beside the platforms: adjustments of scores, and intent data about companies.

It is stored at once and becomes a fact of the next run, learned at its `as_of`: so no decision is made outside a run,
and the order of runs is the order of what was known.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from ledger.facts import schedule
from ledger.frames import among, fetch
from ledger.tables.facts import adjustments, intents, people, records
from ledger.unit_of_work import UnitOfWork
from schemas.frames import facts as frames
from schemas.frames.base import UTC, dtypes

INTENT = {
    "intent_key": pl.String,
    "domain": pl.String,
    "topic": pl.String,
    "strength": pl.Float64,
    "vendor": pl.String,
    "occurred_at": UTC,
    "learned_at": UTC,
}
_NAMESPACE = uuid.UUID("3b1c2f5e-6f0a-5c6e-9d5b-0c4c7a0f7a11")


def add_adjustment(tx: UnitOfWork, row: pl.DataFrame) -> int:
    """One adjustment: frames.facts.Adjustments without `at`."""
    return tx.insert_new(adjustments, row)


def add_intents(tx: UnitOfWork, rows: pl.DataFrame) -> int:
    """Rows of schemas.frames.door.Intents; how many of them were not known yet."""
    keys = [
        str(uuid.uuid5(_NAMESPACE, "\0".join(map(str, row))))
        for row in rows.select("domain", "topic", "vendor", "occurred_at", "strength").iter_rows()
    ]
    keyed = rows.with_columns(pl.Series("intent_key", keys, dtype=pl.String))
    return tx.insert_new(intents, keyed.unique("intent_key", keep="first", maintain_order=True))


def take_in(tx: UnitOfWork, as_of: datetime) -> int:
    """What waits becomes known at `as_of`, and whom it is about becomes due; how many rows that were.

    An observation that is younger than the run waits for a later one, like everything else.
    """
    seen = (intents.c.learned_at.is_(None), intents.c.occurred_at <= as_of)
    adjusted = list(
        tx.connection.scalars(sa.select(adjustments.c.person_key).where(adjustments.c.at.is_(None)))
    )
    domains = list(tx.connection.scalars(sa.select(intents.c.domain).where(*seen)))
    if not adjusted and not domains:
        return 0
    living = sa.select(sa.func.coalesce(people.c.merged_into, people.c.person_key).label("person_key"))
    theirs = fetch(
        tx.connection, living.where(among(people.c.person_key, adjusted)), {"person_key": pl.String}
    )
    of_domains = sa.select(records.c.person_key).where(
        among(records.c.email_domain, set(domains)), records.c.person_key.is_not(None)
    )
    found = fetch(tx.connection, of_domains.distinct(), {"person_key": pl.String})
    tx.execute(sa.update(adjustments).where(adjustments.c.at.is_(None)).values(at=as_of))
    tx.execute(sa.update(intents).where(*seen).values(learned_at=as_of))
    schedule.mark_due(tx, pl.concat([theirs, found])["person_key"])
    return len(adjusted) + len(domains)


def read_adjustments(
    connection: sa.Connection, person_keys: Iterable[str], known_by: datetime
) -> pl.DataFrame:
    """frames.facts.Adjustments of living people, those of people merged into them included."""
    living = sa.func.coalesce(people.c.merged_into, people.c.person_key)
    names = [adjustments.c[name] for name in dtypes(frames.Adjustments) if name != "person_key"]
    chosen = (
        sa.select(*names, living.label("person_key"))
        .select_from(adjustments.join(people, people.c.person_key == adjustments.c.person_key))
        .where(among(living, person_keys), adjustments.c.at <= known_by)
    )
    return fetch(connection, chosen, frames.Adjustments).sort("at", "adjustment_key")


def read_intents(connection: sa.Connection, domains: Iterable[str], known_by: datetime) -> pl.DataFrame:
    """What is known of these business domains: columns `INTENT`, oldest first."""
    chosen = sa.select(*(intents.c[name] for name in INTENT)).where(
        among(intents.c.domain, set(domains)), intents.c.learned_at <= known_by
    )
    return fetch(connection, chosen, INTENT).sort("occurred_at", "intent_key")
