"""One HTTP server on a loopback port."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

from simulator.http import AbortableProtocol

HOST = "127.0.0.1"


class CannotStart(Exception):
    """The simulator cannot start as asked; the message is one line for the person who started it."""


@dataclass
class Server:
    """One uvicorn server in a thread of its own. The port is taken at once, so that a taken one fails at once."""

    name: str
    port: int
    _socket: socket.socket = field(init=False)
    _server: uvicorn.Server | None = field(init=False, default=None)
    _thread: threading.Thread | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        # With the protocol named, asyncio sets TCP_NODELAY; without it every answer waits 40 ms for an ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, self.port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise CannotStart(
                f"the {self.name} port {self.port} cannot be used ({error}); choose another, or 0 for any free one"
            ) from None
        self.port = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            http=AbortableProtocol,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            # Long addresses are the platform's to refuse, with its own 414.
            h11_max_incomplete_event_size=1 << 20,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=self.name, daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise CannotStart(f"the {self.name} server ended while it was starting")
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=5)
        self._socket.close()
