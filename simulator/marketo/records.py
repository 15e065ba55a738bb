"""The stored records beside the wire, for the control API: looking at them, and changing them as a person would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.marketo.activities import activity
from simulator.marketo.instance import Instance
from simulator.marketo.moments import parse
from simulator.marketo.values import coerce

KINDS = ("leads", "activities", "programs", "members", "campaigns", "lists")


def show(instance: Instance, kind: str, *, limit: int = 100, offset: int = 0) -> list[dict[str, Any]]:
    """Records in the order of their creation; a custom object goes by its API name.

    Raises KeyError, with the kinds that there are, for any other.
    """
    if kind == "leads":
        return instance.leads.page(limit, offset)
    if kind == "activities":
        return [activity(row) for row in instance.activities.page(limit, offset)]
    if kind == "programs":
        return instance.programs.page(limit, offset)
    if kind == "members":
        return instance.programs.page_members(limit, offset)
    if kind == "campaigns":
        return instance.campaigns.after(0, -1)[offset : offset + limit]
    if kind == "lists":
        return instance.lists.page(-1, 0)[offset : offset + limit]
    if kind in instance.custom_objects.types:
        return instance.custom_objects.page(kind, limit, offset)
    known = (*KINDS, *instance.custom_objects.types)
    raise KeyError(f"Marketo has no records {kind!r}; it has {', '.join(known)}")


def create(instance: Instance, kind: str, values: Mapping[str, Any], *, by: str = "User") -> int | str:
    """A new person, as if entered in the user interface; or something that a person did, as activities."""
    if kind == "activities":
        return _act(instance, values)
    _only_leads(kind)
    return instance.create_lead(_typed(instance, values), source=by)


def _act(instance: Instance, values: Mapping[str, Any]) -> str:
    """An activity by the names of the wire: leadId, activityTypeId and what else is told; now unless dated.

    `visibleAt` after `activityDate` is a late commit. Answers the marketoGUID.
    """
    return instance.add_activity(
        int(values["activityTypeId"]),
        int(values["leadId"]),
        at=_moment(values.get("activityDate")) or instance.now(),
        primary_id=values.get("primaryAttributeValueId"),
        primary_value=values.get("primaryAttributeValue"),
        attributes=values.get("attributes") or {},
        campaign_id=values.get("campaignId"),
        visible_at=_moment(values.get("visibleAt")),
    )


def _moment(text: str | None) -> datetime | None:
    found = parse(text) if text is not None else None
    if text is not None and found is None:
        raise ValueError(f"{text!r} is no moment; write it as 2026-03-02T09:00:00Z")
    return found


def change(
    instance: Instance, kind: str, record_id: int, values: Mapping[str, Any], *, by: str = "User"
) -> None:
    """Changes a person the way the user interface does, with the activities that belong to it."""
    _only_leads(kind)
    instance.update_lead(record_id, _typed(instance, values), source=by, reason="Changed by a user")


def _only_leads(kind: str) -> None:
    if kind != "leads":
        raise KeyError(f"Marketo records {kind!r} can only be looked at; people can be changed, as 'leads'")


def _typed(instance: Instance, values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in values if name not in instance.fields]
    if unknown:
        raise KeyError(f"the subscription has no lead field {', '.join(sorted(unknown))}")
    return {
        name: coerce(value, instance.fields[name].data_type, instance.fields[name].length)
        for name, value in values.items()
    }
