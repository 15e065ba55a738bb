"""The text of a bulk file: a header, then RFC 4180 records; a missing value is the bare word ``null``.

Line breaks, NUL and U+2028 stay in their values. A value that *is* the word null looks like a missing
one, as it does on the platform.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from simulator.marketo.exports import Extract

DELIMITERS = {"CSV": ",", "TSV": "\t", "SSV": ";"}


def write_file(header: Sequence[str], rows: Iterable[Sequence[Any]], format: str) -> Extract:
    delimiter = DELIMITERS[format]
    # The csv module would leave a lone CR unquoted, and readers would take it for the end of a record.
    special = re.compile(f'["\r\n{delimiter}]')

    def cell(value: Any) -> str:
        if value is None:
            return "null"
        text = value if isinstance(value, str) else str(value)
        return '"' + text.replace('"', '""') + '"' if special.search(text) else text

    lines = [delimiter.join(map(cell, header))]
    lines += [delimiter.join(map(cell, row)) for row in rows]
    lines.append("")
    return Extract.of("\n".join(lines).encode(), len(lines) - 2)


def lead_cell(value: Any, data_type: str) -> Any:
    if value is None:
        return None
    if data_type == "boolean":
        return "true" if value else "false"
    return value
