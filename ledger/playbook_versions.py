"""Since when each rule is in force as it now reads.

A version comes into force at the last committed `as_of`: it governs every instant not yet decided. A rule whose
content is unchanged keeps its older date, so that an edit of another rule doesn't make old acts new evidence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.tables.base import from_micros, to_micros
from ledger.tables.operations import playbook_versions
from ledger.unit_of_work import UnitOfWork
from schemas.vocabulary import Silo


@dataclass(frozen=True)
class VersionInForce:
    """A silo's rules: the version, since when, and since when each rule reads as it does."""

    silo: Silo
    version: str
    since: datetime
    rules_since: Mapping[str, datetime]


def enforce(
    tx: UnitOfWork, silo: Silo, version: str, rules: Mapping[str, str], since: datetime
) -> VersionInForce:
    """Puts a version into force from `since` on, unless it is in force already; what is in force then.

    `rules`: rule id → hash of its content. A version put into force twice at the same instant replaces the first:
    no instant was decided under it.
    """
    before = _row(tx.connection, silo, playbook_versions.c.in_force_since < since)
    present = _row(tx.connection, silo, playbook_versions.c.in_force_since <= since)
    if present is not None and present.version == version:
        return _in_force(present)
    older = json.loads(before.rules) if before is not None else {}
    content = {
        rule: older[rule] if rule in older and older[rule][0] == digest else [digest, to_micros(since)]
        for rule, digest in rules.items()
    }
    at = (playbook_versions.c.silo == silo) & (playbook_versions.c.in_force_since >= since)
    tx.delete(playbook_versions, at)
    tx.execute(
        sa.insert(playbook_versions).values(
            silo=silo, in_force_since=since, version=version, rules=json.dumps(content, sort_keys=True)
        )
    )
    row = _row(tx.connection, silo, playbook_versions.c.in_force_since == since)
    assert row is not None
    return _in_force(row)


def in_force(connection: sa.Connection, silo: Silo, at: datetime | None = None) -> VersionInForce | None:
    """The version that governs the instants from `at` on (default: the newest); None before the first."""
    row = _row(connection, silo, playbook_versions.c.in_force_since <= at if at else sa.true())
    return None if row is None else _in_force(row)


def _row(connection: sa.Connection, silo: Silo, when: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
    chosen = sa.select(playbook_versions).where(playbook_versions.c.silo == silo, when)
    return connection.execute(
        chosen.order_by(playbook_versions.c.in_force_since.desc()).limit(1)
    ).one_or_none()


def _in_force(row: sa.Row[Any]) -> VersionInForce:
    rules = {rule: from_micros(since) for rule, (_, since) in json.loads(row.rules).items()}
    return VersionInForce(Silo(row.silo), row.version, row.in_force_since, rules)
