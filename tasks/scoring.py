"""The scoring stage: the people's attributes and scores at every decision instant."""

from dataclasses import dataclass

import polars as pl

from engine.data.attributes import attributes_at
from engine.scoring.evidence import evidence
from engine.scoring.lines import MODEL, score_lines
from engine.scoring.score import in_points, score_at
from engine.scoring.ticks import next_ticks
from schemas.context import Window
from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import Scores
from schemas.playbook.load import Playbook
from schemas.vocabulary import Silo, VerdictKind
from tasks.attributes import attribute_rules
from tasks.facts import Facts


@dataclass(frozen=True)
class Scored:
    """What scoring found.

    `attributes`: person_key, at, the attributes. `moments`: the same with score, fit, engagement in points, grade and
    confidence. `scores`: frames.decisions.Scores, one row per person, at its last instant.
    """

    attributes: pl.DataFrame
    moments: pl.DataFrame
    scores: pl.DataFrame
    evidence: pl.DataFrame
    recycles: pl.DataFrame


def score(facts: Facts, playbook: Playbook, window: Window) -> Scored:
    """Scores everybody of `facts` at their instants."""
    rules, known = playbook.scoring, playbook.fit_attributes
    attributes = attributes_at(facts.instants, facts.states, attribute_rules(playbook))
    counted = evidence(facts.activities, rules, window.zone)
    recycles = recycles_of(facts.verdicts)
    scored = score_at(attributes, counted, recycles, rules, known, window)
    last = (
        scored.sort("at")
        .unique("person_key", keep="last")
        .join(facts.pushed_scores, on="person_key", how="left")
    )
    ticks = next_ticks(
        last,
        counted,
        recycles,
        rules,
        known,
        playbook.watched_conditions,
        playbook.platforms.push.score_step,
        window,
    )
    return Scored(attributes, in_points(scored), _rows(last, ticks, playbook), counted, recycles)


def lines_at(scored: Scored, instants: pl.DataFrame, playbook: Playbook, window: Window) -> pl.DataFrame:
    """Score lines (frames.decisions.ScoreLines) of people at some of the scored instants: person_key, at."""
    rows = scored.attributes.join(
        instants.select("person_key", "at").unique(), on=["person_key", "at"], how="semi"
    )
    return score_lines(rows, scored.evidence, scored.recycles, playbook.scoring, window)


def recycles_of(verdicts: pl.DataFrame) -> pl.DataFrame:
    """person_key, at: the instants at which sales gave people back."""
    return verdicts.filter(pl.col("kind") == VerdictKind.RECYCLED).select("person_key", at="occurred_at")


def _rows(last: pl.DataFrame, ticks: pl.DataFrame, playbook: Playbook) -> pl.DataFrame:
    found = last.join(ticks, on="person_key", how="left").with_columns(
        pl.lit(MODEL).alias("model"),
        pl.col("at").alias("scored_at"),
        pl.col("next_tick_at").cast(UTC),
        pl.lit(playbook.versions[Silo.SCORING]).alias("playbook_version"),
    )
    return found.select(list(dtypes(Scores))).sort("person_key")
