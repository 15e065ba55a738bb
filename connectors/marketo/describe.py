"""What the lead object has: describe2, read at most once by whoever shares this object."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from connectors.marketo.api import Api


@dataclass(frozen=True)
class LeadField:
    """`is_crm_managed`: native sync owns the field; a value written here would be overwritten, or fight the CRM's."""

    name: str
    display_name: str
    type: str
    is_updateable: bool
    is_crm_managed: bool


class Describe:
    """The lead object's fields by REST name."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @cached_property
    def fields(self) -> dict[str, LeadField]:
        found = [
            LeadField(
                str(field["name"]),
                str(field.get("displayName") or field["name"]),
                str(field.get("dataType") or ""),
                field.get("updateable") is not False,
                field.get("crmManaged") is True,
            )
            for field in self._api.describe().get("fields") or []
            if field.get("name")
        ]
        return {field.name: field for field in found}

    @cached_property
    def _by_display_name(self) -> dict[str, str]:
        return {field.display_name: field.name for field in self.fields.values()}

    def rest_name(self, display_name: str) -> str:
        """A change of value names its field as people see it; a field that is hidden keeps that name."""
        return self._by_display_name.get(display_name, display_name)

    def missing(self, names: Iterable[str]) -> list[str]:
        return sorted(set(names) - self.fields.keys())

    def crm_managed(self, names: Iterable[str]) -> list[str]:
        return sorted(name for name in set(names) if name in self.fields and self.fields[name].is_crm_managed)

    def read_only(self, names: Iterable[str]) -> list[str]:
        return sorted(
            name for name in set(names) if name in self.fields and not self.fields[name].is_updateable
        )
