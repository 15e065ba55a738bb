"""From a platform's rows to a page's text frame: canonical columns, all text, unreadable rows split off."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from connectors.ports import Unreadable
from schemas.frames.base import dtypes
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Stream

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_frame(
    stream: Stream, rows: Iterable[Mapping[str, Any]]
) -> tuple[pl.DataFrame, tuple[Unreadable, ...]]:
    """Rows by canonical column names → (text frame with every column of the stream's model, the unreadable).

    Absent names are null. A row without its key, or with text that no encoding can hold (a lone surrogate,
    which JSON escapes allow), can't become a frame row: it comes back as `Unreadable`. Instants may have
    any of the forms that `instants` knows; others stay as they are, and the door quarantines them.
    """
    wanted = dtypes(MODELS[stream])
    key = natural_key(stream)
    columns: dict[str, list[str | None]] = {name: [] for name in wanted}
    unreadable = []
    for row in rows:
        if unknown := row.keys() - wanted.keys():
            raise ValueError(f"{stream}: the mapping made unknown columns {sorted(unknown)}")
        cells = {name: text(row.get(name)) for name in wanted}
        if fault := _fault(cells, key):
            unreadable.append(Unreadable(ascii_safe(cells[key] or "?"), fault, json.dumps(row, default=str)))
            continue
        for name, cell in cells.items():
            columns[name].append(cell)
    frame = pl.DataFrame(columns, schema=dict.fromkeys(wanted, pl.String))
    moments = [name for name, dtype in wanted.items() if isinstance(dtype, pl.Datetime)]
    return frame.with_columns(instants(name) for name in moments), tuple(unreadable)


def text(value: Any) -> str | None:
    """A wire value as a cell: null stays null, booleans as words, lists and objects JSON, instants with Z."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return instant_text(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        case _:
            return str(value)


def instant_text(moment: datetime) -> str:
    """`2026-01-01T00:00:00Z`, to the microsecond where there are any."""
    if moment.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ascii_safe(value: str) -> str:
    """Text that any log and database can hold: what is not encodable is written as an escape."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def instants(column: str) -> pl.Expr:
    """The column with every known wire form of an instant as ISO 8601 with a zone; unknown forms stay.

    `2026-01-01`, `2026-01-01 10:00:00` and `2026-01-01T10:00:00` (no zone) mean UTC; `…Z+0000` is what one
    API of Marketo's writes for `…Z`.
    """
    return (
        pl.col(column)
        .str.strip_chars()
        .str.replace(r"Z\+00:?00$", "Z")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00:00Z")
        .str.replace(r"^(\d{4}-\d{2}-\d{2}) (\d)", "${1}T${2}")
        .str.replace(r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?)$", "${1}Z")
        .alias(column)
    )


def normalised(value: Any) -> str | None:
    """The form in which a value that we wrote equals the same value as a platform shows it.

    Platforms trim text, hold "" as null, keep instants to the second and write 5 as 5.0. One value:
    `datetime(2026, 1, 1, tzinfo=UTC)`, "2026-01-01T00:00:00.000+0000", "2026-01-01T00:00:00Z".
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    cell = text(value)
    cell = cell.strip() if cell is not None else None
    if not cell:
        return None
    if _NUMBER.match(cell):
        return _plain_number(cell)
    if _INSTANT.match(cell):
        return _to_the_second(cell)
    return {"True": "true", "False": "false"}.get(cell, cell)


_NUMBER = re.compile(r"^-?\d{1,15}\.0+$")
_INSTANT = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$")


def _plain_number(cell: str) -> str:
    return cell.split(".")[0].replace("-0", "0") if cell.startswith("-0.") else cell.split(".")[0]


def _to_the_second(cell: str) -> str:
    try:
        return instant_text(datetime.fromisoformat(cell).replace(microsecond=0))
    except ValueError:
        return cell


def _fault(cells: Mapping[str, str | None], key: str) -> str | None:
    if not (cells[key] or "").strip():
        return f"{key}: missing"
    whole = "".join(cell for cell in cells.values() if cell)
    if whole.isascii() or not _SURROGATE.search(whole):
        return None
    broken = [name for name, cell in cells.items() if cell and _SURROGATE.search(cell)]
    return f"{', '.join(broken)}: text with a broken character"
