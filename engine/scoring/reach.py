"""How far back an instant looks: what counts at none of the instants asked for need not be read, joined or kept.

A signal counts what happened on the last days of its cap. Of a year of acts that is a few in a hundred, so leaving the
rest out first is what makes scoring a large base cheap. It changes no score: a signal that looks at several acts
looks as much further back as they may lie apart, and whoever asks for an earlier instant gives that one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from engine.calendar import day_number, midnight
from engine.scoring.visits import GAP
from schemas.conditions import expression
from schemas.frames.base import UTC
from schemas.playbook.scoring import Model
from schemas.playbook.signals import Signal
from schemas.vocabulary import ActivityKind


@dataclass(frozen=True)
class Reach:
    """Conditions on activities and on evidence for instants from `since` on; without `since`, for all of time.

    `visits_back`: how much earlier page views are looked at than visits are needed, so that these are whole.
    """

    model: Model
    zone: ZoneInfo
    since: datetime | None
    visits_back: timedelta = timedelta(days=1)

    def of_any(self) -> pl.Expr:
        """An act that some signal may have to look at."""
        if self.since is None:
            return pl.lit(True)
        signals = enumerate(self.model.engagement.signals)
        looked_at = (self.of(n) & _met(signal) for n, signal in signals if signal.together is None)
        return pl.any_horizontal(pl.lit(False), *looked_at)

    def of(self, number: int) -> pl.Expr:
        """An act that is not too old for a signal, or for a combination that the signal is a part of."""
        if self.since is None:
            return pl.lit(True)
        back = self.visits_back if self.model.engagement.signals[number].visit else timedelta()
        return pl.col("occurred_at") >= pl.lit(self._acts_from[number] - back, UTC)

    def still_counts(self, number: int) -> pl.Expr:
        """Evidence of a signal that is neither too old nor superseded at the first instant."""
        if self.since is None:
            return pl.lit(True)
        superseded = (pl.col("superseded_at") <= pl.lit(self.since, UTC)).fill_null(False)
        return (pl.col("day") >= self._first_days[number]) & ~superseded

    def cuts(self, seen: pl.DataFrame) -> bool:
        """Whether one of these visits (frames of `visits`) that count may have begun before what was looked at."""
        visited = [n for n, signal in enumerate(self.model.engagement.signals) if signal.visit]
        if self.since is None or not visited:
            return False
        needed = min(self._acts_from[n] for n in visited)
        spans = seen.group_by("visit").agg(
            first=pl.col("occurred_at").min(), last=pl.col("occurred_at").max()
        )
        is_cut = (pl.col("first") - GAP <= needed - self.visits_back) & (pl.col("last") >= needed)
        return not spans.filter(is_cut).is_empty()

    @cached_property
    def _first_days(self) -> list[int]:
        """Per signal the first day of its cap at the first instant."""
        today = pl.select(day_number(pl.lit(self.since, UTC), self.zone)).item()
        return [today - signal.cap.within.days + 1 for signal in self.model.engagement.signals]

    @cached_property
    def _acts_from(self) -> list[datetime]:
        """Per signal the instant from which on acts matter."""
        signals = self.model.engagement.signals
        days = pl.DataFrame({"day": self._first_days}, schema={"day": pl.Int32})
        starts: list[datetime] = days.select(midnight("day", self.zone))["day"].to_list()
        places = {signal.id: number for number, signal in enumerate(signals)}
        needed = list(starts)
        for start, signal in zip(starts, signals, strict=True):
            for name in signal.together.of if signal.together else ():
                assert signal.together is not None
                needed[places[name]] = min(needed[places[name]], start - signal.together.within)
        return [
            start - signal.count.within if signal.count else start
            for start, signal in zip(needed, signals, strict=True)
        ]


def is_plain(signal: Signal) -> bool:
    """Whether one act alone says if it counts."""
    return signal.when is not None and signal.count is None and signal.person is None


def _met(signal: Signal) -> pl.Expr:
    return pl.col("kind") == ActivityKind.PAGE_VISIT if signal.when is None else expression(signal.when)
