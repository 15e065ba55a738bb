"""Salesforce's words and ours. Nothing above this folder knows a Salesforce field.

`Words` reads the playbook's field names: which canonical name is which field of which object. The row
functions turn one record, as JSON (`{"Account": {"Name": …}}`) or as a bulk row (`{"Account.Name": …}`),
into canonical columns.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from connectors.errors import Misconfigured
from connectors.rows import normalised
from connectors.salesforce.errors import SALESFORCE
from connectors.salesforce.ids import is_id, to_18
from schemas.frames import door
from schemas.frames.base import Frame, dtypes
from schemas.playbook.platforms import ExtraField, Fields, Salesforce

MQL = "MQL__c"
SOBJECT = {"lead": "Lead", "contact": "Contact", "mql_record": MQL, "task": "Task", "user": "User"}
EXTERNAL_KEY = "external_key"

_FIXED = {
    "native_id": "Id",
    "created_at": "CreatedDate",
    "changed_at": "SystemModstamp",
    "is_deleted": "IsDeleted",
}
_CONVERSION = {
    "converted_contact_id": "ConvertedContactId",
    "converted_account_id": "ConvertedAccountId",
    "converted_opportunity_id": "ConvertedOpportunityId",
}
_TASK = {
    "subject": "Subject",
    "description": "Description",
    "person_native_id": "WhoId",
    "related_id": "WhatId",
    "owner_id": "OwnerId",
    "status": "Status",
    "priority": "Priority",
    "due_at": "ActivityDate",
    "kind": "Type",
}
# A converted lead is read-only, so its last change is the conversion, unless the platform touched it later.
_ONE_DAY_ANYWHERE = (timedelta(hours=-14), timedelta(hours=38))

_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(?:www\.)?([^/:?#@\s]+\.[^/:?#@\s]+)")

Record = Mapping[str, Any]
Row = dict[str, Any]


class Words:
    """The field names of one organisation's playbook, by our object names."""

    def __init__(self, settings: Salesforce, extra: Mapping[str, ExtraField]) -> None:
        self.settings = settings
        self.extra: dict[str, Fields] = {
            "lead": {name: field.lead for name, field in extra.items() if field.lead},
            "contact": {name: field.contact for name, field in extra.items() if field.contact},
        }
        self.fields: dict[str, Fields] = {
            "lead": {**_FIXED, **_CONVERSION, **settings.lead},
            "contact": {**_FIXED, **settings.contact},
            "account": {**_FIXED, **settings.account},
            "opportunity": {**_FIXED, **settings.opportunity},
            "mql_record": {**_FIXED, "changed_by": "LastModifiedById", **settings.mql_record},
            "task": {**_FIXED, **_TASK, **settings.task},
            "user": {**_FIXED, "name": "Name", "email": "Email", "is_active": "IsActive", **settings.user},
        }
        _check_columns("lead", settings.lead, door.People, EXTERNAL_KEY)
        _check_columns("contact", settings.contact, door.People, EXTERNAL_KEY)
        _check_columns("account", settings.account, door.Accounts)
        _check_columns("opportunity", settings.opportunity, door.Opportunities)

    def field(self, name: str, canonical: str) -> str:
        """The field that holds a canonical name of one of our objects."""
        try:
            return self.fields[name][canonical]
        except KeyError:
            line = f"salesforce.{name}.{canonical}"
            message = f"no field for {canonical}: add a line {line} to playbook/platforms.yaml"
            raise Misconfigured(SALESFORCE, message) from None

    def named(self, name: str) -> dict[str, str]:
        """Every field of an object that the playbook names itself: canonical name → field."""
        own: dict[str, Fields] = {
            "lead": self.settings.lead,
            "contact": self.settings.contact,
            "account": self.settings.account,
            "opportunity": self.settings.opportunity,
            "mql_record": self.settings.mql_record,
            "task": self.settings.task,
            "user": self.settings.user,
        }
        return {**own[name], **self.extra.get(name, {})}


def _check_columns(name: str, fields: Fields, model: type[Frame], *others: str) -> None:
    fixed = {*_FIXED, *_CONVERSION, "object", "extra", "merged_into"}
    known = {*dtypes(model), *others} - fixed
    if unknown := sorted(set(fields) - known):
        raise Misconfigured(
            SALESFORCE,
            f"playbook/platforms.yaml, salesforce.{name}: {', '.join(unknown)} is no name that mqlflow knows; "
            f"known are {', '.join(sorted(known))}",
        )


def value(record: Record, path: str) -> Any:
    """The value at a field path, whichever way the record is nested."""
    if path in record:
        return record[path]
    found: Any = record
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _columns(record: Record, fields: Mapping[str, str], model: type[Frame]) -> Row:
    wanted = _names(model)
    return {name: value(record, path) for name, path in fields.items() if name in wanted}


@cache
def _names(model: type[Frame]) -> frozenset[str]:
    return frozenset(dtypes(model))


def person(words: Words, name: str, record: Record) -> Row:
    """A lead or contact. `changed_at` is SystemModstamp, which moves with every change; LastModifiedDate does not."""
    row = _columns(record, words.fields[name], door.People)
    row["object"] = name
    row["merged_into"] = value(record, "MasterRecordId")
    if name == "lead":
        row["converted_at"] = converted_at(record)
    bounced = row.get("email_invalid")
    if isinstance(bounced, str) and normalised(bounced) not in ("true", "false"):
        row["email_invalid"] = True  # EmailBouncedDate: when it bounced
    extra = {key: value(record, path) for key, path in words.extra[name].items()}
    row["extra"] = {key: found for key, found in extra.items() if found is not None} or None
    return row


def converted_at(record: Record) -> str | None:
    """When a lead was converted. ConvertedDate is a date of some time zone; LastModifiedDate is the instant as long
    as it lies on that date anywhere on earth."""
    day, changed = value(record, "ConvertedDate"), normalised(value(record, "LastModifiedDate"))
    if not day:
        return None
    midnight = f"{str(day)[:10]}T00:00:00Z"
    try:
        distance = datetime.fromisoformat(str(changed)) - datetime.fromisoformat(midnight)
    except ValueError:
        return midnight
    return changed if _ONE_DAY_ANYWHERE[0] <= distance <= _ONE_DAY_ANYWHERE[1] else midnight


def account(words: Words, record: Record) -> Row:
    row = _columns(record, words.fields["account"], door.Accounts)
    return {**row, "domain": domain(row.get("domain"))}


def domain(site: Any) -> str | None:
    """`https://www.Example.com/about` → `example.com`: most orgs keep a web address and no domain."""
    found = _HOST.match(str(site or "").strip().lower())
    return found[1] if found else None


def opportunity(words: Words, record: Record) -> Row:
    row = _columns(record, words.fields["opportunity"], door.Opportunities)
    row["is_closed"], row["is_won"] = value(record, "IsClosed"), value(record, "IsWon")
    if normalised(row["is_closed"]) != "true":
        row["closed_at"] = None  # CloseDate of an open one is a hope
    return row


def contact_role(record: Record) -> Row:
    return {
        **_columns(record, _FIXED, door.ContactRoles),
        "opportunity_id": value(record, "OpportunityId"),
        "contact_id": value(record, "ContactId"),
        "role": value(record, "Role"),
    }


def campaign(record: Record) -> Row:
    return {
        **_columns(record, _FIXED, door.Campaigns),
        "name": value(record, "Name"),
        "type": value(record, "Type"),
        "status": value(record, "Status"),
    }


def campaign_member(record: Record) -> Row:
    """A member whose lead was converted holds both ids: the contact is the living record."""
    contact = value(record, "ContactId")
    return {
        **_columns(record, _FIXED, door.CampaignMembers),
        "campaign_id": value(record, "CampaignId"),
        "person_object": "contact" if contact else "lead",
        "person_native_id": contact or value(record, "LeadId"),
        "status": value(record, "Status"),
    }


def mql_record(words: Words, record: Record) -> Row:
    return _columns(record, words.fields["mql_record"], door.MqlRecords)


def task(words: Words, record: Record) -> Row:
    row = _columns(record, words.fields["task"], door.Tasks)
    said = {str(value(record, "TaskSubtype") or "").lower(), str(row.get("kind") or "").lower()}
    row["kind"] = next((kind for kind in ("call", "email", "meeting") if kind in said), "other")
    row["is_completed"] = value(record, "IsClosed")
    row["completed_at"] = value(record, "CompletedDateTime")
    return row


def event(words: Words, record: Record) -> Row:
    """A meeting of the calendar. It is taken as held at its end: no field says so, and its row doesn't change then."""
    return {
        **_columns(record, _FIXED, door.Tasks),
        "person_native_id": value(record, "WhoId"),
        "owner_id": value(record, "OwnerId"),
        "kind": "meeting",
        "subject": value(record, "Subject"),
        "is_completed": True,
        "completed_at": value(record, "EndDateTime"),
    }


def history(name: str, parent: str, fields: Mapping[str, str], record: Record) -> Row | None:
    """One change of status or owner. A change of owner writes two rows, ids and names: the names' row says nothing
    more and is left out (None)."""
    field = fields.get(str(value(record, "Field")))
    old, new = value(record, "OldValue"), value(record, "NewValue")
    if field == "owner_id":
        if not is_id(str(new or old or "")):
            return None
        old, new = old and to_18(str(old)), new and to_18(str(new))
    return {
        "native_id": value(record, "Id"),
        "object": name,
        "record_id": value(record, parent),
        "field": field or value(record, "Field"),
        "old_value": old,
        "new_value": new,
        "changed_at": value(record, "CreatedDate"),
        "changed_by": value(record, "CreatedById"),
    }


def user(words: Words, record: Record) -> Row:
    """`can_own`: Chatter-free and portal users are active, too, and are refused as owners."""
    fields = words.fields["user"]
    return {
        "kind": "user",
        "native_id": value(record, "Id"),
        "changed_at": value(record, "SystemModstamp"),
        "name": value(record, fields["name"]),
        "email": value(record, fields["email"]),
        "is_active": value(record, fields["is_active"]),
        "can_own": value(record, "UserType") == "Standard",
        "role": value(record, fields.get("role", "UserRole.Name")),
        "away_until": value(record, fields["away_until"]) if "away_until" in fields else None,
    }


def queues(groups: Sequence[Record], for_leads: Sequence[Record], known: Mapping[str, str]) -> list[Row]:
    """All queues, and as inactive those that were there at the last reading (`known`: id → name) and are gone."""
    can_own = {value(row, "QueueId") for row in for_leads}
    rows: list[Row] = [
        {
            "kind": "queue",
            "native_id": value(group, "Id"),
            "changed_at": value(group, "SystemModstamp"),
            "name": value(group, "Name"),
            "email": value(group, "Email"),
            "is_active": True,
            "can_own": value(group, "Id") in can_own,
        }
        for group in groups
    ]
    present = {row["native_id"] for row in rows}
    gone = [(queue, name) for queue, name in known.items() if queue not in present]
    return rows + [
        {"kind": "queue", "native_id": queue, "name": name, "is_active": False, "can_own": False}
        for queue, name in gone
    ]


def queue_members(rows: Sequence[Record]) -> list[Row]:
    """(queue, user) pairs with the members of nested groups. Roles as members are not resolved."""
    members: dict[str, set[str]] = {}
    is_queue: set[str] = set()
    for row in rows:
        group = str(value(row, "GroupId"))
        members.setdefault(group, set()).add(str(value(row, "UserOrGroupId")))
        if value(row, "Group.Type") == "Queue":
            is_queue.add(group)
    pairs = sorted((queue, user) for queue in is_queue for user in _users(queue, members, frozenset()))
    return [{"native_id": f"{queue}-{user}", "queue_id": queue, "user_id": user} for queue, user in pairs]


def _users(group: str, members: Mapping[str, set[str]], above: frozenset[str]) -> set[str]:
    if group in above:
        return set()
    found: set[str] = set()
    for member in members.get(group, ()):
        found |= {member} if member.startswith("005") else _users(member, members, above | {group})
    return found
