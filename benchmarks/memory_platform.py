"""Platforms in memory that give a generated history: for ledgers of any size, without a simulator."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import polars as pl

from benchmarks.history import History, share_of
from connectors.ports import Cursor, Finding, Page, StreamFailure, StreamRequest
from connectors.quota import Usage
from schemas.frames.base import dtypes
from schemas.streams import MODELS
from schemas.vocabulary import Platform, Stream

PAGE = 10_000


class InMemory:
    """A source whose clock stands at `now`. What it has is given once; afterwards nothing is new."""

    def __init__(self, platform: Platform, now: datetime, rows: Mapping[Stream, pl.DataFrame]) -> None:
        self.platform = platform
        self._now = now
        self._rows = rows

    def server_time(self) -> datetime:
        return self._now

    def binding(self) -> str:
        return "in memory"

    def usage(self) -> Usage | None:
        return None

    def examine(self) -> Sequence[Finding]:
        return []

    def pull(self, requests: Sequence[StreamRequest], through: datetime) -> Iterator[Page | StreamFailure]:
        for request in requests:
            rows = self._rows.get(request.stream)
            if request.cursor is None and rows is not None:
                for start in range(0, len(rows), PAGE):
                    yield Page(request.stream, _text(request.stream, rows[start : start + PAGE]), DONE, False)
            yield Page(request.stream, _text(request.stream, pl.DataFrame()), DONE, True)


DONE: Cursor = {"done": True}


def _text(stream: Stream, rows: pl.DataFrame) -> pl.DataFrame:
    """As a connector gives them: every column of the stream's model, all text."""
    if rows.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(dtypes(MODELS[stream]), pl.String))
    return rows.select(
        (_as_text(name, rows.schema[name]) if name in rows.columns else pl.lit(None, pl.String)).alias(name)
        for name in dtypes(MODELS[stream])
    )


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return pl.col(name).cast(pl.String)


def marketo(history: History) -> dict[Stream, pl.DataFrame]:
    """Everybody with what they did; every second person is linked to a lead."""
    people = history.people.with_columns(
        object=pl.lit("person"),
        changed_at="created_at",
        is_deleted=pl.lit(False),
        crm_lead_id=pl.when(_is_lead()).then(_lead_id()),
    )
    acts = history.acts.with_columns(
        native_key=pl.format("act-{}", "act"),
        person_native_id=(pl.col("number") + 1_000_000).cast(pl.String),
        is_bot=pl.lit(False),
    )
    return {Stream.PEOPLE: people, Stream.ACTIVITIES: acts}


def salesforce(history: History) -> dict[Stream, pl.DataFrame]:
    """A lead for every second person."""
    leads = history.people.filter(_is_lead()).with_columns(
        object=pl.lit("lead"),
        native_id=_lead_id(),
        changed_at="created_at",
        is_deleted=pl.lit(False),
        status=pl.lit("Open"),
        owner_id=pl.format("005{}AAA", (share_of("number", 51) * 20 + 100_000_000_000).cast(pl.Int64)),
    )
    return {Stream.LEADS: leads}


def _is_lead() -> pl.Expr:
    return pl.col("number") % 2 == 0


def _lead_id() -> pl.Expr:
    return pl.format("00Q{}AAA", pl.col("number") + 100_000_000_000)
