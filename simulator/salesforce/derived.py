"""Fields that the platform computes from others whenever a record is written."""

from __future__ import annotations

from typing import Any

from simulator.salesforce.schema import SObject

PROBABILITY = {
    "Prospecting": 10,
    "Qualification": 20,
    "Needs Analysis": 40,
    "Proposal": 60,
    "Negotiation": 80,
    "Closed Won": 100,
    "Closed Lost": 0,
}


def derive(sobject: SObject, row: dict[str, Any], stamp: str) -> None:
    """Completes `row` in place; `stamp` is the time of the write."""
    if "FirstName" in sobject.fields:
        row["Name"] = " ".join(str(part) for part in (row.get("FirstName"), row.get("LastName")) if part)
    if sobject.name == "Opportunity":
        stage = row.get("StageName") or ""
        row["IsWon"] = stage == "Closed Won"
        row["IsClosed"] = stage.startswith("Closed")
        if row.get("Probability") is None:
            row["Probability"] = PROBABILITY.get(stage)
    elif sobject.name == "Task":
        closed = row.get("Status") == "Completed"
        if closed and not row.get("CompletedDateTime"):
            row["CompletedDateTime"] = stamp
        row["IsClosed"] = closed
    elif sobject.name == "CampaignMember":
        responded = row.get("Status") in ("Responded", "Registered", "Attended")
        row["HasResponded"] = responded
        if responded and not row.get("FirstRespondedDate"):
            row["FirstRespondedDate"] = stamp[:10]
