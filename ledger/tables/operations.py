"""Tables that keep the work itself in order: lease, cursors, runs, playbook versions, quarantine, erasures, outbox."""

import sqlalchemy as sa

from ledger.tables.base import Instant, Serial, Text, columns_of, metadata, written_by
from schemas.frames.decisions import Conflicts
from schemas.vocabulary import OutboxState, Silo

binding = sa.Table(
    "binding",
    metadata,
    sa.Column("platform", Text, primary_key=True),
    sa.Column("identity", Text, nullable=False),  # Salesforce org id, Marketo subscription
    info=written_by(Silo.OPERATIONS),
)

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", Text, nullable=False),  # hex; made at first use, never shown
    info=written_by(Silo.OPERATIONS),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", Text, primary_key=True),  # one row, "writer"
    sa.Column("token", Text),  # null: free
    sa.Column("flow", Text),
    sa.Column("host", Text),
    sa.Column("pid", sa.BigInteger),
    sa.Column("process_start", Text),
    sa.Column("expires_at", Instant),  # wall time, as everything of the lease
    info=written_by(Silo.OPERATIONS),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("platform", Text, primary_key=True),
    sa.Column("stream", Text, primary_key=True),
    sa.Column("cursor", Text, nullable=False),  # JSON object, opaque
    sa.Column("read_through", Instant),  # everything up to here was read; null: never read through
    sa.Column("saved_at", Instant, nullable=False),
    info=written_by(Silo.OPERATIONS, Silo.DATA),  # a cursor moves in the same transaction as its page
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", Text, primary_key=True),
    sa.Column("flow", Text, nullable=False),
    sa.Column("mode", Text, nullable=False),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("started_at", Instant, nullable=False),  # wall time, as finished_at
    sa.Column("finished_at", Instant),
    sa.Column("is_decided", sa.Boolean, nullable=False),  # decide and record ended for everybody who was due
    sa.Column("status", Text),
    sa.Column("message", Text),
    sa.Column("playbook", Text, nullable=False),  # JSON: silo → version
    sa.Index("ix_runs_started_at", "started_at"),
    info=written_by(Silo.OPERATIONS),
)

run_counts = sa.Table(
    "run_counts",
    metadata,
    sa.Column("run_id", Text, primary_key=True),
    sa.Column("stage", Text, primary_key=True),
    sa.Column("platform", Text, primary_key=True),  # "" where the count is of no platform; stream likewise
    sa.Column("stream", Text, primary_key=True),
    sa.Column("name", Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    info=written_by(Silo.OPERATIONS),
)

playbook_versions = sa.Table(
    "playbook_versions",
    metadata,
    sa.Column("silo", Text, primary_key=True),
    sa.Column("in_force_since", Instant, primary_key=True),
    sa.Column("version", Text, nullable=False),
    sa.Column("rules", Text, nullable=False),  # JSON: rule id → [hash of its content, in force since (µs)]
    info=written_by(Silo.OPERATIONS),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("platform", Text, nullable=False),
    sa.Column("stream", Text, nullable=False),
    sa.Column("key", Text, nullable=False),
    sa.Column("content", Text, nullable=False),  # hash of the raw row: a re-read row is known again
    sa.Column("reasons", Text, nullable=False),  # JSON list
    sa.Column("raw", Text),  # JSON object; null once blanked
    sa.Column("run_id", Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("mended_at", Instant),
    sa.UniqueConstraint("platform", "stream", "key", "content"),
    sa.Index("ix_quarantine_at", "at"),
    info=written_by(Silo.DATA),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("hash", Text, primary_key=True),  # keyed hash of an e-mail address or a native id
    sa.Column("kind", Text, nullable=False),
    sa.Column("person_key", Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    info=written_by(Silo.DATA),
)

WAITS = sa.text(f"state IN ('{OutboxState.PENDING}', '{OutboxState.DEFERRED}')")
IS_CLAIMED = sa.text(f"state = '{OutboxState.CLAIMED}'")
"""Conditions of the outbox's partial indexes. Text with the values in it: with bound ones no index would fit."""

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("platform", Text, nullable=False),
    sa.Column("object", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("is_creation", sa.Boolean, nullable=False),
    sa.Column("field", Text, nullable=False),
    sa.Column("value", Text, nullable=False),  # JSON
    sa.Column("priority", sa.BigInteger, nullable=False),
    sa.Column("person_key", Text, nullable=False),
    sa.Column("cycle_key", Text),
    sa.Column("decided_at", Instant, nullable=False),
    sa.Column("why", Text, nullable=False),
    sa.Column("run_id", Text, nullable=False),
    sa.Column("state", Text, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),  # how often it was claimed
    sa.Column("not_before", Instant),
    sa.Column("claimed_at", Instant),
    sa.Column("claim_token", Text),
    sa.Column("settled_at", Instant),
    sa.Column("code", Text),
    sa.Column("message", Text),
    sa.Column("native_id", Text),  # of the record that a creation made; null where it is the target
    # SQLite can't know that few rows have a target, but many a platform or a state: no index starts with those.
    sa.Index("ix_outbox_target", "target"),
    sa.Index("ix_outbox_person_key", "person_key"),
    sa.Index(
        "ix_outbox_native_id",
        "native_id",
        sqlite_where=sa.text("native_id IS NOT NULL"),
        postgresql_where=sa.text("native_id IS NOT NULL"),
    ),
    sa.Index("ix_outbox_claimed", "id", sqlite_where=IS_CLAIMED, postgresql_where=IS_CLAIMED),
    sa.Index("ix_outbox_urgent", "platform", "priority", "id", sqlite_where=WAITS, postgresql_where=WAITS),
    # At most one entry waits for a field; the target stands first because that is what entries are looked up by.
    sa.Index(
        "uq_outbox_waiting",
        *("target", "field", "object", "platform"),
        unique=True,
        sqlite_where=WAITS,
        postgresql_where=WAITS,
    ),
    info=written_by(Silo.OUTBOX),
)

conflicts = sa.Table(
    "conflicts",
    metadata,
    # The same disagreement found again by a later run is the same row: it keeps the instant it was first seen.
    *columns_of(Conflicts, key=("platform", "object", "target", "field", "wanted", "shown")),
    sa.Index("ix_conflicts_person_key", "person_key"),
    info=written_by(Silo.OUTBOX),
    sqlite_with_rowid=False,
)
