"""The look right before a write: what a platform shows now, what we knew, and what we last wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from connectors.ports import Sink
from engine.guards import GUARDED, Known, Ruling, Shown, rule_owner, rule_status
from ledger import outbox
from ledger.facts import read, read_sales
from ledger.open import Ledger
from ledger.outbox import Claim, Entry, Settlement
from schemas.playbook.load import Playbook
from schemas.vocabulary import OutboxState, OwnerKind

LOOKED_AT = {
    "lead": ("owner_id", "status", "owner_is_active"),
    "contact": ("status",),
    "mql_record": ("owner_id", "status"),
}


@dataclass(frozen=True)
class Look:
    """Rulings need: the records as shown now and as pulled, our last writes, who owns nothing, who is active."""

    object: str
    playbook: Playbook
    shown: Mapping[str, Mapping[str, str | None]]
    pulled: Mapping[str, Mapping[str, str | None]]
    ours: Mapping[str, Mapping[str, Any]]
    free_owners: frozenset[str]
    inactive: frozenset[str]

    @classmethod
    def at(cls, ledger: Ledger, sink: Sink, object: str, claims: Sequence[Claim], playbook: Playbook) -> Self:
        """Reads the records of those claims that write a guarded field; the others need no look."""
        guarded = [claim for claim in claims if object in LOOKED_AT and set(claim.values) & set(GUARDED)]
        targets = [claim.target for claim in guarded]
        if not targets:
            return cls(object, playbook, {}, {}, {}, frozenset(), frozenset())
        shown = sink.read(object, targets, LOOKED_AT[object])
        wanted = sorted({str(owner) for claim in guarded if (owner := claim.values.get("owner_id"))})
        users = sink.read("user", wanted, ["is_active"]) if wanted else {}
        with ledger.read() as connection:
            owners = read.owners(connection)
            ours = outbox.last_applied(connection, sink.platform, object, targets, GUARDED)
            if object == "mql_record":
                rows = read_sales.mql_records(connection, targets).rename({"cycle_key": "target"})
            else:
                people = sorted({claim.person_key for claim in guarded})
                rows = read.records(connection, people).rename({"native_id": "target"})
        return cls(
            object,
            playbook,
            shown,
            {row["target"]: row for row in rows.iter_rows(named=True)},
            _by_target(ours),
            _free(owners, playbook),
            frozenset(user for user in wanted if users.get(user, {}).get("is_active") == "false"),
        )

    def rule(self, claim: Claim) -> tuple[list[Settlement], dict[str, Any]]:
        """Fields that are settled without a write, and the values that may be written."""
        if self.object not in LOOKED_AT or not set(claim.values) & set(GUARDED):
            return [], claim.values
        now = self.shown.get(claim.target)
        if now is None:
            if self.object == "mql_record" and claim.target not in self.pulled:
                return [], claim.values  # not there yet: this write creates it
            gone = Settlement(claim.ids, OutboxState.DROPPED, code="gone", message="the record is gone")
            return [gone], {}
        active = now.get("owner_is_active")
        shown = Shown(now.get("owner_id"), now.get("status"), None if active is None else active == "true")
        known = Known(self.pulled.get(claim.target, {}), self.ours.get(claim.target, {}))
        settled, values = [], dict(claim.values)
        for entry in claim.entries:
            ruling = self._ruling(entry, shown, known)
            if ruling.state != OutboxState.PENDING:
                settled.append(Settlement([entry.id], ruling.state, code=ruling.code, message=ruling.message))
                del values[entry.field]
        return settled, values

    def _ruling(self, entry: Entry, shown: Shown, known: Known) -> Ruling:
        if entry.field == "owner_id":
            if entry.value in self.inactive:
                return Ruling(
                    OutboxState.CONFLICT, "owner_inactive", "the chosen owner was deactivated meanwhile"
                )
            return rule_owner(str(entry.value), shown, known, self.free_owners)
        if entry.field == "status":
            return rule_status(str(entry.value), shown, known, self.playbook.platforms.statuses, self.object)
        return Ruling(OutboxState.PENDING)


def _by_target(ours: pl.DataFrame) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    decoded = ours.with_columns(pl.col("value").str.json_decode(pl.String))
    for target, name, value in decoded.select("target", "field", "value").iter_rows():
        found.setdefault(target, {})[name] = value
    return found


def _free(owners: pl.DataFrame, playbook: Playbook) -> frozenset[str]:
    """Owners that are nobody's work: placeholders by name, and queues."""
    placeholders = pl.col("name").is_in(playbook.assignment.placeholder_owners)
    return frozenset(owners.filter(placeholders | (pl.col("kind") == OwnerKind.QUEUE))["owner_id"])
