"""Streams whose facts change: what of a row is an input of our rules, what is shared with our own writes.

An input that changes makes a new version of its record. A shared input is one that we write too: there a value of our
own is an echo, and the version keeps the last value that somebody else set. A link says how records belong together.
"""

from dataclasses import dataclass

from schemas.frames import door, facts
from schemas.frames.base import Frame
from schemas.vocabulary import Stream


@dataclass(frozen=True)
class Versioned:
    """`said`: shared inputs of which we keep when somebody else last set them. `carried`: kept with a version, but
    no input: it changes with our own writes too."""

    key: tuple[str, ...]
    inputs: tuple[str, ...]
    shared: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The columns of a version that come from the platform's row."""
        return (*self.inputs, *self.carried)


def _common(one: type[Frame], other: type[Frame], *without: str) -> tuple[str, ...]:
    names = other.to_schema().columns
    return tuple(name for name in one.to_schema().columns if name in names and name not in without)


def _all(model: type[Frame], *without: str) -> tuple[str, ...]:
    return tuple(name for name in model.to_schema().columns if name not in without)


RECORDS = Versioned(
    key=("object", "native_id"),
    inputs=(*_common(door.People, facts.RecordVersions, "object", "native_id"), "reject_reason"),
    shared=("status", "owner_id"),
    said=("status", "owner_id"),
    links=(
        "email",
        "is_deleted",
        "merged_into",
        "crm_lead_id",
        "crm_contact_id",
        "converted_at",
        "converted_contact_id",
        "converted_opportunity_id",
    ),
)
MQL_RECORDS = Versioned(
    key=("native_id",),
    inputs=("is_deleted", "status", "closed_as", "reject_reason", "recycle_reason", "owner_id"),
    shared=("status", "closed_as", "reject_reason", "recycle_reason", "owner_id"),
    said=("status", "owner_id"),
    carried=("changed_by",),
)
ACCOUNTS = Versioned(key=("native_id",), inputs=_all(door.Accounts, "native_id", "created_at", "changed_at"))
OPPORTUNITIES = Versioned(
    key=("native_id",), inputs=_all(door.Opportunities, "native_id", "created_at", "changed_at")
)
OWNERS = Versioned(key=("native_id",), inputs=_all(door.Owners, "native_id", "changed_at"))

VERSIONED: dict[Stream, Versioned] = {
    Stream.PEOPLE: RECORDS,
    Stream.LEADS: RECORDS,
    Stream.CONTACTS: RECORDS,
    Stream.MQL_RECORDS: MQL_RECORDS,
    Stream.ACCOUNTS: ACCOUNTS,
    Stream.OPPORTUNITIES: OPPORTUNITIES,
    Stream.OWNERS: OWNERS,
}
