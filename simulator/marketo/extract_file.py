"""The text of a bulk file: a header, then RFC 4180 records; a missing value is the bare word ``null``.

Line breaks, NUL and U+2028 stay in their values. A value that *is* the word null looks like a missing
one, as it does on the platform.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from simulator.marketo.exports import Extract

DELIMITERS = {"CSV": ",", "TSV": "\t", "SSV": ";"}


def write_file(header: Sequence[str], rows: Iterable[Sequence[Any]], format: str) -> Extract:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=DELIMITERS[format], lineterminator="\n")
    writer.writerow(header)
    records = 0
    for row in rows:
        writer.writerow(["null" if value is None else value for value in row])
        records += 1
    return Extract(text.getvalue().encode(), records)


def lead_cell(value: Any, data_type: str) -> Any:
    if value is None:
        return None
    if data_type == "boolean":
        return "true" if value else "false"
    return value
