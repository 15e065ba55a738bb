"""After all streams: who is who, what sales said, and who is to be decided.

Works on the news, i.e. on what was stored since facts were last settled and has happened by `as_of`. Whatever the order
in which streams and pages came, the same rows give the same people, verdicts and marks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from engine.data import identity
from engine.data.keys import fact_key
from ledger.facts import identities, news, schedule, touched
from ledger.facts.news import Subject
from ledger.open import Ledger
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.playbook.data import Data
from schemas.playbook.load import Playbook
from schemas.playbook.platforms import Platforms
from schemas.vocabulary import Platform, Silo
from tasks.removals import apply_removals
from tasks.run import Run
from tasks.verdicts import find_verdicts


@dataclass(frozen=True)
class Settled:
    """How many people are new, were merged, are gone; how many verdicts are new; how many were marked due."""

    new_people: int = 0
    merged: int = 0
    gone: int = 0
    verdicts: int = 0
    due: int = 0


def settle(ledger: Ledger, run: Run, playbook: Playbook) -> Settled:
    """The stage: settles the facts in one transaction of the data silo."""
    with ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
        return settle_facts(tx, run.as_of, playbook.platforms, playbook.data)


def settle_facts(tx: UnitOfWork, as_of: datetime, settings: Platforms, data: Data) -> Settled:
    """Settles everything that has happened by `as_of`, in the caller's transaction and data silo."""
    if news.ripe(tx.connection, as_of).is_empty():
        return Settled()
    apply_removals(tx, as_of, native_sync=settings.native_sync)
    told = _by_subject(news.ripe(tx.connection, as_of))
    resolved = _settle_identities(tx, told, data, as_of)
    found = find_verdicts(tx, told, settings.statuses, as_of)
    due = _due(tx.connection, told, found)
    schedule.mark_due(tx, due)
    news.settle(tx, as_of)
    return Settled(resolved.new_people, resolved.merged, resolved.gone, len(found), len(due))


def _by_subject(told: pl.DataFrame) -> dict[tuple[Subject, Platform], pl.DataFrame]:
    return {
        (Subject(subject), Platform(platform)): rows
        for (subject, platform), rows in told.group_by(["subject", "platform"], maintain_order=True)
    }


def _settle_identities(
    tx: UnitOfWork, told: dict[tuple[Subject, Platform], pl.DataFrame], data: Data, as_of: datetime
) -> Settled:
    links = [rows for (subject, _), rows in told.items() if subject is Subject.LINKS]
    if not links:
        return Settled()
    nodes = identities.neighbourhood(tx.connection, pl.concat(links))
    result = identity.resolve(nodes.filter(pl.col("created_at") <= as_of), data.role_addresses, as_of)
    merged = result.merges
    is_gone = result.people.filter("is_gone")
    known = identities.gone(tx.connection, is_gone["person_key"])
    newly = is_gone.filter(~pl.col("person_key").is_in(known.to_list()))
    removed = pl.concat(
        [
            merged.select("person_key", "into_person_key", "occurred_at"),
            newly.select(
                "person_key",
                pl.lit(None, pl.String).alias("into_person_key"),
                pl.min_horizontal("gone_at", pl.lit(as_of, UTC)).alias("occurred_at"),
            ),
        ]
    )
    keys = [fact_key("removal", key, into or "") for key, into, _ in removed.iter_rows()]
    entered = identities.write(
        tx,
        result.identities,
        merged,
        result.people,
        result.duplicates,
        removed.with_columns(pl.Series("fact_key", keys, dtype=pl.String)),
        as_of,
    )
    return Settled(new_people=len(entered), merged=len(merged), gone=len(newly))


def _due(
    connection: sa.Connection, told: dict[tuple[Subject, Platform], pl.DataFrame], found: pl.DataFrame
) -> pl.Series:
    """People who have news. A person is due for a verdict on whichever record it was said."""
    found_people = [
        _FINDERS[subject](connection, platform, rows["native_id"].unique())
        for (subject, platform), rows in told.items()
        if subject in _FINDERS
    ]
    found_people += [
        touched.by_records(connection, Platform(platform), rows["native_id"].unique())
        for (platform,), rows in found.group_by(["platform"])
    ]
    return pl.concat([pl.Series("person_key", [], dtype=pl.String), *found_people]).unique().sort()


Finder = Callable[[sa.Connection, Platform, pl.Series], pl.Series]
_FINDERS: dict[Subject, Finder] = {
    Subject.LINKS: touched.by_records,
    Subject.RECORD: touched.by_records,
    Subject.ACTIVITY: touched.by_records,
    Subject.MQL_RECORD: touched.by_mql_records,
    Subject.ROLE: touched.by_opportunities,
    Subject.OPPORTUNITY: touched.by_opportunities,
    Subject.ACCOUNT: touched.by_accounts,
}
