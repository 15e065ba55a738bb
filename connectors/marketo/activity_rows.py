"""One Marketo activity as a canonical row, from a REST page or a bulk file; kinds are named afterwards.

REST writes attributes as a list of {name, value}, the bulk file as one JSON object. Types of values are loose on both:
"+10" for a score's change, `"True"` for a truth, lists for merged ids. Empty attributes are left out.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from connectors.marketo.form_fields import form_fields
from connectors.marketo.mapping import NULL
from schemas.vocabulary import ActivityKind

Row = dict[str, Any]

VALUE_CHANGES = ("Change Data Value", "Change Score")
_TRUE = (True, 1, "1", "true", "True", "TRUE")
FORM_FIELDS = "Form Fields"
_SOURCES = ("Source", "Source Type", "Merge Source", "Reason")


def attributes_of(activity: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes by name, whichever way they came. ValueError if they can't be read."""
    given = activity.get("attributes")
    if isinstance(given, str):
        given = json.loads(given) if given.strip() else {}
    if given is None:
        return {}
    if isinstance(given, dict):
        return given
    if isinstance(given, list) and all(isinstance(item, dict) for item in given):
        return {str(item.get("name") or item.get("apiName")): item.get("value") for item in given}
    raise ValueError("attributes are neither a list nor an object")


def activity_row(
    activity: Mapping[str, Any], types: Mapping[int, str], rest_name: Callable[[str], str]
) -> Row:
    """`types`: names by id. `rest_name`: from a field's display name, which is all that a change of value tells.

    The key is marketoGUID alone: `id` may be absent and is not unique.
    """
    details = _with_form_fields(attributes_of(activity))
    type_name = types.get(_number(activity.get("activityTypeId")), str(activity.get("activityTypeId")))
    asset = activity.get("primaryAttributeValue")
    row: Row = {
        "native_key": activity.get("marketoGUID"),
        "person_native_id": activity.get("leadId"),
        "occurred_at": activity.get("activityDate"),
        "kind": ActivityKind.OTHER.value,
        "native_kind": type_name,
        "asset_id": activity.get("primaryAttributeValueId"),
        "asset_name": asset,
        "url": page_address(asset, details),
        "link": details.get("Link") or (asset if type_name == "Click Link" else None),
        "status": details.get("New Status"),
        "source": next((details[name] for name in _SOURCES if details.get(name)), None),
        "campaign_id": activity.get("campaignId"),
        "is_bot": details.get("Is Bot Activity") in _TRUE,
        "attributes": details,
    }
    if type_name in VALUE_CHANGES:
        row["field"] = rest_name(str(asset)) if asset is not None else None
        row["old_value"] = details.get("Old Value")
        row["new_value"] = details.get("New Value")
    return row


def csv_activity(record: Mapping[str, str]) -> dict[str, Any]:
    """A bulk file's record in the shape of a REST activity; the attributes stay JSON text."""
    return {name: None if value in (NULL, "") else value for name, value in record.items()}


def page_address(asset: Any, details: Mapping[str, Any]) -> str | None:
    """The page of a visit, with its host where the platform tells: `host/page` beside `/page`.

    A referrer is where somebody came from, and no page of ours: it stays among the attributes.
    """
    path = str(details.get("Webpage URL") or "")
    if path.startswith("/") and str(asset or "").endswith(path):
        return str(asset)
    return path or None


def _with_form_fields(details: dict[str, Any]) -> dict[str, Any]:
    """What was entered into a form by field; text that can't be read stays as it came."""
    entered = details.get(FORM_FIELDS)
    fields = form_fields(entered) if isinstance(entered, str) else None
    return details if fields is None else {**details, FORM_FIELDS: fields}


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return -1
