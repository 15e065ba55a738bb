"""Tasks: whoever asks to be called is called by the owner of the handover; and a contact's handover has an owner that
the contact itself does not show."""

import polars as pl

from engine.changes.live import IS_OPEN
from engine.changes.wanted import OWNER, unpivoted
from schemas.frames.base import UTC
from schemas.vocabulary import CycleKind, Platform, RecordObject

ONCE = ("subject", "description")
ALWAYS = ("person_native_id", "owner_id")
TASK_FIELDS = (*ONCE, *ALWAYS)
LONGEST = 32_000


def wanted_tasks(
    cycles: pl.DataFrame,
    targets: pl.DataFrame,
    told: pl.DataFrame,
    users: pl.Series,
    last_writes: pl.DataFrame,
) -> pl.DataFrame:
    """WANTED of one task per open cycle: of a hand raise that is no MQL, of one in a cycle that was open, of a contact.

    `users`: ids of users. A task belongs to one; a queue's members see `MQL__c` in their list.
    """
    raised = (pl.col("kind") == CycleKind.HAND_RAISE) | (
        pl.col("hand_raised_at").is_not_null() & (pl.col("hand_raised_at") > pl.col("opened_at"))
    )
    is_contact = pl.col("record_object") == RecordObject.CONTACT
    due = (
        cycles.filter(IS_OPEN & pl.col("owner_id").is_in(users.implode()))
        .join(
            targets.select("person_key", record_object="object", person_native_id="native_id"),
            on="person_key",
        )
        .filter(raised | is_contact)
    )
    asks = pl.col("hand_raised_at").is_not_null() | (pl.col("kind") == CycleKind.HAND_RAISE)
    rows = due.join(told, on="cycle_key", how="left").with_columns(
        platform=pl.lit(Platform.SALESFORCE.value),
        object=pl.lit("task"),
        target="cycle_key",
        is_creation=pl.lit(False),
        learned_at=pl.lit(None, UTC),
        why=pl.when(raised).then(pl.lit("hand raise")).otherwise(pl.lit("handover of a contact")),
        subject=pl.when(asks)
        .then(pl.lit("Call back: asked to be contacted"))
        .otherwise(pl.lit("New MQL: accept or reject")),
        description=pl.col("summary").str.slice(0, LONGEST),
    )
    known = last_writes.filter(pl.col("object") == "task").select(cycle_key="target").unique()
    new = rows.join(known, on="cycle_key", how="anti")
    parts = [unpivoted(new, dict.fromkeys(ONCE, OWNER)), unpivoted(rows, dict.fromkeys(ALWAYS, OWNER))]
    return pl.concat(parts).filter(pl.col("value") != "null")
