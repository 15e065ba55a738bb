"""A bulk file: fetched in pieces, checked against its checksum, and only then read as CSV.

A connection that is cut costs one piece: the next request asks for the bytes from there on. A file whose SHA-256 is
not the promised one is fetched again from the start, twice at most; no row of it is ever seen. The text is read by
the csv module alone: values hold CR, LF, NUL and U+2028, so nothing may cut it into lines first.
"""

import csv
import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from connectors.errors import Damaged
from connectors.marketo.api import Api
from connectors.marketo.errors import MARKETO
from connectors.ports import Unreadable
from connectors.rows import ascii_safe

PIECE = 8 * 1024 * 1024
TRIES = 3
EMPTY_ANSWERS = 5
_LONGEST_CELL = 16 * 1024 * 1024
_IN_MEMORY = 4 * 1024 * 1024

Record = dict[str, str]


@contextmanager
def verified_file(
    api: Api, kind: str, job: str, status: Mapping[str, Any], piece: int = PIECE
) -> Iterator[IO[bytes]]:
    """The file of a completed job, positioned at its start. `status` holds its size and checksum, `piece` is bytes."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for _ in range(TRIES):
            file.seek(0)
            file.truncate()
            if _fetched(api, kind, job, status, file, piece):
                file.seek(0)
                yield file
                return
    raise Damaged(
        MARKETO,
        f"the bulk file of {kind} did not match its checksum {TRIES} times; the next sync reads it again",
    )


def _fetched(api: Api, kind: str, job: str, status: Mapping[str, Any], file: IO[bytes], piece: int) -> bool:
    size = int(status["fileSize"]) if status.get("fileSize") is not None else None
    digest = hashlib.sha256()
    received = empty = 0
    while size is None or received < size:
        whole = received == 0 and (size is None or size <= piece)
        answer = api.export_file(kind, job, received, None if whole else received + piece - 1)
        if answer.status == 200 and received:
            return False  # the whole file where a piece was asked for: begin anew rather than guess
        file.write(answer.body)
        digest.update(answer.body)
        received += len(answer.body)
        empty = 0 if answer.body else empty + 1
        if size is None or empty >= EMPTY_ANSWERS:
            break
    promised = str(status.get("fileChecksum") or "").removeprefix("sha256:").lower()
    return digest.hexdigest() == promised if promised else received == size


def records(file: IO[bytes]) -> Iterator[Record | Unreadable]:
    """The file's records by header name; one with more or fewer cells than the header is unreadable."""
    csv.field_size_limit(_LONGEST_CELL)
    # Broken UTF-8 becomes lone surrogates, which the frame builder splits off as unreadable rows.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        reader = csv.reader(text)
        header = next(reader, [])
        for cells in reader:
            if len(cells) == len(header):
                yield dict(zip(header, cells, strict=True))
            elif cells:
                reason = f"the bulk file's record has {len(cells)} cells, its header {len(header)}"
                yield Unreadable(ascii_safe(cells[0])[:64] or "?", reason, ascii_safe(repr(cells)))
    except csv.Error as fault:
        raise Damaged(MARKETO, f"a bulk file is no CSV: {fault}") from None
    finally:
        text.detach()
