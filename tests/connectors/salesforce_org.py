"""A simulated org on a loopback port, connected; small and made by hand, so that every row of it is known."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import SecretStr
from ruamel.yaml import YAML

from connectors.answers import Retries, Timing
from connectors.ports import Cursor, Page, StreamFailure, StreamRequest
from connectors.salesforce import ClientCredentials, Connection, connect
from schemas.playbook.platforms import Platforms, Salesforce
from schemas.vocabulary import Stream
from simulator.credentials import SALESFORCE
from simulator.salesforce.app import create_app
from simulator.salesforce.oauth import Keys
from simulator.salesforce.org import Org
from simulator.serve import Server
from simulator.world import World, create_world

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
STREAMS = (
    Stream.LEADS,
    Stream.CONTACTS,
    Stream.ACCOUNTS,
    Stream.OPPORTUNITIES,
    Stream.CONTACT_ROLES,
    Stream.CAMPAIGN_MEMBERS,
    Stream.TASKS,
    Stream.MQL_RECORDS,
    Stream.FIELD_HISTORY,
    Stream.CAMPAIGNS,
    Stream.OWNERS,
    Stream.QUEUE_MEMBERS,
)
_PLAYBOOK = Path(__file__).resolve().parents[2] / "playbook" / "platforms.yaml"


def platforms() -> Platforms:
    """The default playbook's."""
    return Platforms.model_validate(YAML(typ="safe").load(_PLAYBOOK.read_text(encoding="utf-8")))


def settings() -> Salesforce:
    """The default playbook's for Salesforce."""
    return platforms().salesforce


@dataclass
class Naps:
    """A sleep that is remembered and hardly slept."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(min(seconds, 0.02))


@dataclass
class Site:
    """The served org and what tests do to it beside the wire."""

    world: World
    url: str
    keys: Keys

    @property
    def org(self) -> Org:
        return self.world.salesforce

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def advance(self, seconds: float) -> datetime:
        return self.world.advance(seconds)

    def fault(self, kind: str, times: int = 1, **options: Any) -> None:
        self.world.faults.add({"platform": "salesforce", "kind": kind, "times": times, **options})

    def calls(self) -> dict[str, Any]:
        return dict(self.world.calls.as_json()["salesforce"])

    def reset_calls(self) -> None:
        self.world.calls.reset()

    def user(self, name: str, **values: Any) -> str:
        """A user who may own records, with a role of that name's own unless told otherwise."""
        first, _, last = name.rpartition(" ")
        handle = name.lower().replace(" ", ".")
        defaults = {
            "Username": f"{handle}@example.com",
            "FirstName": first,
            "LastName": last,
            "Email": f"{handle}@example.com",
            "IsActive": True,
            "UserType": "Standard",
            "UserRoleId": self._role(),
        }
        with self.world.lock:
            return self.org.insert("User", {**defaults, **values}, by=self.rep)

    def queue(self, name: str, *members: str) -> str:
        with self.world.lock:
            queue = self.org.insert("Group", {"Name": name, "Type": "Queue"}, by=self.rep)
            for kind in ("Lead", "MQL__c"):
                self.org.insert("QueueSobject", {"QueueId": queue, "SobjectType": kind}, by=self.rep)
            for member in members:
                self.org.insert("GroupMember", {"GroupId": queue, "UserOrGroupId": member}, by=self.rep)
        return queue

    def lead(self, name: str = "Ada Byron", **values: Any) -> str:
        first, _, last = name.rpartition(" ")
        row = {"FirstName": first, "LastName": last, "Company": "Analytical Engines", **values}
        return self.insert("Lead", **row)

    def insert(self, sobject: str, **values: Any) -> str:
        """As a person would create it."""
        with self.world.lock:
            return self.org.insert(sobject, values, by=self.rep)

    def update(self, sobject: str, record: str, **values: Any) -> None:
        with self.world.lock:
            self.org.update(sobject, record, values, by=self.rep)

    def delete(self, sobject: str, record: str, **options: Any) -> None:
        with self.world.lock:
            self.org.delete(sobject, record, by=self.rep, **options)

    def leads(self, number: int, *, at: datetime | None = None, apart: float = 1.0) -> list[str]:
        """Many leads at once, one every `apart` seconds up to `at`."""
        last = at or self.now
        stamps = [last - timedelta(seconds=apart * (number - 1 - i)) for i in range(number)]
        rows = [
            {
                "LastName": f"Person {i}",
                "Company": "Analytical Engines",
                "Email": f"person{i}@example.com",
                "OwnerId": self.rep,
                "CreatedDate": stamp,
                "LastModifiedDate": stamp,
                "SystemModstamp": stamp,
            }
            for i, stamp in enumerate(stamps)
        ]
        with self.world.lock:
            return self.org.load("Lead", rows)

    @property
    def rep(self) -> str:
        return str(self.org.user_named("Default Lead Owner"))

    def get(self, sobject: str, record: str) -> dict[str, Any]:
        found = self.org.get(sobject, record)
        assert found is not None
        return found

    def _role(self) -> str:
        found = self.org.find("UserRole", Name="SDR")
        return str(found[0]["Id"]) if found else self.org.insert("UserRole", {"Name": "SDR"}, by=self.rep)


@contextmanager
def served(seed: int = 1) -> Iterator[Site]:
    world, keys = create_world(START, seed=seed), Keys()
    server = Server("salesforce", 0)
    server.start(create_app(world, keys))
    try:
        yield Site(world, server.url, keys)
    finally:
        server.stop()


@contextmanager
def connected(site: Site, *, naps: Naps | None = None, **options: Any) -> Iterator[Connection]:
    """The connector on that org with the default playbook; waits are short."""
    playbook = platforms()
    secret = SecretStr(SALESFORCE.client_secret)
    connection = connect(
        site.url,
        options.pop("credentials", ClientCredentials(SALESFORCE.client_id, secret)),
        options.pop("settings", settings()),
        options.pop("extra", playbook.extra),
        options.pop("statuses", playbook.statuses),
        options.pop("handover", playbook.handover),
        timing=Timing(sleep=options.pop("sleep", None) or naps or Naps()),
        retries=options.pop("retries", Retries()),
        **options,
    )
    try:
        yield connection
    finally:
        connection.close()


@dataclass
class Pulled:
    """What one pull gave: rows and cursor by stream, pages, failures."""

    rows: dict[Stream, pl.DataFrame] = field(default_factory=dict)
    cursors: dict[Stream, Cursor] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    failures: dict[Stream, StreamFailure] = field(default_factory=dict)
    ended: set[Stream] = field(default_factory=set)

    def ids(self, stream: Stream) -> list[str]:
        return self.rows[stream]["native_id"].to_list()

    def row(self, stream: Stream, native_id: str) -> dict[str, str | None]:
        (found,) = self.rows[stream].filter(pl.col("native_id") == native_id).to_dicts()
        return found


def pull(
    connection: Connection,
    through: datetime,
    streams: Sequence[Stream] = STREAMS,
    cursors: dict[Stream, Cursor] | None = None,
    **request: Any,
) -> Pulled:
    """One pull to its end, with the checks that hold for every pull."""
    pulled = Pulled()
    requests = [StreamRequest(stream, (cursors or {}).get(stream), **request) for stream in streams]
    for item in connection.source.pull(requests, through):
        if isinstance(item, StreamFailure):
            pulled.failures[item.stream] = item
            continue
        assert item.stream not in pulled.ended, "a page came after the last one"
        pulled.pages.append(item)
        known = pulled.rows.get(item.stream)
        pulled.rows[item.stream] = item.rows if known is None else pl.concat([known, item.rows])
        pulled.cursors[item.stream] = item.cursor
        if item.is_last:
            pulled.ended.add(item.stream)
    assert pulled.ended | set(pulled.failures) == set(streams)
    return pulled
