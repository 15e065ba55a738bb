"""The shape of fields and objects, and the words in which `objects.py` describes the org."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any


class Type(StrEnum):
    """Field types under the names that describe uses."""

    ID = "id"
    REFERENCE = "reference"
    STRING = "string"
    TEXTAREA = "textarea"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    PICKLIST = "picklist"
    BOOLEAN = "boolean"
    INTEGER = "int"
    DOUBLE = "double"
    CURRENCY = "currency"
    DATETIME = "datetime"
    DATE = "date"


@dataclass(frozen=True)
class Field:
    """One field. `length` 0 means that the type has none; `default` is set when a new record leaves it out."""

    name: str
    type: Type
    label: str
    length: int = 0
    scale: int = 0
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    values: tuple[str, ...] = ()
    restricted: bool = False
    required: bool = False
    external_id: bool = False
    unique: bool = False
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    default: Any = None
    indexed: bool = False
    calculated: bool = False

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")


@dataclass(frozen=True)
class SObject:
    """One object: its key prefix, its fields by name, and what may be done with it through the API."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: Mapping[str, Field]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    replicateable: bool = True
    name_field: str | None = "Name"
    auto_name: str | None = None
    tracked: tuple[str, ...] = ()
    history_of: str | None = None

    @property
    def custom(self) -> bool:
        return self.name.endswith(("__c", "__History"))

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        """API names are case-insensitive on the wire."""
        return {name.lower(): f for name, f in self.fields.items()}

    @cached_property
    def relationships(self) -> dict[str, Field]:
        return {f.relationship.lower(): f for f in self.fields.values() if f.relationship}

    def field(self, name: str) -> Field | None:
        return self.by_lower.get(name.lower())


def label_of(name: str) -> str:
    """`First_MQL_Date__c` → `First MQL Date`, `LastName` → `Last Name`."""
    bare = name.removesuffix("__c").replace("_", " ")
    spaced = ""
    for i, c in enumerate(bare):
        if i and c.isupper() and bare[i - 1].islower():
            spaced += " "
        spaced += c
    return spaced


def make(name: str, type_: Type, **options: Any) -> Field:
    return Field(name, type_, options.pop("label", None) or label_of(name), **options)


def text(name: str, length: int = 255, **options: Any) -> Field:
    return make(name, Type.STRING, length=length, **options)


def longtext(name: str, length: int = 32000, **options: Any) -> Field:
    return make(name, Type.TEXTAREA, length=length, filterable=length <= 255, **options)


def picklist(name: str, *values: str, **options: Any) -> Field:
    return make(name, Type.PICKLIST, length=255, values=values, **options)


def email(name: str, **options: Any) -> Field:
    return make(name, Type.EMAIL, length=80, **options)


def phone(name: str, **options: Any) -> Field:
    return make(name, Type.PHONE, length=40, **options)


def checkbox(name: str, **options: Any) -> Field:
    return make(name, Type.BOOLEAN, default=options.pop("default", False), **options)


def number(name: str, scale: int = 0, **options: Any) -> Field:
    return make(name, Type.DOUBLE, scale=scale, **options)


def integer(name: str, **options: Any) -> Field:
    return make(name, Type.INTEGER, **options)


def money(name: str, **options: Any) -> Field:
    return make(name, Type.CURRENCY, scale=2, **options)


def datetime_(name: str, **options: Any) -> Field:
    return make(name, Type.DATETIME, **options)


def date_(name: str, **options: Any) -> Field:
    return make(name, Type.DATE, **options)


def lookup(name: str, *to: str, relationship: str | None = None, **options: Any) -> Field:
    """A reference; its relationship name follows the platform's rule (`OwnerId` → `Owner`, `Lead__c` → `Lead__r`)."""
    if relationship is None:
        relationship = name.removesuffix("Id") if not name.endswith("__c") else name[:-1] + "r"
    return make(
        name, Type.REFERENCE, length=18, reference_to=to, relationship=relationship, indexed=True, **options
    )


def owner(*to: str) -> Field:
    return replace(lookup("OwnerId", *to, relationship="Owner"), label="Owner ID")


def system_fields(*, soft_delete: bool = True) -> list[Field]:
    """What every record has; none of it is writable through the API."""
    fixed: dict[str, Any] = {"createable": False, "updateable": False}
    fields = [
        make("Id", Type.ID, label="Record ID", length=18, **fixed),
        datetime_("CreatedDate", **fixed),
        lookup("CreatedById", "User", relationship="CreatedBy", **fixed),
        datetime_("LastModifiedDate", **fixed),
        lookup("LastModifiedById", "User", relationship="LastModifiedBy", **fixed),
        replace(datetime_("SystemModstamp", **fixed), indexed=True),
    ]
    if soft_delete:
        fields.insert(1, checkbox("IsDeleted", label="Deleted", **fixed))
    return fields


def sobject(
    name: str,
    prefix: str,
    fields: Iterable[Field],
    *,
    label: str | None = None,
    plural: str | None = None,
    system: Iterable[Field] | None = None,
    **options: Any,
) -> SObject:
    label = label or label_of(name)
    every = [*(system_fields() if system is None else system), *fields]
    return SObject(
        name=name,
        label=label,
        plural=plural or f"{label}s",
        prefix=prefix,
        fields={f.name: f for f in every},
        **options,
    )


@dataclass
class Schema:
    """The org's objects, found by API name without regard to case."""

    objects: dict[str, SObject] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lower = {name.lower(): o for name, o in self.objects.items()}
        self._prefixes = {o.prefix: o for o in self.objects.values()}

    def get(self, name: str) -> SObject | None:
        return self._lower.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        return self._prefixes.get(record_id[:3])
