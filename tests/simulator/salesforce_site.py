"""A simulated Salesforce on a free loopback port, and the few calls that every test of it makes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from simulator.credentials import SALESFORCE
from simulator.salesforce.app import create_app
from simulator.salesforce.oauth import Keys
from simulator.salesforce.org import Org
from simulator.serve import Server
from simulator.world import World, create_world

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DATA = "/services/data/v66.0"


class LoopbackAdapter(HTTPAdapter):
    """Sends every https URL that a client builds to one plain-HTTP base."""

    def __init__(self, base: str) -> None:
        self._scheme, self._netloc = urlsplit(base)[:2]
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        address = urlsplit(str(request.url))
        request.url = urlunsplit((self._scheme, self._netloc, address.path, address.query, ""))
        kwargs["timeout"] = kwargs.get("timeout") or 30
        return super().send(request, *args, **kwargs)


class Site:
    def __init__(self, url: str, world: World, keys: Keys) -> None:
        self.url = url
        self.world = world
        self.keys = keys
        self.session = requests.Session()
        self.session.trust_env = False
        self._token = ""

    @property
    def org(self) -> Org:
        return self.world.salesforce

    def token(self, **form: str) -> requests.Response:
        wanted = {
            "grant_type": "client_credentials",
            "client_id": SALESFORCE.client_id,
            "client_secret": SALESFORCE.client_secret,
            **form,
        }
        return self.session.post(f"{self.url}/services/oauth2/token", data=wanted, timeout=10)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call below `/services/data/v66.0`, with a session and (unless told otherwise) no assignment rule."""
        if not self._token:
            self._token = self.token().json()["access_token"]
        headers = {"Authorization": f"Bearer {self._token}", "Sforce-Auto-Assign": "FALSE"}
        given = {**headers, **options.pop("headers", {})}
        present = {name: value for name, value in given.items() if value is not None}
        address = path if path.startswith("/services") else DATA + path
        return self.session.request(method, self.url + address, headers=present, timeout=30, **options)

    def forget_token(self) -> None:
        self._token = ""

    def query(self, soql: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.send("GET", "/query", params={"q": soql}).json()
        return answer

    def refusal(self, soql: str) -> tuple[str, str]:
        """Code and message of a query that is answered 400."""
        answer = self.send("GET", "/query", params={"q": soql})
        assert answer.status_code == 400, answer.text
        (error,) = answer.json()
        return error["errorCode"], error["message"]

    def found(self, soql: str) -> list[Any]:
        """The values of the one selected field (or the records' names) in the order of the answer."""
        records = self.query(soql)["records"]
        return [next(v for k, v in r.items() if k != "attributes") for r in records]

    def fault(self, kind: str, **values: Any) -> None:
        self.world.faults.add({"platform": "salesforce", "kind": kind, **values})

    def lead(self, **values: Any) -> str:
        """A lead made by the marketing integration."""
        by = self.org.user_named("Marketo Sync")
        return self.org.insert("Lead", {"LastName": "Lovelace", "Company": "Engines", **values}, by=by)

    def user(self, name: str, **values: Any) -> str:
        first, _, last = name.rpartition(" ")
        handle = f"{name.lower().replace(' ', '.')}@northbeam.example"
        row = {"FirstName": first, "LastName": last, "Username": handle, "Email": handle, **values}
        return self.org.load("User", [row])[0]

    def queue(self, name: str, *objects: str) -> str:
        (queue,) = self.org.load("Group", [{"Name": name, "Type": "Queue"}])
        self.org.load("QueueSobject", [{"QueueId": queue, "SobjectType": o} for o in objects])
        return queue

    def later(self, **span: float) -> datetime:
        return self.world.clock.advance(timedelta(**span).total_seconds())


@contextmanager
def served(*, seed: int = 1) -> Iterator[Site]:
    world = create_world(START, seed=seed)
    keys = Keys()
    server = Server("salesforce", 0)
    try:
        server.start(create_app(world, keys))
        yield Site(server.url, world, keys)
    finally:
        # Uvicorn needs 0.2 s to stop, for which the next test need not wait.
        threading.Thread(target=server.stop, daemon=True).start()
