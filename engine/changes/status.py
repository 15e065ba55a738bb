"""The status of a person's lead or contact: the handover, and verdicts that were given on `MQL__c`.

"Marketing Qualified" never replaces a status under which sales works, and nothing replaces a status that the table
does not know, or what a person said on the record later than elsewhere.
"""

from collections.abc import Sequence

import polars as pl

from engine.changes.wanted import OWNER, Wish, unpivoted
from engine.changes.words import heard_at, is_settled, said_at, spelled
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import CycleState, RecordObject

ON_RECORD = ("lead", "contact")
ON_MQL = pl.col("source") == "mql_record"


def wanted_status(
    rows: pl.DataFrame, verdicts: pl.DataFrame, last_writes: pl.DataFrame, statuses: Sequence[StatusRow]
) -> Wish:
    """`rows`: record (object, target, status, meaning …) and leading MQL cycle of each person, with `stage_now`.

    `verdicts`: frames.facts.Verdicts of the people.
    """
    if rows.is_empty():
        return Wish.nothing()
    # Nobody says anything by "Marketing Qualified": that is our word.
    spoken = rows.filter(pl.col("meaning") != "handed_over")
    said = said_at(spoken, verdicts, ON_RECORD, "person_key")
    of_cycle = heard_at(verdicts, ON_MQL, "cycle_key")
    timed = (
        rows.join(said, on="person_key", how="left")
        .join(of_cycle, on="cycle_key", how="left")
        .with_columns(
            wants=_wanted_meaning(),
            is_later=pl.col("said_at") >= pl.max_horizontal("opened_at", "closed_at", "heard_at"),
        )
        .filter(pl.col("wants").is_not_null())
    )
    due = _with_words(timed, statuses).with_columns(why=pl.lit("cycle ") + pl.col("state"))
    spoken_for = is_settled(due.filter(pl.col("status").is_not_null()), last_writes)
    wanted = spoken_for.rename({"shown": "shown_status"})
    meaning, state = pl.col("meaning"), pl.col("state")
    agrees = (state == CycleState.OPEN) & (meaning == "open")
    is_unknown = pl.col("shown_status").is_not_null() & meaning.is_null()
    works = (state == CycleState.OPEN) & meaning.is_in(["accepted", "converted"])
    is_theirs = (is_unknown | works | pl.col("is_later").fill_null(False) | pl.col("is_settled")).fill_null(
        False
    )
    why = (
        pl.when(is_unknown)
        .then(pl.lit("the status table does not know this status"))
        .when(works)
        .then(pl.lit("sales works on the record"))
        .otherwise(pl.lit("a person said so later"))
    )
    return Wish(
        unpivoted(wanted.filter(~is_theirs), {"status": OWNER}, shown="shown_"),
        unpivoted(
            wanted.filter(is_theirs & ~agrees.fill_null(False)).with_columns(why=why),
            {"status": OWNER},
            shown="shown_",
        ),
    )


def _wanted_meaning() -> pl.Expr:
    """What the record's status should mean; null where it may stay. `stage`: as the stage of the person."""
    meaning, state, shown = pl.col("meaning"), pl.col("state"), pl.col("status")
    is_contact = pl.col("object") == RecordObject.CONTACT
    is_empty, is_unknown = shown.is_null(), shown.is_not_null() & meaning.is_null()
    in_cycle = meaning.is_in(["handed_over", "accepted"])
    return (
        pl.when((state == CycleState.OPEN) & (meaning.is_null() | (meaning != "handed_over")))
        .then(pl.lit("handed_over"))
        .when(
            (state == CycleState.WORKING)
            & (is_empty | is_unknown | meaning.is_in(["open", "handed_over", "recycled", "rejected"]))
        )
        .then(pl.lit("accepted"))
        .when(state.is_in([CycleState.REJECTED, CycleState.RECYCLED]) & in_cycle)
        .then(state)
        # Time, not a person, ended it: whoever works on it goes on.
        .when(state.is_in([CycleState.EXPIRED, CycleState.VOID]) & (meaning == "handed_over"))
        .then(pl.lit("recycled"))
        # A lead gets its converted status by being converted.
        .when((state == CycleState.CONVERTED) & is_contact & (is_empty | in_cycle))
        .then(pl.lit("converted"))
    )


def _with_words(rows: pl.DataFrame, statuses: Sequence[StatusRow]) -> pl.DataFrame:
    """`status`: the word to write, `shown`: the present one. After the end of a cycle the stage's word is meant."""
    of_stage = spelled(statuses, "stage").rename({"stage": "stage_now", "word": "stage_word"})
    of_meaning = spelled(statuses, "meaning").rename({"meaning": "wants", "word": "meaning_word"})
    ended = pl.col("wants").is_in(["rejected", "recycled"])
    joined = (
        rows.rename({"status": "shown"})
        .join(of_stage, on=["object", "stage_now"], how="left")
        .join(of_meaning, on=["object", "wants"], how="left")
    )
    word = pl.when(ended & pl.col("is_sent_back")).then(pl.coalesce("stage_word", "meaning_word"))
    return joined.with_columns(status=word.otherwise("meaning_word"))
