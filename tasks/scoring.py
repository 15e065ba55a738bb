"""The scoring stage: the people's attributes and scores at every decision instant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.data.attributes import attributes_at
from engine.scoring.accounts import with_account_scores
from engine.scoring.basis import Basis, bases
from engine.scoring.lines import score_lines
from engine.scoring.score import RESULTS, in_points, score_at
from engine.scoring.ticks import next_ticks
from schemas.context import Window
from schemas.frames.base import UTC, dtypes
from schemas.frames.decisions import Scores
from schemas.playbook.load import Playbook
from schemas.playbook.scoring import DEFAULT, AccountScore, Model
from schemas.vocabulary import Silo
from tasks.attributes import attribute_rules
from tasks.facts import Facts


@dataclass(frozen=True)
class Scored:
    """What scoring found.

    `attributes`: person_key, at, the attributes. `moments`: the same with every model's results in points, grades and
    confidence, and the account's score. `scores`: frames.decisions.Scores, one row per person and model, at the
    person's last instant.
    """

    attributes: pl.DataFrame
    moments: pl.DataFrame
    scores: pl.DataFrame
    bases: Sequence[Basis]
    account: AccountScore | None

    @property
    def shown(self) -> pl.DataFrame:
        """Scores of the default model: the ones that are pushed."""
        return self.scores.filter(pl.col("model") == DEFAULT)


def score(facts: Facts, playbook: Playbook, window: Window) -> Scored:
    """Scores everybody of `facts` at their instants, by every model."""
    attributes = attributes_at(facts.instants, facts.states, attribute_rules(playbook))
    found = bases_of(facts, playbook, window, _earliest(facts.instants))
    scored = score_at(attributes, found, window)
    if playbook.scoring.account:
        scored = with_account_scores(scored, facts.account_scores)
    last = (
        scored.sort("at")
        .unique("person_key", keep="last")
        .join(facts.pushed_scores, on="person_key", how="left")
    )
    ticks = next_ticks(last, found, playbook.watched_conditions, playbook.platforms.push.score_step, window)
    moments = in_points(scored, [model.prefix for model in playbook.models])
    return Scored(attributes, moments, _rows(last, ticks, playbook), found, playbook.scoring.account)


def bases_of(facts: Facts, playbook: Playbook, window: Window, since: datetime | None) -> list[Basis]:
    """What the models' scores of these people are computed from, at instants from `since` on."""
    return bases(
        facts.scoring_activities,
        facts.states,
        facts.verdicts,
        facts.adjustments,
        playbook.models,
        window.zone,
        since,
    )


def _earliest(instants: pl.DataFrame) -> datetime | None:
    at = instants["at"].min()
    return at if isinstance(at, datetime) else None


def lines_at(
    scored: Scored, instants: pl.DataFrame, window: Window, models: Iterable[str] = (DEFAULT,)
) -> pl.DataFrame:
    """Score lines (frames.decisions.ScoreLines) by some models, of people at some of the scored instants."""
    rows = scored.attributes.join(
        instants.select("person_key", "at").unique(), on=["person_key", "at"], how="semi"
    )
    wanted = set(models)
    return pl.concat(score_lines(rows, basis, window) for basis in scored.bases if basis.model.id in wanted)


def _rows(last: pl.DataFrame, ticks: pl.DataFrame, playbook: Playbook) -> pl.DataFrame:
    account = playbook.scoring.account
    found = last.join(ticks, on="person_key", how="left").with_columns(
        pl.col("at").alias("scored_at"),
        pl.col("next_tick_at").cast(UTC),
        pl.col(account.role if account else "department").alias("role"),
        pl.lit(playbook.versions[Silo.SCORING]).alias("playbook_version"),
    )
    return pl.concat(_of_model(found, model) for model in playbook.models).sort("person_key", "model")


def _of_model(found: pl.DataFrame, model: Model) -> pl.DataFrame:
    """The rows of one model, under the plain names."""
    wanted = dtypes(Scores)
    results = [
        (
            pl.col(f"{model.prefix}{name}")
            if f"{model.prefix}{name}" in found.columns
            else pl.lit(None, wanted[name])
        ).alias(name)
        for name in RESULTS
        if name in wanted
    ]
    return found.with_columns(*results, pl.lit(model.id).alias("model")).select(list(wanted))
