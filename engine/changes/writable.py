"""What the playbook lets us write: the fields that it calls ours, and besides these only owner and status."""

import polars as pl

from engine.changes.calls import TASK_FIELDS
from schemas.playbook.platforms import Platforms


def writable(wanted: pl.DataFrame, platforms: Platforms) -> pl.DataFrame:
    """Rows of `wanted` whose field is ours on that record; a creation is none of its fields."""
    crm = platforms.salesforce
    besides = {"lead": ("status", "owner_id"), "contact": ("status",)}
    fields = {
        "person": [name for name in platforms.marketo.writes if name in platforms.marketo.fields],
        "lead": [name for name in (*crm.writes.get("lead", ()), *besides["lead"]) if name in crm.lead],
        "contact": [
            name for name in (*crm.writes.get("contact", ()), *besides["contact"]) if name in crm.contact
        ],
        "mql_record": list(crm.mql_record),
        "task": list(TASK_FIELDS),
    }
    rows = [(object, name) for object, names in fields.items() for name in dict.fromkeys(names)]
    ours = pl.DataFrame(rows, schema={"object": pl.String, "field": pl.String}, orient="row")
    may = wanted.filter(~pl.col("is_creation")).join(ours, on=["object", "field"], how="semi")
    return pl.concat([may, wanted.filter("is_creation")])
