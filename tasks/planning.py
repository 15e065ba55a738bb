"""What a changed playbook would move, before it is in force: everybody scored by both, at the last decided moment."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from engine.scoring.compare import Moves, moves
from ledger import runs
from ledger.facts import schedule
from ledger.open import Ledger
from schemas.conditions import expression
from schemas.context import Window
from schemas.playbook.load import Playbook
from tasks.facts import load
from tasks.find import Unknown
from tasks.progress import Progress
from tasks.scoring import score

CHUNK = 20_000


@dataclass(frozen=True)
class Reached:
    """A trigger on scores: for how many people its condition would hold newly, and no longer."""

    trigger: str
    holds: int
    newly: int
    no_longer: int


@dataclass(frozen=True)
class Plan:
    """What would move at `at`. Nothing of it is recorded. `new_models`, `gone_models`: in one playbook only."""

    at: datetime
    people: int
    models: list[Moves]
    new_models: list[str]
    gone_models: list[str]
    triggers: list[Reached]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def plan_scores(ledger: Ledger, present: Playbook, changed: Playbook, progress: Progress) -> Plan:
    """Scores everybody who was decided by `present` and by `changed`, and compares."""
    with ledger.read() as connection:
        as_of = runs.last_committed_as_of(connection)
        keys = schedule.living(connection)
    if as_of is None or not keys:
        raise Unknown("nobody was decided yet; run `mqlflow sync` first")
    before, after = [], []
    for start in range(0, len(keys), CHUNK):
        some = keys[start : start + CHUNK]
        before.append(_scored(ledger, some, present, as_of))
        after.append(_scored(ledger, some, changed, as_of))
        progress.advance("score", len(some), len(keys))
    old = {model.id: model.prefix for model in present.models}
    new = {model.id: model.prefix for model in changed.models}
    was, will = pl.concat(before), pl.concat(after)
    step = changed.platforms.push.score_step
    return Plan(
        at=as_of,
        people=len(keys),
        models=[
            moves(_of_model(was, old[model]), _of_model(will, prefix), model, step)
            for model, prefix in new.items()
            if model in old
        ],
        new_models=sorted(new.keys() - old.keys()),
        gone_models=sorted(old.keys() - new.keys()),
        triggers=_reached(was, will, present, changed),
    )


def _scored(ledger: Ledger, keys: list[str], playbook: Playbook, as_of: datetime) -> pl.DataFrame:
    """person_key, every model's score and grade, `trigger <id>`: whether its condition on the person holds."""
    organisation = playbook.organisation
    window = Window(as_of, as_of, as_of, None, organisation.zone, organisation.late_limit)
    facts = load(ledger, keys, playbook, window)
    facts = replace(facts, instants=facts.instants.filter(pl.col("at") == as_of))
    now = score(facts, playbook, window).moments
    results = [
        f"{model.prefix}{name}"
        for model in playbook.models
        for name in ("score", "grade")
        if f"{model.prefix}{name}" in now.columns
    ]
    held = [
        expression(trigger.person).alias(f"trigger {trigger.id}")
        for trigger in playbook.lifecycle.triggers
        if trigger.person
    ]
    return now.select("person_key", *results, *held)


def _of_model(scored: pl.DataFrame, prefix: str) -> pl.DataFrame:
    grade = pl.col(f"{prefix}grade") if f"{prefix}grade" in scored.columns else pl.lit(None, pl.String)
    return scored.select("person_key", pl.col(f"{prefix}score").alias("score"), grade.alias("grade"))


def _reached(was: pl.DataFrame, will: pl.DataFrame, present: Playbook, changed: Playbook) -> list[Reached]:
    before = {trigger.id for trigger in present.lifecycle.triggers if trigger.person}
    found = []
    for trigger in changed.lifecycle.triggers:
        if not trigger.person:
            continue
        name = f"trigger {trigger.id}"
        held = was.select("person_key", held=name if trigger.id in before else pl.lit(False))
        both = will.select("person_key", holds=name).join(held, on="person_key")
        found.append(
            Reached(
                trigger.id,
                holds=int(both["holds"].sum()),
                newly=len(both.filter(pl.col("holds") & ~pl.col("held"))),
                no_longer=len(both.filter(~pl.col("holds") & pl.col("held"))),
            )
        )
    return found
