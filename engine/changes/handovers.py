"""What the CRM ought to show of a handover: its `MQL__c`. What was true when it opened is written once."""

from collections.abc import Sequence

import polars as pl

from engine.changes.differences import PLACE
from engine.changes.wanted import OWNER, Wish, unpivoted
from engine.changes.words import heard_at, is_settled, said_at
from schemas.frames.base import UTC
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import CycleState, OutboxState, Platform, RecordObject

SNAPSHOT = (
    "number", "kind", "line", "mql_at", "score", "fit", "engagement", "grade", "playbook_version", "lines",
    "trigger_rule", "trigger_fact", "campaign_name", "campaign_type", "lead_source", "summary",
)  # fmt: skip
"""Written once: what was true when the cycle opened."""

UNSEEN = (
    "account_id", "opportunity_id", "assigned_at", "accepted_at", "closed_at", "hand_raised_at", "assigned_by",
    "assignment_reason",
)  # fmt: skip
"""Written whenever it changes; never read back, so it is compared with what was last written."""

SEEN = ("lead_id", "contact_id", "status", "closed_as", "reject_reason", "recycle_reason", "owner_id")
"""Written whenever it changes, and read back."""

LONGEST = {
    "kind": 40, "line": 80, "closed_as": 40, "grade": 10, "playbook_version": 80, "campaign_type": 80,
    "lead_source": 80, "summary": 32_000, "campaign_name": 255, "trigger_rule": 255, "trigger_fact": 255,
    "reject_reason": 255, "recycle_reason": 255, "assigned_by": 255, "assignment_reason": 255,
}  # fmt: skip
"""Characters that the shipped fields hold: one long campaign name must not cost the whole record."""

LINES = 32_000
ELSEWHERE = pl.col("source") != "mql_record"


def wanted_records(
    cycles: pl.DataFrame,
    targets: pl.DataFrame,
    shown: pl.DataFrame,
    told: pl.DataFrame,
    verdicts: pl.DataFrame,
    last_writes: pl.DataFrame,
    statuses: Sequence[StatusRow],
) -> Wish:
    """Of `MQL__c`, for live cycles whose person is in the CRM, or that have a record already.

    `cycles`: frames.decisions.Cycles with `how`, `rule_id` of the assignment. `shown`: frames.facts.MqlRecords. `told`:
    cycle_key, lead_source, summary. A record that somebody deleted is not made again.
    """
    deleted = shown.filter("is_deleted").select("cycle_key")
    present = shown.filter(~pl.col("is_deleted")).select(
        "cycle_key", "learned_at", *(pl.col(name).alias(f"shown_{name}") for name in SEEN)
    )
    rows = (
        _rows(cycles.join(deleted, on="cycle_key", how="anti"), targets, statuses)
        .join(told, on="cycle_key", how="left")
        .join(present, on="cycle_key", how="left")
        .with_columns(is_new=pl.col("learned_at").is_null())
        .filter(pl.col("record_id").is_not_null() | ~pl.col("is_new"))
        .with_columns(pl.col(name).str.slice(0, longest) for name, longest in LONGEST.items())
    )
    if rows.is_empty():
        return Wish.nothing()
    rows = _with_status(rows, verdicts, last_writes, statuses)
    rows = _with_reasons(rows)
    unread = rows.with_columns(learned_at=pl.lit(None, UTC))
    left = rows.filter("is_theirs").with_columns(why=pl.lit("a person said so later"))
    kept = rows.filter(~pl.col("is_theirs"))
    parts = [
        unpivoted(rows, {name: OWNER for name in SEEN if name != "status"}, shown="shown_"),
        unpivoted(kept, {"status": OWNER}, shown="shown_"),
        unpivoted(unread, dict.fromkeys(UNSEEN, OWNER)),
        unpivoted(unread.filter("is_new"), dict.fromkeys(SNAPSHOT, OWNER)),
    ]
    return Wish(
        _without_needless_nulls(pl.concat(parts), last_writes),
        unpivoted(left, {"status": OWNER}, shown="shown_"),
    )


def _without_needless_nulls(wanted: pl.DataFrame, last_writes: pl.DataFrame) -> pl.DataFrame:
    """An empty field needs writing only if something stands there, or was written and nobody read it since."""
    stands = last_writes.filter(
        (pl.col("object") == "mql_record")
        & (pl.col("value") != "null")
        & ~pl.col("state").is_in([OutboxState.REJECTED, OutboxState.CONFLICT])
    ).select(*PLACE, pl.lit(True).alias("was_given"))
    is_shown = pl.col("shown").fill_null("null") != "null"
    both = wanted.join(stands, on=PLACE, how="left")
    needed = (pl.col("value") != "null") | is_shown | pl.col("was_given").fill_null(False)
    never_empty = pl.col("field").is_in(["lead_id", "contact_id", "owner_id", "account_id", "opportunity_id"])
    return both.filter(needed & ~((pl.col("value") == "null") & never_empty)).select(wanted.columns)


def _rows(cycles: pl.DataFrame, targets: pl.DataFrame, statuses: Sequence[StatusRow]) -> pl.DataFrame:
    in_crm = targets.select(
        "person_key", record_object="object", record_id="native_id", record_account="account_id"
    )
    state = pl.col("state")
    words = {row.meaning: row.mql_record[0] for row in reversed(statuses) if row.mql_record}
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
    fits = pl.col("lines").str.len_chars() <= LINES
    return cycles.join(in_crm, on="person_key", how="left").with_columns(
        platform=pl.lit(Platform.SALESFORCE.value),
        object=pl.lit("mql_record"),
        target="cycle_key",
        is_creation=pl.lit(False),
        why=pl.lit("cycle ") + state,
        status=status,
        # A lead stays named on the record when it becomes a contact.
        lead_id=pl.when(is_lead).then("record_id"),
        contact_id=pl.when(~is_lead).then("record_id"),
        account_id=pl.coalesce("account_id", "record_account"),
        reject_reason=pl.when(state == CycleState.REJECTED).then("close_reason"),
        recycle_reason=pl.when(state == CycleState.RECYCLED).then("close_reason"),
        mql_at="opened_at",
        assigned_by="rule_id",
        assignment_reason="how",
        lines=pl.when(fits).then("lines"),
        **{name: (pl.col(name) / 100).round().cast(pl.Int64) for name in ("score", "fit", "engagement")},
    )


def _with_status(
    rows: pl.DataFrame, verdicts: pl.DataFrame, last_writes: pl.DataFrame, statuses: Sequence[StatusRow]
) -> pl.DataFrame:
    """`is_theirs`: a person said on the record, later than anywhere else, what it shows, and we would say otherwise.

    A rejection for a wrong owner is the one status of a person that is set back: the cycle is open again by it.
    """
    spellings = [(word.strip().lower(), row.meaning) for row in statuses for word in row.mql_record]
    table = pl.DataFrame(spellings, schema={"_word": pl.String, "meaning": pl.String}, orient="row")
    meant = (
        rows.with_columns(_word=pl.col("shown_status").str.strip_chars().str.to_lowercase())
        .join(table.unique("_word", keep="first", maintain_order=True), on="_word", how="left")
        .drop("_word")
    )
    said = said_at(meant, verdicts, ["mql_record"], "cycle_key")
    elsewhere = heard_at(verdicts, ELSEWHERE, "person_key")
    timed = meant.join(said, on="cycle_key", how="left").join(elsewhere, on="person_key", how="left")
    both = is_settled(timed, last_writes)
    is_set_back = (pl.col("state") == CycleState.OPEN) & (pl.col("meaning") == "rejected")
    is_later = pl.col("said_at") >= pl.max_horizontal("opened_at", "closed_at", "heard_at")
    differs = pl.col("shown_status").is_not_null() & (pl.col("shown_status") != pl.col("status"))
    return both.with_columns(
        is_set_back=is_set_back.fill_null(False),
        is_theirs=(differs & ~is_set_back.fill_null(False)).fill_null(False)
        & (is_later.fill_null(False) | pl.col("is_settled")),
    )


def _with_reasons(rows: pl.DataFrame) -> pl.DataFrame:
    """A reason that somebody gave on the record stays; it goes when the record is set back to open."""
    names = ("reject_reason", "recycle_reason")
    given = pl.any_horizontal(pl.col(f"shown_{name}").is_not_null() for name in names)
    return rows.with_columns(
        pl.when("is_set_back")
        .then(pl.lit(None, pl.String))
        .when(given)
        .then(f"shown_{name}")
        .otherwise(name)
        .alias(name)
        for name in names
    )
