"""Hashes of rows that stay the same across releases of every library we use."""

from collections.abc import Sequence
from hashlib import blake2b

import polars as pl

DIGEST_BYTES = (
    12  # 2^48 rows until two are likely to collide; a collision would hide one change of one record
)


def digest(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """One hash per row over the named columns, nulls left out: a column added later changes no hash of old rows."""
    parts = [_part(name, frame.schema[name]) for name in sorted(columns)]
    texts = frame.select(pl.concat_str(parts, ignore_nulls=True).alias("text"))["text"].fill_null("")
    hashes = [blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest() for text in texts.to_list()]
    return pl.Series("hash", hashes, dtype=pl.String)


def _part(name: str, dtype: pl.DataType) -> pl.Expr:
    """`name:length:value`: the length keeps a value that looks like the next column apart from one."""
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        column = column.dt.cast_time_unit("us").to_physical()
    text = column.cast(pl.String)
    return pl.format(name + ":{}:{}", text.str.len_bytes(), text)
