"""Lead fields that the playbook names and the subscription lacks: each with its cure."""

import polars as pl

from connectors.errors import Misconfigured
from connectors.marketo.describe import Describe
from connectors.marketo.errors import MARKETO
from connectors.marketo.mapping import PersonMapping
from schemas.frames import door
from schemas.frames.base import UTC, dtypes

_TYPES: tuple[tuple[pl.DataType, str], ...] = (
    (pl.Int64(), "Integer"),
    (pl.Boolean(), "Boolean"),
    (UTC, "Datetime"),
)


def how_to_create(canonical: str, rest: str) -> str:
    """Where an administrator makes the field, and what it must be."""
    dtype = dtypes(door.People).get(canonical)
    kind = next((word for known, word in _TYPES if dtype == known), "String")
    return f"Admin → Field Management → New Custom Field: type {kind}, API name {rest}"


def require_all(describe: Describe, mapping: PersonMapping, code: str = "") -> None:
    """Raises Misconfigured, naming every mapped field that the lead object lacks."""
    named = {**mapping.fields, **mapping.extra}
    missing = set(describe.missing(named.values()))
    found = [
        f"field {rest} of the lead object is missing ({canonical}): {how_to_create(canonical, rest)}"
        for canonical, rest in named.items()
        if rest in missing
    ]
    if found:
        raise Misconfigured(MARKETO, "; ".join(found), code)
