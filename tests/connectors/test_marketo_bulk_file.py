"""Bulk files: pieces, checksums and hostile CSV, over real sockets."""

import csv
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import Retries, Timing
from connectors.errors import Damaged
from connectors.http import HttpClient
from connectors.marketo.api import Api
from connectors.marketo.bulk_file import records, verified_file
from connectors.marketo.envelope import judge
from connectors.ports import Unreadable

CONTENT = ("id,name\n" + "".join(f"{n},Person {n}\n" for n in range(500))).encode()


@dataclass
class FileServer:
    """Serves one file by Range. `cuts` are numbers of bytes after which a connection is dropped, one an answer."""

    content: bytes
    cuts: list[int] = field(default_factory=list)
    ignores_range: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def status(self, content: bytes | None = None) -> dict[str, object]:
        whole = self.content if content is None else content
        return {"fileSize": len(whole), "fileChecksum": f"sha256:{hashlib.sha256(whole).hexdigest()}"}


@contextmanager
def serving(file: FileServer) -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            span = self.headers.get("Range")
            file.asked.append(span or "all")
            start, end = 0, len(file.content) - 1
            if span and not file.ignores_range:
                first, last = span.removeprefix("bytes=").split("-")
                start, end = int(first), min(int(last or end), end)
            body = file.content[start : end + 1]
            self.send_response(206 if span and not file.ignores_range else 200)
            self.send_header("Content-Type", "text/csv;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: file.cuts.pop(0)] if file.cuts else body)
            self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    timing = Timing(sleep=lambda seconds: None)
    client = HttpClient(
        "marketo", f"http://127.0.0.1:{server.server_port}", judge, timing=timing, retries=Retries(attempts=5)
    )
    try:
        yield Api(client)
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_cut_connection_costs_one_piece_and_not_the_file() -> None:
    file = FileServer(CONTENT, cuts=[10**6, 10**6, 300])
    with serving(file) as api, verified_file(api, "leads", "job", file.status(), piece=1000) as got:
        assert got.read() == CONTENT
    assert file.asked[:4] == ["bytes=0-999", "bytes=1000-1999", "bytes=2000-2999", "bytes=2000-2999"]
    assert "bytes=3000-3999" in file.asked


def test_a_small_file_is_one_request() -> None:
    file = FileServer(CONTENT)
    with serving(file) as api, verified_file(api, "leads", "job", file.status()) as got:
        assert got.read() == CONTENT
    assert file.asked == ["all"]


def test_a_file_with_another_checksum_is_fetched_three_times_and_no_row_of_it_is_seen() -> None:
    file = FileServer(CONTENT)
    wrong = {"fileSize": len(CONTENT), "fileChecksum": "sha256:" + "0" * 64}
    with (
        serving(file) as api,
        pytest.raises(Damaged, match="checksum"),
        verified_file(api, "leads", "job", wrong),
    ):
        raise AssertionError("a damaged file was handed out")
    assert file.asked == ["all"] * 3


def test_a_file_shorter_than_promised_is_no_file() -> None:
    file = FileServer(CONTENT[:-5])
    promised = FileServer(CONTENT).status()
    with serving(file) as api, pytest.raises(Damaged), verified_file(api, "leads", "job", promised):
        raise AssertionError("a truncated file was handed out")


def test_a_server_without_ranges_serves_small_files_all_the_same() -> None:
    file = FileServer(CONTENT, cuts=[100], ignores_range=True)
    with serving(file) as api, verified_file(api, "leads", "job", file.status()) as got:
        assert got.read() == CONTENT


def read_back(text: str) -> list[dict[str, str] | Unreadable]:
    return list(records(io.BytesIO(text.encode("utf-8", "surrogatepass"))))


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=20))
def test_any_text_survives_the_file(rows: list[tuple[str, str]]) -> None:
    """CR, LF, NUL, U+2028, quotes and commas inside values included."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b"])
    writer.writerows(rows)
    assert read_back(out.getvalue()) == [{"a": a, "b": b} for a, b in rows]


def test_line_breaks_that_are_none_do_not_shift_columns() -> None:
    hostile = "one\r\ntwo\u2028three\u0085four\0five"
    attributes = json.dumps({"Details": hostile}, ensure_ascii=False).replace('"', '""')
    first, second = read_back(f'id,attributes\n1,"{attributes}"\n2,x\n')
    assert isinstance(first, dict)
    assert json.loads(first["attributes"], strict=False) == {"Details": hostile}
    assert second == {"id": "2", "attributes": "x"}


def test_a_record_with_other_columns_than_the_header_is_set_aside() -> None:
    good, bad = read_back("id,name\n1,Ann\n2,Bob,surplus\n")
    assert good == {"id": "1", "name": "Ann"}
    assert isinstance(bad, Unreadable)
    assert (bad.key, bad.reason) == ("2", "the bulk file's record has 3 cells, its header 2")


def test_broken_encoding_is_kept_visible_and_not_repaired() -> None:
    [row] = list(records(io.BytesIO(b"id,name\n1,caf\xe9\n")))
    assert isinstance(row, dict)
    assert any("\udc80" <= char <= "\udcff" for char in row["name"])


def test_a_cell_longer_than_the_csv_modules_usual_limit_is_read() -> None:
    [row] = read_back("id,attributes\n1," + "x" * 500_000 + "\n")
    assert isinstance(row, dict)
    assert len(row["attributes"]) == 500_000
