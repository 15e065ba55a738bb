"""Of one human's records in the CRM, the one that is written to: the contact, else the lead that sales worked last,
else the oldest. The same order decides among people who share an address."""

import polars as pl

from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import Platform, RecordObject

WORKED = ("accepted", "recycled", "rejected")
"""Meanings of a lead's status that only sales gives."""


def crm_targets(records: pl.DataFrame, statuses: list[StatusRow]) -> pl.DataFrame:
    """One row per person who is in the CRM: the columns of `records`, `meaning` and `status_stage` of the status.

    Deleted records are none, and a converted lead lives on as its contact. `meaning` is null for a status that the
    table does not have.
    """
    present = records.filter(
        (pl.col("platform") == Platform.SALESFORCE) & ~pl.col("is_deleted") & ~pl.col("is_converted")
    )
    is_worked = pl.col("meaning").is_in(WORKED).fill_null(False)
    return (
        with_meaning(present, statuses)
        .with_columns(
            (pl.col("object") != RecordObject.CONTACT).alias("_contact_last"),
            (~(is_worked & (pl.col("object") == RecordObject.LEAD))).alias("_idle_last"),
            pl.when(is_worked).then(-pl.col("changed_at").dt.timestamp("us")).alias("_worked_last"),
        )
        .sort(
            "person_key",
            "_contact_last",
            "_idle_last",
            "_worked_last",
            "created_at",
            "native_id",
            nulls_last=True,
        )
        .unique("person_key", keep="first", maintain_order=True)
        .drop("_contact_last", "_idle_last", "_worked_last")
    )


def with_meaning(records: pl.DataFrame, statuses: list[StatusRow]) -> pl.DataFrame:
    """`meaning` and `status_stage` of each record's status, by the status table; case and outer spaces don't count."""
    rows = [
        (kind, spelling.strip().lower(), row.meaning, row.stage)
        for row in statuses
        for kind, spellings in (("lead", row.lead), ("contact", row.contact), ("person", row.lead))
        for spelling in spellings
    ]
    table = pl.DataFrame(
        rows,
        schema={"object": pl.String, "_status": pl.String, "meaning": pl.String, "status_stage": pl.String},
        orient="row",
    ).unique(["object", "_status"], keep="first", maintain_order=True)
    spelled = records.with_columns(pl.col("status").str.strip_chars().str.to_lowercase().alias("_status"))
    return spelled.join(table, on=["object", "_status"], how="left", maintain_order="left").drop("_status")


def ranks(people: pl.DataFrame, records: pl.DataFrame, statuses: list[StatusRow]) -> dict[str, int]:
    """Order among all these people: who has a contact, then whose lead sales worked last, then the oldest."""
    best = crm_targets(records, statuses).select(
        "person_key",
        (pl.col("object") == RecordObject.CONTACT).alias("has_contact"),
        pl.when(pl.col("meaning").is_in(WORKED)).then(pl.col("changed_at")).alias("worked_at"),
    )
    ordered = (
        people.select("person_key", "created_at")
        .join(best, on="person_key", how="left")
        .with_columns(
            (~pl.col("has_contact").fill_null(False)).alias("has_contact"),
            (-pl.col("worked_at").dt.timestamp("us")).alias("worked_at"),
        )
        .sort("has_contact", "worked_at", "created_at", "person_key", nulls_last=True)
    )
    return {key: rank for rank, key in enumerate(ordered["person_key"])}
