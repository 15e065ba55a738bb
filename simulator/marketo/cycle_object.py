"""The custom object that holds one handover of a person to sales, for teams that keep it in Marketo."""

from __future__ import annotations

from simulator.marketo.custom_object_store import ObjectField, ObjectType

NAME = "mqlCycle_c"


def cycle_object(at: str) -> ObjectType:
    fields = (
        ObjectField("cycleId", "Cycle ID", "string", 255),
        ObjectField("leadId", "Lead ID", "integer"),
        ObjectField("status", "Status", "string", 255),
        ObjectField("kind", "Kind", "string", 255),
        ObjectField("line", "Line", "string", 255),
        ObjectField("score", "Score", "integer"),
        ObjectField("mqlAt", "MQL At", "datetime"),
        ObjectField("closedAt", "Closed At", "datetime"),
    )
    description = "One handover of a person to sales"
    return ObjectType(NAME, "MQL Cycle", description, fields, ("cycleId",), "leadId", at)
