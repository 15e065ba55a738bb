"""What the org has deployed of what the playbook names: read from describe, once, before the first write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connectors.errors import Misconfigured
from connectors.salesforce.api import Api
from connectors.salesforce.errors import SALESFORCE
from connectors.salesforce.shipped import how_to_create
from connectors.salesforce.words import SOBJECT, Words

WRITTEN = ("lead", "contact", "mql_record", "task")
DESCRIBED = ("Lead", "Contact", "MQL__c", "Task", "Account", "Opportunity", "User", "LeadHistory", "Event")


@dataclass(frozen=True)
class Missing:
    """A field (or, with an empty name, an object) that the playbook names and the org doesn't show us."""

    sobject: str
    field: str
    canonical: str

    @property
    def what(self) -> str:
        return f"field {self.field} of {self.sobject}" if self.field else f"object {self.sobject}"

    @property
    def mend(self) -> str:
        return how_to_create(self.sobject, self.field or None)


class Deployed:
    """Fields of the org by object. Field-level security hides fields from describe: hidden and absent look alike."""

    def __init__(self, api: Api, words: Words) -> None:
        self._api = api
        self._words = words

    @cached_property
    def objects(self) -> Mapping[str, Mapping[str, Any] | None]:
        return self._api.describes(DESCRIBED)

    def fields(self, sobject: str) -> Mapping[str, Mapping[str, Any]]:
        """Field name in lower case → its description. Empty for an object that isn't there."""
        return self._fields[sobject]

    @cached_property
    def _fields(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        return {
            sobject: {field["name"].lower(): field for field in (found or {}).get("fields", ())}
            for sobject, found in self.objects.items()
        }

    def type_of(self, sobject: str, field: str) -> str:
        """`datetime`, `date`, `double` …; empty where the org doesn't tell."""
        return str(self.fields(sobject).get(field.lower(), {}).get("type", ""))

    def room(self, sobject: str, field: str) -> int | None:
        """How many characters a free text may have there; None for every other kind of field."""
        described = self.fields(sobject).get(field.lower(), {})
        return int(described.get("length") or 0) or None if described.get("type") == "string" else None

    def missing(self, names: Sequence[str]) -> Iterator[Missing]:
        """What the playbook names on these objects of ours and the org lacks."""
        for name in names:
            sobject = SOBJECT.get(name, name.capitalize())
            if self.objects[sobject] is None:
                yield Missing(sobject, "", name)
                continue
            known = self.fields(sobject)
            relations = {str(field.get("relationshipName") or "").lower() for field in known.values()}
            for canonical, path in self._words.named(name).items():
                first, _, rest = path.partition(".")
                if first.lower() not in (relations if rest else known):
                    yield Missing(sobject, path, f"{name}.{canonical}")

    def require_all_written(self) -> None:
        """Raises before any write if a field or object that the playbook names is not there: each with its cure."""
        found = list(self.missing(WRITTEN))
        if found:
            texts = [f"{missing.what} is missing ({missing.canonical}): {missing.mend}" for missing in found]
            raise Misconfigured(SALESFORCE, "; ".join(texts))
