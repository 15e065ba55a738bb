"""The org: the one way in which its records change, whoever changes them.

REST calls, reps, the native sync and the generator all come through `Org`, so stamps, field history, validation
and observers hold for all of them. A new org has its `Organization`, lead statuses, the active lead assignment
rule, the permission set and the three technical users (`Mqlflow Integration`, `Marketo Sync`,
`Default Lead Owner`: find them with `org.user_named(name)`); everybody and everything else is the company's.
"""

# ruff: noqa: S608 - names come from the schema, every value is bound

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.clock import Clock
from simulator.faults import Faults
from simulator.salesforce import conversion, setup
from simulator.salesforce.conversion import Converted
from simulator.salesforce.derived import derive
from simulator.salesforce.errors import RecordError
from simulator.salesforce.history import History
from simulator.salesforce.ids import is_id, make_id, to_18
from simulator.salesforce.objects import standard_schema
from simulator.salesforce.rules import Rules
from simulator.salesforce.schema import SObject
from simulator.salesforce.store import Store, quoted
from simulator.salesforce.values import coerce, parse_stamp, stamp

__all__ = ["Change", "Converted", "Org", "RecordError"]

# Written by Salesforce itself; a caller inside the simulator may still seed them with `load`.
_SYSTEM = ("Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")


@dataclass(frozen=True)
class Change:
    """One committed write: `before` is None for a new record, `after` is None for a deleted one."""

    sobject: str
    id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    by: str
    at: datetime


@dataclass(order=True)
class _LateWrite:
    """An update whose transaction has begun at `at` and commits at `visible_at`."""

    visible_at: datetime
    number: int
    sobject: str = field(compare=False)
    id: str = field(compare=False)
    values: Mapping[str, Any] = field(compare=False)
    by: str = field(compare=False)
    at: datetime = field(compare=False)


class Org:
    """The records of one simulated Salesforce org. Not locked: callers hold `world.lock`."""

    def __init__(self, clock: Clock, *, faults: Faults | None = None, seed: int = 1) -> None:
        self.clock = clock
        self.faults = faults or Faults()
        self.schema = standard_schema()
        self.store = Store(self.schema)
        self.history = History(self.store)
        self.rules = Rules(self.store)
        self.on_change: list[Callable[[Change], None]] = []
        self._queued: list[Change] | None = None
        self._late: list[_LateWrite] = []
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
        row.update(_stamps(kind, row, by=by, when=when))
        visible_at = None
        if not through_api:
            late = self.faults.take("salesforce", "late_commit", object=kind.name)
            if late is not None:
                visible_at = stamp(moment + timedelta(seconds=float(late.option("seconds", 60))))
        with self.transaction():
            self.store.insert(kind, row, visible_at=visible_at)
            self.history.created(kind, row["Id"], by=by, stamp=when)
            self._touch_activity_date(kind, row, when)
            after = self.store.get(kind, row["Id"])
            self._notify(Change(kind.name, row["Id"], None, after, by, moment))
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
        if not through_api:
            late = self.faults.take("salesforce", "late_commit", object=kind.name)
            if late is not None:
                visible = moment + timedelta(seconds=float(late.option("seconds", 60)))
                self._late.append(
                    _LateWrite(visible, len(self._late), kind.name, id, dict(values), by, moment)
                )
                return
        self._update(kind, id, values, by=by, at=moment)

    def _update(self, kind: SObject, id: str, values: Mapping[str, Any], *, by: str, at: datetime) -> None:
        before = self._living(kind, id)
        if before.get("IsConverted"):
            raise RecordError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        when = stamp(at)
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
            self._notify(Change(kind.name, before["Id"], before, after, by, at))

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
            self._notify(Change(kind.name, before["Id"], before, None, by, moment))

    def load(self, sobject: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Seeds many records fast and answers their ids in order.

        Rows may carry Id, stamps and every other field. Values are converted to the fields' types; no business
        rule is asked, no history is written, nobody is told.
        """
        kind = self.sobject(sobject)
        defaults = {f.name: f.default for f in kind.fields.values() if f.default is not None}
        now = stamp(self.clock.now())
        fields = kind.fields
        loader = self._default_user()
        ready = []
        for given in rows:
            row = dict(defaults)
            for name, value in given.items():
                if value is not None:
                    row[name] = coerce(fields[name], value)
            number = self.store.next_number(kind) if "Id" not in row or kind.auto_name else 0
            if "Id" not in row:
                row["Id"] = make_id(kind.prefix, number)
            if kind.auto_name and "Name" not in row:
                row["Name"] = kind.auto_name.format(number)
            created = row.get("CreatedDate") or now
            if "OwnerId" in fields and "OwnerId" not in row:
                row["OwnerId"] = loader
            derive(kind, row, row.get("LastModifiedDate") or created)
            by = row.get("CreatedById") or loader
            stamped = _stamps(kind, row, by=by, when=created)
            stamped.update({n: row[n] for n in stamped if n in row and n != "Id"})
            if "LastModifiedDate" in row and "SystemModstamp" not in row and "SystemModstamp" in fields:
                stamped["SystemModstamp"] = row["LastModifiedDate"]
            row.update(stamped)
            ready.append(row)
        self.store.insert_many(kind, ready)
        return [str(row["Id"]) for row in ready]

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
        now = self.clock.now()
        while self._late and min(self._late).visible_at <= now:
            late = min(self._late)
            self._late.remove(late)
            try:
                self._update(self.sobject(late.sobject), late.id, late.values, by=late.by, at=late.at)
            except RecordError:
                continue  # as on the platform: a transaction that fails at its end leaves nothing behind

    def oldest_open_transaction(self, sobject: str) -> datetime | None:
        """When the oldest transaction on this object began that has not yet committed."""
        kind = self.sobject(sobject)
        begun = [late.at for late in self._late if late.sobject == kind.name]
        if "CreatedDate" in kind.fields:
            (hidden,) = self.store.connection.execute(
                f'SELECT MIN("CreatedDate") FROM {quoted(kind.name)} WHERE _visible_at > ?',
                [stamp(self.clock.now())],
            ).fetchone()
            begun += [parse_stamp(hidden)] if hidden else []
        return min(begun, default=None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; observers hear of the changes after the outermost one has succeeded."""
        if self._queued is not None:
            mark = len(self._queued)
            try:
                with self.store.savepoint():
                    yield
            except BaseException:
                del self._queued[mark:]
                raise
            return
        self._queued = []
        try:
            with self.store.savepoint():
                yield
            changes = self._queued
        finally:
            self._queued = None
        for change in changes:
            for observer in list(self.on_change):
                observer(change)

    def _notify(self, change: Change) -> None:
        assert self._queued is not None
        self._queued.append(change)

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
        if person is not None and who is not None:
            date = row.get("ActivityDate") or when[:10]
            self.store.update(person, who, {"LastActivityDate": date, "SystemModstamp": when})

    def _default_user(self) -> str:
        row = self.store.connection.execute('SELECT MIN("Id") FROM "User"').fetchone()
        return str(row[0]) if row and row[0] else ""


def _stamps(kind: SObject, row: Mapping[str, Any], *, by: str, when: str) -> dict[str, Any]:
    every = {
        "CreatedDate": when,
        "CreatedById": by,
        "LastModifiedDate": when,
        "LastModifiedById": by,
        "SystemModstamp": when,
    }
    return {name: value for name, value in every.items() if name in kind.fields}
