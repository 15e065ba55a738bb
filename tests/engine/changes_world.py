"""One person after a run, as `changes` sees it: records, stage, score, cycles, and what was written before."""

import json
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from engine.changes import ChangeDecisions, Decided, derive
from schemas.context import Window
from schemas.frames import decisions, facts
from schemas.frames.base import dtypes
from schemas.playbook.assignment import Assignment
from schemas.playbook.lifecycle import Lifecycle
from schemas.playbook.platforms import Platforms
from tests.engine.world import LIFECYCLE, STATUSES

LIVE = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
OPENED = LIVE + timedelta(days=1)
PULLED = LIVE + timedelta(days=2)
NOW = LIVE + timedelta(days=3)
STAMPS = ["first_mql_at", "last_mql_at", "first_sal_at", "last_sal_at"]
MQL_FIELDS = [
    "external_key", "lead_id", "contact_id", "account_id", "opportunity_id", "number", "kind", "line", "status",
    "closed_as", "reject_reason", "recycle_reason", "mql_at", "assigned_at", "accepted_at", "closed_at",
    "hand_raised_at", "owner_id", "assigned_by", "assignment_reason", "fit", "engagement", "score", "grade",
    "playbook_version", "lines", "trigger_rule", "trigger_fact", "campaign_name", "campaign_type", "lead_source",
    "summary",
]  # fmt: skip


def platforms(**changed: Any) -> Platforms:
    """Everything mapped; `changed` replaces top-level parts."""
    people = ["status", "owner_id", "stage", *STAMPS]
    parts: dict[str, Any] = {
        "statuses": [row.model_dump() for row in STATUSES],
        "salesforce": {
            "lead": {name: name for name in people},
            "contact": {name: name for name in ["status", "owner_id", *STAMPS]},
            "account": {},
            "opportunity": {},
            "mql_record": {name: name for name in MQL_FIELDS},
            "writes": {"lead": ["stage", *STAMPS], "contact": STAMPS},
        },
        "marketo": {
            "people_since": "2026-01-01",
            "fields": {name: name for name in ["score", "fit", "engagement", "grade", "stage", *STAMPS]},
            "writes": ["score", "fit", "engagement", "grade", "stage", *STAMPS],
            "activities": [],
        },
        "handover": {"create": "marketo"},
        **changed,
    }
    return Platforms.model_validate(parts)


@dataclass
class Situation:
    """Rows by table; each method adds one, with defaults for what does not matter."""

    platforms: Platforms = field(default_factory=platforms)
    mode: str = "decide_and_push"
    in_scope: bool = True
    live_since: datetime | None = LIVE
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def _add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def record(self, object: str = "lead", native_id: str = "00Q1", **values: Any) -> "Situation":
        base = {
            "person_key": "ada", "platform": "marketo" if object == "person" else "salesforce", "object": object,
            "native_id": native_id, "created_at": LIVE - timedelta(days=50), "changed_at": PULLED, "learned_at": PULLED,
            "is_deleted": False, "is_converted": False,
        }  # fmt: skip
        self._add("records", **{**base, **values})
        return self

    def scored(self, score: int = 70, grade: str = "B2") -> "Situation":
        self._add(
            "scores", person_key="ada", model="default", scored_at=NOW, engagement=9000, fit=5000, score=100 * score,
            grade=grade, confidence=1.0, playbook_version="s",
        )  # fmt: skip
        return self

    def stage(self, stage: str = "mql", **values: Any) -> "Situation":
        base = {"person_key": "ada", "line": "default", "stage": stage, "since": OPENED, "origin": "live"}
        if stage == "mql":
            base |= {"first_mql_at": OPENED, "last_mql_at": OPENED}
        self._add("stages", **{**base, **values})
        return self

    def cycle(self, state: str = "open", key: str = "c1", **values: Any) -> "Situation":
        base = {
            "cycle_key": key, "person_key": "ada", "line": "default", "number": 1, "kind": "mql", "state": state,
            "opened_at": OPENED, "acted_at": OPENED, "is_trial": False, "origin": "live", "trigger_rule": "score",
            "playbook_version": "v1", "score": 7012, "fit": 5000, "engagement": 9024, "grade": "B1",
            "reasons": "{}", "owner_id": "005rep", "owner_kind": "user", "assigned_at": OPENED,
        }  # fmt: skip
        if state not in ("open", "working"):
            base |= {"closed_at": PULLED, "closed_as": state}
        self._add("cycles", **{**base, **values})
        return self

    def assigned(self, how: str = "rule", owner_id: str | None = "005rep", key: str = "c1") -> "Situation":
        self._add(
            "assignments", assignment_key=f"a{len(self.rows.get('assignments', []))}", cycle_key=key, person_key="ada",
            line="default", at=OPENED, owner_id=owner_id, owner_kind="user", rule_id="rest", how=how,
            playbook_version="a", reasons="{}",
        )  # fmt: skip
        return self

    def shown(self, key: str = "c1", **values: Any) -> "Situation":
        """`MQL__c` as pulled."""
        base = {"cycle_key": key, "native_id": "a0X1", "learned_at": PULLED, "is_deleted": False}
        self._add("mql_records", **{**base, **values})
        return self

    def wrote(self, object: str, target: str, state: str = "applied", **values: Any) -> "Situation":
        """What was asked before; `at` and `cycle_key` are the entry's own."""
        at, cycle_key = values.pop("at", OPENED), values.pop("cycle_key", None)
        for name, value in values.items():
            platform = "marketo" if object == "person" else "salesforce"
            self._add(
                "last_writes", platform=platform, object=object, target=target, is_creation=name == "request_sync",
                field=name, value=json.dumps(value), state=state, at=at, person_key="ada", cycle_key=cycle_key,
            )  # fmt: skip
        return self

    def said(self, kind: str, at: datetime, source: str = "lead", **values: Any) -> "Situation":
        """A verdict, as a fact."""
        number = len(self.rows.get("verdicts", []))
        self._add(
            "verdicts", fact_key=f"v{number}", person_key="ada", kind=kind, occurred_at=at, learned_at=PULLED,
            origin="live", source=source, **{"cycle_key": "c1" if source == "mql_record" else None, **values},
        )  # fmt: skip
        return self

    def derive(self) -> ChangeDecisions:
        models = {
            "records": facts.Records, "mql_records": facts.MqlRecords, "cycles": decisions.Cycles,
            "stages": decisions.Stages, "scores": decisions.Scores, "assignments": decisions.Assignments,
            "last_writes": decisions.LastWrites, "verdicts": facts.Verdicts,
        }  # fmt: skip
        frames = {
            name: pl.DataFrame(self.rows.get(name, []), schema=dtypes(model))
            for name, model in models.items()
        }
        person = {
            "person_key": "ada", "created_at": LIVE, "first_learned_at": LIVE, "group_key": "ada", "is_erased": False,
        }  # fmt: skip
        owners = [
            ("005rep", "user", "Rep", True), ("005two", "user", "Two", True), ("00Gq", "queue", "Queue", True),
            ("005sync", "user", "Marketo Sync", True), ("005gone", "user", "Gone", False),
        ]  # fmt: skip
        told = [
            {"cycle_key": row["cycle_key"], "summary": "saw /pricing", "lead_source": "Web"}
            for row in self.rows.get("cycles", [])
        ]
        window = Window(NOW, NOW, PULLED, self.live_since, LIVE.tzinfo, timedelta(hours=24))  # type: ignore[arg-type]
        assignment = Assignment.model_validate(
            {
                "mode": self.mode,
                "crm_rule": "Standard",
                "placeholder_owners": ["marketo sync"],
                "rules": [{"id": "rest", "to": {"queue": "Queue"}}],
            }
        )
        wanted = {part.name for part in fields(Decided)}
        known = Decided(
            people=pl.DataFrame([person], schema=dtypes(facts.People)),
            owners=pl.DataFrame(
                [(*row, True, None, None) for row in owners], schema=dtypes(facts.Owners), orient="row"
            ),
            told=pl.DataFrame(
                told, schema={"cycle_key": pl.String, "summary": pl.String, "lead_source": pl.String}
            ),
            in_scope=pl.DataFrame(
                {"person_key": ["ada"] if self.in_scope else []}, schema={"person_key": pl.String}
            ),
            **{name: frame for name, frame in frames.items() if name in wanted},
        )
        return derive(known, self.platforms, Lifecycle.model_validate(LIFECYCLE), assignment, window)

    def changes(self, object: str | None = None) -> dict[tuple[str, str], Any]:
        """(object, field) → value of everything that would be written, or of one object's fields alone by name."""
        found = self.derive().changes
        everything = {
            (row["object"], row["field"]): json.loads(row["value"]) for row in found.iter_rows(named=True)
        }
        if object is None:
            return everything
        return {key: value for key, value in everything.items() if key[0] == object}

    def fields(self, object: str) -> dict[str, Any]:
        return {name: value for (_, name), value in self.changes(object).items()}
