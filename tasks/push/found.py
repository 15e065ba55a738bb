"""Records that a look-up by address found for people whom no identity joins to them, e.g. because several share it.

They stay another person's; but a handover of these people is written there, and nobody is created a second time.
"""

from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from ledger.frames import among, fetch
from ledger.tables.operations import outbox
from schemas.vocabulary import OutboxState, Platform
from tasks.push.look import records_by_id

LINKS = {"person_key": pl.String, "native_id": pl.String, "id": pl.Int64}


def with_found_records(connection: sa.Connection, records: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """`records` (frames.facts.Records), and for people without a living one in the CRM the one that was found or
    made."""
    chosen = sa.select(outbox.c.person_key, outbox.c.native_id, outbox.c.id).where(
        outbox.c.is_creation,
        outbox.c.native_id.is_not(None),
        outbox.c.state.in_([OutboxState.APPLIED, OutboxState.UNCHANGED]),
        among(outbox.c.person_key, keys),
    )
    links = fetch(connection, chosen, LINKS)
    in_crm = records.filter(
        (pl.col("platform") == Platform.SALESFORCE) & ~pl.col("is_deleted") & ~pl.col("is_converted")
    )
    links = links.join(in_crm, on="person_key", how="anti")
    if links.is_empty():
        return records
    last = links.sort("id").unique("person_key", keep="last").select("person_key", "native_id")
    found = (
        records_by_id(connection, last["native_id"].to_list())
        .filter(pl.col("platform") == Platform.SALESFORCE)
        .drop("person_key")
        .join(last, on="native_id")
    )
    return pl.concat([records, found.select(records.columns)]).unique(
        ["person_key", "platform", "object", "native_id"], keep="first", maintain_order=True
    )
