"""Pages as a connector would hand them over, and a ledger that takes them: what the tests of the data silo share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import sqlalchemy as sa
from ruamel.yaml import YAML

from connectors.rows import to_frame
from engine.data.attributes import AttributeRules, attributes_at, states_of
from ledger.open import Ledger
from ledger.unit_of_work import UnitOfWork
from schemas.admission import admit
from schemas.playbook.data import Data
from schemas.playbook.platforms import Platforms
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Origin, Platform, Silo, Stream
from tasks.data.pages import Counts, store_page
from tasks.data.settle import Settled, settle_facts

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAYBOOK = Path(__file__).parents[2] / "playbook"
MARKETO, SALESFORCE = Platform.MARKETO, Platform.SALESFORCE


def moment(hours: float) -> datetime:
    """Hours after the first run of every test."""
    return START + timedelta(hours=hours)


def read_playbook(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((PLAYBOOK / f"{name}.yaml").read_text())


PLATFORMS = Platforms.model_validate(read_playbook("platforms"))
DATA = Data.model_validate(read_playbook("data"))


def person(
    native_id: str, *, object: str = "person", created: float = -100, changed: float = -50, **values: Any
) -> dict[str, Any]:
    """A row of people; `created` and `changed` in hours from START."""
    return {
        "object": object,
        "native_id": native_id,
        "created_at": moment(created),
        "changed_at": moment(changed),
        "is_deleted": False,
        **values,
    }


def lead(native_id: str, **values: Any) -> dict[str, Any]:
    return person(native_id, object="lead", **values)


def contact(native_id: str, **values: Any) -> dict[str, Any]:
    return person(native_id, object="contact", **values)


def act(native_key: str, who: str, at: float, kind: str = "page_visit", **values: Any) -> dict[str, Any]:
    return {
        "native_key": native_key,
        "person_native_id": who,
        "occurred_at": moment(at),
        "kind": kind,
        "native_kind": "Visit Webpage",
        "is_bot": False,
        **values,
    }


@dataclass
class Pulling:
    """Stores pages and settles them, run after run."""

    ledger: Ledger
    platforms: Platforms = PLATFORMS
    data: Data = DATA
    as_of: datetime = START
    counts: dict[tuple[Platform, Stream], list[Counts]] = field(default_factory=dict)

    def page(
        self,
        platform: Platform,
        stream: Stream,
        rows: Sequence[Mapping[str, Any]],
        *,
        origin: Origin = Origin.LIVE,
        is_last: bool = True,
        **options: Any,
    ) -> Counts:
        frame, unreadable = to_frame(stream, rows)
        admitted = admit(frame, MODELS[stream], natural_key(stream))
        run: Any = SimpleNamespace(id="run", as_of=self.as_of)
        with self.ledger.begin(None) as tx, tx.silo(Silo.DATA):
            counts = store_page(
                tx,
                platform,
                stream,
                admitted,
                unreadable,
                {"n": 1},
                is_last,
                run,
                origin,
                self.platforms,
                **options,
            )
        assert counts.pulled == len(rows)
        self.counts.setdefault((platform, stream), []).append(counts)
        return counts

    def settle(self, at_once: int = 1_000) -> Settled:
        """Settles what was stored, so many news in a transaction."""
        return settle_facts(self.turn, self.platforms, self.data, at_once)

    @contextmanager
    def turn(self) -> Iterator[tuple[UnitOfWork, datetime]]:
        with self.ledger.begin(None) as tx, tx.silo(Silo.DATA):
            yield tx, self.as_of

    def at(self, hours: float) -> "Pulling":
        """The next run's moment."""
        self.as_of = moment(hours)
        return self

    def rows(self, table: sa.Table, *columns: str, **equals: Any) -> list[tuple[Any, ...]]:
        """Stored rows, sorted."""
        chosen = sa.select(*(table.c[name] for name in columns)).where(
            *(table.c[name] == value for name, value in equals.items())
        )
        with self.ledger.read() as connection:
            return sorted((tuple(row) for row in connection.execute(chosen)), key=repr)

    def decided(self) -> None:
        """As if everybody due had been decided and recorded."""
        from ledger.facts import schedule

        with self.ledger.begin(None) as tx, tx.silo(Silo.LIFECYCLE):
            nothing = pl.lit(None, pl.Datetime("us", "UTC"))
            rows = schedule.due(tx.connection, self.as_of).with_columns(
                next_tick_at=nothing, next_clock_at=nothing
            )
            schedule.advance(tx, rows, self.as_of)

    def due(self) -> list[str]:
        from ledger.facts import schedule

        with self.ledger.read() as connection:
            return sorted(schedule.due(connection, self.as_of)["person_key"])

    def applied(
        self, object: str, target: str, field: str, value: str, *, platform: Platform = SALESFORCE
    ) -> None:
        """As if a push had written the value (JSON text)."""
        from ledger.tables.operations import outbox

        with self.ledger.begin(None) as tx, tx.silo(Silo.OUTBOX):
            tx.execute(
                sa.insert(outbox).values(
                    platform=platform,
                    object=object,
                    target=target,
                    is_creation=False,
                    field=field,
                    value=value,
                    priority=1,
                    person_key="",
                    decided_at=self.as_of,
                    why="",
                    run_id="run",
                    state="applied",
                    attempts=1,
                    claimed_at=self.as_of,
                    settled_at=self.as_of,
                )
            )


def people_at(
    instants: pl.DataFrame,
    people: pl.DataFrame,
    versions: pl.DataFrame,
    accounts: pl.DataFrame,
    opportunities: pl.DataFrame,
    rules: AttributeRules,
    columns: Iterable[str] | None = None,
) -> pl.DataFrame:
    """`instants` with the attributes that people had then, by these facts."""
    states = states_of(people, versions, accounts, opportunities, rules)
    return attributes_at(instants, states, rules, columns)


def distinct(values: Iterable[Any]) -> int:
    return len(set(values))
