"""Storing the good rows of a page: what is new is kept, with versions where facts change, and noted as news."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.data.echo import APPLIED, without_mirrors
from engine.data.hashing import digest
from engine.data.text import bare_domain, email_domain, email_key
from engine.data.versions import extend, newest, sort_out
from ledger import outbox
from ledger.facts import erased, news, plain, versioned
from ledger.facts.news import Subject
from ledger.facts.versioned import Store
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.streams import natural_key
from schemas.vocabulary import ActivityKind, Origin, Platform, Stream

STORES: dict[Stream, Store] = {
    Stream.PEOPLE: versioned.RECORD_STORE,
    Stream.LEADS: versioned.RECORD_STORE,
    Stream.CONTACTS: versioned.RECORD_STORE,
    Stream.MQL_RECORDS: versioned.MQL_RECORD_STORE,
    Stream.ACCOUNTS: versioned.ACCOUNT_STORE,
    Stream.OPPORTUNITIES: versioned.OPPORTUNITY_STORE,
    Stream.OWNERS: versioned.OWNER_STORE,
}
MOVED: dict[Stream, Subject] = {
    Stream.PEOPLE: Subject.RECORD,
    Stream.LEADS: Subject.RECORD,
    Stream.CONTACTS: Subject.RECORD,
    Stream.MQL_RECORDS: Subject.MQL_RECORD,
    Stream.ACCOUNTS: Subject.ACCOUNT,
    Stream.OPPORTUNITIES: Subject.OPPORTUNITY,
}
NO_NEWS = [ActivityKind.VALUE_CHANGE, ActivityKind.SCORE_CHANGE]
"""Kinds that make nobody due: they tell what other facts tell too, and most are echoes of our own writes."""


@dataclass(frozen=True)
class Storing:
    """What is stored, and when it is learned."""

    platform: Platform
    stream: Stream
    is_last: bool
    as_of: datetime
    origin: Origin
    native_sync: bool


def store(tx: UnitOfWork, rows: pl.DataFrame, page: Storing) -> int:
    """Stores good rows; how many of them were not known yet."""
    living = erased.without_erased(tx.connection, page.platform, page.stream, rows)
    if page.stream in STORES:
        return _store_versioned(tx, living, page)
    if page.stream in plain.UNCHANGING:
        return _store_unchanging(tx, living, page)
    return _store_replaced(tx, living, page)


def _store_versioned(tx: UnitOfWork, rows: pl.DataFrame, page: Storing) -> int:
    kept = STORES[page.stream]
    shape, platform, connection = kept.shape, page.platform, tx.connection
    arrived = _completed(rows.with_columns(digest(rows, rows.columns).alias("row_hash")), page)
    split = sort_out(arrived, versioned.known(connection, kept, platform, arrived), shape)
    if split.fresh.is_empty():
        return 0
    present = _completed(versioned.present(connection, kept, platform, split.fresh), page)
    old_versions = versioned.versions(connection, kept, platform, split.stale)
    extended = extend(
        without_mirrors(split.fresh, platform, native_sync=page.native_sync),
        without_mirrors(present, platform, native_sync=page.native_sync),
        old_versions,
        split.stale,
        _applied(tx, split.fresh, page),
        shape,
        page.as_of,
    )
    shown = split.fresh.select(*shape.key, "row_hash", *shape.shared).join(
        extended.present.drop(shape.shared), on=[*shape.key, "row_hash"]
    )
    versioned.write(
        tx,
        kept,
        platform,
        present=shown,
        mended=extended.mended,
        versions=extended.versions,
        withdrawn=extended.withdrawn,
        as_of=page.as_of,
        origin=page.origin,
    )
    if page.stream in MOVED:
        news.add(tx, platform, MOVED[page.stream], _named(extended.moved))
    if shape.links:
        news.add(tx, platform, Subject.LINKS, _named(extended.relinked))
    return extended.stored


def _completed(rows: pl.DataFrame, page: Storing) -> pl.DataFrame:
    """Adds what rows are compared and looked up by; a row without a change time changed when we saw it."""
    if "email" in rows.columns and page.stream != Stream.OWNERS:
        rows = rows.with_columns(
            email_key=email_key(pl.col("email")), email_domain=email_domain(pl.col("email"))
        )
    if page.stream == Stream.ACCOUNTS:
        rows = rows.with_columns(domain_key=bare_domain(pl.col("domain")))
    rows = rows.with_columns(pl.col("changed_at").fill_null(pl.lit(page.as_of, UTC)))
    if "created_at" not in rows.columns:
        rows = rows.with_columns(created_at="changed_at")
    target = "external_key" if page.stream == Stream.MQL_RECORDS else "native_id"
    return rows.with_columns(target=pl.col(target))


def _applied(tx: UnitOfWork, rows: pl.DataFrame, page: Storing) -> pl.DataFrame:
    """What we wrote to these records in fields that are inputs too."""
    shared = STORES[page.stream].shape.shared
    if not shared:
        return pl.DataFrame(schema=APPLIED)
    if page.stream == Stream.MQL_RECORDS:
        targets = {"mql_record": rows["target"].drop_nulls().unique()}
    else:
        targets = {
            kind: group["target"].unique()
            for (kind,), group in rows.group_by(["object"], maintain_order=True)
        }
    found = [
        outbox.applied_values(tx.connection, page.platform, kind, ids, shared)
        for kind, ids in targets.items()
    ]
    return pl.concat([pl.DataFrame(schema=APPLIED), *(frame.select(list(APPLIED)) for frame in found)])


def _store_unchanging(tx: UnitOfWork, rows: pl.DataFrame, page: Storing) -> int:
    new = plain.unknown(tx.connection, page.stream, page.platform, rows, natural_key(page.stream))
    plain.add(tx, page.stream, page.platform, new, page.as_of, page.origin)
    if page.stream == Stream.ACTIVITIES:
        acts = new.filter(~pl.col("kind").is_in(NO_NEWS))
        told = acts.select(native_id="person_native_id", at="occurred_at")
        news.add(tx, page.platform, Subject.ACTIVITY, _named(_ripe(told, page)))
    elif page.stream == Stream.FIELD_HISTORY:
        told = new.select("object", native_id="record_id", at="changed_at")
        news.add(tx, page.platform, Subject.HISTORY, _ripe(told, page))
    else:
        told = new.select("object", native_id="removed_id", at="occurred_at")
        news.add(tx, page.platform, Subject.REMOVAL, _ripe(told, page))
    return len(new)


def _store_replaced(tx: UnitOfWork, rows: pl.DataFrame, page: Storing) -> int:
    arrived = rows.with_columns(digest(rows, rows.columns).alias("row_hash"))
    known = plain.known(tx.connection, page.stream, page.platform, arrived["native_id"])
    new = newest(arrived, known, page.as_of)
    if page.stream == Stream.TASKS:
        new = _with_completion(tx, new, known, page)
    plain.replace(tx, page.stream, page.platform, new, page.as_of, page.origin)
    if page.stream == Stream.CONTACT_ROLES:
        told = new.select(native_id="opportunity_id", at="created_at")
        news.add(tx, page.platform, Subject.ROLE, _named(_ripe(told, page)))
    if page.stream == Stream.QUEUE_MEMBERS:
        plain.confirm(tx, page.stream, page.platform, arrived["native_id"], page.as_of)
        if page.is_last:
            plain.drop_unseen(tx, page.stream, page.platform, page.as_of)
    return len(new)


def _with_completion(tx: UnitOfWork, new: pl.DataFrame, known: pl.DataFrame, page: Storing) -> pl.DataFrame:
    """Tasks with when we learned that they were completed; a completion that is new is news about the person."""
    before = known.select("native_id", before="completed_at", since="completion_learned_at")
    is_same = pl.col("before").eq_missing(pl.col("completed_at"))
    learned = (
        pl.when(is_same)
        .then("since")
        .when(pl.col("completed_at").is_not_null())
        .then(pl.lit(page.as_of, UTC))
    )
    compared = new.join(before, on="native_id", how="left", maintain_order="left")
    told = compared.filter(
        ~is_same & pl.col("completed_at").is_not_null() & pl.col("person_native_id").is_not_null()
    ).select(native_id="person_native_id", at="completed_at")
    news.add(tx, page.platform, Subject.ACTIVITY, _named(_ripe(told, page)))
    return compared.with_columns(completion_learned_at=learned).drop("before", "since")


def _ripe(told: pl.DataFrame, page: Storing) -> pl.DataFrame:
    """What has happened by now is news now; a younger row waits for its instant."""
    return told.with_columns(pl.max_horizontal("at", pl.lit(page.as_of, UTC)).alias("at")).unique(
        maintain_order=True
    )


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """News without an object: native ids are enough to find its record."""
    return rows if "object" in rows.columns else rows.with_columns(object=pl.lit(""))
