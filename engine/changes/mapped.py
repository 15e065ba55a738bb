"""Which fields are ours to write, by playbook/platforms.yaml: what is not listed there is never written."""

import polars as pl

from engine.changes.wanted import WANTED
from schemas.playbook.platforms import Platforms
from schemas.vocabulary import RecordObject

SHARED = ("status", "owner_id")
"""Fields that people write as well; they need a mapping, and no mention among our own."""


def ours(wanted: pl.DataFrame, platforms: Platforms) -> pl.DataFrame:
    """The rows of WANTED that the playbook lets us write; creations and tasks pass."""
    salesforce = platforms.salesforce
    allowed = [(RecordObject.PERSON, name) for name in platforms.marketo.writes]
    of_lead = [*salesforce.writes.get("lead", []), *SHARED]
    of_contact = [*salesforce.writes.get("contact", []), *SHARED]
    allowed += [(RecordObject.LEAD, name) for name in of_lead if name in salesforce.lead]
    allowed += [(RecordObject.CONTACT, name) for name in of_contact if name in salesforce.contact]
    rows = [(record.value, name) for record, name in allowed]
    rows += [("mql_record", name) for name in salesforce.mql_record]
    table = pl.DataFrame(rows, schema={"object": pl.String, "field": pl.String}, orient="row").unique()
    mapped = wanted.join(table, on=["object", "field"], how="semi")
    free = wanted.filter(pl.col("is_creation") | (pl.col("object") == "task"))
    return pl.concat([mapped.filter(~pl.col("is_creation")), free]).select(WANTED.names())
