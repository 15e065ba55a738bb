"""What the CRM ought to show of a handover: its `MQL__c`, and a task where somebody asked to be called."""

from collections.abc import Sequence

import polars as pl

from engine.changes.wanted import OWNER, WANTED, unpivoted
from schemas.frames.base import UTC
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import CycleKind, CycleState, Origin, Platform, RecordObject

SNAPSHOT = (
    "number", "kind", "line", "mql_at", "score", "fit", "engagement", "grade", "playbook_version", "lines",
    "trigger_rule", "trigger_fact", "campaign_name", "campaign_type", "lead_source", "summary",
)  # fmt: skip
"""Written once: what was true when the cycle opened."""

LIVING = (
    "lead_id", "contact_id", "account_id", "opportunity_id", "status", "closed_as", "reject_reason", "recycle_reason",
    "assigned_at", "accepted_at", "closed_at", "hand_raised_at", "owner_id", "assigned_by", "assignment_reason",
)  # fmt: skip
"""Written whenever it changes; what is shown of the rest is not read back."""

READ_BACK = ("lead_id", "contact_id", "status", "closed_as", "reject_reason", "recycle_reason", "owner_id")
TASK_FIELDS = ("subject", "description", "person_native_id", "owner_id")


def wanted_records(
    cycles: pl.DataFrame,
    targets: pl.DataFrame,
    records: pl.DataFrame,
    shown: pl.DataFrame,
    told: pl.DataFrame,
    statuses: Sequence[StatusRow],
) -> pl.DataFrame:
    """WANTED of `MQL__c`, for live cycles whose person is in the CRM.

    `cycles`: frames.decisions.Cycles with `how`, `rule_id` of the assignment. `records`: the people's. `shown`:
    frames.facts.MqlRecords. `told`: cycle_key, summary, lead_source. A record that somebody deleted is not made again.
    """
    deleted = shown.filter("is_deleted").select("cycle_key")
    rows = _rows(cycles.join(deleted, on="cycle_key", how="anti"), targets, records, statuses).join(
        told, on="cycle_key", how="left"
    )
    if rows.is_empty():
        return pl.DataFrame(schema=WANTED)
    present = shown.filter(~pl.col("is_deleted")).select(
        "cycle_key", "learned_at", *(pl.col(name).alias(f"shown_{name}") for name in READ_BACK)
    )
    known = rows.drop("learned_at", strict=False).join(present, on="cycle_key", how="left")
    new = known.filter(pl.col("learned_at").is_null())
    living = [name for name in LIVING if name not in READ_BACK]
    parts = [
        unpivoted(known, dict.fromkeys(READ_BACK, OWNER), shown="shown_"),
        # What is not read back is compared with what was last written; null needs no writing on a new record.
        unpivoted(known.with_columns(learned_at=pl.lit(None, UTC)), dict.fromkeys(living, OWNER)),
        unpivoted(new, dict.fromkeys(SNAPSHOT, OWNER)),
    ]
    wanted = pl.concat(parts)
    is_null = pl.col("value") == "null"
    return wanted.filter(~(is_null & pl.col("shown").fill_null("null").eq("null")))


def _rows(
    cycles: pl.DataFrame, targets: pl.DataFrame, records: pl.DataFrame, statuses: Sequence[StatusRow]
) -> pl.DataFrame:
    # A converted lead stays beside its contact: that it was a lead is part of the handover.
    converted = (
        records.filter("is_converted")
        .sort("created_at", "native_id")
        .unique("person_key", keep="first", maintain_order=True)
        .select("person_key", converted_lead="native_id")
    )
    in_crm = targets.select(
        "person_key", record_object="object", record_id="native_id", record_account="account_id"
    )
    state = pl.col("state")
    words = {row.meaning: row.mql_record[0] for row in statuses if row.mql_record}
    status = (
        pl.when(state == CycleState.OPEN)
        .then(pl.lit(words.get("handed_over")))
        .when(state == CycleState.WORKING)
        .then(pl.lit(words.get("accepted")))
        .when(state == CycleState.CONVERTED)
        .then(pl.lit(words.get("converted")))
        .otherwise(pl.lit(words.get("rejected")))
    )
    is_lead = pl.col("record_object") == RecordObject.LEAD
    joined = cycles.join(in_crm, on="person_key").join(converted, on="person_key", how="left")
    return joined.with_columns(
        platform=pl.lit(Platform.SALESFORCE.value),
        object=pl.lit("mql_record"),
        target="cycle_key",
        is_creation=pl.lit(False),
        why=pl.lit("cycle ") + state,
        status=status,
        lead_id=pl.when(is_lead).then("record_id").otherwise("converted_lead"),
        contact_id=pl.when(~is_lead).then("record_id"),
        account_id=pl.coalesce("account_id", "record_account"),
        # Only a rep's words: how else a cycle ended stands in closed_as.
        reject_reason=pl.when(state == CycleState.REJECTED).then("close_reason"),
        recycle_reason=pl.when(state == CycleState.RECYCLED).then("close_reason"),
        mql_at="opened_at",
        assigned_by="rule_id",
        assignment_reason="how",
        **{name: pl.col(name) / 100 for name in ("score", "fit", "engagement")},
    )


def wanted_tasks(
    cycles: pl.DataFrame, targets: pl.DataFrame, told: pl.DataFrame, users: pl.Series
) -> pl.DataFrame:
    """WANTED of tasks: whoever raised a hand outside an MQL, or in one that was open, is to be called by the owner; and
    on a contact, whose owner is never written, the task is what carries the owner of the cycle."""
    raised = (pl.col("kind") == CycleKind.HAND_RAISE) | (
        pl.col("hand_raised_at").is_not_null() & (pl.col("hand_raised_at") > pl.col("opened_at"))
    )
    raised = raised | (pl.col("origin") == Origin.ADOPTED)  # those are written only once a hand was raised
    on_contact = pl.col("record_object") == RecordObject.CONTACT
    is_open = pl.col("state").is_in([CycleState.OPEN, CycleState.WORKING])
    # A task belongs to a user; a queue's members see MQL__c in their list.
    due = (
        cycles.filter(is_open & pl.col("owner_id").is_in(users.implode()))
        .join(
            targets.select("person_key", person_native_id="native_id", record_object="object"),
            on="person_key",
        )
        .filter(raised | on_contact)
    )
    rows = due.join(told, on="cycle_key", how="left").with_columns(
        platform=pl.lit(Platform.SALESFORCE.value),
        object=pl.lit("task"),
        target="cycle_key",
        is_creation=pl.lit(False),
        learned_at=pl.lit(None, pl.Datetime("us", "UTC")),
        why=pl.when(raised).then(pl.lit("hand raise")).otherwise(pl.lit("contact")),
        subject=pl.when(raised | pl.col("hand_raised_at").is_not_null())
        .then(pl.lit("Call back: asked to be contacted"))
        .otherwise(pl.lit("Follow up: qualified by marketing")),
        description="summary",
    )
    return unpivoted(rows, dict.fromkeys(TASK_FIELDS, OWNER))
