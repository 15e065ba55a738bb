"""What the CRM ought to show on a person's lead or contact besides its status: owner, stage, MQL and SAL dates.

A contact's owner is never written: `MQL__c` and a task carry the owner of the handover.
"""

from collections.abc import Collection

import polars as pl

from engine.changes.live import IS_OPEN
from engine.changes.stamps import STAMPS, stamps
from engine.changes.wanted import OWNER, STAMP, WANTED, Wish, unpivoted
from schemas.vocabulary import CycleKind, Origin, OutboxState, OwnerKind, RecordObject

OURS_TO_OWN = ["rule", "opportunity", "account", "last_cycle"]
"""How an owner was found, where the lead gets it; a kept owner stands there already."""
GIVEN = [OutboxState.PENDING, OutboxState.DEFERRED, OutboxState.CLAIMED, OutboxState.APPLIED]


def wanted_owner(
    targets: pl.DataFrame, leading: pl.DataFrame, free: Collection[str], last_writes: pl.DataFrame
) -> Wish:
    """The owner of a lead with an open cycle, where the lead shows nobody's work: a free owner, or one of ours.

    `free`: ids of placeholder owners, queues and inactive users.
    """
    due = (
        _rows(targets, leading)
        .filter(
            (pl.col("object") == RecordObject.LEAD)
            & IS_OPEN
            & pl.col("how").is_in(OURS_TO_OWN)
            & pl.col("cycle_owner").is_not_null()
        )
        .join(_ours(last_writes), on="person_key", how="left")
        .with_columns(shown_owner_id="owner_id", owner_id="cycle_owner", why=pl.lit("assignment"))
    )
    shown = pl.col("shown_owner_id")
    is_ours = pl.col("ours").list.contains(pl.struct("target", owner_id=shown)).fill_null(False)
    is_made = pl.col("made_with").list.contains(shown).fill_null(False)
    may = shown.is_null() | shown.is_in(list(free)) | is_ours | is_made | (shown == pl.col("owner_id"))
    left = due.filter(~may).with_columns(why=pl.lit("a person owns the record"))
    return Wish(
        unpivoted(due.filter(may), {"owner_id": OWNER}, shown="shown_"),
        unpivoted(left, {"owner_id": OWNER}, shown="shown_"),
    )


def free_owners(owners: pl.DataFrame, placeholders: Collection[str]) -> list[str]:
    """Ids of owners that are nobody's work: placeholders (by name), queues, inactive users."""
    names = {name.strip().casefold() for name in placeholders}
    return [
        owner
        for owner, kind, name, is_active in owners.select("owner_id", "kind", "name", "is_active").iter_rows()
        if kind == OwnerKind.QUEUE or not is_active or name.strip().casefold() in names
    ]


def wanted_stage_and_stamps(
    targets: pl.DataFrame, leading: pl.DataFrame, places: pl.DataFrame
) -> pl.DataFrame:
    """WANTED of stage and dates, for people of whom we made an MQL; what was adopted stays as it is shown."""
    mql = leading.filter(pl.col("kind") == CycleKind.MQL)
    rows = _rows(targets, mql)
    if rows.is_empty():
        return pl.DataFrame(schema=WANTED)
    given = places.filter(pl.col("origin") == Origin.LIVE).select("person_key", stage_now="stage")
    of_lead = (
        rows.filter(pl.col("object") == RecordObject.LEAD)
        .rename({"stage": "shown_stage"})
        .join(given, on="person_key")
        .with_columns(stage="stage_now", why=pl.lit("stage"))
    )
    dated = (
        rows.rename({name: f"shown_{name}" for name in STAMPS})
        .join(places.select("person_key", *STAMPS), on="person_key")
        .with_columns(why=pl.lit("stamp"))
    )
    return pl.concat([unpivoted(of_lead, {"stage": STAMP}, shown="shown_"), stamps(dated)])


def _rows(targets: pl.DataFrame, leading: pl.DataFrame) -> pl.DataFrame:
    cycle = leading.select("person_key", "cycle_key", "state", "how", cycle_owner="owner_id")
    return targets.with_columns(target="native_id", is_creation=pl.lit(False)).join(cycle, on="person_key")


def _ours(last_writes: pl.DataFrame) -> pl.DataFrame:
    """person_key, ours: list of (target, owner) that we wrote last; made_with: owners of leads that we created."""
    owner = pl.col("value").str.json_decode(pl.String)
    given = last_writes.filter(
        (pl.col("field") == "owner_id") & (pl.col("object") == "lead") & pl.col("state").is_in(GIVEN)
    )
    return given.group_by("person_key").agg(
        ours=pl.struct("target", owner_id=owner).filter(~pl.col("is_creation")),
        made_with=owner.filter(pl.col("is_creation")),
    )
