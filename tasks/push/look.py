"""The look right before a write: what a platform shows now, what we knew, and what we last wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl
import sqlalchemy as sa

from connectors.ports import Sink
from engine.changes import free_owners
from engine.guards import (
    GUARDED,
    HANDED_OVER,
    OWNER_INACTIVE,
    WRITE,
    Known,
    Ruling,
    Shown,
    is_free,
    meaning,
    rule_owner,
    rule_record_owner,
    rule_status,
)
from ledger import outbox
from ledger.facts import read, read_sales
from ledger.frames import among, fetch
from ledger.open import Ledger
from ledger.outbox import Claim, Entry, Settlement
from ledger.tables.facts import field_history
from ledger.tables.operations import outbox as entries
from schemas.playbook.load import Playbook
from schemas.vocabulary import OutboxState, OwnerKind

MQL_RECORD = "mql_record"
LOOKED_AT = {
    "lead": ("native_id", "owner_id", "status", "converted_contact_id", "owner_is_active"),
    "contact": ("native_id", "status"),
    MQL_RECORD: ("native_id", "owner_id", "status"),
}
"""Records that people work on. `native_id` alone tells whether one is still there."""


@dataclass(frozen=True)
class Looked:
    """One claim after the look: what is settled without a write, and the values that may be written.

    `hands_over`: the write gives the record to whom the CRM's own rule names, in mode crm_rules.
    """

    settled: list[Settlement] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    hands_over: bool = False


@dataclass(frozen=True)
class Look:
    """Rulings need: the records as shown now and as pulled, our last writes, who owns nothing, who is active."""

    object: str
    playbook: Playbook
    shown: Mapping[str, Mapping[str, str | None]]
    pulled: Mapping[str, Mapping[str, str | None]]
    ours: Mapping[str, Mapping[str, Any]]
    made: frozenset[str]
    chosen: frozenset[tuple[str, str]]
    free_owners: frozenset[str]
    inactive: frozenset[str]

    @classmethod
    def at(cls, ledger: Ledger, sink: Sink, object: str, claims: Sequence[Claim], playbook: Playbook) -> Self:
        """Reads the records, where people work on such records, and the new owners."""
        targets = [claim.target for claim in claims] if object in LOOKED_AT else []
        wanted = sorted({str(owner) for claim in claims if (owner := claim.values.get("owner_id"))})
        with ledger.read() as connection:
            owners = read.owners(connection)
            pulled = _pulled(connection, object, claims) if targets else {}
            written = outbox.applied_values(connection, sink.platform, object, targets, GUARDED)
            made = _made(connection, targets) if object == MQL_RECORD else frozenset()
            natives = [str(row["native_id"]) for row in pulled.values() if object == MQL_RECORD]
            chosen = _chosen(connection, natives)
        shown = sink.read(object, targets, _readable(object, playbook)) if targets else {}
        users = set(owners.filter(pl.col("kind") == OwnerKind.USER)["owner_id"])
        asked = [owner for owner in wanted if owner in users]
        active = sink.read("user", asked, ["is_active"]) if asked else {}
        nobody = owners.with_columns(is_active=pl.lit(True))  # who is active is asked anew
        return cls(
            object,
            playbook,
            shown,
            pulled,
            _before(written, claims),
            made,
            chosen,
            frozenset(free_owners(nobody, _placeholders(playbook))),
            frozenset(user for user in asked if active.get(user, {}).get("is_active") == "false"),
        )

    def rule(self, claim: Claim) -> Looked:
        """What may be written of one claim."""
        if self.object not in LOOKED_AT:
            if claim.values.get("owner_id") in self.inactive:
                # A task is nothing without its owner: it waits until the cycle has another one.
                waits = Settlement(
                    claim.ids, OutboxState.DEFERRED, OWNER_INACTIVE.code, OWNER_INACTIVE.message
                )
                return Looked([waits])
            return Looked(values=claim.values)
        now = self.shown.get(claim.target)
        if now is None:
            if self.object != MQL_RECORD or claim.target in self.pulled or claim.target in self.made:
                return Looked([_dropped(claim, "gone", "the record is gone")])
            now = {}  # not there yet: this write creates it
        if now.get("converted_contact_id"):
            return Looked([_dropped(claim, "converted", "the lead was converted")])
        return self._ruled(claim, now)

    def _ruled(self, claim: Claim, now: Mapping[str, str | None]) -> Looked:
        active = now.get("owner_is_active")
        shown = Shown(now.get("owner_id"), now.get("status"), None if active is None else active == "true")
        chosen = (str(now.get("native_id")), str(shown.owner_id)) in self.chosen
        known = Known(self.pulled.get(claim.target, {}), self.ours.get(claim.target, {}), chosen)
        settled, values = [], dict(claim.values)
        for entry in claim.entries:
            ruling = self._ruling(claim, entry, shown, known, is_new=not now)
            if ruling.state != OutboxState.PENDING:
                # What stands there after an attempt whose answer was lost is ours.
                arrived = ruling.state == OutboxState.UNCHANGED and entry.attempts > 1
                state = OutboxState.APPLIED if arrived else ruling.state
                settled.append(Settlement([entry.id], state, code=ruling.code, message=ruling.message))
                del values[entry.field]
        return Looked(settled, values, self._hands_over(values.get("status"), shown, known))

    def _ruling(self, claim: Claim, entry: Entry, shown: Shown, known: Known, *, is_new: bool) -> Ruling:
        statuses = self.playbook.platforms.statuses
        wanted = str(entry.value)
        if entry.field == "owner_id":
            if wanted in self.inactive:
                return OWNER_INACTIVE
            if self.object != MQL_RECORD:
                return rule_owner(wanted, shown, known, self.free_owners)
            back = meaning(shown.status, statuses, MQL_RECORD) == "rejected"
            again = meaning(claim.values.get("status"), statuses, MQL_RECORD) == HANDED_OVER
            return rule_record_owner(wanted, shown, known, self.free_owners, is_set_back=back and again)
        if entry.field != "status" or is_new:
            return WRITE
        ruling = rule_status(wanted, shown, known, statuses, self.object)
        first = entry.attempts <= 1 and self._hands_over(wanted, shown, known)
        # The status stands there already, but nobody has the lead: the CRM's rule is still to be run.
        return WRITE if first and ruling.state == OutboxState.UNCHANGED else ruling

    def _hands_over(self, status: Any, shown: Shown, known: Known) -> bool:
        """Whether this write is the one on which the CRM's own rule shall run: never on a lead that a person owns."""
        return (
            self.playbook.assignment.mode == "crm_rules"
            and self.object == "lead"
            and status is not None
            and meaning(str(status), self.playbook.platforms.statuses, "lead") == HANDED_OVER
            and is_free(shown, known, self.free_owners)
        )


def _readable(object: str, playbook: Playbook) -> list[str]:
    """Fields to look at, as far as the playbook names them."""
    crm = playbook.platforms.salesforce
    named = {"lead": crm.lead, "contact": crm.contact, MQL_RECORD: crm.mql_record}[object]
    return [name for name in LOOKED_AT[object] if name not in GUARDED or name in named]


def _placeholders(playbook: Playbook) -> list[str]:
    default = playbook.platforms.handover.default_owner
    return [*playbook.assignment.placeholder_owners, *([default] if default else [])]


def _pulled(
    connection: sa.Connection, object: str, claims: Sequence[Claim]
) -> dict[str, dict[str, str | None]]:
    """The records as they were pulled, by target; deleted ones too."""
    if object == MQL_RECORD:
        rows = read_sales.mql_records(connection, [claim.target for claim in claims])
        rows = rows.rename({"cycle_key": "target"})
    else:
        rows = records_by_id(connection, [claim.target for claim in claims]).rename({"native_id": "target"})
    return {row["target"]: row for row in rows.iter_rows(named=True)}


def records_by_id(connection: sa.Connection, native_ids: Sequence[str]) -> pl.DataFrame:
    """frames.facts.Records of the people to whom these records belong, those records alone."""
    from ledger.tables.facts import records

    people = sa.select(records.c.person_key).where(among(records.c.native_id, native_ids))
    keys = [key for key in connection.scalars(people.distinct()) if key is not None]
    return read.records(connection, keys).filter(pl.col("native_id").is_in(list(native_ids)))


def _before(written: pl.DataFrame, claims: Sequence[Claim]) -> dict[str, dict[str, Any]]:
    """Our last value of each field before these claims, which are themselves the last that were written down."""
    claimed = {(claim.target, entry.field) for claim in claims for entry in claim.entries}
    of_field: dict[tuple[str, str], list[Any]] = {}
    decoded = written.with_columns(pl.col("value").str.json_decode(pl.String))
    for target, name, value in decoded.select("target", "field", "value").iter_rows():
        of_field.setdefault((target, name), []).append(value)
    found: dict[str, dict[str, Any]] = {}
    for (target, name), values in of_field.items():
        earlier = values[:-1] if (target, name) in claimed else values
        if earlier:
            found.setdefault(target, {})[name] = earlier[-1]
    return found


def _made(connection: sa.Connection, targets: Sequence[str]) -> frozenset[str]:
    """Cycles whose record we know to have stood in the CRM."""
    chosen = sa.select(entries.c.target).where(
        entries.c.object == MQL_RECORD,
        entries.c.state == OutboxState.APPLIED,
        among(entries.c.target, targets),
    )
    return frozenset(connection.scalars(chosen.distinct()))


def _chosen(connection: sa.Connection, native_ids: Sequence[str]) -> frozenset[tuple[str, str]]:
    """(native id, owner): owners that the field history says were given to these records."""
    if not native_ids:
        return frozenset()
    chosen = sa.select(field_history.c.record_id, field_history.c.new_value).where(
        field_history.c.field == "owner_id", among(field_history.c.record_id, native_ids)
    )
    rows = fetch(connection, chosen, {"record_id": pl.String, "new_value": pl.String})
    return frozenset(rows.drop_nulls().iter_rows())


def _dropped(claim: Claim, code: str, message: str) -> Settlement:
    return Settlement(claim.ids, OutboxState.DROPPED, code=code, message=message)
