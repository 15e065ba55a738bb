"""CSV as the Bulk API reads and writes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

DELIMITERS = {
    "COMMA": ",",
    "TAB": "\t",
    "SEMICOLON": ";",
    "PIPE": "|",
    "CARET": "^",
    "BACKQUOTE": "`",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class BadCsv(ValueError):
    """The upload is no CSV of the announced form; the message is the job's errorMessage."""


def read(content: str, delimiter: str, line_ending: str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows. Quoted cells keep their line breaks."""
    content = content.removeprefix("\ufeff")
    first = content.split("\n", 1)[0]
    if first.endswith("\r") != (line_ending == "\r\n") and "\n" in content:
        current = "LF" if line_ending == "\n" else "CRLF"
        raise BadCsv(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {current}"
        )
    csv.field_size_limit(1 << 24)
    try:
        rows = [
            row
            for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
            if row
        ]
    except csv.Error as error:
        raise BadCsv(f"InvalidBatch : Failed to parse CSV ({error})") from None
    if not rows:
        raise BadCsv("InvalidBatch : Failed to parse CSV header: the file is empty")
    return rows[0], rows[1:]


def write(header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str, line_ending: str) -> str:
    """Every cell quoted; nulls are empty."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=line_ending, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return buffer.getvalue()
