"""What all frame models share: strict columns, UTC microsecond instants, and their dtypes as a plain dict."""

from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

UtcInstant = Annotated[pl.Datetime, "us", "UTC"]

UTC = pl.Datetime("us", "UTC")


class Frame(pa.DataFrameModel):
    """A frame with exactly these columns. Models never coerce: `schemas.admission` parses, then validates."""

    class Config:
        strict = True
        coerce = False


def columns(**types: Any) -> pl.Schema:
    """A plain schema; spelled once so that instances and classes of dtypes may be mixed."""
    return pl.Schema(types)


def dtypes(model: type[Frame]) -> dict[str, pl.DataType]:
    """Column name → Polars dtype of a frame model, in the model's order."""
    return {name: column.dtype.type for name, column in model.to_schema().columns.items()}


def checked(frame: pl.DataFrame, model: type[Frame]) -> pl.DataFrame:
    """The frame itself, validated: what leaves the engine has the shape that was agreed, or nothing is written."""
    model.validate(frame, lazy=True)
    return frame


def empty(model: type[Frame]) -> pl.DataFrame:
    """A frame of this model without rows."""
    return pl.DataFrame(schema=dtypes(model))
