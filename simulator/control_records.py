"""Records of both platforms as the control API shows and changes them: the way a person in the pages would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from simulator.marketo import records as marketo
from simulator.salesforce.ids import to_18
from simulator.salesforce.setup import TECHNICAL_USERS
from simulator.world import World

_ALL = 1_000_000_000


class PlatformRecords(Protocol):
    def show(self, kind: str, limit: int, offset: int) -> list[dict[str, Any]]: ...
    def get(self, kind: str, record_id: str) -> dict[str, Any]: ...
    def create(self, kind: str, values: Mapping[str, Any], by: str) -> str | int: ...
    def change(self, kind: str, record_id: str, values: Mapping[str, Any], by: str) -> None: ...
    def delete(self, kind: str, record_id: str, merged_into: str | None) -> None: ...


def of(world: World, platform: str) -> PlatformRecords:
    if platform == "salesforce":
        return SalesforceRecords(world)
    if platform == "marketo":
        return MarketoRecords(world)
    raise KeyError(f"platform must be salesforce or marketo, not {platform!r}")


class SalesforceRecords:
    """`by` is a user's id, or `rep`: the record's owner where that is a person who works, else any rep."""

    def __init__(self, world: World) -> None:
        self._org = world.salesforce

    def show(self, kind: str, limit: int, offset: int) -> list[dict[str, Any]]:
        return self._org.store.select(
            self._org.sobject(kind), "1", [limit, offset], 'ORDER BY "Id" LIMIT ? OFFSET ?'
        )

    def get(self, kind: str, record_id: str) -> dict[str, Any]:
        row = self._org.get(kind, record_id)
        if row is None:
            raise KeyError(f"there is no {kind} {record_id}")
        return row

    def create(self, kind: str, values: Mapping[str, Any], by: str) -> str:
        return self._org.insert(kind, values, by=self._user(by, None))

    def change(self, kind: str, record_id: str, values: Mapping[str, Any], by: str) -> None:
        owner = self.get(kind, record_id).get("OwnerId")
        self._org.update(kind, record_id, values, by=self._user(by, owner))

    def delete(self, kind: str, record_id: str, merged_into: str | None) -> None:
        owner = self.get(kind, record_id).get("OwnerId")
        self._org.delete(kind, record_id, by=self._user("rep", owner), merged_into=merged_into)

    def convert(self, lead_id: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """By its owner; a lead that no person owns goes to the rep who converts it."""
        lead = self.get("Lead", lead_id)
        by = self._user("rep", lead["OwnerId"])
        done = self._org.convert_lead(lead_id, **{"by": by, "owner_id": by, **options})
        return {
            "account_id": done.account_id,
            "contact_id": done.contact_id,
            "opportunity_id": done.opportunity_id,
        }

    def _user(self, by: str, owner: str | None) -> str:
        if by != "rep":
            if self._org.get("User", by) is None:
                raise KeyError(f"there is no user {by}; give a user's id, or rep")
            return to_18(by)
        people = [
            row["Id"]
            for row in self._org.find("User", IsActive=True, UserType="Standard")
            if row["Name"] not in TECHNICAL_USERS
        ]
        if owner is not None and owner in people:
            return owner
        # An empty org has no reps yet; somebody has to have done it.
        return str(people[0]) if people else self._org.user_named(TECHNICAL_USERS[-1])


class MarketoRecords:
    def __init__(self, world: World) -> None:
        self._instance = world.marketo

    def show(self, kind: str, limit: int, offset: int) -> list[dict[str, Any]]:
        return marketo.show(self._instance, kind, limit=_ALL if limit < 0 else limit, offset=offset)

    def get(self, kind: str, record_id: str) -> dict[str, Any]:
        found = self._instance.get_lead(int(record_id)) if kind == "leads" else None
        if found is None:
            raise KeyError(f"Marketo has no {kind} {record_id}")
        return found

    def create(self, kind: str, values: Mapping[str, Any], by: str) -> int | str:
        return marketo.create(self._instance, kind, values)

    def change(self, kind: str, record_id: str, values: Mapping[str, Any], by: str) -> None:
        marketo.change(self._instance, kind, int(record_id), values)

    def delete(self, kind: str, record_id: str, merged_into: str | None) -> None:
        if kind != "leads":
            raise KeyError(
                f"Marketo records {kind!r} can only be looked at; people can be deleted, as 'leads'"
            )
        if merged_into is None:
            self._instance.delete_lead(int(record_id))
        else:
            self._instance.merge_leads(int(merged_into), [int(record_id)])
