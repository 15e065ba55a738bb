"""The org: the one way in which its records change, whoever changes them.

REST calls, reps, the native sync and the generator all come through `Org`, so stamps, field history, validation
and observers hold for all of them. A new org has its `Organization`, lead statuses, the active lead assignment
rule, the permission set and the three technical users (`Mqlflow Integration`, `Marketo Sync`,
`Default Lead Owner`: find them with `org.user_named(name)`); everybody and everything else is the company's.
"""

# ruff: noqa: S608 - names come from the schema, every value is bound

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from typing import Any

from simulator.clock import Clock
from simulator.faults import Faults
from simulator.salesforce import conversion, loading, setup
from simulator.salesforce.conversion import Converted
from simulator.salesforce.derived import derive
from simulator.salesforce.errors import RecordError
from simulator.salesforce.history import History
from simulator.salesforce.ids import is_id, make_id, to_18
from simulator.salesforce.late_writes import LateWrites
from simulator.salesforce.objects import standard_schema
from simulator.salesforce.rules import Rules
from simulator.salesforce.schema import SObject
from simulator.salesforce.store import Store, quoted
from simulator.salesforce.transactions import Change, Transactions
from simulator.salesforce.values import coerce, parse_stamp, stamp

__all__ = ["Change", "Converted", "Org", "RecordError"]

# Written by Salesforce itself; a caller inside the simulator may still seed them with `load`.
_SYSTEM = ("Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")


class Org:
    """The records of one simulated Salesforce org. Not locked: callers hold `world.lock`."""

    def __init__(self, clock: Clock, *, faults: Faults | None = None, seed: int = 1) -> None:
        self.clock = clock
        self.faults = faults or Faults()
        self.schema = standard_schema()
        self.store = Store(self.schema)
        self.history = History(self.store)
        self.rules = Rules(self.store)
        self._transactions = Transactions(self.store)
        self._late = LateWrites()
        self.on_change = self._transactions.observers
        self.organization_id = setup.found(self, seed=seed)

    def sobject(self, name: str) -> SObject:
        found = self.schema.get(name)
        if found is None:
            raise KeyError(f"the org has no object {name!r}")
        return found

    def user_named(self, name: str) -> str:
        """The id of the user of this name."""
        rows = self.find("User", Name=name)
        if not rows:
            raise KeyError(f"the org has no user named {name!r}")
        return str(rows[0]["Id"])

    def get(self, sobject: str, id: str) -> dict[str, Any] | None:
        """The record as stored (datetimes as text), deleted or not; None when there never was one."""
        return self.store.get(self.sobject(sobject), to_18(id))

    def find(self, sobject: str, **equals: Any) -> list[dict[str, Any]]:
        """Living records whose fields equal these values, in the order of their ids; text ignores case."""
        kind = self.sobject(sobject)
        conditions, parameters = [], []
        if "IsDeleted" in kind.fields and "IsDeleted" not in equals:
            conditions.append('"IsDeleted" = 0')
        for name, value in equals.items():
            field_ = kind.fields[name]
            if value is None:
                conditions.append(f"{quoted(name)} IS NULL")
            else:
                conditions.append(f"{quoted(name)} = ?")
                stored = coerce(field_, value)
                parameters.append(int(stored) if isinstance(stored, bool) else stored)
        return self.store.select(kind, " AND ".join(conditions) or "1", parameters, 'ORDER BY "Id"')

    def insert(
        self,
        sobject: str,
        values: Mapping[str, Any],
        *,
        by: str,
        at: datetime | None = None,
        through_api: bool = False,
    ) -> str:
        """Creates a record and answers its 18-character id, or raises RecordError and changes nothing."""
        kind = self.sobject(sobject)
        moment = at or self.clock.now()
        when = stamp(moment)
        given = self._coerced(kind, values)
        row: dict[str, Any] = {f.name: f.default for f in kind.fields.values() if f.default is not None}
        row.update({name: value for name, value in given.items() if value is not None})
        if "OwnerId" in kind.fields and row.get("OwnerId") is None:
            row["OwnerId"] = by
        derive(kind, row, when)
        self.rules.check(kind, None, row, set(given) | ({"OwnerId"} & set(row)), by=by)
        number = self.store.next_number(kind)
        row["Id"] = make_id(kind.prefix, number)
        if kind.auto_name:
            row["Name"] = kind.auto_name.format(number)
        row.update(loading.stamps(kind, by=by, when=when))
        late = None if through_api else self._late_until(kind, moment)
        visible_at = stamp(late) if late else None
        with self.transaction():
            self.store.insert(kind, row, visible_at=visible_at)
            self.history.created(kind, row["Id"], by=by, stamp=when)
            self._touch_activity_date(kind, row, when)
            after = self.store.get(kind, row["Id"])
            self._transactions.notify(Change(kind.name, row["Id"], None, after, by, moment))
        return str(row["Id"])

    def update(
        self,
        sobject: str,
        id: str,
        values: Mapping[str, Any],
        *,
        by: str,
        at: datetime | None = None,
        through_api: bool = False,
    ) -> None:
        """Changes a living record, stamps it and writes its history, or raises RecordError and changes nothing."""
        kind = self.sobject(sobject)
        moment = at or self.clock.now()
        late = None if through_api else self._late_until(kind, moment)
        if late is not None:
            self._late.begin(kind.name, id, values, by=by, at=moment, visible_at=late)
            return
        self._update(kind, id, values, by=by, at=moment)

    def _update(self, kind: SObject, id: str, values: Mapping[str, Any], *, by: str, at: datetime) -> None:
        before = self._living(kind, id)
        if before.get("IsConverted"):
            raise RecordError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        when = max(stamp(at), before["SystemModstamp"])  # stamps of a record never go back
        given = self._coerced(kind, values)
        after = {**before, **given}
        derive(kind, after, when)
        self.rules.check(kind, before, after, set(given), by=by)
        after.update({"LastModifiedDate": when, "LastModifiedById": by, "SystemModstamp": when})
        self.write(kind, before, after, by=by, at=at)

    def write(
        self, kind: SObject, before: dict[str, Any], after: dict[str, Any], *, by: str, at: datetime
    ) -> None:
        """Stores what differs, with history and notice. No rule is asked: that is the caller's part."""
        changes = {n: v for n, v in after.items() if before.get(n) != v}
        with self.transaction():
            if changes:
                self.store.update(kind, before["Id"], changes)
            self.history.changed(kind, before, after, by=by, stamp=stamp(at))
            self._transactions.notify(Change(kind.name, before["Id"], before, after, by, at))

    def delete(
        self,
        sobject: str,
        id: str,
        *,
        by: str,
        at: datetime | None = None,
        merged_into: str | None = None,
    ) -> None:
        """Moves a record to the recycle bin; `merged_into` names the record that survived a merge."""
        kind = self.sobject(sobject)
        moment = at or self.clock.now()
        before = self._living(kind, id)
        when = stamp(moment)
        with self.transaction():
            if "IsDeleted" not in kind.fields:
                self.store.connection.execute(
                    f'DELETE FROM {quoted(kind.name)} WHERE "Id" = ?', [before["Id"]]
                )
            else:
                values: dict[str, Any] = {
                    "IsDeleted": True,
                    "LastModifiedDate": when,
                    "LastModifiedById": by,
                    "SystemModstamp": when,
                }
                if merged_into is not None:
                    values["MasterRecordId"] = to_18(merged_into)
                self.store.update(kind, before["Id"], values)
            self._transactions.notify(Change(kind.name, before["Id"], before, None, by, moment))

    def load(self, sobject: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Seeds many records fast and answers their ids in order.

        Rows may carry Id, stamps and every other field. Values are converted to the fields' types; no business
        rule is asked, no history is written, nobody is told.
        """
        return loading.load(self.store, self.sobject(sobject), rows, stamp(self.clock.now()))

    def convert_lead(
        self,
        lead_id: str,
        *,
        by: str,
        at: datetime | None = None,
        account_id: str | None = None,
        contact_id: str | None = None,
        create_opportunity: bool = True,
        opportunity_name: str | None = None,
        owner_id: str | None = None,
    ) -> Converted:
        """Turns a lead into account, contact and (if wanted) opportunity, as a rep does with the Convert button."""
        return conversion.convert(
            self,
            self._living(self.sobject("Lead"), lead_id),
            by=by,
            at=at or self.clock.now(),
            account_id=account_id,
            contact_id=contact_id,
            create_opportunity=create_opportunity,
            opportunity_name=opportunity_name,
            owner_id=owner_id,
        )

    def settle(self) -> None:
        """Commits the late transactions whose time has come; their stamps stay those of their beginning."""
        for late in self._late.due(self.clock.now()):
            # As on the platform: a transaction that fails at its end leaves nothing behind.
            with suppress(RecordError):
                self._update(self.sobject(late.sobject), late.id, late.values, by=late.by, at=late.at)

    def oldest_open_transaction(self, sobject: str) -> datetime | None:
        """When the oldest transaction on this object began that has not yet committed."""
        kind = self.sobject(sobject)
        begun = self._late.begun(kind.name)
        if "CreatedDate" in kind.fields:
            (hidden,) = self.store.connection.execute(
                f'SELECT MIN("CreatedDate") FROM {quoted(kind.name)} WHERE _visible_at > ?',
                [stamp(self.clock.now())],
            ).fetchone()
            begun += [parse_stamp(hidden)] if hidden else []
        return min(begun, default=None)

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; observers hear of the changes after the outermost one has succeeded."""
        return self._transactions.open()

    def _late_until(self, kind: SObject, at: datetime) -> datetime | None:
        """When a write that begins at `at` commits, if a test has ordered that the next one be late."""
        fault = self.faults.take("salesforce", "late_commit", object=kind.name)
        return None if fault is None else at + timedelta(seconds=float(fault.option("seconds", 60)))

    def _living(self, kind: SObject, id: str) -> dict[str, Any]:
        if not is_id(id):
            raise RecordError(
                "MALFORMED_ID", f"{kind.label} ID: id value of incorrect type: {id[:40]}", ["Id"]
            )
        row = self.store.get(kind, to_18(id))
        if row is None:
            raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row.get("IsDeleted"):
            raise RecordError("ENTITY_IS_DELETED", "entity is deleted")
        return row

    def _coerced(self, kind: SObject, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {}
        for name, value in values.items():
            found = kind.field(name)
            if found is None:
                raise RecordError(
                    "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}", [name]
                )
            if found.name in _SYSTEM:
                raise RecordError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    f"Unable to create/update fields: {found.name}. Please check the security settings of this "
                    "field and verify that it is read/write for your profile or permission set.",
                    [found.name],
                )
            given[found.name] = coerce(found, value)
        return given

    def _touch_activity_date(self, kind: SObject, row: Mapping[str, Any], when: str) -> None:
        """A new task or event moves the person's LastActivityDate: the system's change, not a person's."""
        who = row.get("WhoId") if kind.name in ("Task", "Event") else None
        person = self.schema.of_id(who) if who else None
        before = self.store.get(person, who) if person is not None and who is not None else None
        if person is not None and before is not None:
            date = max(row.get("ActivityDate") or when[:10], before["LastActivityDate"] or "")
            moved = {"LastActivityDate": date, "SystemModstamp": max(when, before["SystemModstamp"])}
            self.store.update(person, before["Id"], moved)
