"""A simulated Marketo on a free loopback port, and the few calls that every test of it makes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from simulator.credentials import MARKETO
from simulator.marketo.app import create_app
from simulator.marketo.identity import Identity
from simulator.marketo.instance import Instance
from simulator.marketo.limits import Limits
from simulator.marketo.server import Server as Marketo
from simulator.serve import Server
from simulator.world import World, create_world

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
Json = dict[str, Any]


class Site:
    def __init__(self, url: str, world: World, app: Marketo) -> None:
        self.url = url
        self.world = world
        self.app = app
        self.session = requests.Session()
        self._token = ""

    @property
    def instance(self) -> Instance:
        return self.world.marketo

    def grant(self) -> Json:
        question = {
            "grant_type": "client_credentials",
            "client_id": MARKETO.client_id,
            "client_secret": MARKETO.client_secret,
        }
        granted: Json = self.session.get(
            f"{self.url}/identity/oauth/token", params=question, timeout=10
        ).json()
        self._token = granted["access_token"]
        return granted

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        if not self._token:
            self.grant()
        headers = {"Authorization": f"Bearer {self._token}", **options.pop("headers", {})}
        return self.session.request(method, self.url + path, headers=headers, timeout=30, **options)

    def get(self, path: str, **parameters: Any) -> Json:
        answer: Json = self.send("GET", path, params=parameters).json()
        return answer

    def post(self, path: str, body: Any = None, **parameters: Any) -> Json:
        answer: Json = self.send("POST", path, json=body, params=parameters).json()
        return answer

    def code(self, answer: Json) -> str:
        """The code of the one error of a refused call."""
        assert answer["success"] is False
        assert "result" not in answer
        return str(answer["errors"][0]["code"])

    def fault(self, kind: str, **values: Any) -> None:
        self.world.faults.add({"platform": "marketo", "kind": kind, **values})

    def since(self, moment: datetime) -> str:
        token: str = self.get("/rest/v1/activities/pagingtoken.json", sinceDatetime=moment.isoformat())[
            "nextPageToken"
        ]
        return token

    def extract(self, thing: str, body: Json) -> Json:
        """Creates and enqueues an export job and waits until it is done."""
        job = self.post(f"/bulk/v1/{thing}/export/create.json", body)["result"][0]["exportId"]
        self.post(f"/bulk/v1/{thing}/export/{job}/enqueue.json")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found: Json = self.get(f"/bulk/v1/{thing}/export/{job}/status.json")["result"][0]
            if found["status"] == "Completed":
                return found
            time.sleep(0.05)
        raise AssertionError(f"export job {job} did not finish")

    def file(self, thing: str, job: Json, **headers: str) -> requests.Response:
        return self.send("GET", f"/bulk/v1/{thing}/export/{job['exportId']}/file.json", headers=headers)


@contextmanager
def served(*, limits: Limits | None = None, identity: Identity | None = None) -> Iterator[Site]:
    """Without limits of its own a test may call as fast as it likes."""
    world = create_world(START, seed=7)
    app = create_app(world, limits=limits or Limits(calls_per_window=100_000), identity=identity)
    server = Server("marketo", 0)
    server.start(app)
    site = Site(server.url, world, app.state.server)
    try:
        yield site
    finally:
        site.session.close()
        server.stop()
