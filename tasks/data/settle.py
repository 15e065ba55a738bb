"""After all streams: who is who, what sales said, and who is to be decided.

Works on the news, i.e. on what was stored since facts were last settled and has happened by `as_of`. Whatever the order
in which streams and pages came, and however the news are split, the same rows give the same people, verdicts and marks.

Three passes, each in short transactions, so that the first run of a large organisation holds nobody up and needs little
memory. Removals come first, since a record that was merged away joins others. Then who is who, for whole
neighbourhoods of records. At last what else the news tell, which needs to know whose a record is. Each pass leaves to
the next run what it did not come to: also what a sync stored, and then died, while a backfill had given the ledger away
between two transactions.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, dataclass
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
from schemas.frames.identity import RECORD
from schemas.playbook.data import Data
from schemas.playbook.load import Playbook
from schemas.playbook.platforms import Platforms
from schemas.vocabulary import Platform, Silo
from tasks.data.removals import apply_removals
from tasks.data.verdicts import find_verdicts
from tasks.run import Shift

AT_ONCE = 20_000
"""News in one transaction: about a second's work."""

Turn = Callable[[], AbstractContextManager[tuple[UnitOfWork, datetime]]]
"""A transaction of the data silo, and the run's moment in it."""


@dataclass(frozen=True)
class Settled:
    """How many people are new, were merged, are gone; how many verdicts are new; how many others became due."""

    new_people: int = 0
    merged: int = 0
    gone: int = 0
    verdicts: int = 0
    due: int = 0

    def __add__(self, more: "Settled") -> "Settled":
        return Settled(*(one + other for one, other in zip(astuple(self), astuple(more), strict=True)))


def settle(ledger: Ledger, shift: Shift, playbook: Playbook) -> Settled:
    """The stage. `shift`: the run, in which the ledger is held for one transaction, or for all of them."""

    @contextmanager
    def turn() -> Iterator[tuple[UnitOfWork, datetime]]:
        with shift() as run, ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
            yield tx, run.as_of

    return settle_facts(turn, playbook.platforms, playbook.data, AT_ONCE)


def settle_facts(turn: Turn, settings: Platforms, data: Data, at_once: int) -> Settled:
    """Settles everything that has happened by the run's moment, so many news in a transaction."""
    _remove_arrived(turn, settings, at_once)
    _remove(turn, settings, at_once)
    return _resolve(turn, data, at_once) + _hear(turn, settings, at_once)


def _remove_arrived(turn: Turn, settings: Platforms, at_once: int) -> None:
    """Records that arrive after their removal was told, or show other links: they stay news, of whose they are."""
    told: pl.DataFrame | None = None
    while told is None or len(told) == at_once:
        with turn() as (tx, as_of):
            told = news.ripe(tx.connection, as_of, Subject.LINKS, limit=at_once, after=told)
            apply_removals(tx, told, as_of, native_sync=settings.native_sync)


def _remove(turn: Turn, settings: Platforms, at_once: int) -> None:
    while True:
        with turn() as (tx, as_of):
            told = news.ripe(tx.connection, as_of, Subject.REMOVAL, limit=at_once)
            if told.is_empty():
                return
            apply_removals(tx, told, as_of, native_sync=settings.native_sync)
            news.settle(tx, told, as_of, Subject.REMOVAL)


def _resolve(turn: Turn, data: Data, at_once: int) -> Settled:
    """Whose the records are: those in a batch of news, with all that hangs together with them."""
    done = Settled()
    while True:
        with turn() as (tx, as_of):
            links = news.ripe(tx.connection, as_of, Subject.LINKS, limit=at_once)
            if links.is_empty():
                return done
            nodes = identities.neighbourhood(tx.connection, links)
            done += _settle_identities(tx, nodes, data, as_of)
            records = [frame.select(RECORD) for frame in (links, nodes)]
            news.mark_resolved(tx, pl.concat(records).unique(), as_of)


def _hear(turn: Turn, settings: Platforms, at_once: int) -> Settled:
    """What sales said and who is to be decided, now that it is known whose each record is."""
    done = Settled()
    while True:
        with turn() as (tx, as_of):
            batch = news.ripe(tx.connection, as_of, limit=at_once)
            if batch.is_empty():
                return done
            told = _by_subject(batch)
            found = find_verdicts(tx, told, settings.statuses, as_of)
            marked = schedule.mark_due(tx, _due(tx.connection, told, found))
            news.settle(tx, batch, as_of)
            done += Settled(verdicts=len(found), due=marked)


def _by_subject(told: pl.DataFrame) -> dict[tuple[Subject, Platform], pl.DataFrame]:
    return {
        (Subject(subject), Platform(platform)): rows
        for (subject, platform), rows in told.group_by(["subject", "platform"], maintain_order=True)
    }


def _settle_identities(tx: UnitOfWork, nodes: pl.DataFrame, data: Data, as_of: datetime) -> Settled:
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
    Subject.RESOLVED: touched.by_records,
    Subject.RECORD: touched.by_records,
    Subject.ACTIVITY: touched.by_records,
    Subject.MQL_RECORD: touched.by_mql_records,
    Subject.ROLE: touched.by_opportunities,
    Subject.OPPORTUNITY: touched.by_opportunities,
    Subject.ACCOUNT: touched.by_accounts,
}
