"""Our names for fields: which of them `platforms.yaml` may give a platform's field to, object by object.

A name that nobody knows would be a field that nobody reads or writes, and nobody would notice.
"""

from collections.abc import Iterable, Iterator, Mapping

from schemas.frames import door
from schemas.frames.base import Frame, dtypes

Found = tuple[tuple[str | int, ...], str]
"""A fault: its path in platforms.yaml, and what is wrong."""

READ_ALWAYS = frozenset(
    {"object", "native_id", "created_at", "changed_at", "is_deleted", "merged_into", "extra"}
    | {"converted_contact_id", "converted_account_id", "converted_opportunity_id"}
)
"""Told by every record in the platform's own way; nothing to name."""

MQL_FIELDS = (
    "external_key", "lead_id", "contact_id", "account_id", "opportunity_id", "number", "kind", "line", "status",
    "closed_as", "reject_reason", "recycle_reason", "mql_at", "assigned_at", "accepted_at", "closed_at",
    "hand_raised_at", "owner_id", "assigned_by", "assignment_reason", "fit", "engagement", "score", "grade",
    "playbook_version", "lines", "trigger_rule", "trigger_fact", "campaign_name", "campaign_type", "lead_source",
    "summary",
)  # fmt: skip
"""What the CRM's record of a handover shows."""

_TASK = ("subject", "description", "related_id", "status", "priority", "due_at")
_OF_PLATFORM = {
    "lead": (door.People, ("external_key",)),
    "contact": (door.People, ("external_key",)),
    "account": (door.Accounts, ()),
    "opportunity": (door.Opportunities, ()),
    "user": (door.Owners, ()),
    "task": (door.Tasks, _TASK),
}


def unknown_names(fields: Mapping[str, Mapping[str, str]], marketo: Mapping[str, str]) -> Iterator[Found]:
    """Names in `salesforce.<object>` and in `marketo.fields` that nobody reads or writes."""
    for object, named in fields.items():
        known = set(MQL_FIELDS) if object == "mql_record" else _known(*_OF_PLATFORM[object])
        yield from _unknown(("salesforce", object), named, known)
    yield from _unknown(("marketo", "fields"), marketo, _known(door.People, ()))


def unmapped(path: tuple[str, ...], writes: Iterable[str], fields: Mapping[str, str]) -> Iterator[Found]:
    """Names among `writes` for which `fields` has none."""
    for number, name in enumerate(writes):
        if name not in fields:
            yield (*path, number), f"there is no field for {name!r} above: nothing could be written"


def _known(model: type[Frame], others: Iterable[str]) -> set[str]:
    return {*dtypes(model), *others} - READ_ALWAYS


def _unknown(path: tuple[str, ...], named: Iterable[str], known: set[str]) -> Iterator[Found]:
    for name in named:
        if name not in known:
            yield (*path, name), f"{name} is no name that mqlflow knows; known are {', '.join(sorted(known))}"
