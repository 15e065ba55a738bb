"""A company in memory for tests of the engine: facts are told with short words, runs decide, a small ledger remembers.

Attributes hold from the instant at which they were told; the same calls in another order tell the same facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from engine import instants, lifecycle
from engine.lifecycle import LifecycleDecisions
from schemas.context import Versions, Window
from schemas.frames import decisions, facts
from schemas.frames.base import UTC as UTC_TYPE
from schemas.frames.base import columns, dtypes
from schemas.playbook.lifecycle import Lifecycle
from schemas.playbook.organisation import Organisation
from schemas.playbook.platforms import StatusRow
from schemas.vocabulary import Origin

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

LIFECYCLE: dict[str, Any] = {
    "stages": [{"stage": "engaged", "when": "engagement >= 10"}],
    "triggers": [
        {"id": "hand_raise", "activity": "array_contains(tags, 'hand_raise')", "fast_track": True},
        {"id": "trial", "activity": "kind = 'trial_signup'", "person": "fit >= 40"},
        {"id": "score", "person": "score >= 65 AND fit >= 40"},
    ],
    "exclude": [
        {"id": "competitor", "when": "is_competitor", "kind": "hard"},
        {"id": "missing_fields", "when": "NOT has_company", "kind": "not_ready"},
        {"id": "recent_mql", "since": "last_mql_at", "for": "15 days", "kind": "with_sales"},
        {"id": "open_opportunity", "when": "open_opportunity", "kind": "with_sales"},
        {"id": "customer", "when": "is_customer", "kind": "with_sales"},
        {"id": "just_recycled", "since": "last_recycled_at", "for": "3 days", "kind": "not_ready"},
    ],
    "counted_opportunities": "type IS NULL OR type != 'Renewal'",
    "reasons": [
        {"id": "not_a_buyer", "says": "spam|student", "then": "disqualified"},
        {"id": "wrong_owner", "says": "wrong owner", "then": "reassign"},
    ],
    "stale_after": "30 days",
}

STATUSES = [
    StatusRow(stage=stage, meaning=meaning, lead=lead, contact=contact, mql_record=record)
    for stage, meaning, lead, contact, record in (
        ("known", "open", ["Open"], [], []),
        ("mql", "handed_over", ["Marketing Qualified"], ["Marketing Qualified"], ["Open"]),
        ("sal", "accepted", ["Working"], ["Working"], ["Working"]),
        ("recycled", "recycled", ["Recycled"], ["Recycled"], []),
        ("disqualified", "rejected", ["Rejected", "SPAM"], ["Rejected"], ["Rejected"]),
        ("opportunity", "converted", ["Qualified"], ["Converted"], ["Converted"]),
    )
]

ATTRIBUTES: dict[str, Any] = {
    "score": 0.0,
    "fit": 50.0,
    "engagement": 0.0,
    "grade": "B4",
    "confidence": 1.0,
    "status": None,
    "country": "DE",
    "is_competitor": False,
    "is_customer": False,
    "has_company": True,
    "open_opportunity": False,
    "last_opportunity_closed_at": None,
    "opportunity_owner_id": None,
    "account_id": None,
    "account_owner_id": None,
    "is_target_account": False,
}
ATTRIBUTE_TYPES: dict[str, Any] = {
    "score": pl.Float64, "fit": pl.Float64, "engagement": pl.Float64, "grade": pl.String, "confidence": pl.Float64,
    "status": pl.String, "country": pl.String, "is_competitor": pl.Boolean, "is_customer": pl.Boolean,
    "has_company": pl.Boolean, "open_opportunity": pl.Boolean, "last_opportunity_closed_at": UTC_TYPE,
    "opportunity_owner_id": pl.String, "account_id": pl.String, "account_owner_id": pl.String,
    "is_target_account": pl.Boolean,
}  # fmt: skip
FACT = columns(
    fact_key=pl.String,
    person_key=pl.String,
    occurred_at=UTC_TYPE,
    learned_at=UTC_TYPE,
    origin=pl.String,
    what=pl.String,
)
TOUCHES = columns(person_key=pl.String, occurred_at=UTC_TYPE, learned_at=UTC_TYPE)
ACTIVITIES = {**dtypes(facts.Activities), "tags": pl.List(pl.String), "business_line": pl.String}


@dataclass
class World:
    """Facts, a playbook, and what was decided so far."""

    rules: Lifecycle = field(default_factory=lambda: Lifecycle.model_validate(LIFECYCLE))
    organisation: Organisation = field(
        default_factory=lambda: Organisation(name="Test", time_zone="Europe/Berlin")
    )
    live_since: datetime | None = LONG_AGO
    in_force_since: Mapping[str, datetime] | None = None
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    opportunities: list[dict[str, Any]] = field(default_factory=list)
    removals: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    touches: list[dict[str, Any]] = field(default_factory=list)
    ledger: "Ledger" = field(default_factory=lambda: Ledger())
    _numbers: Any = field(default_factory=count)

    # What happened

    def person(
        self, key: str, at: datetime = START - 30 * DAY, *, group: str | None = None, **values: Any
    ) -> str:
        """A person who has been there since `at`, with attributes from then on."""
        self.people[key] = {"created_at": at, "group_key": group or key, "is_erased": False}
        self.attributes.append(
            {
                "person_key": key,
                "at": at,
                "learned_at": at,
                "values": {**ATTRIBUTES, **values},
                "is_act": False,
            }
        )
        return key

    def becomes(
        self,
        key: str,
        at: datetime,
        *,
        learned_at: datetime | None = None,
        is_act: bool = False,
        **values: Any,
    ) -> None:
        """From `at` on the person has these attributes; `is_act`: somebody changed them, and a rule reads them."""
        self.attributes.append(
            {"person_key": key, "at": at, "learned_at": learned_at or at, "values": values, "is_act": is_act}
        )

    def act(
        self,
        key: str,
        at: datetime,
        kind: str = "page_visit",
        *tags: str,
        name: str | None = None,
        learned_at: datetime | None = None,
        **values: Any,
    ) -> str:
        fact = name or f"marketo:{next(self._numbers)}"
        self.activities.append(
            {
                "activity_key": fact,
                "person_key": key,
                "occurred_at": at,
                "learned_at": learned_at or at,
                "origin": Origin.LIVE.value,
                "kind": kind,
                "native_kind": kind,
                "tags": list(tags),
                "is_bot": False,
                **values,
            }
        )
        return fact

    def raises_hand(self, key: str, at: datetime, **values: Any) -> str:
        return self.act(key, at, "form_fill", "hand_raise", asset_name="Contact us", **values)

    def verdict(self, key: str, at: datetime, kind: str, **values: Any) -> str:
        fact = values.pop("name", None) or f"verdict:{next(self._numbers)}"
        self.verdicts.append(
            {
                "fact_key": fact,
                "person_key": key,
                "kind": kind,
                "occurred_at": at,
                "learned_at": at,
                "origin": Origin.LIVE.value,
                "source": "mql_record" if "cycle_key" in values else "lead",
                **values,
            }
        )
        return fact

    def opportunity(
        self, key: str, at: datetime, name: str = "006A", *, verdict: bool = True, **values: Any
    ) -> None:
        """An opportunity of the person is made at `at`."""
        version = {
            "person_key": key, "link": "role", "linked_at": at, "opportunity_id": name, "created_at": at,
            "valid_from": at, "learned_at": at, "is_deleted": False, "is_closed": False, "is_won": False,
        }  # fmt: skip
        self.opportunities.append({**version, **values})
        if verdict:
            self.verdict(
                key, at, "opportunity", opportunity_id=name, source="opportunity", name=f"made:{name}:{key}"
            )

    def opportunity_ends(self, key: str, at: datetime, name: str = "006A", *, won: bool) -> None:
        first = next(o for o in self.opportunities if o["opportunity_id"] == name and o["person_key"] == key)
        self.opportunities.append(
            {**first, "valid_from": at, "learned_at": at, "is_closed": True, "is_won": won}
        )

    def removal(self, key: str, at: datetime, into: str | None = None) -> None:
        self.removals.append(
            {
                "fact_key": f"removed:{key}",
                "person_key": key,
                "into_person_key": into,
                "occurred_at": at,
                "learned_at": at,
            }
        )

    def record(
        self, key: str, native_id: str, *, platform: str = "salesforce", object: str = "lead", **values: Any
    ) -> None:
        """What a platform shows of the person now."""
        base = {
            "person_key": key, "platform": platform, "object": object, "native_id": native_id,
            "created_at": START - 30 * DAY, "changed_at": START - 5 * DAY, "learned_at": START,
            "is_deleted": False, "is_converted": False,
        }  # fmt: skip
        self.records = [row for row in self.records if row["native_id"] != native_id]
        self.records.append({**base, **values})

    def calls(self, key: str, at: datetime) -> None:
        self.touches.append({"person_key": key, "occurred_at": at, "learned_at": at})

    # What is decided

    def run(
        self, as_of: datetime, *, only: Iterable[str] | None = None, origin: Origin = Origin.LIVE
    ) -> LifecycleDecisions:
        """One run through `as_of`; with `only`, of a part of the people."""
        window = self.window(as_of, origin)
        keys = sorted(
            only
            if only is not None
            else (key for key, row in self.people.items() if row["created_at"] <= as_of)
        )
        gone = [
            row["person_key"]
            for row in self.removals
            if row["occurred_at"] <= as_of and row["into_person_key"]
        ]
        keys = [key for key in keys if key not in gone]
        decided = self.decide(window, keys)
        self.ledger.record(decided, keys, as_of)
        if only is None:
            self.ledger.commit(as_of)
        return decided

    def window(self, as_of: datetime, origin: Origin = Origin.LIVE) -> Window:
        zone = ZoneInfo(self.organisation.time_zone)
        return Window(
            as_of, as_of, self.ledger.last_as_of, self.live_since, zone, self.organisation.late_limit, origin
        )

    def decide(self, window: Window, keys: Sequence[str]) -> LifecycleDecisions:
        people = self._people(keys)
        plan = self._plan(people, window)
        moments = self.moments(plan.instants, window)
        in_force = (
            {t.id: LONG_AGO for t in self.rules.triggers}
            if self.in_force_since is None
            else self.in_force_since
        )
        mates = self.ledger.cycles_of([key for key in self.people if key not in keys]).join(
            self._people(list(self.people)).select("person_key", "group_key"), on="person_key"
        )
        return lifecycle.decide(
            moments,
            plan.acts,
            pl.DataFrame(self.activities, schema=ACTIVITIES),
            people=people,
            records=pl.DataFrame(self.records, schema=dtypes(facts.Records)),
            verdicts=pl.DataFrame(self.verdicts, schema=dtypes(facts.Verdicts)),
            removals=pl.DataFrame(self.removals, schema=dtypes(facts.Removals)),
            opportunities=pl.DataFrame(self.opportunities, schema=dtypes(facts.OpportunityVersions)),
            cycles=self.ledger.cycles_of(keys, self._merged()),
            group_cycles=mates,
            stages=self.ledger.stages_of(keys, self._merged()),
            touches=pl.DataFrame(self.touches, schema=TOUCHES),
            rules=self.rules,
            organisation=self.organisation,
            statuses=STATUSES,
            window=window,
            versions=Versions({"lifecycle": "v1", "assignment": "a1"}, in_force),
        )

    def _plan(self, people: pl.DataFrame, window: Window) -> instants.Plan:
        found = self._facts(window)
        if window.origin == Origin.LIVE:
            return instants.plan(people, found, self.ledger.ticks(), self.ledger.last_transitions(), window)
        return instants.plan_past(found, self.ledger.first_decided(), window)

    def moments(self, wanted: pl.DataFrame, window: Window) -> pl.DataFrame:
        """The attributes at the wanted instants, as far as they are known."""
        told: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(self.attributes, key=lambda row: (row["at"], str(sorted(row["values"].items())))):
            if row["learned_at"] <= window.known_by:
                told.setdefault(row["person_key"], []).append(row)
        rows = []
        for key, at in wanted.iter_rows():
            values: dict[str, Any] = dict(ATTRIBUTES)
            for row in told.get(key, []):
                if row["at"] <= at:
                    values |= row["values"]
            rows.append({"person_key": key, "at": at, **values})
        return pl.DataFrame(rows, schema=columns(person_key=pl.String, at=UTC_TYPE, **ATTRIBUTE_TYPES))

    def _people(self, keys: Sequence[str]) -> pl.DataFrame:
        rows = [
            {
                "person_key": key,
                "first_learned_at": self.people[key]["created_at"],
                "decided_through": self.ledger.decided_through.get(key),
                **self.people[key],
            }
            for key in keys
        ]
        return pl.DataFrame(rows, schema=dtypes(facts.People))

    def _facts(self, window: Window) -> pl.DataFrame:
        live = Origin.LIVE.value
        rows = [
            (a["activity_key"], a["person_key"], a["occurred_at"], a["learned_at"], a["origin"], "activity")
            for a in self.activities
        ]
        for a in self.attributes:
            fact = f"attribute:{a['person_key']}:{a['at']}:{sorted(a['values'].items())}"
            what = "attribute" if a["is_act"] else "quiet"
            rows.append((fact, a["person_key"], a["at"], a["learned_at"], live, what))
        rows += [
            (v["fact_key"], v["person_key"], v["occurred_at"], v["learned_at"], live, "verdict")
            for v in self.verdicts
        ]
        for o in self.opportunities:
            fact, since = f"{o['opportunity_id']}:{o['valid_from']}", max(o["valid_from"], o["linked_at"])
            rows.append((fact, o["person_key"], since, o["learned_at"], live, "opportunity"))
        for r in self.removals:
            key = r["into_person_key"] or r["person_key"]
            rows.append((r["fact_key"], key, r["occurred_at"], r["learned_at"], live, "removal"))
        return pl.DataFrame(rows, schema=FACT, orient="row")

    def _merged(self) -> dict[str, str]:
        return {row["person_key"]: row["into_person_key"] for row in self.removals if row["into_person_key"]}


@dataclass
class Ledger:
    """What was decided, by key: as the real one keeps it."""

    last_as_of: datetime | None = None
    decided_through: dict[str, datetime] = field(default_factory=dict)
    tables: dict[str, dict[Any, dict[str, Any]]] = field(default_factory=dict)
    clocks: dict[str, datetime | None] = field(default_factory=dict)

    def record(self, decided: LifecycleDecisions, keys: Sequence[str], as_of: datetime) -> None:
        self._add("transitions", decided.transitions, "transition_key", replace=False)
        self._add("cycle_events", decided.cycle_events, "event_key", replace=False)
        self._add("blocks", decided.blocks, "block_key")
        self._add("stages", decided.stages, "person_key", "line")
        kept = self.tables.get("cycles", {})
        self._add("cycles", decided.cycles, "cycle_key")
        for key, row in kept.items():  # owner and visibility are written by others
            self.tables["cycles"][key] |= {
                name: row[name] for name in ("owner_id", "owner_kind", "assigned_at")
            }
        listed = self.tables.setdefault("would_qualify", {})
        for key in [key for key in listed if key[0] in keys]:
            del listed[key]
        self._add("would_qualify", decided.would_qualify, "person_key", "line", "rule_id")
        self.clocks |= dict(decided.clocks.iter_rows())
        self.decided_through |= dict.fromkeys(keys, as_of)

    def commit(self, as_of: datetime) -> None:
        self.last_as_of = as_of

    def table(self, name: str, model: Any) -> pl.DataFrame:
        return pl.DataFrame(list(self.tables.get(name, {}).values()), schema=dtypes(model))

    def cycles(self) -> pl.DataFrame:
        return self.table("cycles", decisions.Cycles).sort("opened_at", "cycle_key")

    def transitions(self) -> pl.DataFrame:
        return self.table("transitions", decisions.Transitions)

    def events(self) -> pl.DataFrame:
        return self.table("cycle_events", decisions.CycleEvents).sort("at", "event_key")

    def cycles_of(self, keys: Sequence[str], merged: Mapping[str, str] | None = None) -> pl.DataFrame:
        return _living(self.cycles(), merged or {}).filter(pl.col("person_key").is_in(list(keys)))

    def stages_of(self, keys: Sequence[str], merged: Mapping[str, str] | None = None) -> pl.DataFrame:
        found = _living(self.table("stages", decisions.Stages), merged or {})
        found = found.filter(pl.col("person_key").is_in(list(keys))).sort("since", "stage")
        if found.is_empty():
            return found
        return found.group_by("person_key", "line", maintain_order=True).agg(
            pl.col("stage", "since", "origin").last(),
            pl.col("first_mql_at", "first_sal_at").min(),
            pl.col("last_mql_at", "last_sal_at", "spent_through").max(),
        ).select(list(dtypes(decisions.Stages)))  # fmt: skip

    def ticks(self) -> pl.DataFrame:
        rows = [(key, at) for key, at in self.clocks.items() if at is not None]
        return pl.DataFrame(rows, schema={"person_key": pl.String, "at": UTC_TYPE}, orient="row")

    def last_transitions(self) -> pl.DataFrame:
        return self._lived().group_by("person_key").agg(pl.col("at").max())

    def first_decided(self) -> pl.DataFrame:
        return self._lived().group_by("person_key").agg(pl.col("at").min())

    def _lived(self) -> pl.DataFrame:
        return self.transitions().filter(pl.col("origin") != Origin.BACKFILL)

    def stage(self, key: str, line: str = "default") -> str:
        return str(self.tables["stages"][key, line]["stage"])

    def _add(self, name: str, rows: pl.DataFrame, *key: str, replace: bool = True) -> None:
        table = self.tables.setdefault(name, {})
        before = dict(table)
        for row in rows.iter_rows(named=True):
            where = row[key[0]] if len(key) == 1 else tuple(row[part] for part in key)
            table[where] = row if replace or where not in before else before[where]
        self.tables[name] = table


def _living(rows: pl.DataFrame, merged: Mapping[str, str]) -> pl.DataFrame:
    return rows.with_columns(pl.col("person_key").replace(dict(merged))) if merged else rows
