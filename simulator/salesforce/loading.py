"""Seeding many records at once: types and computed fields yes, business rules no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.salesforce.derived import derive
from simulator.salesforce.ids import make_id
from simulator.salesforce.schema import SObject
from simulator.salesforce.store import Store
from simulator.salesforce.values import coerce


def stamps(kind: SObject, *, by: str, when: str) -> dict[str, Any]:
    """The system fields of a record that was made `by` somebody at `when`, as far as the object has them."""
    every = {
        "CreatedDate": when,
        "CreatedById": by,
        "LastModifiedDate": when,
        "LastModifiedById": by,
        "SystemModstamp": when,
    }
    return {name: value for name, value in every.items() if name in kind.fields}


def load(store: Store, kind: SObject, rows: Iterable[Mapping[str, Any]], now: str) -> list[str]:
    """Stores the rows and answers their ids in order; what a row leaves out is filled in as on creation."""
    loader = _first_user(store)
    defaults = {f.name: f.default for f in kind.fields.values() if f.default is not None}
    ready = [_completed(store, kind, {**defaults, **_typed(kind, given)}, loader, now) for given in rows]
    store.insert_many(kind, ready)
    return [str(row["Id"]) for row in ready]


def _typed(kind: SObject, given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: coerce(kind.fields[name], value) for name, value in given.items() if value is not None}


def _completed(store: Store, kind: SObject, row: dict[str, Any], loader: str, now: str) -> dict[str, Any]:
    if "Id" not in row or kind.auto_name:
        number = store.next_number(kind)
        row.setdefault("Id", make_id(kind.prefix, number))
        if kind.auto_name:
            row.setdefault("Name", kind.auto_name.format(number))
    if "OwnerId" in kind.fields:
        row.setdefault("OwnerId", loader)
    created = row.get("CreatedDate") or now
    usual = stamps(kind, by=row.get("CreatedById") or loader, when=created)
    if "LastModifiedDate" in row and "SystemModstamp" in usual:
        usual["SystemModstamp"] = row["LastModifiedDate"]
    row = {**usual, **row}
    derive(kind, row, row.get("LastModifiedDate") or created)
    return row


def _first_user(store: Store) -> str:
    """Who loads: in an org without users nobody, and the first user is loaded by itself."""
    (user,) = store.connection.execute('SELECT MIN("Id") FROM "User"').fetchone()
    return str(user or "")
