"""Values on their way out: canonical to the form that a field of the org's type takes."""

from collections.abc import Mapping
from typing import Any

from connectors.rows import normalised, text
from connectors.salesforce.deployed import Deployed
from connectors.salesforce.words import SOBJECT, Words

_NUMBERS = {"double", "int", "currency", "percent", "long"}


class Encoder:
    """Canonical values → a record's fields."""

    def __init__(self, words: Words, deployed: Deployed) -> None:
        self._words = words
        self._deployed = deployed

    def fields(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Field name → value as the API takes it."""
        sobject = SOBJECT[name]
        paths = {self._words.field(name, canonical): value for canonical, value in values.items()}
        return {path: encoded(self._deployed.type_of(sobject, path), value) for path, value in paths.items()}


def encoded(kind: str, value: Any) -> Any:
    """`kind` is describe's type, empty where unknown. "" is null, as the platform keeps it. An instant in a date
    field loses its time of day (UTC); in a datetime field its fraction of a second."""
    cell = text(value)
    if cell is None or not cell.strip():
        return None
    match kind:
        case "date":
            return str(normalised(value))[:10]
        case "datetime":
            return normalised(value)
        case "boolean":
            return normalised(value) == "true"
        case _ if kind in _NUMBERS:
            return _number(cell)
        case _ if isinstance(value, bool | int | float):
            return value if kind == "" else cell
        case _:
            return cell


def _number(cell: str) -> int | float | str:
    try:
        number = float(cell)
    except ValueError:
        return cell  # the platform refuses it with a better message than ours
    return int(number) if number.is_integer() else number
