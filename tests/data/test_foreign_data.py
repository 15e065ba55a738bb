"""Rows that nobody here made: hostile strings in every text field, and rows in the shape of another vendor's tables."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.data.attributes import AttributeRules
from ledger.facts import read, read_accounts
from ledger.open import Ledger
from ledger.tables import facts as tables
from ledger.tables.operations import quarantine
from schemas.frames.base import dtypes
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Stream
from tests.data.pages import DATA, MARKETO, PLATFORMS, SALESFORCE, START, Pulling, moment, people_at

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
BLNS = SHARED / "blns.json"
needs_blns = pytest.mark.skipif(not BLNS.exists(), reason="../shared/data/blns.json is not there")

TABLES = {
    Stream.PEOPLE: tables.records,
    Stream.LEADS: tables.records,
    Stream.CONTACTS: tables.records,
    Stream.ACCOUNTS: tables.accounts,
    Stream.OPPORTUNITIES: tables.opportunities,
    Stream.CONTACT_ROLES: tables.contact_roles,
    Stream.CAMPAIGNS: tables.campaigns,
    Stream.CAMPAIGN_MEMBERS: tables.campaign_members,
    Stream.OWNERS: tables.owners,
    Stream.QUEUE_MEMBERS: tables.queue_members,
    Stream.TASKS: tables.tasks,
    Stream.MQL_RECORDS: tables.mql_records,
    Stream.FIELD_HISTORY: tables.field_history,
    Stream.ACTIVITIES: tables.activities,
    Stream.REMOVALS: tables.removals,
}
WORDS = {
    "object": {Stream.PEOPLE: "person", Stream.LEADS: "lead", Stream.CONTACTS: "contact"},
    "person_object": {Stream.CAMPAIGN_MEMBERS: "contact"},
    "kind": {Stream.OWNERS: "user", Stream.TASKS: "call", Stream.ACTIVITIES: "page_visit"},
}
"""Text fields that take certain words only."""


@pytest.fixture
def pulling(ledger: Ledger) -> Pulling:
    return Pulling(ledger)


def hostile() -> list[str]:
    found: list[str] = json.loads(BLNS.read_text(encoding="utf-8"))
    return found


def row_of(stream: Stream, key: str, text: str) -> dict[str, Any]:
    """A row with the text in every field that may hold any, and something fitting in the others."""
    row: dict[str, Any] = {}
    for name, dtype in dtypes(MODELS[stream]).items():
        if isinstance(dtype, pl.Datetime):
            row[name] = moment(-1)
        elif dtype == pl.Boolean:
            row[name] = False
        elif dtype == pl.String:
            word = WORDS.get(name, {}).get(stream, "lead" if name == "object" else None)
            row[name] = word if word else None if name == "email" else text
    row[natural_key(stream)] = key
    return row


@needs_blns
@pytest.mark.parametrize("stream", list(Stream))
def test_hostile_strings_come_back_unchanged_or_are_quarantined(pulling: Pulling, stream: Stream) -> None:
    platform = MARKETO if stream in (Stream.PEOPLE, Stream.ACTIVITIES, Stream.REMOVALS) else SALESFORCE
    key = natural_key(stream)
    rows = [row_of(stream, f"k{n}", text) for n, text in enumerate(hostile())]
    counts = pulling.page(platform, stream, rows, accept_batch=True)
    assert counts.duplicates == 0
    texts = [name for name, value in rows[0].items() if isinstance(value, str)]
    found = {row[texts.index(key)]: row for row in pulling.rows(TABLES[stream], *texts)}
    refused = {name for (name,) in pulling.rows(quarantine, "key")}
    assert counts.stored == len(found)
    for row in rows:
        if row[key] not in refused:
            assert found[row[key]] == tuple(row[name] for name in texts)
    assert pulling.page(platform, stream, rows, accept_batch=True).stored == 0


@needs_blns
def test_hostile_keys_and_addresses_are_kept_or_quarantined_and_settled_without_harm(
    pulling: Pulling,
) -> None:
    texts = hostile()
    rows = [{**row_of(Stream.PEOPLE, text, text), "email": text, "merged_into": None} for text in texts]
    counts = pulling.page(MARKETO, Stream.PEOPLE, rows, accept_batch=True)
    assert counts.quarantined > 0
    rows = [
        {
            **row_of(Stream.PEOPLE, f"k{n}", text),
            "email": f"p{n % 9}@x.example",
            "crm_lead_id": None,
            "crm_contact_id": None,
        }
        for n, text in enumerate(texts)
    ]
    pulling.page(MARKETO, Stream.PEOPLE, rows, accept_batch=True)
    pulling.settle()
    due = pulling.due()
    assert due
    with pulling.ledger.read() as connection:
        people = read.people(connection, due)
        versions = read.record_versions(connection, due, START)
        accounts = read_accounts.account_versions(connection, due, START)
        opportunities = read_accounts.opportunity_versions(connection, due, START)
    instants = people.select("person_key").with_columns(at=pl.lit(START).cast(pl.Datetime("us", "UTC")))
    rules = AttributeRules(DATA, PLATFORMS.extra)
    assert len(people_at(instants, people, versions, accounts, opportunities, rules)) == len(due)


VENDOR = {
    "fivetran-salesforce/sf_lead_data.csv": (SALESFORCE, Stream.LEADS, "lead"),
    "fivetran-salesforce/sf_contact_data.csv": (SALESFORCE, Stream.CONTACTS, "contact"),
    "fivetran-marketo/marketo_lead_data.csv": (MARKETO, Stream.PEOPLE, "person"),
}
NAMES = {
    "native_id": ["id"],
    "created_at": ["created_date", "created_at"],
    "changed_at": ["last_modified_date", "updated_at"],
    "is_deleted": ["is_deleted"],
    "email": ["email"],
    "first_name": ["first_name"],
    "last_name": ["last_name"],
    "company": ["company"],
    "title": ["title"],
    "phone": ["phone"],
    "country": ["country", "mailing_country"],
    "industry": ["industry"],
    "employees": ["number_of_employees"],
    "status": ["status", "lead_status"],
    "owner_id": ["owner_id"],
    "account_id": ["account_id"],
}


@pytest.mark.parametrize("file", VENDOR)
def test_rows_in_a_vendors_shape_are_stored_or_quarantined_and_counted(pulling: Pulling, file: str) -> None:
    if not (SHARED / file).exists():
        pytest.skip(f"../shared/data/{file} is not there")
    platform, stream, kind = VENDOR[file]
    rows = []
    with (SHARED / file).open(newline="", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            known = {
                name: next((line[one] for one in ones if line.get(one)), None) for name, ones in NAMES.items()
            }
            rows.append({**known, "object": kind, "is_deleted": known["is_deleted"] or "false"})
    counts = pulling.page(platform, stream, rows, accept_batch=True)
    assert counts.pulled == len(rows) > 0
    kept = {native_id for (native_id,) in pulling.rows(tables.records, "native_id")}
    assert len(kept) == counts.stored
    assert pulling.settle().new_people <= len(kept)
    assert pulling.page(platform, stream, rows, accept_batch=True).stored == 0
