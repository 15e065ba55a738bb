"""Bringing people into the CRM: who qualified and is not there yet.

Every way first looks the address up among leads and contacts: who is found there is not created. By the native sync a
person's campaign is requested, and the entry waits until the synced lead shows up; by ourselves a lead is created under
the person's key, so that a second try finds the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from connectors.errors import PlatformError
from connectors.ports import Found, Outcome, RecordChange, Sink
from engine.changes.arrivals import REQUEST
from engine.guards import OWNER_INACTIVE, meaning
from engine.target import WORKED
from ledger import outbox
from ledger.facts import read, schedule
from ledger.open import Ledger
from ledger.outbox import Claim, Settlement
from schemas.playbook.load import Playbook
from schemas.vocabulary import OutboxState, OwnerKind, Platform, RecordObject, Silo
from tasks.push.look import records_by_id
from tasks.push.settlements import Outcomes, release, settle, settlement, unsent
from tasks.run import Run

BATCH = 500
CARRIED = ("email", "first_name", "last_name", "company", "title", "phone", "country", "lead_source")
IN_CRM = "in_crm"
"""Code of an entry whose person was found in the CRM; its `native_id` is the record that is written to."""


def create(
    ledger: Ledger,
    sinks: Mapping[Platform, Sink],
    sink: Sink,
    playbook: Playbook,
    run: Run,
    outcomes: Outcomes,
) -> None:
    """Tries every creation that waits for `sink`; those that can't be done yet wait on. Without the CRM nobody can be
    looked up there, so nobody is created."""
    crm = sinks.get(Platform.SALESFORCE)
    if crm is None:
        return
    while True:
        with ledger.begin(run.token, on_disk=True) as tx, tx.silo(Silo.OUTBOX):
            claims = outbox.claim(tx, sink.platform, BATCH, run.as_of, creations=True)
        if not claims:
            return
        try:
            desk = _Desk.at(ledger, crm, sink.platform, claims, playbook, run)
        except PlatformError:
            release(ledger, run, claims)
            raise
        ruled = {claim.target: desk.rule(claim) for claim in claims}
        answered = [one for one in ruled.values() if isinstance(one, Settlement)]
        settle(ledger, run, claims, answered, outcomes)
        _mark_due(ledger, run, claims, answered)
        waiting = [claim for claim in claims if isinstance(ruled[claim.target], RecordChange)]
        for object in sorted({claim.object for claim in waiting}):
            group = [claim for claim in waiting if claim.object == object]
            changes = [ruled[claim.target] for claim in group]
            try:
                answers = sink.create(object, [one for one in changes if isinstance(one, RecordChange)])
            except PlatformError as error:
                if not error.is_passing:
                    release(ledger, run, group)
                    raise
                settle(ledger, run, claims, [unsent(claim.ids, error) for claim in group], outcomes)
                raise
            settle(ledger, run, claims, list(_settlements(group, answers)), outcomes)


def _settlements(claims: Sequence[Claim], outcomes: Sequence[Outcome]) -> Iterable[Settlement]:
    for claim, outcome in zip(claims, outcomes, strict=True):
        yield settlement(claim.ids, outcome)


def _mark_due(ledger: Ledger, run: Run, claims: Sequence[Claim], answered: Sequence[Settlement]) -> None:
    """Who turned out to be in the CRM is looked at by the next run, which writes to the record that was found."""
    linked = {number for one in answered if one.code == IN_CRM and one.native_id for number in one.ids}
    keys = sorted({claim.person_key for claim in claims if linked & set(claim.ids)})
    if keys:
        with ledger.begin(run.token) as tx, tx.silo(Silo.DATA):
            schedule.mark_due(tx, pl.Series("person_key", keys))


@dataclass(frozen=True)
class _Desk:
    """What is asked for one creation after another."""

    platform: Platform
    playbook: Playbook
    people: Mapping[str, Mapping[str, Any]]
    found: Mapping[str, Sequence[Found]]
    in_ledger: frozenset[str]
    inactive: frozenset[str]
    default_owner: str | None

    @classmethod
    def at(
        cls,
        ledger: Ledger,
        crm: Sink,
        platform: Platform,
        claims: Sequence[Claim],
        playbook: Playbook,
        run: Run,
    ) -> "_Desk":
        people = _people(ledger, [claim.person_key for claim in claims], run)
        emails = sorted({email for person in people.values() if (email := _email(person))})
        found: dict[str, list[Found]] = {}
        for one in crm.find(emails) if emails else []:
            found.setdefault(one.email.strip().lower(), []).append(one)
        wanted = sorted({str(owner) for claim in claims if (owner := claim.values.get("owner_id"))})
        with ledger.read() as connection:
            owners = read.owners(connection)
            ids = [one.native_id for ones in found.values() for one in ones]
            in_ledger = frozenset(records_by_id(connection, ids)["native_id"]) if ids else frozenset()
        users = set(owners.filter(pl.col("kind") == OwnerKind.USER)["owner_id"])
        asked = [owner for owner in wanted if owner in users]
        active = crm.read("user", asked, ["is_active"]) if asked else {}
        inactive = frozenset(user for user in asked if active.get(user, {}).get("is_active") == "false")
        return cls(platform, playbook, people, found, in_ledger, inactive, _default_owner(owners, playbook))

    def rule(self, claim: Claim) -> Settlement | RecordChange:
        """What becomes of one creation without a call, or the call."""
        person = self.people.get(claim.person_key, {})
        if person.get("is_in_crm"):
            return self._there(claim, None)
        if found := self.found.get(_email(person) or ""):
            best = self._best(found)
            if best.native_id in self.in_ledger:
                return self._there(claim, best.native_id)
            waits = "is in the CRM already; waits until the record is read"
            return Settlement(claim.ids, OutboxState.DEFERRED, code="found", message=waits)
        if lacking := [name for name in self.playbook.platforms.handover.required if not person.get(name)]:
            message = f"the CRM needs {', '.join(lacking)}"
            return Settlement(claim.ids, OutboxState.REJECTED, code="missing_fields", message=message)
        if claim.values.get("owner_id") in self.inactive:
            return Settlement(
                claim.ids, OutboxState.DEFERRED, code=OWNER_INACTIVE.code, message=OWNER_INACTIVE.message
            )
        if self.platform is not Platform.MARKETO:
            return self._lead(claim, person)
        if not person.get("marketo_id"):
            gone = "the person is not in Marketo any more"
            return Settlement(claim.ids, OutboxState.DROPPED, code="gone", message=gone)
        return RecordChange({}, native_id=person["marketo_id"], external_key=claim.target)

    def _there(self, claim: Claim, native_id: str | None) -> Settlement:
        message = "is in the CRM already"
        return Settlement(claim.ids, OutboxState.UNCHANGED, code=IN_CRM, message=message, native_id=native_id)

    def _lead(self, claim: Claim, person: Mapping[str, Any]) -> RecordChange:
        crm = self.playbook.platforms.salesforce
        carried = {name: person[name] for name in CARRIED if person.get(name) and name in crm.lead}
        if self.default_owner:
            carried["owner_id"] = self.default_owner
        decided = {name: value for name, value in claim.values.items() if name != REQUEST}
        return RecordChange({**carried, **decided}, external_key=claim.target)

    def _best(self, found: Sequence[Found]) -> Found:
        """The record that is written to: the contact, else the lead that sales worked last, else the oldest."""

        def order(one: Found) -> tuple[Any, ...]:
            said = meaning(one.details.get("status"), self.playbook.platforms.statuses, one.object)
            worked = one.object == RecordObject.LEAD and said in WORKED
            return (
                one.object == RecordObject.CONTACT,
                worked,
                (one.changed_at or "") if worked else "",
            )

        oldest = sorted(found, key=lambda one: (str(one.details.get("created_at") or ""), one.native_id))
        return max(oldest, key=order)


def _email(person: Mapping[str, Any]) -> str | None:
    return str(person.get("email") or "").strip().lower() or None


def _default_owner(owners: pl.DataFrame, playbook: Playbook) -> str | None:
    """Id of the user or queue that a created lead gets where no owner was decided."""
    name = (playbook.platforms.handover.default_owner or "").strip().casefold()
    for owner, called, is_active in owners.select("owner_id", "name", "is_active").iter_rows():
        if name and called.strip().casefold() == name and is_active:
            return str(owner)
    return None


def _people(ledger: Ledger, keys: Sequence[str], run: Run) -> dict[str, dict[str, Any]]:
    """Per person: the values that a lead carries, the Marketo id, and whether a CRM record is known."""
    with ledger.read() as connection:
        records = read.records(connection, keys).filter(~pl.col("is_deleted"))
        versions = read.record_versions(connection, keys, run.as_of)
    found: dict[str, dict[str, Any]] = {}
    for row in versions.sort("valid_from", "learned_at").iter_rows(named=True):
        found.setdefault(row["person_key"], {}).update({name: row[name] for name in CARRIED if row[name]})
    for key, platform, object, native_id in records.select(
        "person_key", "platform", "object", "native_id"
    ).iter_rows():
        person = found.setdefault(key, {})
        if platform == Platform.MARKETO:
            person["marketo_id"] = native_id
        elif object in (RecordObject.LEAD, RecordObject.CONTACT):
            person["is_in_crm"] = True
    return found
