"""Users, queues and their members as canonical rows."""

from collections.abc import Mapping, Sequence

from connectors.salesforce.mapping import Row
from connectors.salesforce.words import Record, Words, value


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
