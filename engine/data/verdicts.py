"""What sales said or did, as facts: from statuses that somebody else set, conversions, and opportunities.

A status is said on a record of the CRM (lead, contact, or `MQL__c`). Two sources tell: the field history, with
the exact instant and every value in between; and the versions of the record, which show a status that was said at
some time since the version before. What the history tells is not told again by a version, whichever came first.
Values of our own are no verdicts: versions leave them out, rows of a history are held against all we ever applied.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from engine.data.echo import normal
from engine.data.keys import fact_key
from schemas.frames.base import UTC
from schemas.frames.identity import RECORD
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import VerdictKind

STATEMENTS: dict[str, Any] = {
    **dict.fromkeys(RECORD, pl.String),  # whom it is about
    "source": pl.String,  # lead, contact or mql_record: where it was said
    "source_id": pl.String,
    "cycle_key": pl.String,
    "value": pl.String,
    "previous": pl.String,  # the value before it
    "reject_reason": pl.String,
    "recycle_reason": pl.String,
    "closed_as": pl.String,
    "occurred_at": UTC,
    "not_before": UTC,  # said in (not_before, occurred_at]; null: exactly then
    "said_by": pl.String,
    "history_id": pl.String,  # of the row in the field history; null: told by a version
    "origin": pl.String,
}
VERDICTS: dict[str, Any] = {
    "fact_key": pl.String,
    **dict.fromkeys(RECORD, pl.String),
    "cycle_key": pl.String,
    "kind": pl.String,
    "reason": pl.String,
    "occurred_at": UTC,
    "origin": pl.String,
    "source": pl.String,
    "said_by": pl.String,
    "opportunity_id": pl.String,
    "source_id": pl.String,
    "value": pl.String,
    "not_before": UTC,
}
KNOWN: dict[str, Any] = {
    "source": pl.String,
    "source_id": pl.String,
    "value": pl.String,
    "occurred_at": UTC,
    "not_before": UTC,
}


def foreign(history: pl.DataFrame, ever: pl.DataFrame) -> pl.DataFrame:
    """Rows of a field history without our own. `history` has target and value; `ever`: target, value in normal form."""
    return (
        history.with_columns(normal(pl.col("value")).alias("normal"))
        .join(ever, left_on=["target", "normal"], right_on=["target", "value"], how="anti", nulls_equal=True)
        .drop("normal")
    )


def said(statements: pl.DataFrame, known: pl.DataFrame, statuses: Sequence[StatusRow]) -> pl.DataFrame:
    """Verdicts (`VERDICTS`) in what was said (`STATEMENTS`), each act once. `known`: those that are stored."""
    by_history = statements.filter(pl.col("history_id").is_not_null())
    by_version = statements.filter(pl.col("history_id").is_null())
    by_history = _untold(by_history, known.filter(pl.col("not_before").is_not_null()))
    exact = pl.concat(
        [
            known.filter(pl.col("not_before").is_null()).select(
                "source", "source_id", "value", "occurred_at"
            ),
            by_history.select("source", "source_id", "value", "occurred_at"),
        ]
    )
    by_version = _unexplained(by_version, exact)
    told = _meanings(pl.concat([by_history, by_version]), statuses)
    keys = [
        fact_key("status", platform, history)
        if history is not None
        else fact_key("said", platform, source, source_id, value, at=at)
        for platform, source, source_id, value, at, history in told.select(
            "platform", "source", "source_id", "value", "occurred_at", "history_id"
        ).iter_rows()
    ]
    return told.with_columns(
        pl.Series("fact_key", keys, dtype=pl.String), pl.lit(None, pl.String).alias("opportunity_id")
    ).select(list(VERDICTS))


def conversions(leads: pl.DataFrame) -> pl.DataFrame:
    """Verdicts of converted leads: record, converted_at, converted_opportunity_id, origin."""
    keys = [fact_key("converted", *record) for record in leads.select(RECORD).iter_rows()]
    return _shaped(
        leads.select(
            *RECORD, "origin", occurred_at="converted_at", opportunity_id="converted_opportunity_id"
        ),
        keys,
        VerdictKind.CONVERTED_LEAD,
        "conversion",
    ).with_columns(source_id="native_id")


def opportunities(links: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Verdicts of opportunities: record, contact_id, opportunity_id, created_at, source, origin; one per contact."""
    ripe = (
        links.filter(pl.col("created_at") <= as_of)
        .sort("opportunity_id", "contact_id", "source", *RECORD)
        .unique(["platform", "opportunity_id", "contact_id"], keep="first", maintain_order=True)
    )
    keys = [
        fact_key("opportunity", *link)
        for link in ripe.select("platform", "opportunity_id", "contact_id").iter_rows()
    ]
    shaped = ripe.select(*RECORD, "origin", "source", "opportunity_id", occurred_at="created_at")
    return _shaped(shaped, keys, VerdictKind.OPPORTUNITY, None).with_columns(source_id="opportunity_id")


def _untold(by_history: pl.DataFrame, vague: pl.DataFrame) -> pl.DataFrame:
    """Rows of the history that no stored verdict of a version stands for already."""
    same = ["source", "source_id", "value"]
    told = (
        by_history.select("history_id", *same, at="occurred_at")
        .join(vague.select(*same, "occurred_at", "not_before"), on=same)
        .filter((pl.col("at") > pl.col("not_before")) & (pl.col("at") <= pl.col("occurred_at")))
    )
    return by_history.join(told, on="history_id", how="anti")


def _unexplained(by_version: pl.DataFrame, exact: pl.DataFrame) -> pl.DataFrame:
    """Versions whose status no row of the history tells."""
    same = ["source", "source_id", "value"]
    numbered = by_version.with_row_index("n")
    told = numbered.join(exact.rename({"occurred_at": "at"}), on=same).filter(
        (pl.col("at") > pl.col("not_before")) & (pl.col("at") <= pl.col("occurred_at"))
    )
    return numbered.join(told, on="n", how="anti").drop("n")


def _meanings(statements: pl.DataFrame, statuses: Sequence[StatusRow]) -> pl.DataFrame:
    """Statements that are verdicts, with kind and reason."""
    table = _status_table(statuses)
    meant = (
        statements.with_columns(spelled=_spelled("value"), before=_spelled("previous"))
        .join(table, on=["source", "spelled"], how="left")
        .join(
            table.select("source", before="spelled", meaning_before="meaning"),
            on=["source", "before"],
            how="left",
        )
    )
    on_mql = pl.col("source") == "mql_record"
    meaning, back = pl.col("meaning"), pl.col("meaning_before")
    is_recycled = (meaning == "recycled") | (
        (meaning == "rejected")
        & on_mql
        & (
            _spelled("closed_as").eq_missing(pl.lit("recycled"))
            | (pl.col("recycle_reason").is_not_null() & pl.col("reject_reason").is_null())
        )
    )
    # The CRM sets a lead's converted status by converting it, which is a fact of its own.
    is_accepted = (meaning == "accepted") | ((meaning == "converted") & (pl.col("source") != "lead"))
    # On MQL__c the status "handed over" is what open means for a lead.
    is_open = (meaning == "open") | ((meaning == "handed_over") & on_mql)
    is_reopened = is_open & (
        back.is_null() | (back != meaning) | pl.col("spelled").eq_missing(pl.col("before"))
    )
    kind = (
        pl.when(is_recycled)
        .then(pl.lit(str(VerdictKind.RECYCLED)))
        .when(meaning == "rejected")
        .then(pl.lit(str(VerdictKind.REJECTED)))
        .when(is_accepted)
        .then(pl.lit(str(VerdictKind.ACCEPTED)))
        .when(is_reopened)
        .then(pl.lit(str(VerdictKind.REOPENED)))
    )
    reason = (
        pl.when(is_recycled)
        .then(pl.coalesce("recycle_reason", "reject_reason"))
        .when(meaning == "rejected")
        .then(pl.coalesce("reject_reason", "recycle_reason"))
    )
    return meant.with_columns(kind=kind, reason=reason).filter(pl.col("kind").is_not_null())


def _status_table(statuses: Sequence[StatusRow]) -> pl.DataFrame:
    rows = {
        (source, spelling.strip().lower()): row.meaning
        for row in statuses
        for source, spellings in (
            ("lead", row.lead),
            ("contact", row.contact),
            ("mql_record", row.mql_record),
        )
        for spelling in spellings
    }
    return pl.DataFrame(
        [(source, spelled, meaning) for (source, spelled), meaning in rows.items()],
        schema={"source": pl.String, "spelled": pl.String, "meaning": pl.String},
        orient="row",
    )


def _spelled(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase()


def _shaped(facts: pl.DataFrame, keys: list[str], kind: VerdictKind, source: str | None) -> pl.DataFrame:
    """The columns of `VERDICTS`, null where a fact of this kind has nothing to say."""
    complete = facts.with_columns(
        pl.Series("fact_key", keys, dtype=pl.String), pl.lit(str(kind)).alias("kind")
    )
    if source is not None:
        complete = complete.with_columns(pl.lit(source).alias("source"))
    return complete.select(
        pl.col(name) if name in complete.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in VERDICTS.items()
    )
