"""Bringing people into the CRM: who qualified and is not there yet.

Every way first looks the address up among leads and contacts: whoever is found there is not created, the next pull
joins the records. By the native sync a person's campaign is requested and the entry waits until the synced lead shows
up; by ourselves a lead is created under the person's key, so that a second try finds the first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from connectors.ports import RecordChange, Sink
from ledger import outbox
from ledger.facts import read
from ledger.open import Ledger
from ledger.outbox import Claim, Settlement
from schemas.playbook.load import Playbook
from schemas.vocabulary import OutboxState, Platform, RecordObject, Silo
from tasks.run import Run
from tasks.settlements import release, settle, settlement

BATCH = 500
CARRIED = ("email", "first_name", "last_name", "company", "title", "phone", "country", "lead_source")


def create(
    ledger: Ledger,
    sinks: Mapping[Platform, Sink],
    sink: Sink,
    playbook: Playbook,
    run: Run,
    counts: Counter[str],
) -> None:
    """Tries the creations that wait for `sink`; those that can't be done yet wait on."""
    with ledger.begin(run.token) as tx, tx.silo(Silo.OUTBOX):
        claims = outbox.claim(tx, sink.platform, BATCH, run.as_of, creations=True)
    if not claims:
        return
    try:
        settlements = _create(ledger, sinks, sink, playbook, run, claims)
    except BaseException:
        release(ledger, run, claims)
        raise
    settle(ledger, run, claims, settlements, counts)


def _create(
    ledger: Ledger,
    sinks: Mapping[Platform, Sink],
    sink: Sink,
    playbook: Playbook,
    run: Run,
    claims: Sequence[Claim],
) -> list[Settlement]:
    people = _people(ledger, [claim.person_key for claim in claims], run)
    in_crm = _found(sinks, people)
    settlements, creations = [], []
    by_key = {claim.target: claim for claim in claims}
    for claim in claims:
        person = people.get(claim.person_key, {})
        lacking = [name for name in playbook.platforms.handover.required if not person.get(name)]
        if person.get("is_in_crm") or str(person.get("email") or "").lower() in in_crm:
            there = "is in the CRM already; the next pull joins the records"
            settlements.append(Settlement(claim.ids, OutboxState.UNCHANGED, code="in_crm", message=there))
        elif lacking:
            missing = f"the CRM needs {', '.join(lacking)}"
            settlements.append(
                Settlement(claim.ids, OutboxState.REJECTED, code="missing_fields", message=missing)
            )
        else:
            creations.append(_creation(sink.platform, claim, person))
    for object in sorted({by_key[str(creation.external_key)].object for creation in creations}):
        batch = [creation for creation in creations if by_key[str(creation.external_key)].object == object]
        for creation, outcome in zip(batch, sink.create(object, batch), strict=True):
            settlements.append(settlement(by_key[str(creation.external_key)].ids, outcome))
    return settlements


def _creation(platform: Platform, claim: Claim, person: Mapping[str, Any]) -> RecordChange:
    if platform is Platform.MARKETO:
        return RecordChange({}, native_id=person.get("marketo_id"), external_key=claim.target)
    carried = {name: person[name] for name in CARRIED if person.get(name)}
    return RecordChange({**carried, **claim.values}, external_key=claim.target)


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


def _found(sinks: Mapping[Platform, Sink], people: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Addresses, lower case, that the CRM has already."""
    emails = sorted({str(person["email"]) for person in people.values() if person.get("email")})
    if Platform.SALESFORCE not in sinks or not emails:
        return set()
    return {found.email.lower() for found in sinks[Platform.SALESFORCE].find(emails)}
