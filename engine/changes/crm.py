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
OURS_TO_OWN = ["rule", "opportunity", "account", "last_cycle"]
"""How an owner was found, where the lead gets it; a kept owner stands there already."""


def wanted_in_crm(
    targets: pl.DataFrame,
    cycles: pl.DataFrame,
    stages: pl.DataFrame,
    statuses: Sequence[StatusRow],
    *,
    owners: bool,
) -> pl.DataFrame:
    """WANTED for the record of each person that is written to.

    `targets`: engine.target.crm_targets. `cycles`: those that are written, with `how` of their assignment. `stages`:
    one row per person whom we made an MQL. `owners`: whether owners are written at all. Status, stage and dates follow
    the last MQL, the owner follows the last cycle that is open.
    """
    is_open = pl.col("state").is_in([CycleState.OPEN, CycleState.WORKING])
    # What was adopted keeps owner, status and dates, also where we record a hand raise in it.
    own = cycles.filter(pl.col("origin") == Origin.LIVE)
    of_mql = _rows(targets, own.filter(pl.col("kind") == CycleKind.MQL))
    parts = [pl.DataFrame(schema=WANTED)]
    if not of_mql.is_empty():
        parts += [_status(of_mql, stages, statuses), _stage(of_mql, stages), _stamps(of_mql, stages)]
    of_open = _rows(targets, own.filter(is_open))
    if owners and not of_open.is_empty():
        parts.append(_owner(of_open))
    return pl.concat(parts)


def _rows(targets: pl.DataFrame, cycles: pl.DataFrame) -> pl.DataFrame:
    """The record that is written to beside each person's last cycle."""
    last = cycles.sort("opened_at", "cycle_key").unique("person_key", keep="last", maintain_order=True)
    return targets.with_columns(target="native_id", is_creation=pl.lit(False)).join(
        last.select(
            "person_key",
            "cycle_key",
            "kind",
            "origin",
            "state",
            cycle_owner="owner_id",
            cycle_how="how",
            cycle_rule="trigger_rule",
        ),
        on="person_key",
    )


def _status(rows: pl.DataFrame, stages: pl.DataFrame, statuses: Sequence[StatusRow]) -> pl.DataFrame:
    words = _words(statuses)
    mql = rows.join(stages.select("person_key", stage_now="stage"), on="person_key")
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
            # Our own clock takes back what we set, never what a rep set.
            & ((meaning == "handed_over") | ((meaning == "accepted") & (state != CycleState.EXPIRED)))
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
    due = rows.filter(
        (pl.col("object") == RecordObject.LEAD)
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
