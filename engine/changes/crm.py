"""What the CRM ought to show on a person's lead or contact: status, owner, stage, MQL and SAL dates.

A contact's owner is never written. A status follows the cycle only while the record still shows a state of the cycle:
what a person set besides stays.
"""

from collections.abc import Sequence

import polars as pl

from engine.changes.stamps import STAMPS, stamps
from engine.changes.wanted import OWNER, STAMP, WANTED, unpivoted
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import CycleKind, CycleState, Origin, RecordObject

BEFORE = ["open", "recycled", "rejected"]
IN_CYCLE = ["handed_over", "accepted"]
OURS_TO_OWN = ["rule", "opportunity", "account", "last_cycle"]
"""How an owner was found, where the lead gets it; a kept owner stands there already."""


def wanted_in_crm(
    targets: pl.DataFrame,
    current: pl.DataFrame,
    stages: pl.DataFrame,
    statuses: Sequence[StatusRow],
    *,
    owners: bool,
) -> pl.DataFrame:
    """WANTED for the record of each person that is written to.

    `targets`: engine.target.crm_targets. `current`: the last live cycle of each person with its assignment's `how`.
    `stages`: one row per person. `owners`: whether owners are written at all.
    """
    rows = targets.with_columns(target="native_id", is_creation=pl.lit(False)).join(
        current.select(
            "person_key",
            "cycle_key",
            "kind",
            "state",
            cycle_owner="owner_id",
            cycle_how="how",
            cycle_rule="trigger_rule",
        ),
        on="person_key",
    )
    if rows.is_empty():
        return pl.DataFrame(schema=WANTED)
    parts = [_status(rows, stages, statuses), _stage(rows, stages), _stamps(rows, stages)]
    return pl.concat([*parts, _owner(rows)] if owners else parts)


def _status(rows: pl.DataFrame, stages: pl.DataFrame, statuses: Sequence[StatusRow]) -> pl.DataFrame:
    words = _words(statuses)
    mql = rows.filter(pl.col("kind") == CycleKind.MQL).join(
        stages.select("person_key", stage_now="stage"), on="person_key"
    )
    meaning, state = pl.col("meaning"), pl.col("state")
    is_open, works = state == CycleState.OPEN, state == CycleState.WORKING
    wanted = (
        pl.when(is_open & (meaning.is_null() | meaning.is_in(BEFORE)))
        .then(pl.lit("mql"))
        .when(works & (meaning == "handed_over"))
        .then(pl.lit("sal"))
        .when(
            ~is_open
            & ~works
            & meaning.is_in(IN_CYCLE)
            & pl.col("stage_now").is_in(["recycled", "disqualified"])
        )
        .then("stage_now")
    )
    due = (
        mql.rename({"status": "shown_status"})
        .with_columns(wanted.alias("wanted_stage"))
        .join(words, left_on=["object", "wanted_stage"], right_on=["object", "stage"])
        .with_columns(why=pl.lit("cycle ") + state)
    )
    return unpivoted(due, {"status": OWNER}, shown="shown_")


def _words(statuses: Sequence[StatusRow]) -> pl.DataFrame:
    """object, stage, status: the spelling that is written."""
    rows = [
        (kind, row.stage, spellings[0])
        for row in statuses
        for kind, spellings in ((RecordObject.LEAD, row.lead), (RecordObject.CONTACT, row.contact))
        if spellings
    ]
    table = pl.DataFrame(
        rows, schema={"object": pl.String, "stage": pl.String, "status": pl.String}, orient="row"
    )
    return table.unique(["object", "stage"], keep="first", maintain_order=True)


def _owner(rows: pl.DataFrame) -> pl.DataFrame:
    is_open = pl.col("state").is_in([CycleState.OPEN, CycleState.WORKING])
    due = rows.filter(
        (pl.col("object") == RecordObject.LEAD)
        & is_open
        & pl.col("cycle_how").is_in(OURS_TO_OWN)
        & pl.col("cycle_owner").is_not_null()
    ).with_columns(shown_owner_id="owner_id", owner_id="cycle_owner", why=pl.lit("assignment"))
    return unpivoted(due, {"owner_id": OWNER}, shown="shown_")


def _stage(rows: pl.DataFrame, stages: pl.DataFrame) -> pl.DataFrame:
    leads = rows.filter(pl.col("object") == RecordObject.LEAD).rename({"stage": "shown_stage"})
    given = stages.filter(pl.col("origin") == Origin.LIVE).select("person_key", "stage")
    return unpivoted(
        leads.join(given, on="person_key").with_columns(why=pl.lit("stage")), {"stage": STAMP}, shown="shown_"
    )


def _stamps(rows: pl.DataFrame, stages: pl.DataFrame) -> pl.DataFrame:
    shown = rows.rename({name: f"shown_{name}" for name in STAMPS})
    return stamps(
        shown.join(stages.select("person_key", *STAMPS), on="person_key").with_columns(why=pl.lit("stamp"))
    )
