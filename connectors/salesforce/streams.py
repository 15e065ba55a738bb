"""Which queries make up a stream.

A stamped query is read by window of its stamp, row by row into pages. A whole query is small and read in
full each time; all whole queries of a stream make its last page together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.salesforce import mapping, roster
from connectors.salesforce.soql import quoted, select
from connectors.salesforce.words import MQL, Record, Words
from schemas.frames import door
from schemas.frames.base import Frame, dtypes
from schemas.vocabulary import Stream

Rows = list[mapping.Row]


@dataclass(frozen=True)
class Stamped:
    """`to_row` gives None for a row that repeats another. `optional`: an org may do without the object."""

    sobject: str
    fields: tuple[str, ...]
    to_row: Callable[[Record], mapping.Row | None]
    stamp: str = "SystemModstamp"
    where: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Whole:
    sobject: str
    fields: tuple[str, ...]
    where: tuple[str, ...] = ()

    def soql(self) -> str:
        return select(self.fields, self.sobject, self.where)


@dataclass(frozen=True)
class Plan:
    """`assemble(rows of each whole query, what the cursor remembers)` → (rows, what it shall remember)."""

    stream: Stream
    stamped: tuple[Stamped, ...] = ()
    whole: tuple[Whole, ...] = ()
    assemble: Callable[[Sequence[Sequence[Record]], Mapping[str, Any]], tuple[Rows, Mapping[str, Any]]] = (
        field(default=lambda results, memory: ([], {}))
    )


_BASE = ("Id", "IsDeleted", "CreatedDate", "SystemModstamp")
_CONVERSION = (
    "LastModifiedDate",
    "IsConverted",
    "ConvertedDate",
    "ConvertedContactId",
    "ConvertedAccountId",
    "ConvertedOpportunityId",
)


def plan_of(stream: Stream, words: Words) -> Plan | None:
    """The queries of a stream; None if this platform does not have it."""
    make = _PLANS.get(stream)
    return make(words) if make else None


def _fields(words: Words, name: str, model: type[Frame], *more: str) -> tuple[str, ...]:
    named = {key: path for key, path in words.named(name).items() if _is_read(name, key, model, words)}
    return tuple(dict.fromkeys((*_BASE, *more, *named.values())))


def _is_read(name: str, key: str, model: type[Frame], words: Words) -> bool:
    return key in dtypes(model) or key in words.extra.get(name, {})


def _leads(words: Words) -> Plan:
    fields = _fields(words, "lead", door.People, "MasterRecordId", *_CONVERSION)
    return Plan(Stream.LEADS, (Stamped("Lead", fields, partial(mapping.person, words, "lead")),))


def _contacts(words: Words) -> Plan:
    fields = _fields(words, "contact", door.People, "MasterRecordId")
    return Plan(Stream.CONTACTS, (Stamped("Contact", fields, partial(mapping.person, words, "contact")),))


def _accounts(words: Words) -> Plan:
    fields = _fields(words, "account", door.Accounts)
    return Plan(Stream.ACCOUNTS, (Stamped("Account", fields, partial(mapping.account, words)),))


def _opportunities(words: Words) -> Plan:
    fields = _fields(words, "opportunity", door.Opportunities, "IsClosed", "IsWon")
    return Plan(Stream.OPPORTUNITIES, (Stamped("Opportunity", fields, partial(mapping.opportunity, words)),))


def _contact_roles(words: Words) -> Plan:
    fields = (*_BASE, "OpportunityId", "ContactId", "Role")
    return Plan(Stream.CONTACT_ROLES, (Stamped("OpportunityContactRole", fields, mapping.contact_role),))


def _campaigns(words: Words) -> Plan:
    fields = (*_BASE, "Name", "Type", "Status")
    alive = ("IsDeleted = false",)
    return Plan(Stream.CAMPAIGNS, (Stamped("Campaign", fields, mapping.campaign, where=alive),))


def _campaign_members(words: Words) -> Plan:
    fields = (*_BASE, "CampaignId", "LeadId", "ContactId", "Status")
    return Plan(Stream.CAMPAIGN_MEMBERS, (Stamped("CampaignMember", fields, mapping.campaign_member),))


def _mql_records(words: Words) -> Plan:
    fields = _fields(words, "mql_record", door.MqlRecords, "LastModifiedById")
    return Plan(Stream.MQL_RECORDS, (Stamped(MQL, fields, partial(mapping.mql_record, words)),))


def _tasks(words: Words) -> Plan:
    names = words.fields["task"]
    read = [names[key] for key in ("subject", "person_native_id", "owner_id", "kind")]
    own = [names["cycle_key"]] if "cycle_key" in names else []
    task = (*_BASE, "TaskSubtype", "IsClosed", "CompletedDateTime", *read, *own)
    event = (*_BASE, "WhoId", "OwnerId", "Subject", "EndDateTime")
    return Plan(
        Stream.TASKS,
        (
            Stamped("Task", task, partial(mapping.task, words)),
            Stamped("Event", event, partial(mapping.event, words), optional=True),
        ),
    )


def _field_history(words: Words) -> Plan:
    """Optional as a whole: an org may track no field, and then shows no history object."""
    base = ("Id", "CreatedById", "CreatedDate", "Field", "OldValue", "NewValue")
    tables = (("lead", "LeadHistory", "LeadId"), ("mql_record", "MQL__History", "ParentId"))
    queries = []
    for name, sobject, parent in tables:
        status = words.fields[name].get("status", "Status")
        fields = {status: "status", "Owner": "owner_id", "OwnerId": "owner_id", "created": "created"}
        wanted = f"Field IN ({', '.join(quoted(field) for field in fields)})"
        to_row = partial(mapping.history, name, parent, fields)
        queries.append(
            Stamped(sobject, (*base, parent), to_row, stamp="CreatedDate", where=(wanted,), optional=True)
        )
    return Plan(Stream.FIELD_HISTORY, tuple(queries))


def _owners(words: Words) -> Plan:
    names = words.fields["user"]
    own = [names[key] for key in ("name", "email", "is_active")]
    more = [names.get("role", "UserRole.Name")] + ([names["away_until"]] if "away_until" in names else [])
    user = ("Id", "SystemModstamp", "UserType", *own, *more)
    return Plan(
        Stream.OWNERS,
        (Stamped("User", user, partial(roster.user, words)),),
        (
            Whole("Group", ("Id", "Name", "Email", "SystemModstamp"), ("Type = 'Queue'",)),
            Whole("QueueSobject", ("QueueId",), ("SobjectType = 'Lead'",)),
        ),
        _queues,
    )


def _queues(results: Sequence[Sequence[Record]], memory: Mapping[str, Any]) -> tuple[Rows, Mapping[str, Any]]:
    rows = roster.queues(results[0], results[1], memory.get("queues", {}))
    return rows, {"queues": {row["native_id"]: row["name"] for row in rows if row["is_active"]}}


def _queue_members(words: Words) -> Plan:
    fields = ("Id", "GroupId", "UserOrGroupId", "Group.Type")
    groups = ("Group.Type IN ('Queue', 'Regular')",)
    return Plan(
        Stream.QUEUE_MEMBERS,
        whole=(Whole("GroupMember", fields, groups),),
        assemble=lambda results, memory: (roster.queue_members(results[0]), {}),
    )


_PLANS: dict[Stream, Callable[[Words], Plan]] = {
    Stream.LEADS: _leads,
    Stream.CONTACTS: _contacts,
    Stream.ACCOUNTS: _accounts,
    Stream.OPPORTUNITIES: _opportunities,
    Stream.CONTACT_ROLES: _contact_roles,
    Stream.CAMPAIGNS: _campaigns,
    Stream.CAMPAIGN_MEMBERS: _campaign_members,
    Stream.MQL_RECORDS: _mql_records,
    Stream.TASKS: _tasks,
    Stream.FIELD_HISTORY: _field_history,
    Stream.OWNERS: _owners,
    Stream.QUEUE_MEMBERS: _queue_members,
}
