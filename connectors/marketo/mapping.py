"""Marketo's words for a person and ours: rows of the people stream in, field changes and present values out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.marketo.dates import moment
from connectors.rows import instant_text, text
from schemas.playbook.platforms import ExtraField, Fields

NULL = "null"
"""How a bulk file writes a missing value. A person who is called null looks the same there."""

OWN_NAMES = {"native_id": "id", "created_at": "createdAt", "changed_at": "updatedAt"}
_UNTRACKED = frozenset({"id", "createdAt", "updatedAt"})
_NAMES_OF_PEOPLE = ("first_name", "last_name", "company", "title")
_SYNC_TYPE = "sfdcType"


@dataclass(frozen=True)
class PersonMapping:
    """Canonical person fields ↔ REST names of the lead object; names are case-sensitive there."""

    fields: Mapping[str, str]
    extra: Mapping[str, str]

    @classmethod
    def of(cls, fields: Fields, extra: Mapping[str, ExtraField]) -> "PersonMapping":
        own = {key: spec.marketo for key, spec in extra.items() if spec.marketo}
        return cls({**OWN_NAMES, **fields}, own)

    @property
    def wanted(self) -> list[str]:
        """REST names of everything that a person's row is made of."""
        return list(dict.fromkeys([*self.fields.values(), *self.extra.values()]))

    @property
    def tracked(self) -> list[str]:
        """Fields whose changes make a person's row worth reading again. The sync's own mark is one of them."""
        return [name for name in dict.fromkeys([*self.wanted, _SYNC_TYPE]) if name not in _UNTRACKED]

    def rest_name(self, canonical: str) -> str | None:
        return self.fields.get(canonical) or self.extra.get(canonical)

    def row(self, lead: Mapping[str, Any], changed_at: str | None = None) -> dict[str, Any]:
        """A person's canonical row. `changed_at` is a known change, which counts if it is later than the record's own.

        The visible `updatedAt` moves with standard fields only; a change of a custom field is told by its activity.
        """
        row: dict[str, Any] = {name: _value(lead.get(rest)) for name, rest in self.fields.items()}
        row["object"] = "person"
        row["is_deleted"] = False
        row["changed_at"] = _later(row["changed_at"], changed_at)
        if self.extra:
            row["extra"] = {key: _value(lead.get(rest)) for key, rest in self.extra.items()}
        return row

    def csv_row(self, record: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
        """The row of a bulk file's record, and whether a name in it reads `null`: missing, or the name itself."""
        lead = {name: None if value == NULL else value for name, value in record.items()}
        doubtful = any(record.get(self.fields.get(name, "")) == NULL for name in _NAMES_OF_PEOPLE)
        return self.row(lead), doubtful

    def shown(self, lead: Mapping[str, Any], canonical: Iterable[str]) -> dict[str, str | None]:
        """A record's present values as text under canonical names; instants as ISO `Z`."""
        return {name: _shown(lead.get(self.rest_name(name) or "")) for name in canonical}

    def payload(self, native_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A record of a sync call: the id and our values under REST names. None clears a field."""
        written = {self.rest_name(name) or name: _written(value) for name, value in values.items()}
        return {"id": int(native_id), **written}


def _value(value: Any) -> Any:
    return None if value == "" else value


def _shown(value: Any) -> str | None:
    cell = text(_value(value))
    at = moment(cell)
    return instant_text(at) if at else cell


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def _later(own: Any, known: str | None) -> Any:
    if known is None:
        return own
    first, second = moment(own), moment(known)
    if second is None:
        return own
    return known if first is None or second > first else own
