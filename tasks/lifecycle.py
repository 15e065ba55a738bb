"""The lifecycle stage: what becomes of people at their instants, with the score lines behind each new cycle."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from engine import lifecycle
from engine.lifecycle import LifecycleDecisions
from schemas.context import Versions, Window
from schemas.frames.base import empty
from schemas.frames.decisions import ScoreLines
from schemas.playbook.load import Playbook
from schemas.playbook.scoring import DEFAULT
from tasks.facts import Facts
from tasks.scoring import Scored, lines_at


@dataclass(frozen=True)
class Moved:
    """`decisions`: the lifecycle's frames. `lines`: score lines of the instants at which cycles were opened."""

    decisions: LifecycleDecisions
    lines: pl.DataFrame


def move(facts: Facts, scored: Scored, playbook: Playbook, window: Window, versions: Versions) -> Moved:
    """Decides the lifecycle of everybody in `facts`."""
    decided = lifecycle.decide(
        scored.moments,
        facts.acts,
        facts.activities,
        people=facts.people,
        records=facts.records,
        verdicts=facts.verdicts,
        removals=facts.removals,
        opportunities=facts.opportunities,
        cycles=facts.cycles,
        stages=facts.stages,
        group_cycles=facts.group_cycles,
        touches=facts.touches,
        rules=playbook.lifecycle,
        organisation=playbook.organisation,
        statuses=playbook.platforms.statuses,
        window=window,
        versions=versions,
    )
    opened = decided.cycles.join(facts.cycles, on="cycle_key", how="anti")
    if opened.is_empty():
        return Moved(decided, empty(ScoreLines))
    opened = opened.select("cycle_key", "person_key", "opened_at", model=_model_of(playbook), at="opened_at")
    lines = pl.concat(
        lines_at(scored, opened.filter(pl.col("model") == model), window, {DEFAULT, model})
        for model in opened["model"].unique().sort()
    ).unique(["person_key", "model", "at", "part", "rule_id"], maintain_order=True)
    return Moved(replace(decided, cycles=_with_lines(decided.cycles, opened, lines)), lines)


def _model_of(playbook: Playbook) -> pl.Expr:
    """By which model's score a cycle was opened: the one that its trigger reads, else the default one."""
    read = {trigger.id: playbook.model_read_by(trigger) for trigger in playbook.lifecycle.triggers}
    return pl.col("trigger_rule").replace_strict(read, default=DEFAULT, return_dtype=pl.String)


def _with_lines(cycles: pl.DataFrame, opened: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Puts the lines behind each newly opened cycle onto it, as JSON that a rep can read in `MQL__c`."""
    told: dict[tuple[str, datetime, str], list[dict[str, Any]]] = {}
    for person, at, model, part, rule, points, count in lines.select(
        "person_key", "at", "model", "part", "rule_id", "contribution", "evidence_count"
    ).iter_rows():
        line = {"part": part, "rule": rule, "points": points / 100, "evidence": count}
        told.setdefault((person, at, model), []).append(line)
    texts = {
        key: json.dumps(told.get((person, at, model), []))
        for key, person, at, model in opened.select(
            "cycle_key", "person_key", "opened_at", "model"
        ).iter_rows()
    }
    fresh = pl.col("cycle_key").replace_strict(texts, default=None, return_dtype=pl.String)
    return cycles.with_columns(pl.coalesce(fresh, "lines").alias("lines"))
