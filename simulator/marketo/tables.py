"""The in-memory SQLite database behind one subscription.

Lead columns carry no type, so that a value comes back as it went in; ``seq`` of an activity is its place
in the order of commits, which is what paging tokens count.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from simulator.marketo.schema import LeadField

_TABLES = """
CREATE TABLE activities (seq INTEGER PRIMARY KEY, guid INTEGER UNIQUE, type_id INTEGER NOT NULL,
  lead_id INTEGER NOT NULL, at TEXT NOT NULL, primary_id INTEGER, primary_value TEXT,
  attributes TEXT NOT NULL, campaign_id INTEGER);
CREATE INDEX activities_at ON activities (at);
CREATE INDEX activities_lead ON activities (lead_id);
CREATE TABLE late_activities (guid INTEGER PRIMARY KEY, type_id INTEGER NOT NULL, lead_id INTEGER NOT NULL,
  at TEXT NOT NULL, primary_id INTEGER, primary_value TEXT, attributes TEXT NOT NULL, campaign_id INTEGER,
  visible_at TEXT NOT NULL);
CREATE TABLE activity_blocks (block INTEGER PRIMARY KEY, latest TEXT NOT NULL);
CREATE TABLE lists (id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT, program_name TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE list_members (list_id INTEGER, lead_id INTEGER, at TEXT NOT NULL,
  PRIMARY KEY (list_id, lead_id)) WITHOUT ROWID;
CREATE TABLE programs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT,
  type TEXT NOT NULL, channel TEXT NOT NULL, status TEXT NOT NULL, start_date TEXT, end_date TEXT, tags TEXT NOT NULL,
  costs TEXT NOT NULL, sfdc_id TEXT, sfdc_name TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE members (id INTEGER PRIMARY KEY, program_id INTEGER NOT NULL, lead_id INTEGER NOT NULL,
  status TEXT NOT NULL, acquired_by INTEGER NOT NULL, reached_success INTEGER NOT NULL,
  reached_success_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (program_id, lead_id));
CREATE INDEX members_lead ON members (lead_id);
CREATE TABLE campaigns (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
  active INTEGER NOT NULL, program_id INTEGER, program_name TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE custom_objects (type TEXT NOT NULL, guid TEXT NOT NULL, dedupe TEXT NOT NULL, lead_id TEXT,
  data TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (type, guid));
CREATE UNIQUE INDEX custom_objects_dedupe ON custom_objects (type, dedupe);
"""


def open_database(fields: Iterable[LeadField]) -> sqlite3.Connection:
    """One connection for all threads; the world's lock keeps them apart."""
    database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA temp_store = MEMORY")
    database.executescript(_TABLES)
    columns = [
        '"id" INTEGER PRIMARY KEY',
        "changed_at TEXT NOT NULL",
        "deleted_at TEXT",
        "merged_into INTEGER",
    ]
    columns += [column(field) for field in fields if field.name != "id"]
    database.execute(f"CREATE TABLE leads ({', '.join(columns)})")
    for field in fields:
        if field.searchable and field.name != "id":
            index_field(database, field)
    database.execute('CREATE INDEX leads_created ON leads ("createdAt")')
    database.execute("CREATE INDEX leads_changed ON leads (changed_at)")
    return database


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def column(field: LeadField) -> str:
    """E-mail addresses compare without case, as the platform's look-ups do."""
    return quoted(field.name) + (" COLLATE NOCASE" if field.data_type in {"email", "string"} else "")


def index_field(database: sqlite3.Connection, field: LeadField) -> None:
    database.execute(f"CREATE INDEX {quoted('leads_' + field.name)} ON leads ({quoted(field.name)})")
