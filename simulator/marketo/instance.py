"""One Marketo subscription: what happens to its people and what it remembers of it.

Every change of a person leaves the activities that the real platform leaves. Whoever seeds history fast
(``load_leads``, ``load_activities``) writes the activities too.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.clock import Clock
from simulator.faults import Faults
from simulator.marketo import activity_types as types
from simulator.marketo.activity_store import ActivityStore
from simulator.marketo.campaign_store import CampaignStore, OnRequest
from simulator.marketo.changes import LeadChange
from simulator.marketo.custom_object_store import CustomObjectStore, ObjectField, ObjectType
from simulator.marketo.cycle_object import cycle_object
from simulator.marketo.lead_history import change_activities, display_name, new_lead_attributes
from simulator.marketo.lead_store import LeadStore
from simulator.marketo.list_store import ListStore
from simulator.marketo.merging import merge
from simulator.marketo.moments import stored, to_text
from simulator.marketo.program_store import NOT_IN_PROGRAM, ProgramStore, Status
from simulator.marketo.progression import progression
from simulator.marketo.retention import Retention
from simulator.marketo.rosters import change_list
from simulator.marketo.schema import LeadField, initial_fields
from simulator.marketo.tables import open_database

WEB_SERVICE = "Web service API"
_DEFAULTS: Mapping[str, Any] = {"leadPartitionId": 1, "personType": "contact"}
# The API's words for a call, written into the activities that the call causes.
ApiCall = Mapping[str, Any]


class Instance:
    """The records of the subscription. Not thread safe by itself: callers hold ``world.lock``.

    Datetimes come in as aware datetimes and come back as UTC text (``2026-03-02T09:00:00Z``); ids are counted up,
    so the same calls give the same ids. ``None`` and ``""`` both mean "no value".
    """

    def __init__(self, clock: Clock, *, faults: Faults | None = None, seed: int = 0) -> None:
        self.clock = clock
        self.faults = faults if faults is not None else Faults()
        self.seed = seed
        self.fields: dict[str, LeadField] = initial_fields()
        self.activity_types = types.built_in()
        self.database: sqlite3.Connection = open_database(self.fields.values())
        self.leads = LeadStore(self.database, self.fields)
        self.activities = ActivityStore(self.database, clock.now)
        self.programs = ProgramStore(self.database)
        self.lists = ListStore(self.database)
        self.campaigns = CampaignStore(self.database)
        self.custom_objects = CustomObjectStore(self.database, seed)
        # Bulk extract of leads refuses these filters with 1035; add updatedAt to be a subscription without it.
        self.unsupported_filters = {"smartListId", "smartListName"}
        self.on_change: list[Callable[[LeadChange], None]] = []
        letters = "".join(random.Random(f"subscription {seed}").choices("abcdefghijklmnopqrstuvwxyz", k=6))
        self.api_user = f"mqlflow@{letters}.example"
        # One type stands ready, so that the custom object calls have something to work on.
        self.custom_objects.add_type(cycle_object(to_text(clock.now())))

    def now(self) -> datetime:
        return self.clock.now()

    def retention(self) -> Retention:
        return Retention(self.now())

    # People

    def create_lead(
        self,
        values: Mapping[str, Any],
        *,
        at: datetime | None = None,
        source: str,
        campaign_id: int | None = None,
        api_call: ApiCall | None = None,
    ) -> int:
        """Writes New Lead (12). ``source`` is its Source Type, such as ``Web form fillout``."""
        moment = at or self.now()
        stamp = to_text(moment)
        record = {**_DEFAULTS, "originalSourceType": source, **values}
        record |= {"createdAt": stamp, "updatedAt": stamp, "changed_at": stamp}
        lead_id = self.leads.insert_many([record])[0]
        self.add_activity(
            types.NEW_LEAD,
            lead_id,
            at=moment,
            primary_id=None,
            primary_value=None,
            attributes=new_lead_attributes(values, source, moment, api_call),
            campaign_id=campaign_id,
        )
        after = self.leads.get(lead_id)
        changed = tuple(name for name, value in values.items() if value is not None and value != "")
        self.tell(LeadChange(lead_id, None, after, changed, source, moment, campaign_id))
        return lead_id

    def update_lead(
        self,
        id: int,
        values: Mapping[str, Any],
        *,
        at: datetime | None = None,
        source: str,
        reason: str = "",
        campaign_id: int | None = None,
        api_call: ApiCall | None = None,
    ) -> None:
        """Change Data Value (13) per field that really changes; Change Score (22) besides for score fields."""
        before = self.leads.get(id)
        if before is None:
            raise KeyError(
                f"there is no lead {id}: it was never created, was deleted, or was merged into another"
            )
        wanted = {name: None if value == "" else stored(value) for name, value in values.items()}
        changed = {name: value for name, value in wanted.items() if before.get(name) != value}
        if not changed:
            return
        moment = at or self.now()
        stamp = to_text(moment)
        stamps = {"changed_at": stamp}
        if any(name not in self.fields or self.fields[name].standard for name in changed):
            stamps["updatedAt"] = stamp
        self.leads.write(id, {**changed, **stamps})
        for activity in change_activities(self.fields, before, changed, source, reason, api_call):
            self.add_activity(lead_id=id, at=moment, campaign_id=campaign_id, **activity)
        self.tell(LeadChange(id, before, self.leads.get(id), tuple(changed), source, moment, campaign_id))

    def delete_lead(self, id: int, *, at: datetime | None = None, source: str = "User") -> None:
        """Writes Delete Lead (37); the record answers no more."""
        before = self.leads.get(id)
        if before is None:
            raise KeyError(f"there is no lead {id} to delete")
        moment = at or self.now()
        self.leads.mark_deleted(id, to_text(moment), None)
        self.programs.forget(id)
        self.lists.forget(id)
        self.add_activity(
            types.DELETE_LEAD,
            id,
            at=moment,
            primary_id=id,
            primary_value=display_name(before),
            attributes={"Campaign": source},
        )
        self.tell(LeadChange(id, before, None, (), source, moment))

    def merge_leads(
        self, winner: int, losers: Sequence[int], *, at: datetime | None = None, source: str = "User"
    ) -> None:
        """Writes Merge Leads (32) on the winner, which takes the losers' values for fields it lacks.

        Older activities stay under the loser's id, and a merge leaves no Delete Lead behind.
        """
        merge(self, winner, losers, at or self.now(), source)

    def get_lead(self, id: int) -> dict[str, Any] | None:
        return self.leads.get(id)

    def find_leads(self, field: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        return self.leads.find(field, values)

    def load_leads(self, rows: Iterable[Mapping[str, Any]]) -> list[int]:
        """Whole records at once, without activities or observers.

        A row holds REST names; ``id``, ``createdAt`` and ``updatedAt`` may be given (datetimes or text).
        """
        now = to_text(self.now())

        def complete(row: Mapping[str, Any]) -> dict[str, Any]:
            created = stored(row.get("createdAt")) or now
            updated = stored(row.get("updatedAt")) or created
            stamps = {"createdAt": created, "updatedAt": updated, "changed_at": updated}
            return {**_DEFAULTS, **row, **stamps}

        return self.leads.insert_many(complete(row) for row in rows)

    # Activities

    def add_activity(
        self,
        type_id: int,
        lead_id: int,
        *,
        at: datetime,
        primary_id: int | None,
        primary_value: str | None,
        attributes: Mapping[str, Any],
        campaign_id: int | None = None,
        visible_at: datetime | None = None,
    ) -> str:
        """Answers the marketoGUID. ``visible_at`` after ``at`` is a late commit; what is to come waits."""
        if type_id not in self.activity_types:
            raise KeyError(f"the subscription has no activity type {type_id}; see types.json")
        return self.activities.add(
            type_id,
            lead_id,
            at=at,
            primary_id=primary_id,
            primary_value=primary_value,
            attributes=attributes,
            campaign_id=campaign_id,
            visible_at=visible_at,
        )

    def load_activities(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows with the keys of ``add_activity``, in the order in which they were committed."""
        self.activities.load(rows)

    # Programs, campaigns, lists

    def add_program(
        self,
        name: str,
        *,
        type: str = "Default",
        channel: str = "Content",
        description: str = "",
        status: str = "on",
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        costs: Sequence[Mapping[str, Any]] = (),
        sfdc_id: str | None = None,
        at: datetime | None = None,
    ) -> int:
        """``channel`` is one of ``program_store.CHANNELS`` and gives the member statuses."""
        values = {
            "name": name,
            "description": description,
            "type": type,
            "channel": channel,
            "status": status,
            "start_date": stored(start_date),
            "end_date": stored(end_date),
            "tags": dict(tags or {}),
            "costs": [dict(cost) for cost in costs],
            "sfdc_id": sfdc_id,
            "sfdc_name": name if sfdc_id else None,
        }
        return self.programs.add(values, to_text(at or self.now()))

    def add_member(
        self,
        program_id: int,
        lead_id: int,
        status: str,
        at: datetime | None = None,
        *,
        acquired_by: bool = False,
        reason: str = "",
        campaign_id: int | None = None,
        activity: bool = True,
    ) -> int:
        """A new member, with Change Status in Progression (104) unless the caller seeds activities itself."""
        moment = at or self.now()
        new = self._status(program_id, status)
        member_id = self.programs.add_member(program_id, lead_id, new, to_text(moment), acquired_by)
        if activity:
            outside = self._status(program_id, NOT_IN_PROGRAM)
            self._progress(program_id, lead_id, outside, new, moment, reason, campaign_id)
        return member_id

    def set_member_status(
        self,
        program_id: int,
        lead_id: int,
        status: str,
        at: datetime | None = None,
        *,
        reason: str = "",
        campaign_id: int | None = None,
    ) -> bool:
        """False, and nothing written, for somebody who is already in or past that status."""
        member = self.programs.member(program_id, lead_id)
        if member is None:
            raise KeyError(f"lead {lead_id} is no member of program {program_id}; add_member first")
        old, new = self._status(program_id, member["status"]), self._status(program_id, status)
        if new.step <= old.step:
            return False
        moment = at or self.now()
        self.programs.move_member(member["id"], new, to_text(moment))
        self._progress(program_id, lead_id, old, new, moment, reason, campaign_id)
        return True

    def add_campaign(
        self,
        name: str,
        *,
        triggerable: bool,
        on_request: OnRequest | None = None,
        program_id: int | None = None,
        active: bool = True,
        at: datetime | None = None,
    ) -> int:
        """A smart campaign. Requested over the API, it calls ``on_request`` with the leads' ids."""
        program = self.programs.get(program_id) if program_id is not None else None
        return self.campaigns.add(
            name,
            triggerable=triggerable,
            active=active,
            on_request=on_request,
            program_id=program_id,
            program_name=None if program is None else program["name"],
            at=to_text(at or self.now()),
        )

    def add_list(
        self, name: str, *, description: str = "", program_name: str | None = None, at: datetime | None = None
    ) -> int:
        return self.lists.add(name, description, program_name, to_text(at or self.now()))

    def add_to_list(
        self, list_id: int, lead_ids: Sequence[int], *, at: datetime | None = None, source: str = "User"
    ) -> list[int]:
        """Add to List (24) for those who were not on it; answers their ids."""
        return change_list(self, types.ADD_TO_LIST, list_id, lead_ids, at or self.now(), source)

    def remove_from_list(
        self, list_id: int, lead_ids: Sequence[int], *, at: datetime | None = None, source: str = "User"
    ) -> list[int]:
        """Remove from List (25) for those who were on it; answers their ids."""
        return change_list(self, types.REMOVE_FROM_LIST, list_id, lead_ids, at or self.now(), source)

    # Custom objects

    def add_custom_object_type(
        self,
        name: str,
        display_name: str,
        fields: Sequence[ObjectField],
        *,
        dedupe: Sequence[str],
        link: str | None = None,
        description: str = "",
    ) -> None:
        """``dedupe`` names the fields that make a record unique, ``link`` the one that holds a lead's id."""
        self.custom_objects.add_type(
            ObjectType(
                name, display_name, description, tuple(fields), tuple(dedupe), link, to_text(self.now())
            )
        )

    # Inside

    def _status(self, program_id: int, name: str) -> Status:
        status = self.programs.status(program_id, name)
        if status is None:
            known = ", ".join(known.name for known in self.programs.statuses(program_id))
            raise ValueError(f"program {program_id} has no member status {name!r}; its channel has {known}")
        return status

    def _progress(
        self,
        program_id: int,
        lead_id: int,
        old: Status,
        new: Status,
        at: datetime,
        reason: str,
        campaign_id: int | None,
    ) -> None:
        program, member = self.programs.get(program_id), self.programs.member(program_id, lead_id)
        if program is not None and member is not None:
            activity = progression(program, member, old, new, reason)
            self.add_activity(lead_id=lead_id, at=at, campaign_id=campaign_id, **activity)

    def tell(self, change: LeadChange) -> None:
        for observer in list(self.on_change):
            observer(change)


__all__ = ["WEB_SERVICE", "Instance", "LeadChange"]
