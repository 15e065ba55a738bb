"""Why a person is where they are: everything the ledger decided about them, and what is missing to the next step."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from engine.scoring.score import in_points
from ledger import outbox, runs
from ledger.decisions import read as decisions
from ledger.facts import read
from ledger.open import Ledger
from schemas.conditions import Columns, check, expression
from schemas.context import Versions, Window
from schemas.playbook.load import Playbook
from schemas.playbook.scoring import DEFAULT
from schemas.vocabulary import CycleState
from tasks.assignment import assign_trials
from tasks.facts import Facts, load
from tasks.find import Unknown, one_person
from tasks.near import nearness
from tasks.scoring import Scored, lines_at, score

Row = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """A condition of the lifecycle held against the person as they are now. `values`: what it reads.

    `act`: the act that a trigger needs besides; without one any new act will do.

    Of triggers: `reached_by`, the smallest changes by which it would hold, and `carried_by`, the acts that weigh most
    in the score that it reads; `decides` where it holds only because of that one.
    """

    rule: str
    sort: str  # trigger, or an exclusion's kind
    condition: str
    holds: bool
    values: Row
    act: str | None = None
    reached_by: list[Row] = field(default_factory=list)
    carried_by: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Explanation:
    """What `mqlflow why` shows. `score` is recomputed at `at` and equals what was decided; lines add up to it.

    `models`: what the further models say, each with its own lines. `would_get`: who would be given an open trial if it
    were a handover, as things stand.
    """

    person_key: str
    at: datetime
    records: list[Row]
    attributes: Row
    score: Row
    lines: list[Row]
    models: list[Row]
    checks: list[Check]
    stages: list[Row]
    transitions: list[Row]
    cycles: list[Row]
    events: list[Row]
    blocks: list[Row]
    assignments: list[Row]
    would_get: list[Row]
    would_qualify: list[Row]
    waiting: list[Row]

    def as_json(self) -> Row:
        return {
            **{name: value for name, value in vars(self).items() if name != "checks"},
            "checks": [vars(c) for c in self.checks],
        }


def explain(ledger: Ledger, playbook: Playbook, text: str, at: datetime | None = None) -> Explanation:
    """Explains the person that `text` names, as of the last decided moment.

    With `at` attributes, score, lines and conditions are those of that past instant, from what was known by then.
    """
    with ledger.read() as connection:
        key = one_person(connection, text)
        as_of = runs.last_committed_as_of(connection)
        if as_of is None:
            raise Unknown("nothing was decided yet; run `mqlflow sync` first")
        if at is not None:
            as_of = min(at, as_of)
        decided = _decided(connection, key)
        owners = dict(read.owners(connection).select("owner_id", "name").iter_rows())
    organisation = playbook.organisation
    window = Window(as_of, as_of, as_of, None, organisation.zone, organisation.late_limit)
    facts = load(ledger, [key], playbook, window)
    scored = score(facts, playbook, window)
    now = scored.moments.sort("at").tail(1)
    models = [model.id for model in playbook.models]
    lines = lines_at(scored, now.select("person_key", "at"), window, models)
    attributes = playbook.columns["person"].names
    return Explanation(
        person_key=key,
        at=as_of,
        records=_records(facts.records, owners),
        attributes={
            name: value
            for name, value in now.select(attributes).row(0, named=True).items()
            if value is not None
        },
        score=_score(scored),
        would_get=_rows(_would_get(ledger, decided["cycles"], playbook, window), owners),
        lines=_lines(lines, DEFAULT, facts.adjustments),
        models=_further(scored, lines, facts.adjustments),
        checks=_checks(facts, scored, now, playbook, window),
        **{name: _rows(frame, owners) for name, frame in decided.items()},
    )


def _would_get(ledger: Ledger, cycles: pl.DataFrame, playbook: Playbook, window: Window) -> pl.DataFrame:
    is_open = pl.col("state").is_in([state.value for state in CycleState if state.is_open])
    trials = cycles.filter(is_open & pl.col("is_trial"))
    assigned = assign_trials(ledger, trials, playbook, window, Versions(playbook.versions, {}))
    return assigned.decisions.assignments


def _decided(connection: sa.Connection, key: str) -> dict[str, pl.DataFrame]:
    keys = [key]
    return {
        "stages": decisions.read_stages(connection, keys),
        "transitions": decisions.read_transitions(connection, keys).sort("at", maintain_order=True),
        "cycles": decisions.read_cycles(connection, keys),
        "events": decisions.read_cycle_events(connection, keys).sort("at", maintain_order=True),
        "blocks": decisions.read_blocks(connection, keys).sort("at"),
        "assignments": decisions.read_assignments(connection, keys),
        "would_qualify": decisions.read_would_qualify(connection, keys),
        "waiting": outbox.waiting(connection, keys),
    }


def _records(records: pl.DataFrame, owners: dict[str, str]) -> list[Row]:
    chosen = records.select(
        "platform", "object", "native_id", "status", "owner_id", "is_deleted", "is_converted"
    )
    return _rows(chosen, owners)


def _score(scored: Scored) -> Row:
    row = in_points(scored.shown).row(0, named=True)
    return {name: row[name] for name in ("score", "engagement", "fit", "grade", "confidence", "next_tick_at")}


def _further(scored: Scored, lines: pl.DataFrame, adjustments: pl.DataFrame) -> list[Row]:
    """Results and lines of every model but the default one, in points."""
    names = ("model", "score", "engagement", "fit", "grade", "confidence", "probability")
    others = in_points(scored.scores.filter(pl.col("model") != DEFAULT))
    return [
        {**row, "lines": _lines(lines, row["model"], adjustments)}
        for row in others.select(names).iter_rows(named=True)
    ]


def _lines(lines: pl.DataFrame, model: str, adjustments: pl.DataFrame) -> list[Row]:
    """A model's lines in the order of reading; an adjustment's with its author and reason."""
    given = {
        f"{part}:{key}": {"author": author, "reason": reason}
        for part, key, author, reason in adjustments.select(
            "part", "adjustment_key", "author", "reason"
        ).iter_rows()
    }
    order = pl.col("part").replace_strict({"engagement": 0, "fit": 1}, default=2, return_dtype=pl.Int8)
    in_order = lines.filter(pl.col("model") == model).sort(
        order, pl.col("contribution"), descending=[False, True]
    )
    return [
        {
            **row,
            **given.get(row["rule_id"], {}),
            "raw": row["raw"] / 100,
            "points": row["points"] / 100,
            "contribution": row["contribution"] / 100,
        }
        for row in in_order.iter_rows(named=True)
    ]


def _checks(
    facts: Facts, scored: Scored, now: pl.DataFrame, playbook: Playbook, window: Window
) -> list[Check]:
    columns = playbook.columns["scored person"]
    found = []
    for trigger in playbook.lifecycle.triggers:
        if trigger.person:
            near = nearness(trigger, facts, scored, now, playbook, window)
            check = _check(trigger.id, "trigger", trigger.person, now, columns, *near)
            found.append(replace(check, act=trigger.activity))
    held = [exclusion for exclusion in playbook.lifecycle.exclude if exclusion.when]
    return found + [_check(each.id, str(each.kind), str(each.when), now, columns) for each in held]


def _check(
    rule: str,
    sort: str,
    condition: str,
    now: pl.DataFrame,
    columns: Columns,
    reached_by: Sequence[Row] = (),
    carried_by: Sequence[Row] = (),
) -> Check:
    reads = sorted(check(condition, columns))
    holds = bool(now.select(expression(condition).alias("holds"))["holds"][0])
    values = now.select(reads).row(0, named=True) if reads else {}
    return Check(
        rule,
        sort,
        condition,
        holds,
        values,
        reached_by=[] if holds else list(reached_by),
        carried_by=list(carried_by),
    )


def _rows(frame: pl.DataFrame, owners: dict[str, str]) -> list[Row]:
    """Rows as dictionaries: JSON texts read, owners named beside their ids."""
    rows = []
    for row in frame.iter_rows(named=True):
        for name in ("reasons", "lines", "value"):
            if isinstance(row.get(name), str):
                row[name] = json.loads(row[name])
        for key, name in (("owner_id", "owner"), ("said_by", "said_by_name")):
            if row.get(key):
                row[name] = owners.get(row[key], row[key])
        rows.append(row)
    return rows
