"""The schema as a client sees it: without the objects and fields that a fault has taken away."""

from __future__ import annotations

from dataclasses import replace

from simulator.faults import Faults
from simulator.salesforce.errors import RequestError
from simulator.salesforce.schema import Schema, SObject


class Deployed:
    def __init__(self, schema: Schema, faults: Faults) -> None:
        self._whole = schema
        self._faults = faults
        self._known: dict[frozenset[tuple[str, str]], Schema] = {frozenset(): schema}

    @property
    def complete(self) -> bool:
        return self.schema() is self._whole

    def schema(self) -> Schema:
        missing = frozenset(
            (str(f.option("object", "")).lower(), str(f.option("field", "") or "").lower())
            for f in self._faults.peek("salesforce", "missing_field", "missing_object")
        )
        if missing not in self._known:
            self._known[missing] = self._without(missing)
        return self._known[missing]

    def sobject(self, name: str) -> SObject:
        """The object, or the 404 that a client gets for one that isn't there."""
        found = self.schema().get(name)
        if found is None:
            raise RequestError(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    def _without(self, missing: frozenset[tuple[str, str]]) -> Schema:
        objects = {}
        for name, sobject in self._whole.objects.items():
            if (name.lower(), "") in missing:
                continue
            gone = {field for of, field in missing if of == name.lower()}
            fields = {n: f for n, f in sobject.fields.items() if n.lower() not in gone}
            objects[name] = sobject if len(fields) == len(sobject.fields) else replace(sobject, fields=fields)
        return Schema(objects)
