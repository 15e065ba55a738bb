"""How near a person is to a trigger: what would reach it, and which of their acts carries what there is."""

from dataclasses import asdict
from typing import Any

import polars as pl

from engine.data.attributes import attributes_at
from engine.reasons import reads
from engine.scoring.basis import bases
from engine.scoring.near import as_if_without, carrying_acts, smallest_changes
from engine.scoring.score import RESULTS, in_points, score_at
from schemas.context import Window
from schemas.playbook.lifecycle import Trigger
from schemas.playbook.load import Playbook
from tasks.attributes import attribute_rules
from tasks.facts import Facts
from tasks.scoring import Scored

Row = dict[str, Any]
ACTS = 60
"""So many of the youngest acts are thought away, one at a time."""
SHOWN = 3


def nearness(
    trigger: Trigger, facts: Facts, scored: Scored, now: pl.DataFrame, playbook: Playbook, window: Window
) -> tuple[list[Row], list[Row]]:
    """`reached_by` (what the smallest change would be; empty if the trigger holds) and `carried_by` (heaviest acts).

    `now`: the person's last moment. Of a trigger without a condition on the person there is nothing to tell.
    """
    if trigger.person is None:
        return [], []
    model = playbook.model_read_by(trigger)
    [basis] = [basis for basis in scored.bases if basis.model.id == model]
    reached = smallest_changes(now, basis, trigger.person, window)
    options = [
        {"score": score, "changes": [{**asdict(change), "about": sorted(change.about)} for change in option]}
        for option, score in reached
    ]
    by_acts = {f"{basis.model.prefix}{name}" for name in RESULTS} - {f"{basis.model.prefix}fit"}
    if not by_acts & set(reads(trigger.person)):
        return options, []
    return options, _carried_by(trigger.person, basis.model.prefix, facts, now, playbook, window)


def _carried_by(
    condition: str, prefix: str, facts: Facts, now: pl.DataFrame, playbook: Playbook, window: Window
) -> list[Row]:
    acts = facts.scoring_activities.sort("occurred_at", descending=True)
    keys = acts.filter(~pl.col("is_bot"))["activity_key"].head(ACTS).to_list()
    if not keys:
        return []
    worlds = pl.DataFrame({"world": keys}, schema={"world": pl.String})

    def everywhere(frame: pl.DataFrame) -> pl.DataFrame:
        """The person's rows once for each world in which one act had not been."""
        return frame.join(worlds, how="cross").with_columns(person_key="world").drop("world")

    found = bases(
        as_if_without(acts, keys),
        everywhere(facts.states).sort("at"),
        everywhere(facts.verdicts),
        everywhere(facts.adjustments),
        playbook.models,
        window.zone,
    )
    moments = everywhere(now.select("person_key", "at"))
    known = attributes_at(moments, everywhere(facts.states).sort("at"), attribute_rules(playbook))
    accounts = [name for name in now.columns if name.startswith("account_") and name not in known.columns]
    known = known.with_columns(pl.lit(now[name][0], now.schema[name]).alias(name) for name in accounts)
    without = in_points(score_at(known, found, window), [model.prefix for model in playbook.models])
    told = acts.select("activity_key", "kind", "asset_name", "url", "occurred_at")
    by_key = {row["activity_key"]: row for row in told.iter_rows(named=True)}
    return [
        {**by_key[key], "points": lost, "decides": decides}
        for key, lost, decides in carrying_acts(now, without, condition, prefix)[:SHOWN]
    ]
