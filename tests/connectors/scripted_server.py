"""A server on loopback that answers by script, for what the simulated platforms don't do on demand."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Script:
    """Answers by path, in order; the last one of a path is repeated. A tuple is (status, body)."""

    answers: Mapping[str, Sequence[Any]]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def times(self, path: str) -> int:
        return sum(path in asked for asked in self.asked)


@contextmanager
def scripted(answers: Mapping[str, Sequence[Any]]) -> Iterator[Script]:
    script = Script(answers)
    given: dict[str, int] = defaultdict(int)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            with lock:
                script.asked.append(f"{self.command} {self.path}")
                listed = script.answers.get(path, [(404, {})])
                answer = listed[min(given[path], len(listed) - 1)]
                given[path] += 1
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/csv" if isinstance(body, bytes) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
