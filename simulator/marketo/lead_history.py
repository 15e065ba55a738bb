"""The activities that a change of a lead's values leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from simulator.marketo import activity_types as types
from simulator.marketo.moments import to_datetime
from simulator.marketo.schema import LeadField


def change_activities(
    fields: Mapping[str, LeadField],
    before: Mapping[str, Any],
    changed: Mapping[str, Any],
    source: str,
    reason: str,
    api_call: Mapping[str, Any] | None,
) -> Iterator[dict[str, Any]]:
    """Per changed field a Change Data Value (13); a score field gets its Change Score (22) first.

    One score change is thus two activities of the same second, with numbers in one and text in the other.
    """
    for name, new in changed.items():
        field, old = fields[name], before.get(name)
        if field.data_type == "score":
            yield _score_change(field, old, new, reason)
        yield {
            "type_id": types.CHANGE_DATA_VALUE,
            "primary_id": field.id,
            "primary_value": field.display_name,
            "attributes": {
                "New Value": as_logged(field, new),
                "Old Value": as_logged(field, old),
                "Reason": reason,
                "Source": source,
                **(api_call or {}),
            },
        }


def _score_change(field: LeadField, old: Any, new: Any, reason: str) -> dict[str, Any]:
    difference = int(new or 0) - int(old or 0)
    return {
        "type_id": types.CHANGE_SCORE,
        "primary_id": field.id,
        "primary_value": field.display_name,
        "attributes": {
            "Change Value": f"{difference:+d}",
            "New Value": int(new or 0),
            "Old Value": int(old or 0),
            "Reason": reason,
        },
    }


def as_logged(field: LeadField, value: Any) -> str | None:
    """How a Change Data Value spells a value: always text, datetimes without a zone, booleans capitalised."""
    if value is None or value == "":
        return None
    if field.data_type == "boolean":
        return "True" if value else "False"
    if field.data_type == "datetime":
        return f"{to_datetime(str(value)):%Y-%m-%d %H:%M:%S}"
    return str(value)


def new_lead_attributes(
    values: Mapping[str, Any], source: str, at: datetime, api_call: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "Created Date": f"{at:%Y-%m-%d}",
        "Lead Source": values.get("leadSource"),
        "SFDC Type": values.get("sfdcType"),
        "Source Type": source,
        **(api_call or {}),
    }


def display_name(lead: Mapping[str, Any]) -> str | None:
    """What stands as the primary value of activities about the person as a whole."""
    name = " ".join(str(lead[part]) for part in ("firstName", "lastName") if lead.get(part))
    return name or lead.get("email")
