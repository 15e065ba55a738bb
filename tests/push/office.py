"""A small organisation on two simulated platforms in this process, over real HTTP, and mqlflow wired to it.

The company has its staff, queues and native sync; its reps are on leave, so that nothing happens but what a test does.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from flows import chain
from flows.settings import Settings
from flows.wiring import Wiring, wired
from simulator.company import Company
from simulator.credentials import MARKETO, SALESFORCE
from simulator.marketo.app import create_app as marketo_app
from simulator.salesforce.app import create_app as salesforce_app
from simulator.salesforce.oauth import Keys
from simulator.server import Server
from simulator.world import World, create_world
from tasks.progress import Silent
from tasks.summary import Summary

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAYBOOK = Path(__file__).parents[2] / "playbook"
HASTE = {
    "calls_per_20_seconds: 50": "calls_per_20_seconds: 100",
    "people_since: 2023-01-01": "people_since: 2026-02-01",
}
FORM_FILL = 2


@dataclass
class Office:
    """Who is there, what they do, and the runs of mqlflow."""

    world: World
    servers: tuple[Server, Server]
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    live_since: datetime | None = START

    # What people do

    def person(self, name: str = "Ada Byron", country: str = "DE", **values: Any) -> int:
        """Somebody in Marketo; answers the id."""
        first, _, last = name.rpartition(" ")
        row = {
            "firstName": first,
            "lastName": last,
            "email": f"{name.lower().replace(' ', '.')}@acme-example.com",
            "company": "Acme",
            "country": country,
            **values,
        }
        with self.world.lock:
            return self.world.marketo.create_lead(row, source="User")

    def asks_to_be_called(self, who: int) -> None:
        with self.world.lock:
            self.world.marketo.add_activity(
                FORM_FILL,
                who,
                at=self.now,
                primary_id=7,
                primary_value="Contact Sales",
                attributes={"Webform ID": 7},
            )

    def lead(self, name: str = "Ada Byron", owner: str = "Marketo Sync", **values: Any) -> str:
        """A lead of the CRM, with the address of the person of that name."""
        first, _, last = name.rpartition(" ")
        row = {
            "FirstName": first,
            "LastName": last,
            "Email": f"{name.lower().replace(' ', '.')}@acme-example.com",
            "Company": "Acme",
            "Country": "DE",
            "OwnerId": self.user(owner),
            **values,
        }
        with self.world.lock:
            return self.world.salesforce.insert("Lead", row, by=self.user("Default Lead Owner"))

    def contact(self, name: str = "Ada Byron", owner: str = "Default Lead Owner", **values: Any) -> str:
        """A contact of an account."""
        first, _, last = name.rpartition(" ")
        email = f"{name.lower().replace(' ', '.')}@acme-example.com"
        with self.world.lock:
            by = self.user("Default Lead Owner")
            account = self.world.salesforce.insert(
                "Account", {"Name": "Acme", "OwnerId": self.user(owner)}, by=by
            )
            row = {
                "FirstName": first,
                "LastName": last,
                "Email": email,
                "AccountId": account,
                "MailingCountry": "DE",
            }
            return self.world.salesforce.insert(
                "Contact", {**row, "OwnerId": self.user(owner), **values}, by=by
            )

    def reps(self) -> list[str]:
        """Names of reps who work in EMEA, in order."""
        (queue,) = self.all("Group", Name="EMEA Queue")
        members = {row["UserOrGroupId"] for row in self.all("GroupMember", GroupId=queue["Id"])}
        return sorted(row["Name"] for row in self.all("User", IsActive=True) if row["Id"] in members)

    def own_by_native_sync(self, field: str) -> None:
        """Native sync takes over a field of Marketo."""
        fields = self.world.marketo.fields
        fields[field] = replace(fields[field], crm_managed=True)

    def quiet_native_sync(self) -> None:
        """From now on the platforms go their own ways."""
        self.world.salesforce.on_change.clear()
        self.world.marketo.on_change.clear()

    def change(self, kind: str, record: str, *, by: str, **values: Any) -> None:
        """A person changes a record of the CRM."""
        with self.world.lock:
            self.world.salesforce.update(kind, record, values, by=self.user(by))

    def delete(self, kind: str, record: str) -> None:
        with self.world.lock:
            self.world.salesforce.delete(kind, record, by=self.user("Default Lead Owner"))

    def convert(self, lead: str, by: str, **options: Any) -> Any:
        user = self.user(by)
        with self.world.lock:
            return self.world.salesforce.convert_lead(lead, by=user, owner_id=user, **options)

    def fault(self, platform: str, kind: str, **options: Any) -> None:
        self.world.faults.add({"platform": platform, "kind": kind, **options})

    def known_lead(
        self, name: str = "Ada Byron", owner: str = "Marketo Sync", **values: Any
    ) -> tuple[str, int]:
        """A lead that native sync has brought to Marketo and a first run has seen; answers both ids."""
        lead = self.lead(name, owner, **values)
        self.advance(10)
        self.sync()
        (who,) = (row["id"] for row in self.world.marketo.leads.page(100, 0) if row["sfdcLeadId"] == lead)
        return lead, int(who)

    def new_mql(self) -> tuple[str, int]:
        """A lead whose person asked to be called, and the run that hands it over."""
        lead, who = self.known_lead()
        self.advance(1)
        self.asks_to_be_called(who)
        self.later()
        return lead, who

    # What stands there

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def advance(self, minutes: float = 5) -> None:
        self.world.advance(minutes * 60)

    def user(self, name: str) -> str:
        """A user's or queue's id by name, or the id itself."""
        for kind in ("User", "Group"):
            for row in self.world.salesforce.find(kind, Name=name):
                return str(row["Id"])
        return name

    def name(self, owner: str) -> str:
        for kind in ("User", "Group"):
            if row := self.world.salesforce.get(kind, owner):
                return str(row["Name"])
        raise AssertionError(f"nobody is {owner}")

    def get(self, kind: str, record: str) -> dict[str, Any]:
        with self.world.lock:
            found = self.world.salesforce.get(kind, record)
        assert found is not None
        return found

    def all(self, kind: str, **equals: Any) -> list[dict[str, Any]]:
        with self.world.lock:
            return list(self.world.salesforce.find(kind, **equals))

    def mql(self) -> dict[str, Any]:
        """The one MQL record."""
        (found,) = self.all("MQL__c")
        return found

    def marketo(self, who: int) -> dict[str, Any]:
        with self.world.lock:
            found = self.world.marketo.get_lead(who)
        assert found is not None
        return found

    def calls(self) -> dict[str, Any]:
        return dict(self.world.calls.as_json())

    def history(self, lead: str, name: str = "OwnerId") -> list[tuple[Any, Any]]:
        """Values that a tracked field of a lead went through."""
        field = "Owner" if name == "OwnerId" else name
        rows = [row for row in self.all("LeadHistory", LeadId=lead) if row["Field"] == field]
        return [(row["OldValue"], row["NewValue"]) for row in rows]

    # mqlflow

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / "playbook" / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def settings(self) -> Settings:
        salesforce, marketo = self.servers
        return Settings(
            _env_file=None,
            database_url=f"sqlite:///{self.folder / 'ledger.db'}",
            playbook=self.folder / "playbook",
            salesforce_url=salesforce.url,
            salesforce_client_id=SALESFORCE.client_id,
            salesforce_client_secret=SALESFORCE.client_secret,
            marketo_url=marketo.url,
            marketo_client_id=MARKETO.client_id,
            marketo_client_secret=MARKETO.client_secret,
            live_since=self.live_since,
            patience=2,
        )

    @contextmanager
    def wired(self) -> Iterator[Wiring]:
        with wired(self.settings()) as wiring:
            yield wiring

    def sync(self, push: Callable[[], None] | None = None, *, stage: str = "push") -> Summary:
        """One run. `push`: what somebody does after everything was decided, right before it is pushed; or right before
        another `stage`."""

        def staged(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                if push is not None and function.__name__ == stage:
                    push()
                return function(*arguments, **named)

            return call

        with self.wired() as wiring:
            return chain.sync(wiring, Silent(), stage=staged)

    def later(self, minutes: float = 5, push: Callable[[], None] | None = None) -> Summary:
        """Time passes, then a run."""
        self.advance(minutes)
        return self.sync(push)

    def outbox(self, where: str = "1 = 1") -> pl.DataFrame:
        """Entries of the outbox: platform, object, target, field, value, state, code, attempts."""
        with self.wired() as wiring, wiring.ledger.read() as connection:
            rows = connection.execute(
                sa.text(
                    "SELECT platform, object, target, field, value, state, code, attempts FROM outbox "
                    f"WHERE {where} ORDER BY id"
                )
            )
            return pl.DataFrame(
                rows.fetchall(), schema=list(rows.keys()), orient="row", infer_schema_length=None
            )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.wired() as wiring, wiring.ledger.read() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql))]


@contextmanager
def open_office(folder: Path, seed: int = 3) -> Iterator[Office]:
    """An office with an empty ledger, at START."""
    world, keys = create_world(START, seed=seed), Keys()
    company = Company.found(world, people=0, seed=seed, start=START, activity_days=1)
    world.company = company
    listeners = world.salesforce.on_change
    listeners[:] = [one for one in listeners if getattr(one, "__self__", None) is company.sync]
    servers = Server("salesforce", 0), Server("marketo", 0)
    shutil.copytree(PLAYBOOK, folder / "playbook")
    office = Office(world, servers, folder)
    for old, new in HASTE.items():
        office.edit("platforms.yaml", old, new)
    try:
        servers[0].start(salesforce_app(world, keys))
        servers[1].start(marketo_app(world))
        yield office
    finally:
        for server in servers:
            server.stop()
