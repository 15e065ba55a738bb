"""Who qualified and is not in the CRM yet: one request per person, by the way that the playbook names."""

from collections.abc import Sequence

import polars as pl

from engine.changes.crm import OURS_TO_OWN
from engine.changes.live import IS_OPEN, leading
from engine.changes.wanted import OWNER, WANTED, unpivoted
from engine.changes.words import spelled
from schemas.frames.base import UTC
from schemas.playbook.platforms import Handover, StatusRow
from schemas.vocabulary import CycleKind, Platform, RecordObject

REQUEST = "request_sync"
"""Marks a creation; it is no field of any record."""


def wanted_arrivals(
    people: pl.DataFrame,
    records: pl.DataFrame,
    targets: pl.DataFrame,
    cycles: pl.DataFrame,
    handover: Handover,
    statuses: Sequence[StatusRow],
    *,
    owners: bool,
) -> pl.DataFrame:
    """WANTED creations: a request for a Marketo person, or a lead under the person's key with status and owner.

    Nobody is made again whose record in the CRM was converted, or deleted since the cycle opened: a person did that.
    `learned_at`: when we last learned anything of the person, so that who was refused is asked for again then.
    """
    absent = (
        leading(cycles.filter(IS_OPEN))
        .join(targets.select("person_key"), on="person_key", how="anti")
        .join(people.select("person_key"), on="person_key", how="semi")
    )
    absent = absent.join(_gone_since(absent, records), on="person_key", how="anti")
    if handover.create == "none" or absent.is_empty():
        return pl.DataFrame(schema=WANTED)
    known = records.filter(~pl.col("is_deleted")).group_by("person_key").agg(pl.col("learned_at").max())
    rows = absent.join(known, on="person_key", how="left").with_columns(
        pl.lit(None, UTC).alias("at"),
        target="person_key",
        is_creation=pl.lit(True),
        why=pl.lit("not in the CRM"),
        **{REQUEST: pl.lit(True)},
    )
    if handover.create == "marketo":
        in_marketo = records.filter((pl.col("platform") == Platform.MARKETO) & ~pl.col("is_deleted"))
        asked = rows.join(in_marketo.select("person_key"), on="person_key", how="semi")
        place = {"platform": pl.lit(Platform.MARKETO.value), "object": pl.lit("person")}
        return unpivoted(asked.with_columns(**place), {REQUEST: OWNER})
    place = {"platform": pl.lit(Platform.SALESFORCE.value), "object": pl.lit("lead")}
    words = spelled(statuses, "meaning").filter(
        (pl.col("object") == RecordObject.LEAD) & (pl.col("meaning") == "handed_over")
    )
    word = words["word"].item() if len(words) else None
    is_mql = pl.col("kind") == CycleKind.MQL
    ours = pl.col("how").is_in(OURS_TO_OWN) & pl.lit(owners)
    made = rows.with_columns(
        **place,
        status=pl.when(is_mql).then(pl.lit(word, pl.String)),
        owner_id=pl.when(ours).then("owner_id"),
    )
    wanted = unpivoted(made, dict.fromkeys((REQUEST, "status", "owner_id"), OWNER))
    return wanted.filter(pl.col("value") != "null")


def _gone_since(cycles: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """person_key of those whose lead or contact was converted, or deleted after the cycle was opened."""
    of_crm = records.filter(pl.col("platform") == Platform.SALESFORCE)
    both = of_crm.join(cycles.select("person_key", "opened_at"), on="person_key")
    deleted = pl.col("is_deleted") & (pl.col("changed_at") >= pl.col("opened_at"))
    converted = pl.col("is_converted") & ~pl.col("is_deleted")
    return both.filter(deleted | converted).select("person_key").unique()
