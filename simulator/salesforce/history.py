"""Field history: one row per change of a tracked field, as `LeadHistory` and `MQL__History` show it."""

from __future__ import annotations

from typing import Any

from simulator.salesforce.schema import SObject
from simulator.salesforce.store import Store


class History:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables = {o.history_of: o for o in store.schema.objects.values() if o.history_of}

    def created(self, sobject: SObject, record_id: str, *, by: str, stamp: str) -> None:
        self.special(sobject, record_id, "created", by=by, stamp=stamp)

    def special(self, sobject: SObject, record_id: str, what: str, *, by: str, stamp: str) -> None:
        """A row for an event: `created`, `ownerAssignment`, `leadConverted`."""
        self._add(sobject, record_id, what, "Text", None, None, by=by, stamp=stamp)

    def changed(
        self, sobject: SObject, before: dict[str, Any], after: dict[str, Any], *, by: str, stamp: str
    ) -> None:
        """A change of owner writes two rows, one with the ids and one with the names."""
        if sobject.name not in self._tables:
            return
        for name in sobject.tracked:
            old, new = before.get(name), after.get(name)
            if old == new:
                continue
            if name == "OwnerId":
                self._add(sobject, after["Id"], "Owner", "EntityId", old, new, by=by, stamp=stamp)
                old, new = self._name_of(old), self._name_of(new)
                self._add(sobject, after["Id"], "Owner", "Text", old, new, by=by, stamp=stamp)
            else:
                self._add(sobject, after["Id"], name, "Text", old, new, by=by, stamp=stamp)

    def _name_of(self, owner_id: str | None) -> str | None:
        owner = self._store.schema.of_id(owner_id) if owner_id else None
        row = self._store.get(owner, owner_id) if owner and owner_id else None
        return row["Name"] if row else None

    def _add(
        self,
        sobject: SObject,
        record_id: str,
        field: str,
        data_type: str,
        old: Any,
        new: Any,
        *,
        by: str,
        stamp: str,
    ) -> None:
        table = self._tables.get(sobject.name)
        if table is None:
            return
        parent = "ParentId" if "ParentId" in table.fields else f"{sobject.name}Id"
        self._store.insert(
            table,
            {
                "Id": self._store.next_id(table),
                parent: record_id,
                "CreatedById": by,
                "CreatedDate": stamp,
                "Field": field,
                "DataType": data_type,
                "OldValue": None if old is None else str(old)[:255],
                "NewValue": None if new is None else str(new)[:255],
            },
        )
