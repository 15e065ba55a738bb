"""A plain HTTP server on loopback that answers what a test tells it to, in order."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CUT = "cut"  # close the connection without an answer
DATE = "Mon, 02 Mar 2026 09:00:00 GMT"
SILENT = "silent"  # take the request and say nothing for a second
TRUNCATED = "truncated"  # promise more bytes than are sent


@dataclass
class Reply:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Script:
    """Replies are taken in order; the last one is repeated. `seen` holds the requests that came."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.seen: list[Seen] = []
        self.connections = 0
        self.url = ""
        self._lock = threading.Lock()

    def take(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def serving(script: Script) -> Iterator[Script]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            script.connections += 1
            super().setup()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen = Seen(self.command, self.path, dict(self.headers.items()), body)
            reply = script.take(seen)
            if reply.fault == SILENT:
                time.sleep(1)
            if reply.fault in (CUT, SILENT):
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            extra = 10 if reply.fault == TRUNCATED else 0
            self.send_header("Content-Length", str(len(reply.body) + extra))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.fault == TRUNCATED

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 (the standard library's names)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return DATE

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
