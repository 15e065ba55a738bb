"""Days of the organisation: decay, windows and daily ticks count local midnights, whatever the clock changes do."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from schemas.frames.base import UTC


def day_number(instant: str | pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """Days since 1970-01-01 in local time, as Int32: the difference of two is an age in local midnights."""
    column = pl.col(instant) if isinstance(instant, str) else instant
    return column.dt.convert_time_zone(zone.key).dt.date().cast(pl.Int32)


def midnight(day: str | pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """The UTC instant at which a local day begins; where that hour is skipped or doubled, its first instant."""
    column = pl.col(day) if isinstance(day, str) else day
    local = column.cast(pl.Date).cast(pl.Datetime("us"))
    return (
        local.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
        .fill_null(
            (local + pl.duration(hours=1)).dt.replace_time_zone(
                zone.key, ambiguous="earliest", non_existent="null"
            )
        )
        .dt.convert_time_zone("UTC")
        .cast(UTC)
    )


def midnights_between(after: datetime, through: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every local midnight in (`after`, `through`], oldest first."""
    first = after.astimezone(zone).date()
    days = (through.astimezone(zone).date() - first).days
    frame = pl.DataFrame(
        {"day": [first + timedelta(days=n) for n in range(1, days + 1)]}, schema={"day": pl.Date}
    )
    instants = frame.select(midnight(pl.col("day").cast(pl.Int32), zone).alias("at"))["at"].to_list()
    return [instant for instant in instants if after < instant <= through]
