"""Who qualified and is not in the CRM yet: one request per person, by the way that the playbook names."""

import polars as pl

from engine.changes.wanted import OWNER, WANTED, unpivoted
from schemas.playbook.platforms import Handover
from schemas.vocabulary import CycleState, Platform


def wanted_arrivals(
    people: pl.DataFrame,
    records: pl.DataFrame,
    targets: pl.DataFrame,
    cycles: pl.DataFrame,
    handover: Handover,
) -> pl.DataFrame:
    """WANTED creations: `request_sync` of a Marketo person, or a lead under the person's key."""
    is_open = pl.col("state").is_in([CycleState.OPEN, CycleState.WORKING])
    absent = (
        cycles.filter(is_open)
        .sort("opened_at")
        .unique("person_key", keep="last", maintain_order=True)
        .join(targets.select("person_key"), on="person_key", how="anti")
        .join(people.filter(~pl.col("is_erased")).select("person_key"), on="person_key", how="semi")
    )
    if handover.create == "none" or absent.is_empty():
        return pl.DataFrame(schema=WANTED)
    by_marketo = handover.create == "marketo"
    if by_marketo:
        known = records.filter((pl.col("platform") == Platform.MARKETO) & ~pl.col("is_deleted"))
        absent = absent.join(known.select("person_key").unique(), on="person_key", how="semi")
    rows = absent.with_columns(
        platform=pl.lit((Platform.MARKETO if by_marketo else Platform.SALESFORCE).value),
        object=pl.lit("person" if by_marketo else "lead"),
        target="person_key",
        is_creation=pl.lit(True),
        learned_at=pl.lit(None, pl.Datetime("us", "UTC")),
        why=pl.lit("not in the CRM"),
        request_sync=pl.lit(True),
    )
    return unpivoted(rows, {"request_sync": OWNER})
