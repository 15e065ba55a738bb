"""Salesforce's records as canonical rows. Nothing above this folder knows a Salesforce field.

A record comes as JSON (`{"Account": {"Name": …}}`) or as a bulk row (`{"Account.Name": …}`).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from connectors.rows import normalised
from connectors.salesforce.ids import is_id, to_18
from connectors.salesforce.words import FIXED, Record, Words, value
from schemas.frames import door
from schemas.frames.base import Frame, dtypes

# A converted lead is read-only, so its last change is the conversion, unless the platform touched it later.
_ONE_DAY_ANYWHERE = (timedelta(hours=-14), timedelta(hours=38))

_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(?:www\.)?([^/:?#@\s]+\.[^/:?#@\s]+)")

Row = dict[str, Any]


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
        **_columns(record, FIXED, door.ContactRoles),
        "opportunity_id": value(record, "OpportunityId"),
        "contact_id": value(record, "ContactId"),
        "role": value(record, "Role"),
    }


def campaign(record: Record) -> Row:
    return {
        **_columns(record, FIXED, door.Campaigns),
        "name": value(record, "Name"),
        "type": value(record, "Type"),
        "status": value(record, "Status"),
    }


def campaign_member(record: Record) -> Row:
    """A member whose lead was converted holds both ids: the contact is the living record."""
    contact = value(record, "ContactId")
    return {
        **_columns(record, FIXED, door.CampaignMembers),
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
        **_columns(record, FIXED, door.Tasks),
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
