"""Tables of the facts: what the platforms showed, when it became true, when we learned it.

Facts name platform records; only `records` and `identities` say whose record it is. A merge therefore moves records
from one person to another and leaves every other fact where it is: activities, tasks, roles and verdicts follow their
record, also those that were learned before anybody knew the person.

Three sorts: present rows (what the platform shows now, our own values included), versions (what it said from when
on, our own writes left out), and facts that never change (activities, field history, removals, verdicts).
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ledger.tables.base import Instant, Text, columns_of, metadata, written_by
from schemas.frames import door, facts
from schemas.frames.base import Frame
from schemas.frames.identity import RECORD
from schemas.versioned import ACCOUNTS, MQL_RECORDS, OPPORTUNITIES, OWNERS, RECORDS, Versioned
from schemas.vocabulary import Silo


def _by(table: str, *columns: str, only_known: bool = False) -> sa.Index:
    """An index; with `only_known` over the rows where its first column isn't null: few, for links."""
    known = sa.text(f"{columns[0]} IS NOT NULL") if only_known else None
    return sa.Index(f"ix_{table}_{'_'.join(columns)}", *columns, sqlite_where=known, postgresql_where=known)


def _table(name: str, *parts: sa.Column[Any] | sa.Index) -> sa.Table:
    return sa.Table(name, metadata, *parts, info=written_by(Silo.DATA))


def _platform() -> sa.Column[str]:
    return sa.Column("platform", Text, primary_key=True)


def _learned() -> list[sa.Column[Any]]:
    return [sa.Column("learned_at", Instant, nullable=False), sa.Column("origin", Text, nullable=False)]


def _present(
    name: str, model: type[Frame], *parts: sa.Column[Any] | sa.Index, key: Sequence[str] = ("native_id",)
) -> sa.Table:
    """What the platform shows now. `row_hash`: of the whole row, to know a re-read one."""
    return _table(
        name,
        _platform(),
        *columns_of(model, key=key),
        *_learned(),
        sa.Column("row_hash", Text, nullable=False),
        *parts,
    )


def _versions(name: str, model: type[Frame], shape: Versioned) -> sa.Table:
    """What the platform said from `valid_from` on. Of two versions from the same instant the later learned counts.

    `changed_at` is when the platform showed it first; it differs from `valid_from` only for an assumed version,
    the first one of its record, which is taken to hold since the record's creation.
    """
    return _table(
        name,
        _platform(),
        *(sa.Column(column, Text, primary_key=True) for column in shape.key),
        sa.Column("valid_from", Instant, primary_key=True),
        sa.Column("learned_at", Instant, primary_key=True),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("assumed", sa.Boolean, nullable=False),
        sa.Column("origin", Text, nullable=False),
        sa.Column("inputs_hash", Text, nullable=False),
        *(column for column in columns_of(model) if column.name in shape.values),
        *_said(shape),
    )


def _said(shape: Versioned) -> list[sa.Column[Any]]:
    """When somebody else last set a shared input, as far as we saw; null: it was there before us."""
    return [sa.Column(f"{name}_said_at", Instant) for name in shape.said]


def _foreign(shape: Versioned) -> list[sa.Column[Any]]:
    """Beside what a present row shows: the last value of each shared input that was not ours."""
    shared = [sa.Column(f"foreign_{name}", Text) for name in shape.shared]
    return [*shared, *_said(shape), sa.Column("inputs_hash", Text, nullable=False)]


# People

people = _table(
    "people",
    sa.Column("person_key", Text, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),  # oldest creation among the records
    sa.Column("first_learned_at", Instant, nullable=False),
    sa.Column("group_key", Text, nullable=False),  # of the people who share an e-mail address
    sa.Column("merged_into", Text),  # the person who lives on, never one who was merged in turn
    sa.Column("is_erased", sa.Boolean, nullable=False),
    _by("people", "group_key"),
    _by("people", "merged_into", only_known=True),
)

identities = _table(
    "identities",
    *(sa.Column(name, Text, primary_key=True) for name in RECORD),
    sa.Column("learned_at", Instant, primary_key=True),
    sa.Column("person_key", Text, nullable=False),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("cause", Text, nullable=False),
    _by("identities", "person_key"),
)

merges = _table(
    "merges",
    sa.Column("person_key", Text, primary_key=True),  # whose key went out of use
    sa.Column("into_person_key", Text, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("learned_at", Instant, nullable=False),
    sa.Column("cause", Text, nullable=False),
    _by("merges", "into_person_key"),
)

proposed_duplicates = _table(
    "proposed_duplicates",
    sa.Column("person_key", Text, primary_key=True),
    sa.Column("duplicate_of", Text, primary_key=True),  # the older one
    sa.Column("cause", Text, nullable=False),
    sa.Column("learned_at", Instant, nullable=False),
    _by("proposed_duplicates", "duplicate_of"),
)

records = _present(
    "records",
    door.People,
    sa.Column("person_key", Text),  # null until the facts of its run are settled
    sa.Column("first_learned_at", Instant, nullable=False),
    *_foreign(RECORDS),
    sa.Column("email_key", Text),  # lower case
    sa.Column("email_domain", Text),
    _by("records", "person_key"),
    _by("records", "email_key", only_known=True),
    _by("records", "email_domain", only_known=True),
    _by("records", "account_id", only_known=True),
    _by("records", "crm_lead_id", only_known=True),
    _by("records", "crm_contact_id", only_known=True),
    _by("records", "converted_contact_id", only_known=True),
    _by("records", "converted_opportunity_id", only_known=True),
    _by("records", "merged_into", only_known=True),
    key=("object", "native_id"),
)

record_versions = _versions("record_versions", door.People, RECORDS)

person_removals = _table(
    "person_removals",
    sa.Column("fact_key", Text, primary_key=True),
    sa.Column("person_key", Text, nullable=False),
    sa.Column("into_person_key", Text),  # null: every record was deleted
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("learned_at", Instant, nullable=False),
    _by("person_removals", "person_key"),
)

# What people did, and what was done with them

activities = _table(
    "activities",
    _platform(),
    *columns_of(door.Activities, key=("native_key",)),
    *_learned(),
    _by("activities", "platform", "person_native_id", "occurred_at"),
)

tasks = _present(
    "tasks",
    door.Tasks,
    sa.Column("completion_learned_at", Instant),  # stays when the task is changed later
    _by("tasks", "person_native_id"),
    _by("tasks", "cycle_key", only_known=True),
)

field_history = _table(
    "field_history",
    _platform(),
    *columns_of(door.FieldHistory, key=("native_id",)),
    *_learned(),
    _by("field_history", "record_id"),
)

removals = _table(
    "removals",
    _platform(),
    *columns_of(door.Removals, key=("native_id",)),
    *_learned(),
    _by("removals", "removed_id"),
)

verdicts = _table(
    "verdicts",
    sa.Column("fact_key", Text, primary_key=True),
    sa.Column("platform", Text, nullable=False),  # of the record about whom it was said
    sa.Column("object", Text, nullable=False),
    sa.Column("native_id", Text, nullable=False),
    *columns_of(facts.Verdicts, without=("fact_key", "person_key")),
    sa.Column("source_id", Text, nullable=False),  # the row that said it
    sa.Column("value", Text),  # the status in the platform's words
    sa.Column(
        "not_before", Instant
    ),  # it was said in (not_before, occurred_at]; null: exactly at occurred_at
    _by("verdicts", "native_id"),
    _by("verdicts", "source_id"),
)

# Accounts and opportunities

accounts = _present(
    "accounts",
    door.Accounts,
    *_foreign(ACCOUNTS),
    sa.Column("domain_key", Text),  # the bare domain, lower case; the platform may show a whole address
    _by("accounts", "domain_key", only_known=True),
)
account_versions = _versions("account_versions", door.Accounts, ACCOUNTS)

opportunities = _present(
    "opportunities",
    door.Opportunities,
    *_foreign(OPPORTUNITIES),
    _by("opportunities", "account_id", only_known=True),
)
opportunity_versions = _versions("opportunity_versions", door.Opportunities, OPPORTUNITIES)

contact_roles = _present(
    "contact_roles",
    door.ContactRoles,
    sa.Column("first_learned_at", Instant, nullable=False),
    _by("contact_roles", "contact_id"),
    _by("contact_roles", "opportunity_id"),
)

# Campaigns, owners, MQL__c

campaigns = _present("campaigns", door.Campaigns)
campaign_members = _present(
    "campaign_members", door.CampaignMembers, _by("campaign_members", "person_native_id")
)

owners = _present("owners", door.Owners, *_foreign(OWNERS))
owner_versions = _versions("owner_versions", door.Owners, OWNERS)
queue_members = _present("queue_members", door.QueueMembers)

mql_records = _present(
    "mql_records",
    door.MqlRecords,
    *_foreign(MQL_RECORDS),
    _by("mql_records", "external_key", only_known=True),
    _by("mql_records", "lead_id", only_known=True),
    _by("mql_records", "contact_id", only_known=True),
)
mql_record_versions = _versions("mql_record_versions", door.MqlRecords, MQL_RECORDS)

# What people handed in. It becomes a fact of the next run, at its instant: until then `at` and `learned_at` are null.

adjustments = _table(
    "adjustments",
    sa.Column("adjustment_key", Text, primary_key=True),
    *columns_of(facts.Adjustments, without=("adjustment_key", "at")),
    sa.Column("at", Instant),
    _by("adjustments", "person_key"),
)

intents = _table(
    "intents",
    sa.Column("intent_key", Text, primary_key=True),
    *columns_of(door.Intents),
    sa.Column("learned_at", Instant),
    _by("intents", "domain"),
)

# What was stored and not yet settled

news = _table(
    "news",
    sa.Column("subject", Text, primary_key=True),  # what sort of row
    sa.Column("platform", Text, primary_key=True),
    sa.Column("object", Text, primary_key=True),
    sa.Column("native_id", Text, primary_key=True),
    sa.Column("at", Instant, primary_key=True),  # a row younger than its run's as_of waits for its instant
)
