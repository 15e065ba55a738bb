"""Finding what sales said in the news: statuses that somebody else set, conversions, opportunities."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from engine.data import verdicts as rules
from engine.data.echo import APPLIED, ever_applied
from ledger import outbox
from ledger.facts import verdicts
from ledger.facts.news import Subject
from ledger.unit_of_work import UnitOfWork
from schemas.frames.base import UTC
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import Platform, RecordObject

Told = Mapping[tuple[Subject, Platform], pl.DataFrame]
SPEAKING = (RecordObject.LEAD, RecordObject.CONTACT)
"""Records on which sales gives verdicts."""


def find_verdicts(tx: UnitOfWork, told: Told, statuses: Sequence[StatusRow], as_of: datetime) -> pl.DataFrame:
    """Stores the verdicts among the news; gives those that are new."""
    platforms = dict.fromkeys(platform for _, platform in told)
    found = [pl.DataFrame(schema=rules.VERDICTS)]
    for platform in platforms:
        found.append(_said(tx.connection, told, platform, statuses, as_of))
        found += _done(tx.connection, told, platform, as_of)
    return verdicts.write(tx, pl.concat(found), as_of)


def _ids(told: Told, platform: Platform, *subjects: Subject, objects: Sequence[str] = ()) -> pl.Series:
    """Native ids in the news about these subjects."""
    rows = [told[subject, platform] for subject in subjects if (subject, platform) in told]
    named = [row.filter(pl.col("object").is_in(objects)) if objects else row for row in rows]
    return pl.concat(
        [pl.Series("native_id", [], dtype=pl.String), *(row["native_id"] for row in named)]
    ).unique()


def _said(
    connection: sa.Connection, told: Told, platform: Platform, statuses: Sequence[StatusRow], as_of: datetime
) -> pl.DataFrame:
    records = _ids(told, platform, Subject.RECORD, Subject.HISTORY, objects=SPEAKING)
    mqls = pl.concat(
        [
            _ids(told, platform, Subject.MQL_RECORD),
            _ids(told, platform, Subject.HISTORY, objects=["mql_record"]),
        ]
    ).unique()
    both = pl.concat([records, mqls])
    if both.is_empty():
        return pl.DataFrame(schema=rules.VERDICTS)
    names = verdicts.mql_names(connection, platform, mqls)
    statements = [
        _by_records(verdicts.record_statements(connection, platform, records)),
        _by_mql_records(verdicts.mql_statements(connection, platform, mqls), names),
        _by_history(connection, platform, both, names),
    ]
    ripe = pl.concat(statements).filter(pl.col("value").is_not_null() & (pl.col("occurred_at") <= as_of))
    return rules.said(ripe, verdicts.stored(connection, both), statuses)


def _by_records(versions: pl.DataFrame) -> pl.DataFrame:
    speaking = versions.filter(pl.col("object").is_in(SPEAKING))
    return _as_statements(
        speaking, ["platform", "object", "native_id"], source="object", source_id="native_id"
    )


def _by_mql_records(versions: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    known = versions.rename({"native_id": "source_id"}).join(
        names, on=["platform", "source_id"], maintain_order="left"
    )
    return _as_statements(
        known.with_columns(source=pl.lit("mql_record")),
        ["platform", "source_id"],
        said_by="changed_by",
        cycle_key="external_key",
    )


def _as_statements(versions: pl.DataFrame, key: list[str], **names: str) -> pl.DataFrame:
    """The versions in which a status was said, each with the one before."""
    told = versions.with_columns(
        value="status",
        previous=pl.col("status").shift(1).over(key),
        not_before=pl.col("changed_at").shift(1).over(key),
        occurred_at="changed_at",
        **names,
    ).filter(pl.col("status_said_at") == pl.col("changed_at"))
    return _shaped(told)


def _by_history(
    connection: sa.Connection, platform: Platform, ids: pl.Series, names: pl.DataFrame
) -> pl.DataFrame:
    rows = verdicts.status_history(connection, platform, ids).rename(
        {"native_id": "history_id", "object": "source", "record_id": "source_id"}
    )
    whom = names.with_columns(source=pl.lit("mql_record"))
    rows = rows.join(whom, on=["platform", "source", "source_id"], how="left").with_columns(
        is_mql=pl.col("source") == "mql_record"
    )
    rows = rows.with_columns(
        object=pl.when("is_mql").then("object").otherwise("source"),
        native_id=pl.when("is_mql").then("native_id").otherwise("source_id"),
        target=pl.when("is_mql").then("external_key").otherwise("source_id"),
        cycle_key="external_key",
        value="new_value",
        previous="old_value",
        occurred_at="changed_at",
        said_by="changed_by",
        not_before=pl.lit(None, UTC),
    ).filter(pl.col("native_id").is_not_null())
    theirs = rules.foreign(rows, _ever(connection, platform, rows))
    return _shaped(_with_reasons(theirs, rows, verdicts.reasons(connection, platform, ids)))


def _ever(connection: sa.Connection, platform: Platform, rows: pl.DataFrame) -> pl.DataFrame:
    found = [
        outbox.applied_values(connection, platform, source, group["target"].drop_nulls().unique(), ["status"])
        for (source,), group in rows.group_by(["source"], maintain_order=True)
    ]
    applied = pl.concat([pl.DataFrame(schema=APPLIED), *(frame.select(list(APPLIED)) for frame in found)])
    return ever_applied(applied, "status")


def _with_reasons(theirs: pl.DataFrame, rows: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """A change of status with the reasons that its record showed next, if no other change of status came between."""
    following = rows.select(
        "history_id",
        until=pl.col("occurred_at").shift(-1).over("platform", "source", "source_id"),
    )
    return (
        theirs.join(following, on="history_id", how="left")
        .sort("occurred_at", "history_id")
        .join_asof(
            reasons.sort("changed_at").rename({"changed_at": "shown_at"}),
            left_on="occurred_at",
            right_on="shown_at",
            by="source_id",
            strategy="forward",
            check_sortedness=False,  # sorted above; Polars cannot check it by group
        )
        .with_columns(
            pl.when(pl.col("until").is_null() | (pl.col("shown_at") < pl.col("until")))
            .then(pl.col(name))
            .alias(name)
            for name in ("reject_reason", "recycle_reason", "closed_as")
        )
    )


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col(name) if name in rows.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in rules.STATEMENTS.items()
    )


def _done(connection: sa.Connection, told: Told, platform: Platform, as_of: datetime) -> list[pl.DataFrame]:
    """Conversions and opportunities."""
    leads = _ids(told, platform, Subject.RESOLVED, objects=[RecordObject.LEAD])
    made = verdicts.converted_opportunities(connection, platform, leads)
    of_news = _ids(told, platform, Subject.ROLE, Subject.OPPORTUNITY)
    links = verdicts.opportunity_links(
        connection, platform, pl.concat([of_news, made.rename("native_id")]).unique()
    )
    return [
        rules.conversions(verdicts.converted(connection, platform, leads, as_of)),
        rules.opportunities(links, as_of),
    ]
